# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration files, written: readable, and diffable line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...atomic_files import atomic_write
from ...kinematics import N_JOINTS, FloatArray, Transform, Uncertainty
from ..data.rotations import rpy_from_rotation
from ..fit.identify import Identification
from ..fit.model import TWIST, frame_corrections
from ..fit.series import intervals
from .calibration_file import ARM_HASH, MAP_UNIT, TOOL, arm_hash

VALUES_A_LINE = 12
BASE = 'base'
HEAD = '# Written by neural_ik calibrate; docs/calibration.md describes it.'


def write_calibration(
    path: Path,
    found: Identification,
    alignments: FloatArray,
    provenance: Mapping[str, str | float | int],
) -> None:
    """
    Write what was identified as a calibration file.

    :param alignments: Rotations (6, 3, 3) from the arm's joint frames to those of the URDF, see
        ``axis_alignments``.
    :param provenance: What the file says of its origin, beside the hash of the arm.
    """
    lines = [HEAD, *_joints(found, alignments), *_maps(found), *_sag(found), *_coverage(found)]
    lines += [*_uncertainty(found), *_provenance(found, provenance)]
    with atomic_write(path) as partial:
        partial.write_text('\n'.join(lines) + '\n', encoding='utf-8')


def corrections_in_urdf_axes(found: Identification, alignments: FloatArray) -> Transform:
    """Return the displacements (6, 4, 4) of the joints' frames in the axes of the URDF."""
    corrections = frame_corrections(found.nominal, found.arm)
    turned = corrections.copy()
    turned[:, :3, :3] = alignments @ corrections[:, :3, :3] @ alignments.swapaxes(1, 2)
    turned[:, :3, 3] = np.einsum('nij,nj->ni', alignments, corrections[:, :3, 3])
    return turned


def _joints(found: Identification, alignments: FloatArray) -> Iterable[str]:
    yield 'joints:  # displacement of each frame along and about its nominal axes [m], [rad]'
    for name, one in zip(
        found.arm.joint_names, corrections_in_urdf_axes(found, alignments), strict=True
    ):
        xyz, rpy = _list(one[:3, 3], '.9f'), _list(rpy_from_rotation(one[:3, :3]), '.9f')
        yield f'  {name}: {{xyz: {xyz}, rpy: {rpy}}}'


def _maps(found: Identification) -> Iterable[str]:
    errors = found.arm.joint_errors
    if errors is None or not errors.values.any():
        return
    yield 'joint_maps:  # error of the angle [1e-6 rad] at 0, 0.5, 1 ... 359.5 degrees'
    for name, values in zip(found.arm.joint_names, errors.values / MAP_UNIT, strict=True):
        texts = [f'{value:.2f}' if value else '0' for value in values]
        rows = [
            ', '.join(texts[i : i + VALUES_A_LINE]) for i in range(0, len(texts), VALUES_A_LINE)
        ]
        yield f'  {name}: ['
        yield from (f'    {row},' for row in rows)
        yield '  ]'


def _sag(found: Identification) -> Iterable[str]:
    errors = found.arm.joint_errors
    if errors is None or not errors.sag.any():
        return
    points = (*found.arm.joint_names, TOOL)
    yield 'gravity_sag:  # turn of a joint [rad] a metre of lever of a weight at these points'
    yield f'  gravity: {_list(errors.gravity, ".6f")}'
    for j, name in enumerate(found.arm.joint_names):
        given = [
            f'{points[k]}: {_text(errors.sag[j, k], ".9f")}' for k in range(j + 1, N_JOINTS + 1)
        ]
        yield f'  {name}: {{{", ".join(given)}}}'


def _coverage(found: Identification) -> Iterable[str]:
    yield 'coverage:  # measured angles of each joint [deg]; nothing is claimed outside them'
    for name, covered in zip(found.arm.joint_names, found.covered, strict=True):
        pairs = ', '.join(f'[{low:.0f}, {high:.0f}]' for low, high in intervals(covered))
        yield f'  {name}: [{pairs}]'


def _uncertainty(found: Identification) -> Iterable[str]:
    seen = found.observability
    yield 'uncertainty:'
    yield f'  rank: {seen.rank}'
    yield f'  condition: {seen.condition:.1f}'
    yield '  standard_deviations:  # [m], [rad] of each frame, z along the axis of the joint'
    for i, name in enumerate(found.arm.joint_names):
        yield f'    {name}: {_list(seen.sds[6 * i : 6 * i + 6], ".2e")}'
    if found.arm.uncertainty is not None:
        yield from _covariance(found.arm.joint_names, found.arm.uncertainty)


def _covariance(names: Sequence[str], known: Uncertainty) -> Iterable[str]:
    yield '  residual_sd:  # [m], [rad] along or about one axis, of what the model leaves'
    yield f'    {_list(known.residual[np.isfinite(known.residual)], ".3e")}'
    yield '  map_sds:  # [1e-6 rad] of each 3 degrees, for known frames'
    for name, sds in zip(names, known.map_sds / MAP_UNIT, strict=True):
        yield f'    {name}: {_list(sds, ".1f")}'
    yield '  factor:  # the covariance for known maps is factor @ factor.T; a row for each twist'
    rows = [f'{frame} {part}' for frame in (BASE, *names, TOOL) for part in TWIST]
    for i, name in enumerate(rows):
        yield f'    - {_list(known.factor[i, : i + 1], ".4e")}  # {name}'


def _provenance(
    found: Identification, provenance: Mapping[str, str | float | int]
) -> Iterable[str]:
    yield 'provenance:'
    yield f'  {ARM_HASH}: {arm_hash(found.nominal)}'
    for key, value in provenance.items():
        text = f'{value:.6g}' if isinstance(value, float) else str(value)
        yield f'  {key}: {text}' if not isinstance(value, str) else f"  {key}: '{text}'"


def _list(values: FloatArray, spec: str) -> str:
    return '[' + ', '.join(_text(value, spec) for value in values) + ']'


def _text(value: float, spec: str) -> str:
    """Return a number as text, without the sign of a zero."""
    text = f'{value:{spec}}'
    return text.lstrip('-') if float(text) == 0.0 else text
