# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples to evaluate on: drawn from the test part, or read from a data folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import EvaluationError
from ...kinematics import Arm, FloatArray, forward, transform_from_xyz_rpy
from ..data.data_folder import COLUMNS
from ..data.dataset import BLOCK, DataConfig, Part, Samples, sample_blocks
from ..data.features import N_FEATURES
from ..data.set_definitions import all_set_names

MAX_POSE_DIFFERENCE = 1e-3  # [m] between stored poses and the arm's; the public data are rounded


def unseen_samples(arm: Arm, data: DataConfig, name: str) -> Iterator[Samples]:
    """Yield the test samples of one set, whose targets no training draws."""
    return sample_blocks(arm, replace(data, sets={name: 1.0}), Part.TEST)


def samples_by_set(
    arm: Arm, data: DataConfig, names: Sequence[str]
) -> dict[str, Iterable[Samples]]:
    """
    Return the test samples of each set by its name; of all sets by default.

    :raises EvaluationError: If a set is unknown.
    """
    known = all_set_names()
    for name in names:
        if name not in known:
            raise EvaluationError(f'set {name!r}', 'unknown', f'known are {", ".join(known)}')
    return {name: unseen_samples(arm, data, name) for name in names or known}


def stored_samples(arm: Arm, folder: Path, n: int) -> Iterator[Samples]:
    """
    Yield the first n samples of the test part in a folder that ``neural_ik generate`` wrote.

    :raises EvaluationError: If the folder has none, or they are those of another arm.
    """
    file = folder / 'test.npy'
    try:
        rows = np.load(file, mmap_mode='r', allow_pickle=False)
    except (OSError, ValueError) as error:
        remedy = 'give a folder of neural_ik generate'
        raise EvaluationError(file, 'not readable', remedy) from error
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS):
        problem = f'has not the columns {", ".join(COLUMNS)}'
        raise EvaluationError(file, problem, 'give a folder of neural_ik generate')
    rows = rows[:n]
    for start in range(0, len(rows), BLOCK):
        samples = _samples_from_rows(np.array(rows[start : start + BLOCK], dtype=np.float64))
        _require_same_arm(arm, samples, file)
        yield samples


def _samples_from_rows(rows: FloatArray) -> Samples:
    return Samples(
        transform_base_tool=transform_from_xyz_rpy(rows[:, :3], rows[:, 3:6]),
        q_current=rows[:, 6:N_FEATURES],
        q=rows[:, N_FEATURES:],
    )


def _require_same_arm(arm: Arm, samples: Samples, file: Path) -> None:
    off = forward(arm, samples.q)[:, :3, 3] - samples.transform_base_tool[:, :3, 3]
    largest = float(np.linalg.norm(off, axis=-1).max())
    if not largest <= MAX_POSE_DIFFERENCE:  # refuses NaN
        problem = f'its poses are up to {largest:.3g} m off those of {arm.name}'
        raise EvaluationError(file, problem, 'name its --arm')
