# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the stages of the search, each for all open problems of a batch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..kinematics.angles import TAU
from ..kinematics.closed_form.branches import MAX_BRANCHES, branches_into
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE
from ..kinematics.posture import posture_into
from ..kinematics.types import FloatArray, Joints, Transform
from .acceptance import finalize_row, refine_row
from .batch import (
    OPEN,
    ArmParams,
    PostureMatch,
    Records,
    SolveState,
    arm_frames_into,
    reset_row,
)
from .checks import is_plausible_joint_state, is_within_reach_bound, make_rigid
from .status import STATUSES, IkStatus

BAD_JOINT_STATE = STATUSES.index(IkStatus.BAD_JOINT_STATE)
BAD_TARGET = STATUSES.index(IkStatus.BAD_TARGET)
UNREACHABLE = STATUSES.index(IkStatus.UNREACHABLE)

MAX_LIMIT_EXCESS = 0.6  # [rad] no branch farther outside the limits refines to a solution inside
FEW_ITERATIONS = 12  # for a seed that need not succeed, because others follow
N_SUBDIVISIONS, SUBDIVISION_STRIDE = 12, 5  # of the spacing of a free joint 1, and their order


@compiled
def init_batch(
    arm_params: Records,
    batch: Records,
    rows: NDArray[np.int64],
    targets: Transform,
    q_current: Joints,
) -> int:
    """
    Validate every problem and initialise its row; list the open rows and return how many.

    :param rows: Shape (n,), written from the front.
    :param targets: Shape (n, 4, 4), [m].
    :param q_current: Shape (n, 6) [rad].
    """
    arm, n_open = arm_params[0], 0
    tool, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(batch.shape[0]):
        row: SolveState = batch[i]
        row['target'][:] = targets[i]
        row['q_current'][:] = q_current[i]
        reset_row(row)
        row['iterations'] = 0
        if not is_plausible_joint_state(row['q_current']):
            row['status'] = BAD_JOINT_STATE
        elif not make_rigid(row['target']):
            row['status'] = BAD_TARGET
        elif not is_within_reach_bound(
            arm['transform_joint1_base'], arm['reach_bound'], row['target']
        ):
            row['status'] = UNREACHABLE
        else:
            row['status'] = OPEN
            arm_frames_into(arm, row['q_current'], tool, frames)
            posture_into(frames, row['signs'])
            rows[n_open] = i
            n_open += 1
    return n_open


@compiled
def try_seeds(
    arm_params: Records,
    batch: Records,
    rows: NDArray[np.int64],
    seeds: FloatArray,
    seed_index: int,
    acceptance: int,
    max_iterations: int,
) -> int:
    """
    Try the seeds (n_open, k, 6) of one stage on the open rows; return how many stay open.

    :param rows: Shape (n_open,), rewritten from the front.
    :param seed_index: Index of the stage.
    :param acceptance: An ``Acceptance``.
    """
    scratch, n_open = np.empty(SCRATCH_SHAPE), 0
    for m in range(rows.shape[0]):
        row = batch[rows[m]]
        refine_row(arm_params[0], row, seeds[m], seed_index, max_iterations, scratch)
        if not finalize_row(arm_params[0], row, acceptance, scratch):
            rows[n_open] = rows[m]
            n_open += 1
    return n_open


@compiled
def try_branches(
    arm_params: Records,
    batch: Records,
    rows: NDArray[np.int64],
    seed_index: int,
    acceptance: int,
    max_iterations: int,
) -> int:
    """Try all branches of the open rows, as ``try_seeds``; return how many stay open."""
    arm, scratch, n_open = arm_params[0], np.empty(SCRATCH_SHAPE), 0
    seeds = np.empty((MAX_BRANCHES, 6))
    for m in range(rows.shape[0]):
        row = batch[rows[m]]
        k = _drop_out_of_range(arm, seeds, row_branches_into(arm, row, seeds))
        refine_row(arm, row, seeds[:k], seed_index, max_iterations, scratch)
        if row['best'] == PostureMatch.NONE:
            _sweep_joint1(arm, row, seed_index, seeds, scratch)
        if not finalize_row(arm, row, acceptance, scratch):
            rows[n_open] = rows[m]
            n_open += 1
    return n_open


@compiled
def row_branches_into(
    arm: ArmParams, row: SolveState, seeds: FloatArray, shift: float = 0.0
) -> int:
    """Write the branches of a row into ``seeds`` (MAX_BRANCHES, 6); return how many."""
    return branches_into(
        arm['rotations'], arm['translations'], arm['wrist'], row['target'], row['q_current'],
        seeds, shift,
    )  # fmt: skip


@compiled
def _sweep_joint1(
    arm: ArmParams, row: SolveState, seed_index: int, seeds: FloatArray, scratch: FloatArray
) -> None:
    """
    Try more angles of joint 1 where it is nearly free, until there is a solution.

    With the wrist centre near axis 1, and branches that are a millimetre off, the refinement
    creeps along the angles of joint 1, and only a seed within a few degrees converges.
    """
    for k in range(1, N_SUBDIVISIONS):
        shift = k * SUBDIVISION_STRIDE % N_SUBDIVISIONS / N_SUBDIVISIONS
        n = _drop_out_of_range(arm, seeds, row_branches_into(arm, row, seeds, shift))
        if n == 0 or row['best'] != PostureMatch.NONE:
            return
        refine_row(arm, row, seeds[:n], seed_index, FEW_ITERATIONS, scratch)


@compiled
def _drop_out_of_range(arm: ArmParams, seeds: FloatArray, n: int) -> int:
    """Move those of the first n seeds that are not far outside the limits to the front."""
    lower, upper, count = arm['lm_lower'], arm['lm_upper'], 0
    for s in range(n):
        excess = 0.0
        for j in range(6):
            if math.isinf(upper[j]):
                continue
            middle = 0.5 * (lower[j] + upper[j])
            seeds[s, j] -= TAU * np.round((seeds[s, j] - middle) / TAU)
            excess = max(excess, abs(seeds[s, j] - middle) - 0.5 * (upper[j] - lower[j]))
        if excess <= MAX_LIMIT_EXCESS:
            seeds[count] = seeds[s]
            count += 1
    return count
