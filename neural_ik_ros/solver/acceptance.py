# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Refine, unwind, verify and compare seeds, for a batch of problems in one kernel.

A solution is accepted on the evidence of forward kinematics, joint limits, posture and joint step
alone, whatever proposed its seed.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..kinematics.angles import TAU, unwind_into
from ..kinematics.chain import frames_into, jacobian_from_frames
from ..kinematics.closed_form.branches import MAX_BRANCHES, branches_into
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE, refine_into
from ..kinematics.limits import obeys_coupled_limit
from ..kinematics.posture import posture_into
from ..kinematics.se3 import measure_pose_error
from ..kinematics.singularity import smallest_singular_value_of
from ..kinematics.types import FloatArray, Joints, Transform
from .batch import OPEN, ArmParams, Best, Records, SolveState, reset_row
from .checks import is_plausible_joint_state, is_within_reach_bound, make_rigid
from .status import STATUSES, IkStatus

SOLVED = STATUSES.index(IkStatus.SOLVED)
SOLVED_OTHER_POSTURE = STATUSES.index(IkStatus.SOLVED_OTHER_POSTURE)
OTHER_POSTURE = STATUSES.index(IkStatus.OTHER_POSTURE)
UNREACHABLE = STATUSES.index(IkStatus.UNREACHABLE)
NEAR_SINGULARITY = STATUSES.index(IkStatus.NEAR_SINGULARITY)
STEP_TOO_LARGE = STATUSES.index(IkStatus.STEP_TOO_LARGE)
BAD_TARGET = STATUSES.index(IkStatus.BAD_TARGET)
BAD_JOINT_STATE = STATUSES.index(IkStatus.BAD_JOINT_STATE)
ITERATION_LIMIT = STATUSES.index(IkStatus.ITERATION_LIMIT)

MAX_BRANCH_STEP = 0.5  # [rad] a larger joint step may have crossed a posture boundary
MAX_LIMIT_EXCESS = 0.6  # [rad] no branch farther outside the limits refines to a solution inside
FEW_ITERATIONS = 12  # for a seed that need not succeed, because others follow
N_SUBDIVISIONS, SUBDIVISION_STRIDE = 12, 5  # of the spacing of a free joint 1, and their order
TOLERANCE_MARGIN = 0.1  # refine to this fraction of the tolerances, so that rounding cannot decide


class Acceptance(IntEnum):
    """Which best solution ends the search after a stage."""

    INTERIOR_ONLY = 0  # the posture kept, not on a posture boundary
    NO_JUMP = 1  # the posture kept, without a large step on a posture boundary
    SAME_POSTURE = 2  # the posture kept
    ANY_POSTURE = 3


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
            frames_into(arm['rotations'], arm['translations'], row['q_current'], tool, frames)
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
        _refine_row(arm_params[0], row, seeds[m], seed_index, max_iterations, scratch)
        if not _finalize_row(arm_params[0], row, acceptance, scratch):
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
        _refine_row(arm, row, seeds[:k], seed_index, max_iterations, scratch)
        if row['best'] == Best.NONE:
            _sweep_joint1(arm, row, seed_index, seeds, scratch)
        if not _finalize_row(arm, row, acceptance, scratch):
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
        if n == 0 or row['best'] != Best.NONE:
            return
        _refine_row(arm, row, seeds[:n], seed_index, FEW_ITERATIONS, scratch)


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


@compiled
def _refine_row(
    arm: ArmParams,
    row: SolveState,
    seeds: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """Refine and verify the seeds (k, 6) of one row and keep the best solution."""
    q, errors, signs = np.empty(6), np.empty(2), np.empty(3, np.int8)
    position_tolerance = TOLERANCE_MARGIN * arm['position_tolerance']
    tolerances = (position_tolerance, TOLERANCE_MARGIN * arm['rotation_tolerance'])
    for s in range(seeds.shape[0]):
        q[:] = seeds[s]
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], arm['lm_lower'], arm['lm_upper'],
            row['target'], q, errors, tolerances, max_iterations, scratch,
        )  # fmt: skip
        if not _verify(arm, row, q, errors, signs, scratch):
            continue
        kind, is_on_boundary, step = Best.SAME_POSTURE, False, 0.0
        for j in range(3):
            agreement = signs[j] * row['signs'][j]
            kind = Best.OTHER_POSTURE if agreement < 0 else kind
            is_on_boundary = is_on_boundary or agreement == 0
        for j in range(6):
            step = max(step, abs(q[j] - row['q_current'][j]))
        best = row['best']
        if kind > best or (kind == best and step < row['max_joint_step']):
            row['best'], row['seed_index'] = kind, seed_index
            row['is_on_boundary'] = is_on_boundary
            row['q'][:] = q
            row['q_seed'][:] = seeds[s]
            row['position_error'], row['rotation_error'] = errors[0], errors[1]
            row['max_joint_step'] = step


@compiled
def _verify(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    errors: FloatArray,
    signs: NDArray[np.int8],
    scratch: FloatArray,
) -> bool:
    """
    Unwind refined joints, measure them, and return whether they solve the problem.

    :param q: Shape (6,) [rad], unwound in place.
    :param errors: Position [m] and rotation [rad], those of the refinement, measured anew.
    :param signs: Shape (3,), written: posture.
    """
    position_tolerance, rotation_tolerance = arm['position_tolerance'], arm['rotation_tolerance']
    if not (errors[0] <= position_tolerance and errors[1] <= rotation_tolerance):
        return False
    if not unwind_into(q, row['q_current'], arm['lower'], arm['upper']):
        return False
    if not obeys_coupled_limit(
        q, arm['coupled_joints'], arm['coupled_lower'], arm['coupled_upper']
    ):
        return False
    tool, frames = scratch[0], scratch[1]
    frames_into(arm['rotations'], arm['translations'], q, tool, frames)
    posture_into(frames, signs)
    errors[0], errors[1] = measure_pose_error(tool, row['target'], scratch[2])
    return bool(errors[0] <= position_tolerance and errors[1] <= rotation_tolerance)


@compiled
def _finalize_row(arm: ArmParams, row: SolveState, acceptance: int, scratch: FloatArray) -> bool:
    """
    Set the status of the row if the search ends here; return whether it does.

    On a posture boundary (a sign is 0) both sides count as the same posture. There INTERIOR_ONLY
    and NO_JUMP leave the row open, so that a nearer solution of the next stage can replace it.
    """
    is_kept = row['best'] == Best.SAME_POSTURE
    is_jump = row['is_on_boundary'] and row['max_joint_step'] > MAX_BRANCH_STEP
    is_doubtful = (acceptance == Acceptance.INTERIOR_ONLY and row['is_on_boundary']) or (
        acceptance == Acceptance.NO_JUMP and is_jump
    )
    if not is_kept or is_doubtful:
        if row['iterations'] >= arm['iteration_budget']:
            reset_row(row)
            row['status'] = ITERATION_LIMIT
            return True
        if not (acceptance == Acceptance.ANY_POSTURE and row['best'] == Best.OTHER_POSTURE):
            return False
    tool, frames = scratch[0], scratch[1]
    frames_into(arm['rotations'], arm['translations'], row['q'], tool, frames)
    jacobian_from_frames(tool, frames)
    singular_value = smallest_singular_value_of(frames)
    status = SOLVED if is_kept else SOLVED_OTHER_POSTURE
    if not is_kept and not arm['allow_other_posture']:
        status = OTHER_POSTURE
    elif row['max_joint_step'] > arm['max_joint_step']:
        status = STEP_TOO_LARGE
    elif singular_value < arm['min_singular_value']:
        status = NEAR_SINGULARITY
    if status not in (SOLVED, SOLVED_OTHER_POSTURE):
        row['q'][:] = math.nan
    row['status'], row['smallest_singular_value'] = status, singular_value
    return True
