# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Why there is no answer: the same seeds once more, as if the arm had no limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinematics.closed_form.branches import MAX_BRANCHES
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE, refine_into
from ..kinematics.types import FloatArray
from .acceptance import branches_of
from .batch import Records
from .status import STATUSES, IkStatus

OUTSIDE_LIMITS = STATUSES.index(IkStatus.OUTSIDE_LIMITS)


@compiled
def explain_branches(
    ground: Records, docket: Records, rows: NDArray[np.int64], max_iterations: int
) -> None:
    """Mark the open rows that one of their branches would reach."""
    arm, scratch = ground[0], np.empty(SCRATCH_SHAPE)
    seeds = np.empty((MAX_BRANCHES, 6))
    for i in rows:
        row = docket[i]
        k = branches_of(arm, row, seeds)
        _explain_row(arm, row, seeds[:k], max_iterations, scratch)


@compiled
def explain_seeds(
    ground: Records,
    docket: Records,
    rows: NDArray[np.int64],
    seeds: FloatArray,
    max_iterations: int,
) -> None:
    """Mark the open rows that one of their seeds (n_open, k, 6), which are spoilt, would reach."""
    scratch = np.empty(SCRATCH_SHAPE)
    for m in range(rows.shape[0]):
        _explain_row(ground[0], docket[rows[m]], seeds[m], max_iterations, scratch)


@compiled
def _explain_row(
    arm: Any, row: Any, seeds: FloatArray, max_iterations: int, scratch: FloatArray
) -> None:
    """Mark the row as outside the limits if one of the seeds (k, 6) leads to its target."""
    tolerances, errors = (arm['position_tolerance'], arm['rotation_tolerance']), np.empty(2)
    for s in range(seeds.shape[0]):
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], arm['free_lower'], arm['free_upper'],
            row['target'], seeds[s], errors, tolerances, max_iterations, scratch,
        )  # fmt: skip
        if errors[0] <= tolerances[0] and errors[1] <= tolerances[1]:
            row['status'] = OUTSIDE_LIMITS
            return
