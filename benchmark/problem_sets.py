# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The problem sets that all peers share: made from seeds, saved, identified by a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from neural_ik_ros.kinematics import Arm

from .problems import Problems, calibrated_problems, reachable_sets, unsolvable_problems

N_ARMS = 20
FIELDS = ('targets', 'q_current', 'rotations', 'translations')
UNREACHABLE, CALIBRATED = 'unreachable', 'calibrated'
REACHABLE = ('near', 'step', 'far', 'any', 'wrist', 'limits')
MEANINGS: Mapping[str, str] = {
    'near': 'current joints within 0.1 rad of an answer, each',
    'step': 'current joints 1 to 10 ms of motion before an answer',
    'far': 'current joints anywhere in the posture of an answer',
    'any': 'target and current joints anywhere within the limits',
    'wrist': 'as any, with joint 5 of an answer at 1e-12 to 1e-2 rad',
    'limits': 'as any, with one joint of an answer on its limit',
    UNREACHABLE: 'out of reach, or within reach only outside the limits',
    CALIBRATED: f'as any, on {N_ARMS} arms with every frame off by up to 1 mm and 1 mrad an axis',
}

ProblemSets = Mapping[str, tuple[Problems, ...]]  # by name; one part for each arm


def load_sets(arm: Arm, n: int, folder: Path) -> tuple[ProblemSets, str]:
    """
    Return the sets of n problems and the SHA-256 of their arrays; made if not in the folder yet.

    :param n: Problems of each set, at least one for each calibrated arm.
    """
    path = folder / f'{arm.name}_{n}.npz'
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **_to_arrays(_make_sets(arm, n)))
    with np.load(path) as saved:
        arrays = {name: saved[name] for name in sorted(saved.files)}
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return _from_arrays(arm, arrays), digest.hexdigest()


def _make_sets(arm: Arm, n: int) -> ProblemSets:
    reachable = reachable_sets(arm, n)
    n_each = -(-n // N_ARMS)
    return {
        **{name: (reachable[name],) for name in REACHABLE},
        UNREACHABLE: (unsolvable_problems(arm, n),),
        CALIBRATED: tuple(calibrated_problems(arm, seed, n_each) for seed in range(N_ARMS)),
    }


def _to_arrays(sets: ProblemSets) -> dict[str, np.ndarray]:
    return {
        f'{name}/{k:02d}/{field}': array
        for name, parts in sets.items()
        for k, part in enumerate(parts)
        for field, array in zip(
            FIELDS,
            (part.targets, part.q_current, part.arm.rotations, part.arm.translations),
            strict=True,
        )
    }


def _from_arrays(arm: Arm, arrays: Mapping[str, np.ndarray]) -> ProblemSets:
    parts: dict[str, list[Problems]] = {name: [] for name in MEANINGS}
    for key in arrays:
        name, k, field = key.split('/')
        if field != 'targets':
            continue
        part = {field: arrays[f'{name}/{k}/{field}'] for field in FIELDS}
        other = replace(arm, rotations=part['rotations'], translations=part['translations'])
        parts[name].append(
            Problems(arm=other, targets=part['targets'], q_current=part['q_current'])
        )
    return {name: tuple(found) for name, found in parts.items()}
