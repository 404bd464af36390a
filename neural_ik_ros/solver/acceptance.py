# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The judge: refine, unwind, measure and compare what is proposed, many problems in one kernel.

Forward kinematics, limits, posture and joint step decide; nothing is believed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinematics.angles import TAU, unwind_into
from ..kinematics.chain import frames_into, jacobian_from_frames
from ..kinematics.closed_form.branches import MAX_BRANCHES, branches_into
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE, refine_into
from ..kinematics.posture import posture_into
from ..kinematics.se3 import rotation_vector_into
from ..kinematics.singularity import smallest_singular_value_of
from ..kinematics.types import FloatArray, Joints, Transform
from .batch import KEPT, NOTHING, OPEN, OTHER, Records, clear
from .checks import is_in_reach, is_joint_state, make_rigid
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

STRICT, NO_JUMP, KEPT_IS_ENOUGH, ANY_IS_ENOUGH = range(4)  # what ends the search after a round
JUMP = 0.5  # [rad] a joint that moves less has not gone to the other side of a border
FAR_OUTSIDE = 0.6  # [rad] no branch comes back from there, not even where joint 1 is free
QUICK = 12  # Newton steps from a seed that need not succeed, because others come next
FINER, STRIDE = 12, 5  # parts of the way between two angles of joint 1, and their order
BEYOND = 0.1  # Newton goes a little beyond what is asked for, so that rounding cannot decide


@compiled
def admit(
    ground: Records,
    docket: Records,
    rows: NDArray[np.int64],
    targets: Transform,
    q_current: Joints,
) -> int:
    """
    Check every problem and prepare its row; write the open rows and return how many.

    :param targets: Shape (n, 4, 4), [m].
    :param q_current: Shape (n, 6) [rad].
    """
    arm, n_open = ground[0], 0
    tool, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(docket.shape[0]):
        row = docket[i]
        row['target'][:] = targets[i]
        row['q_current'][:] = q_current[i]
        clear(row)
        row['iterations'] = 0
        if not is_joint_state(row['q_current']):
            row['status'] = BAD_JOINT_STATE
        elif not make_rigid(row['target']):
            row['status'] = BAD_TARGET
        elif not is_in_reach(arm['transform_joint1_base'], arm['ball'], row['target']):
            row['status'] = UNREACHABLE
        else:
            row['status'] = OPEN
            frames_into(arm['rotations'], arm['translations'], row['q_current'], tool, frames)
            posture_into(frames, row['signs'])
            rows[n_open] = i
            n_open += 1
    return n_open


@compiled
def hear_seeds(
    ground: Records,
    docket: Records,
    rows: NDArray[np.int64],
    seeds: FloatArray,
    who: int,
    ending: int,
    max_iterations: int,
) -> int:
    """
    Judge the seeds (n_open, k, 6) proposed for the open rows; return how many stay open.

    :param rows: Shape (n_open,), rewritten from the front.
    :param ending: STRICT, NO_JUMP, KEPT_IS_ENOUGH or ANY_IS_ENOUGH.
    """
    scratch, n_left = np.empty(SCRATCH_SHAPE), 0
    for m in range(rows.shape[0]):
        row = docket[rows[m]]
        _hear_row(ground[0], row, seeds[m], who, max_iterations, scratch)
        if not _conclude(ground[0], row, ending, scratch):
            rows[n_left] = rows[m]
            n_left += 1
    return n_left


@compiled
def hear_branches(
    ground: Records,
    docket: Records,
    rows: NDArray[np.int64],
    who: int,
    ending: int,
    max_iterations: int,
) -> int:
    """Judge all branches of the open rows; return how many stay open."""
    arm, scratch, n_left = ground[0], np.empty(SCRATCH_SHAPE), 0
    seeds = np.empty((MAX_BRANCHES, 6))
    for m in range(rows.shape[0]):
        row = docket[rows[m]]
        k = _promising(arm, seeds, branches_of(arm, row, seeds))
        _hear_row(arm, row, seeds[:k], who, max_iterations, scratch)
        if row['found'] == NOTHING:
            _hear_turned(arm, row, who, seeds, scratch)
        if not _conclude(arm, row, ending, scratch):
            rows[n_left] = rows[m]
            n_left += 1
    return n_left


@compiled
def branches_of(arm: Any, row: Any, seeds: FloatArray, shift: float = 0.0) -> int:
    """Write the branches of a row into ``seeds`` (MAX_BRANCHES, 6); return how many."""
    return branches_into(
        arm['rotations'], arm['translations'], arm['wrist'], row['target'], row['q_current'],
        seeds, shift,
    )  # fmt: skip


@compiled
def _hear_turned(arm: Any, row: Any, who: int, seeds: FloatArray, scratch: FloatArray) -> None:
    """
    Look closer where joint 1 may stand nearly anywhere, until there is an answer.

    With the wrist centre near axis 1, and branches that are a millimetre off, Newton creeps along
    the angles of joint 1, and only a seed within a few degrees arrives.
    """
    for turn in range(1, FINER):
        shift = turn * STRIDE % FINER / FINER
        k = _promising(arm, seeds, branches_of(arm, row, seeds, shift))
        if k == 0 or row['found'] != NOTHING:
            return
        _hear_row(arm, row, seeds[:k], who, QUICK, scratch)


@compiled
def _promising(arm: Any, seeds: FloatArray, n: int) -> int:
    """Move those of the first n seeds that are not far outside the limits to the front."""
    lower, upper, count = arm['step_lower'], arm['step_upper'], 0
    for s in range(n):
        beyond = 0.0
        for j in range(6):
            if math.isinf(upper[j]):
                continue
            middle = 0.5 * (lower[j] + upper[j])
            seeds[s, j] -= TAU * np.round((seeds[s, j] - middle) / TAU)
            beyond = max(beyond, abs(seeds[s, j] - middle) - 0.5 * (upper[j] - lower[j]))
        if beyond <= FAR_OUTSIDE:
            seeds[count] = seeds[s]
            count += 1
    return count


@compiled
def _hear_row(
    arm: Any, row: Any, seeds: FloatArray, who: int, max_iterations: int, scratch: FloatArray
) -> None:
    """Refine and measure the seeds (k, 6) of one row and keep the best answer."""
    q, errors, signs = np.empty(6), np.empty(2), np.empty(3, np.int8)
    tolerances = (BEYOND * arm['position_tolerance'], BEYOND * arm['rotation_tolerance'])
    for s in range(seeds.shape[0]):
        q[:] = seeds[s]
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], arm['step_lower'], arm['step_upper'],
            row['target'], q, errors, tolerances, max_iterations, scratch,
        )  # fmt: skip
        if not _is_answer(arm, row, q, errors, signs, scratch):
            continue
        found, is_border, step = KEPT, False, 0.0
        for j in range(3):
            agreement = signs[j] * row['signs'][j]
            found = OTHER if agreement < 0 else found
            is_border = is_border or agreement == 0
        for j in range(6):
            step = max(step, abs(q[j] - row['q_current'][j]))
        best = row['found']
        if found > best or (found == best and step < row['max_joint_step']):
            row['found'], row['who'], row['is_border'] = found, who, is_border
            row['q'][:] = q
            row['q_seed'][:] = seeds[s]
            row['position_error'], row['rotation_error'] = errors[0], errors[1]
            row['max_joint_step'] = step


@compiled
def _is_answer(
    arm: Any,
    row: Any,
    q: FloatArray,
    errors: FloatArray,
    signs: NDArray[np.int8],
    scratch: FloatArray,
) -> bool:
    """Unwind ``q`` (6,) in place, measure errors and posture; return whether it is an answer."""
    position, rotation = arm['position_tolerance'], arm['rotation_tolerance']
    if not (errors[0] <= position and errors[1] <= rotation):
        return False
    if not unwind_into(q, row['q_current'], arm['lower'], arm['upper']):
        return False
    total = q[arm['coupled'][0]] + q[arm['coupled'][1]]
    if not arm['coupled_lower'] <= total <= arm['coupled_upper']:
        return False
    tool, frames = scratch[0], scratch[1]
    frames_into(arm['rotations'], arm['translations'], q, tool, frames)
    posture_into(frames, signs)
    errors[0], errors[1] = _tool_error(tool, row['target'], scratch[2])
    return bool(errors[0] <= position and errors[1] <= rotation)


@compiled
def _tool_error(tool: FloatArray, target: FloatArray, scratch: FloatArray) -> tuple[float, float]:
    """Return the distance [m] and the angle [rad] between two poses (4, 4)."""
    squared = 0.0
    for i in range(3):
        squared += (tool[i, 3] - target[i, 3]) ** 2
        for j in range(3):
            scratch[i, j] = (
                tool[0, i] * target[0, j] + tool[1, i] * target[1, j] + tool[2, i] * target[2, j]
            )
    return math.sqrt(squared), rotation_vector_into(scratch, scratch[3])


@compiled
def _conclude(arm: Any, row: Any, ending: int, scratch: FloatArray) -> bool:
    """
    Give the row its status if the search ends here; return whether it does.

    Between two postures (a sign is 0) both sides count as kept: then the current joints are
    heard before a jump to the other side, and the predictor if they jumped themselves.
    """
    is_kept = row['found'] == KEPT
    is_jump = row['is_border'] and row['max_joint_step'] > JUMP
    is_doubted = (ending == STRICT and row['is_border']) or (ending == NO_JUMP and is_jump)
    if not is_kept or is_doubted:
        if row['iterations'] >= arm['iteration_budget']:
            clear(row)
            row['status'] = ITERATION_LIMIT
            return True
        if not (ending == ANY_IS_ENOUGH and row['found'] == OTHER):
            return False
    tool, frames = scratch[0], scratch[1]
    frames_into(arm['rotations'], arm['translations'], row['q'], tool, frames)
    jacobian_from_frames(tool, frames)
    margin = smallest_singular_value_of(frames)
    status = SOLVED if is_kept else SOLVED_OTHER_POSTURE
    if not is_kept and not arm['allow_other_posture']:
        status = OTHER_POSTURE
    elif row['max_joint_step'] > arm['max_joint_step']:
        status = STEP_TOO_LARGE
    elif margin < arm['min_singular_value']:
        status = NEAR_SINGULARITY
    if status not in (SOLVED, SOLVED_OTHER_POSTURE):
        row['q'][:] = math.nan
    row['status'], row['smallest_singular_value'] = status, margin
    return True
