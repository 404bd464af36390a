# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the samples come from: drawn for the occasion, or read from a data folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...kinematics import Arm, FloatArray, forward, transform_from_xyz_rpy
from ..data.data_folder import COLUMNS
from ..data.dataset import BLOCK, DataConfig, Part, Samples, blocks
from ..data.features import N_FEATURES
from ..data.set_definitions import all_names
from .predictors import EvaluationError

SAME_ARM = 1e-3  # [m] that stored poses may be off the arm's; the public data are rounded


def unseen_blocks(arm: Arm, data: DataConfig, name: str) -> Iterator[Samples]:
    """Yield the samples of one set from the test part, whose targets no training draws."""
    return blocks(arm, replace(data, sets={name: 1.0}), Part.TEST)


def drawn(arm: Arm, data: DataConfig, names: Sequence[str]) -> dict[str, Iterable[Samples]]:
    """
    Return the test part's samples of each set; without names, of all sets.

    :raises EvaluationError: If a set is unknown.
    """
    known = all_names()
    for name in names:
        if name not in known:
            raise EvaluationError(f'set {name!r}', f'unknown; known are {", ".join(known)}')
    return {name: unseen_blocks(arm, data, name) for name in names or known}


def stored(arm: Arm, folder: Path, n: int) -> Iterator[Samples]:
    """
    Yield the first n samples of the test part in a folder that ``neural_ik generate`` wrote.

    :raises EvaluationError: If the folder has none, or they are another arm's.
    """
    file = folder / 'test.npy'
    try:
        rows = np.load(file, mmap_mode='r', allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EvaluationError(file, 'not readable; give a folder of neural_ik generate') from error
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS):
        raise EvaluationError(file, f'has not the columns {", ".join(COLUMNS)}')
    rows = rows[:n]
    for start in range(0, len(rows), BLOCK):
        samples = _samples(np.array(rows[start : start + BLOCK], dtype=np.float64))
        _require_same_arm(arm, samples, file)
        yield samples


def _samples(rows: FloatArray) -> Samples:
    return Samples(
        transform_base_tool=transform_from_xyz_rpy(rows[:, :3], rows[:, 3:6]),
        q_current=rows[:, 6:N_FEATURES],
        q=rows[:, N_FEATURES:],
    )


def _require_same_arm(arm: Arm, samples: Samples, file: Path) -> None:
    off = forward(arm, samples.q)[:, :3, 3] - samples.transform_base_tool[:, :3, 3]
    largest = float(np.linalg.norm(off, axis=-1).max())
    if not largest <= SAME_ARM:  # refuses NaN
        problem = f'its poses are up to {largest:.3g} m off those of {arm.name}; name its --arm'
        raise EvaluationError(file, problem)
