# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Why no answer was found: what is proven, and what seeds reach without joint limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kinematics.closed_form.branches import MAX_BRANCHES
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE, refine_into
from ..kinematics.types import FloatArray
from .batch import ArmParams, Records, SolveState, make_true
from .checks import is_within_wrist_reach
from .stages import ITERATION_LIMIT, UNREACHABLE, row_branches_into
from .status import STATUSES, IkStatus

OUTSIDE_LIMITS = STATUSES.index(IkStatus.OUTSIDE_LIMITS)


@compiled
def classify_by_proof(arm_params: Records, batch: Records, rows: NDArray[np.int64]) -> None:
    """
    Set the status to UNREACHABLE where that is proven, else to ITERATION_LIMIT.

    It is proven where the branches are all solutions there are, and where the wrist centre would
    have to be too far from joint 2 or too near to it.
    """
    arm = arm_params[0]
    for i in rows:
        is_open = not arm['is_exact'] and is_within_wrist_reach(
            arm['transform_joint1_base'],
            arm['reach_bound'],
            arm['wrist_reach'],
            arm['wrist'][1],
            batch[i]['target'],
        )
        batch[i]['status'] = ITERATION_LIMIT if is_open else UNREACHABLE


@compiled
def classify_by_branches(
    arm_params: Records, batch: Records, rows: NDArray[np.int64], max_iterations: int
) -> None:
    """Set the status to OUTSIDE_LIMITS where a branch reaches the target without limits."""
    arm, scratch = arm_params[0], np.empty(SCRATCH_SHAPE)
    seeds = np.empty((MAX_BRANCHES, 6))
    for i in rows:
        row = batch[i]
        k = row_branches_into(arm, row, seeds, scratch)
        _classify_row(arm, row, seeds[:k], max_iterations, scratch)


@compiled
def classify_by_seeds(
    arm_params: Records,
    batch: Records,
    rows: NDArray[np.int64],
    seeds: FloatArray,
    max_iterations: int,
) -> None:
    """
    Set the status to OUTSIDE_LIMITS where a seed reaches the target without limits.

    :param seeds: Shape (n_open, k, 6) [rad], overwritten.
    """
    scratch = np.empty(SCRATCH_SHAPE)
    for m in range(rows.shape[0]):
        _classify_row(arm_params[0], batch[rows[m]], seeds[m], max_iterations, scratch)


@compiled
def _classify_row(
    arm: ArmParams, row: SolveState, seeds: FloatArray, max_iterations: int, scratch: FloatArray
) -> None:
    """Set the status to OUTSIDE_LIMITS if one of the seeds (k, 6) reaches the target."""
    tolerances, errors = (arm['position_tolerance'], arm['rotation_tolerance']), np.empty(2)
    for s in range(seeds.shape[0]):
        make_true(arm, seeds[s], scratch)
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], arm['unbounded_lower'], arm['unbounded_upper'],
            row['target'], seeds[s], errors, tolerances, max_iterations, scratch,
        )  # fmt: skip
        if errors[0] <= tolerances[0] and errors[1] <= tolerances[1]:
            row['status'] = OUTSIDE_LIMITS
            return
