# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration files, read: how one arm differs from its URDF."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...errors import ConfigError
from ...kinematics import (
    N_ANGLES,
    N_JOINTS,
    N_NODES,
    N_TWISTS,
    Arm,
    FloatArray,
    JointErrors,
    JointErrorsError,
    Transform,
    Uncertainty,
    UncertaintyError,
    arm_from_urdf,
    transform_from_xyz_rpy,
)
from ...settings import load_yaml
from ..fit.series import bins_of_intervals

JOINTS, MAPS, SAG, COVERAGE = 'joints', 'joint_maps', 'gravity_sag', 'coverage'
UNCERTAINTY, PROVENANCE, ARM_HASH = 'uncertainty', 'provenance', 'arm_sha256'
RESIDUAL, MAP_SDS, FACTOR = 'residual_sd', 'map_sds', 'factor'  # within uncertainty
ACCURACY_KEYS = ('rank', 'condition', 'standard_deviations', RESIDUAL, MAP_SDS, FACTOR)
KEYS = (JOINTS, MAPS, SAG, COVERAGE, UNCERTAINTY, PROVENANCE)
GRAVITY, TOOL = 'gravity', 'tool'  # within gravity_sag
MAX_CORRECTION = {'xyz': 0.05, 'rpy': 0.1}  # [m], [rad]: more is another arm
MAP_UNIT = 1e-6  # [rad] of the numbers of a map
MAX_BYTES = 512 * 1024
EXAMPLE = 'docs/calibration.md'
T = TypeVar('T')
HASH_DIGITS = 9  # after the point of metres and of entries of rotations


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What a calibration file says of an arm."""

    corrections: Mapping[str, Transform]  # (4, 4) [m] of joint frames, by the joint's name
    maps: Mapping[str, FloatArray] = field(default_factory=dict)  # (N_NODES,) [rad] by joint
    sag: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # [rad/m] by point
    gravity: FloatArray | None = None  # (3,) its direction in the base
    coverage: Mapping[str, list[list[float]]] = field(default_factory=dict)  # [deg] by joint
    residual_sd: FloatArray | None = None  # (2,) [m], [rad], see Uncertainty
    map_sds: Mapping[str, FloatArray] = field(default_factory=dict)  # (N_ANGLES,) [rad] by joint
    factor: FloatArray | None = None  # (N_TWISTS, N_TWISTS)
    arm_sha256: str = ''  # of the nominal arm, '' if the file does not say
    where: str = 'calibration'

    def apply(self, urdf: str, *, base_frame: str, tool_frame: str) -> Arm:
        """
        Return the arm of a URDF, corrected.

        :param urdf: Its text.
        :raises ConfigError: If the file is of another arm or names joints that this one lacks.
        """
        nominal = arm_from_urdf(urdf, base_frame=base_frame, tool_frame=tool_frame)
        if self.arm_sha256 and self.arm_sha256 != arm_hash(nominal):
            problem = 'made for another nominal geometry than that of this URDF'
            raise ConfigError(self.where, problem, 'use the URDF it was made with, or calibrate')
        try:
            arm = arm_from_urdf(
                urdf, base_frame=base_frame, tool_frame=tool_frame, corrections=self.corrections
            )
        except ConfigError as error:
            raise ConfigError(self.where, error.problem, error.remedy) from error
        if self.maps or self.sag:
            arm = replace(arm, joint_errors=self._joint_errors(arm.joint_names))
        return replace(arm, uncertainty=self._uncertainty(arm.joint_names))

    def with_prefix(self, prefix: str) -> Calibration:
        """Return the same calibration, of joints whose names have a prefix."""
        return replace(
            self,
            corrections=_prefixed(self.corrections, prefix),
            maps=_prefixed(self.maps, prefix),
            sag={
                joint: _prefixed(one, prefix, but=TOOL)
                for joint, one in _prefixed(self.sag, prefix).items()
            },
            coverage=_prefixed(self.coverage, prefix),
            map_sds=_prefixed(self.map_sds, prefix),
        )

    def _joint_errors(self, names: tuple[str, ...]) -> JointErrors:
        points = (*names, TOOL)
        values = np.zeros((N_JOINTS, N_NODES))
        sag = np.zeros((N_JOINTS, N_JOINTS + 1))
        for joint, one in self.maps.items():
            values[self._index(joint, names)] = one
        for joint, by_point in self.sag.items():
            for point, value in by_point.items():
                sag[self._index(joint, names), self._index(point, points)] = value
        try:
            return JointErrors.create(values, sag, self.gravity)
        except JointErrorsError as error:
            raise ConfigError(self.where, error.problem, error.remedy) from error

    def _uncertainty(self, names: tuple[str, ...]) -> Uncertainty | None:
        """Return what the file says of its accuracy, which may be nothing."""
        if self.factor is None or self.residual_sd is None:
            return None
        map_sds = np.zeros((N_JOINTS, N_ANGLES))
        covered = np.zeros((N_JOINTS, N_ANGLES), bool)
        for joint, sds in self.map_sds.items():
            map_sds[self._index(joint, names)] = sds
        for joint, ranges in self.coverage.items():
            covered[self._index(joint, names)] = bins_of_intervals(ranges)
        try:
            return Uncertainty(
                factor=self.factor, map_sds=map_sds, residual=self.residual_sd, covered=covered
            )
        except UncertaintyError as error:
            raise ConfigError(self.where, error.problem, error.remedy) from error

    def _index(self, name: str, names: tuple[str, ...]) -> int:
        if name in names:
            return names.index(name)
        remedy = f'name {", ".join(names)}'
        raise ConfigError(self.where, f'no moving joint {name!r}', remedy)


def _prefixed(by_name: Mapping[str, T], prefix: str, *, but: str = '') -> dict[str, T]:
    return {name if name == but else prefix + name: one for name, one in by_name.items()}


def arm_hash(arm: Arm) -> str:
    """Return the SHA-256 of an arm's geometry; names and limits do not count."""
    numbers = np.concatenate([arm.rotations.ravel(), arm.translations.ravel()])
    rounded = np.round(numbers, HASH_DIGITS) + 0.0  # no minus zero
    text = ' '.join(f'{number:.{HASH_DIGITS}f}' for number in rounded)
    return hashlib.sha256(text.encode()).hexdigest()


def load_calibration(path: Path) -> Calibration:
    """
    Return what a calibration file says.

    :raises ConfigError: If the file is not as docs/calibration.md describes.
    """
    where, content = str(path), load_yaml(path, example=EXAMPLE, max_bytes=MAX_BYTES)
    for key in content:
        _require(key in KEYS, where, f'unknown key {key!r}', f'known are {", ".join(KEYS)}')
    joints = content.get(JOINTS, {})
    has_content = bool(joints) or MAPS in content or SAG in content
    if not isinstance(joints, Mapping) or not has_content:
        raise ConfigError(where, f'no joints below {JOINTS!r}', f'see {EXAMPLE}')
    sag = dict(_mapping(content, SAG, where))
    gravity = sag.pop(GRAVITY, None)
    return Calibration(
        corrections={
            str(joint): _displacement(values, f'{where} {joint}')
            for joint, values in joints.items()
        },
        maps={
            str(joint): MAP_UNIT * numbers(values, N_NODES, f'{where} {MAPS} {joint}')
            for joint, values in _mapping(content, MAPS, where).items()
        },
        sag={str(joint): _sag(values, f'{where} {SAG} {joint}') for joint, values in sag.items()},
        gravity=None if gravity is None else numbers(gravity, 3, f'{where} {GRAVITY}'),
        coverage={
            str(joint): [numbers(pair, 2, f'{where} {COVERAGE} {joint}').tolist() for pair in one]
            for joint, one in _mapping(content, COVERAGE, where).items()
        },
        **_accuracy(_mapping(content, UNCERTAINTY, where), f'{where} {UNCERTAINTY}'),
        arm_sha256=str(_mapping(content, PROVENANCE, where).get(ARM_HASH, '')),
        where=where,
    )


def _mapping(content: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = content.get(key, {})
    is_mapping = isinstance(value, Mapping)
    _require(is_mapping, where, f'{key} is {value!r}', f'give a mapping, see {EXAMPLE}')
    return dict(value)


def _accuracy(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of the expected accuracy, none of a file without it."""
    for key in content:
        known = f'known are {", ".join(ACCURACY_KEYS)}'
        _require(key in ACCURACY_KEYS, where, f'unknown key {key!r}', known)
    if FACTOR not in content:
        return {}
    rows, residual = content[FACTOR], content.get(RESIDUAL)
    is_square = isinstance(rows, list) and len(rows) == N_TWISTS
    _require(is_square, where, f'{FACTOR} has not {N_TWISTS} rows', f'see {EXAMPLE}')
    factor = np.zeros((N_TWISTS, N_TWISTS))
    for i, row in enumerate(rows):
        factor[i, : i + 1] = numbers(row, i + 1, f'{where} {FACTOR}')
    n = len(residual) if isinstance(residual, list) else 0
    _require(n in {1, 2}, where, f'{RESIDUAL} is {residual!r}', 'give one or two numbers')
    return {
        'residual_sd': np.append(numbers(residual, n, f'{where} {RESIDUAL}'), np.nan)[:2],
        'factor': factor,
        'map_sds': {
            str(joint): MAP_UNIT * numbers(sds, N_ANGLES, f'{where} {MAP_SDS} {joint}')
            for joint, sds in _mapping(content, MAP_SDS, where).items()
        },
    }


def _sag(values: Any, where: str) -> dict[str, float]:
    is_mapping = isinstance(values, Mapping)
    _require(is_mapping, where, f'{values!r} is not a mapping', 'give rad/m by joint or tool')
    return {str(point): float(numbers([one], 1, where)[0]) for point, one in values.items()}


def _displacement(values: Any, where: str) -> Transform:
    is_mapping = isinstance(values, Mapping)
    _require(is_mapping, where, f'{values!r} is not a mapping', 'give its xyz and rpy')
    for key in values:
        _require(key in MAX_CORRECTION, where, f'unknown key {key!r}', 'known are xyz, rpy')
    xyz, rpy = (_correction(values.get(key, [0.0] * 3), key, where) for key in MAX_CORRECTION)
    return transform_from_xyz_rpy(xyz, rpy)


def _correction(values: Any, key: str, where: str) -> FloatArray:
    """Return the three numbers (3,) of a correction, checked for type and size."""
    found = numbers(values, 3, where, name=key)
    unit, most = {'xyz': 'm', 'rpy': 'rad'}[key], MAX_CORRECTION[key]
    is_small = bool((np.abs(found) <= most).all())
    _require(is_small, where, f'{key} {values} is larger than {most} {unit}', 'correct its unit')
    return found


def numbers(values: Any, n: int, where: str, *, name: str = 'value') -> FloatArray:
    """
    Return a list of n numbers as an array.

    :raises ConfigError: If it is something else.
    """
    is_list = isinstance(values, list) and len(values) == n
    is_numeric = is_list and all(type(value) in {int, float} for value in values)
    count = {2: 'two', 3: 'three'}.get(n, str(n))
    remedy = f'give {count} numbers (1.0e-3 needs its point)'
    shown = repr(values)
    problem = f'{name} is {shown if len(shown) < 80 else shown[:80] + " ..."}'
    _require(is_numeric, where, problem, remedy)
    return np.array(values, dtype=np.float64)


def _require(condition: bool, where: str, problem: str, remedy: str) -> None:
    if not condition:
        raise ConfigError(where, problem, remedy)
