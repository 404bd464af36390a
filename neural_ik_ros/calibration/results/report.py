# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a calibration: as data for programs, and as a page for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..fit.accuracy import Accuracy, accuracy_of, repeatability
from ..fit.design import FRAMES, HISTORY, MAPS, OFFSETS, SETUP
from ..fit.evidence import Candidate
from ..fit.identify import Identification
from ..fit.series import N_BINS

BEFORE, ZEROED, GEOMETRY, FULL = 'nominal arm', 'zero offsets', 'geometry', 'full model'
WELL_TOLD, NOT_TOLD = 0.9, 0.1  # shares of a parameter that the data decide
N_CORRELATIONS = 12  # shown
N_WORST = 10  # rows


def report_data(
    found: Identification, provenance: Mapping[str, str | float | int]
) -> dict[str, Any]:
    """Return all that is known of a calibration, as JSON can hold it."""
    seen = found.observability
    repeated = repeatability(found.measured, found.residuals)
    data = {
        'provenance': dict(provenance),
        'kind': found.measured.kind,
        'held_out': {name: asdict(one) for name, one in held_out(found).items()},
        'fitted': asdict(accuracy_of(found.residuals)),
        'models': [_model(candidate) for candidate in found.tried],
        'chosen': list(found.choice.parts),
        'n_harmonics': found.choice.n_harmonics,
        'rank': seen.rank,
        'possible_rank': seen.possible_rank,
        'condition': seen.condition,
        'parameters': {
            name: {'standard_deviation': float(sd), 'told_by_data': float(told)}
            for name, sd, told in zip(seen.names, seen.sds, seen.told, strict=True)
        },
        'correlations': [list(one) for one in seen.correlations],
        'coverage_degrees': (found.covered.mean(axis=1) * 360.0).tolist(),
        'outliers': [int(row) for row in lines_of(found, found.outliers)],
        'worst_rows': worst_rows(found),
        'repeatability': None if repeated is None else asdict(repeated),
        'half_backlash': found.half_backlash.tolist(),
    }
    cleaned: dict[str, Any] = without_nan(data)
    return cleaned


def held_out(found: Identification) -> dict[str, Accuracy]:
    """Return the errors on rows held out at random: nominal, geometry and the chosen model."""
    parts = {BEFORE: (SETUP,), ZEROED: (SETUP, OFFSETS), GEOMETRY: (SETUP, FRAMES)}
    errors = {
        name: accuracy_of(candidate.random)
        for name, wanted in parts.items()
        for candidate in found.tried
        if candidate.choice.parts == wanted
    }
    errors[FULL] = accuracy_of([one for one in found.tried if one.is_kept][-1].random)
    return errors


def lines_of(found: Identification, rows: Any) -> list[int]:
    """Return the lines of the source at which rows stand, else the rows themselves."""
    lines = found.measured.lines
    return [int(row) if lines is None else int(lines[row]) for row in rows]


def worst_rows(found: Identification) -> list[list[float]]:
    """Return line and position error [m] of the rows that fit worst."""
    errors = np.linalg.norm(found.residuals[:, :3], axis=1)
    rows = np.argsort(-errors)[:N_WORST]
    named = zip(lines_of(found, rows), errors[rows], strict=True)
    return [[line, float(error)] for line, error in named]


def without_nan(value: Any) -> Any:
    """Return data with ``None`` for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _model(candidate: Candidate) -> dict[str, Any]:
    errors = accuracy_of(candidate.random)
    return {
        'parts': list(candidate.choice.parts),
        'n_harmonics': candidate.choice.n_harmonics,
        'map_sd': candidate.choice.map_sd,
        'anchor': candidate.choice.anchor,
        'mean': errors.mean,
        'p95': errors.p95,
        'random_score': candidate.random_score,
        'region_score': candidate.region_score,
        'session_score': candidate.session_score,
        'is_kept': candidate.is_kept,
    }


def report_page(found: Identification, data: Mapping[str, Any]) -> str:
    """Return one page of Markdown that can be put beside the robot."""
    lines = [f'# Calibration of {found.nominal.name}', '']
    lines += [f'- {key}: {value}' for key, value in data['provenance'].items()]
    lines += ['', '## Errors at measured poses that were held out', '', *_accuracy_table(found)]
    lines += ['', *_conclusions(found, data), '', '## Coverage', '']
    lines += ['| Joint | measured angles [of 360 degrees] |', '|---|---|']
    lines += [
        f'| {name} | {degrees:.0f} |'
        for name, degrees in zip(found.nominal.joint_names, data['coverage_degrees'], strict=True)
    ]
    lines += [
        '',
        f'A map is known where its joint was measured (bins of {360 / N_BINS:.0f} degrees), and '
        'fades to zero elsewhere: nothing is claimed there.',
        '', '## What the data tell', '', *_observability(found, data),
    ]  # fmt: skip
    return '\n'.join(lines) + '\n'


def _accuracy_table(found: Identification) -> list[str]:
    rows = [
        '| Model | mean | 95 % | max [mm] | mean | 95 % | max [mrad] |',
        '|---|---|---|---|---|---|---|',
    ]
    for name, one in held_out(found).items():
        positions = (one.mean, one.p95, one.max)
        rotations = (one.mean_rotation, one.p95_rotation, one.max_rotation)
        numbers = [f'{1e3 * value:.3f}' for value in (*positions, *rotations)]
        rows.append(f'| {name} | ' + ' | '.join('-' if n == 'nan' else n for n in numbers) + ' |')
    return rows


def _conclusions(found: Identification, data: Mapping[str, Any]) -> list[str]:
    lines = [f'Chosen by held-out error: {", ".join(found.choice.parts)}.']
    if MAPS in found.choice.parts:
        lines.append(f'Maps have {found.choice.n_harmonics} harmonics a turn.')
    if HISTORY in found.choice.parts:
        lines.append(
            'The sign of the last move matters (half a backlash by joint '
            f'{[round(1e3 * value, 3) for value in data["half_backlash"]]} mrad); '
            'the arm model does not use it.'
        )
    repeated = data['repeatability']
    if repeated is not None:
        lines.append(
            f'{repeated["n_poses"]} commands were measured more than once: AP '
            f'{1e3 * repeated["pose_accuracy"]:.3f} mm, RP '
            f'{1e3 * repeated["pose_repeatability"]:.3f} mm (in the sense of ISO 9283, with '
            'whatever number of repeats there was).'
        )
    if data['outliers']:
        lines.append(f'Rows that do not fit: {data["outliers"]}.')
    return lines


def _observability(found: Identification, data: Mapping[str, Any]) -> list[str]:
    seen = found.observability
    weak = [n for n, told in zip(seen.names, seen.told, strict=True) if told < NOT_TOLD]
    lines = [
        f'Rank {seen.rank} of {seen.possible_rank} that such measurements can have, with '
        f'{seen.n_parameters} parameters; condition {seen.condition:.0f} '
        f'(poses from everywhere: {seen.possible_condition:.0f}).',
        f'Not to be told from others (base, tool, next frame): {", ".join(weak) or "none"}.',
        '', '| Correlated parameters | |', '|---|---|',
    ]  # fmt: skip
    lines += [
        f'| {first}, {second} | {value:.2f} |'
        for first, second, value in data['correlations'][:N_CORRELATIONS]
    ]
    return lines
