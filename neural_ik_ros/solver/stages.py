# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of the stages of the search, each for all open problems of a batch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..kinematics.angles import unwind_into
from ..kinematics.chain import jacobian_from_frames
from ..kinematics.closed_form.branches import MAX_BRANCHES, branches_into
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE
from ..kinematics.posture import posture_into, posture_values_into
from ..kinematics.singularity import smallest_singular_value_of
from ..kinematics.types import FloatArray, Joints, Transform
from .acceptance import (
    LIMIT_SLACK,
    Acceptance,
    Preference,
    changes_posture,
    preference_of,
)
from .batch import (
    COARSE_TOL,
    OPEN,
    ArmParams,
    Records,
    SolveState,
    arm_frames_into,
    make_commanded,
    reset_row,
)
from .checks import is_plausible_joint_state, is_within_reach_bound, make_rigid
from .refinement import drop_out_of_range, refine_row, refine_with_joint1_held
from .status import STATUSES, IkStatus

SOLVED = STATUSES.index(IkStatus.SOLVED)
SOLVED_OTHER_POSTURE = STATUSES.index(IkStatus.SOLVED_OTHER_POSTURE)
OTHER_POSTURE = STATUSES.index(IkStatus.OTHER_POSTURE)
NEAR_SINGULARITY = STATUSES.index(IkStatus.NEAR_SINGULARITY)
STEP_TOO_LARGE = STATUSES.index(IkStatus.STEP_TOO_LARGE)
BAD_JOINT_STATE = STATUSES.index(IkStatus.BAD_JOINT_STATE)
BAD_TARGET = STATUSES.index(IkStatus.BAD_TARGET)
UNREACHABLE = STATUSES.index(IkStatus.UNREACHABLE)
ITERATION_LIMIT = STATUSES.index(IkStatus.ITERATION_LIMIT)

FEW_ITERATIONS = 12  # for a seed that need not succeed, because others follow
PREDICTION_ERROR = 1e-3  # [rad] of a movement predicted from the closed form
SINGULAR = 1e-6  # [m], sine; nearer to a singularity a branch may be any point of a curve
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
        if not is_plausible_joint_state(row['q_current'], arm['lower'], arm['upper']):
            row['status'] = BAD_JOINT_STATE
        elif not make_rigid(row['target']):
            row['status'] = BAD_TARGET
        elif not is_within_reach_bound(
            arm['transform_joint1_base'], arm['reach_bound'], row['target']
        ):
            row['status'] = UNREACHABLE
        else:
            row['status'] = OPEN
            arm_frames_into(arm, row['q_current'], tool, frames, COARSE_TOL)
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
    arm, scratch, n_open = arm_params[0], np.empty(SCRATCH_SHAPE), 0
    for m in range(rows.shape[0]):
        row = batch[rows[m]]
        refine_row(arm, row, seeds[m], seed_index, max_iterations, False, scratch)
        if not finalize_row(arm, row, acceptance, scratch):
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
        n = row_branches_into(arm, row, seeds, scratch)
        if arm['is_exact']:
            _try_in_order(arm, row, seeds[:n], seed_index, max_iterations, scratch)
        else:
            k = drop_out_of_range(arm, seeds, n)
            refine_row(arm, row, seeds[:k], seed_index, max_iterations, True, scratch)
            if row['preference'] == Preference.NONE:
                _sweep_joint1(arm, row, seed_index, seeds, scratch)
        if not finalize_row(arm, row, acceptance, scratch):
            rows[n_open] = rows[m]
            n_open += 1
    return n_open


@compiled
def _try_in_order(
    arm: ArmParams,
    row: SolveState,
    seeds: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """Refine exact branches (k, 6), the most preferred first, until none can precede the best."""
    n = seeds.shape[0]
    preferences, steps = np.empty(n, np.int64), np.empty(n)
    for s in range(n):
        preferences[s], steps[s] = _predicted(arm, row, seeds[s], scratch)
    for _ in range(n):
        first = 0
        for s in range(1, n):
            is_before = preferences[s] > preferences[first] or (
                preferences[s] == preferences[first] and steps[s] < steps[first]
            )
            first = s if is_before else first
        preference, step = preferences[first], steps[first]
        is_beaten = preference < row['preference'] or (
            preference == row['preference'] and step > row['max_joint_step'] + PREDICTION_ERROR
        )
        if preference == Preference.NONE or is_beaten:
            return
        preferences[first] = Preference.NONE
        seed = seeds[first : first + 1]
        refine_row(arm, row, seed, seed_index, max_iterations, True, scratch)
        if step == 0.0:  # on a singularity
            refine_with_joint1_held(arm, row, seed[0], seed_index, max_iterations, scratch)


@compiled
def _predicted(
    arm: ArmParams, row: SolveState, seed: FloatArray, scratch: FloatArray
) -> tuple[int, float]:
    """
    Return the class and the largest movement that a branch (6,), unwound in place, will have.

    One on a singularity is predicted at movement 0: where on its curve the answer is, is not
    known before it is refined.
    """
    values = scratch[2, 0]
    if not unwind_into(seed, row['q_current'], arm['lower'], arm['upper'], LIMIT_SLACK):
        return Preference.NONE, math.inf
    step = 0.0
    for j in range(6):
        step = max(step, abs(seed[j] - row['q_current'][j]))
    arm_frames_into(arm, seed, scratch[0], scratch[1])
    posture_values_into(scratch[1], values)
    if abs(values[2]) < SINGULAR or abs(values[0]) < SINGULAR + abs(arm['lateral']):
        return Preference.NEAR, 0.0
    step = max(step, PREDICTION_ERROR)
    is_changed = changes_posture(row, values)
    preference = preference_of(arm, max(step - PREDICTION_ERROR, 0.0), is_changed)
    return preference, step


@compiled
def row_branches_into(
    arm: ArmParams, row: SolveState, seeds: FloatArray, scratch: FloatArray, shift: float = 0.0
) -> int:
    """Write the branches of a row, as commanded joints, into ``seeds`` (MAX_BRANCHES, 6)."""
    n = branches_into(
        arm['rotations'], arm['translations'], arm['wrist'], row['target'], row['q_current'],
        seeds, shift,
    )  # fmt: skip
    for s in range(n):
        make_commanded(arm, seeds[s], scratch)
    return n


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
        n = drop_out_of_range(arm, seeds, row_branches_into(arm, row, seeds, scratch, shift))
        if n == 0 or row['preference'] != Preference.NONE:
            return
        refine_row(arm, row, seeds[:n], seed_index, FEW_ITERATIONS, True, scratch)


@compiled
def finalize_row(arm: ArmParams, row: SolveState, acceptance: int, scratch: FloatArray) -> bool:
    """Set the status of the row if the search ends here; return whether it does."""
    preference = row['preference']
    is_over = row['iterations'] >= arm['iteration_budget']
    if acceptance == Acceptance.SETTLED and not is_over:
        if not row['is_settled']:
            return False
    elif preference < Preference.SAME_POSTURE and (acceptance == Acceptance.KEPT or is_over):
        if is_over:
            reset_row(row)
            row['status'] = ITERATION_LIMIT
        return is_over
    elif preference == Preference.NONE:
        return False
    if not row['is_settled']:
        tool, frames = scratch[0], scratch[1]
        arm_frames_into(arm, row['q'], tool, frames, COARSE_TOL)
        jacobian_from_frames(tool, frames)
        row['smallest_singular_value'] = smallest_singular_value_of(frames)
    row['status'] = _status(arm, row)
    if row['status'] != SOLVED and row['status'] != SOLVED_OTHER_POSTURE:
        row['q'][:] = np.nan
    return True


@compiled
def _status(arm: ArmParams, row: SolveState) -> int:
    """Return the status of the best answer of a row."""
    if row['preference'] == Preference.REFUSED_POSTURE:
        return OTHER_POSTURE
    if row['preference'] == Preference.TOO_FAR:
        return STEP_TOO_LARGE
    if row['smallest_singular_value'] < arm['min_singular_value']:
        return NEAR_SINGULARITY
    return SOLVED_OTHER_POSTURE if row['preference'] == Preference.OTHER_POSTURE else SOLVED
