# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Refine and verify the seeds of one problem, keep the best solution, and decide its status.

A solution is accepted on the evidence of forward kinematics, joint limits, posture and joint step
alone, whatever proposed its seed.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..kinematics.angles import unwind_into
from ..kinematics.chain import jacobian_from_frames
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import refine_into
from ..kinematics.limits import satisfies_coupled_limit
from ..kinematics.posture import posture_into
from ..kinematics.se3 import measure_pose_error
from ..kinematics.singularity import smallest_singular_value_of
from ..kinematics.types import FloatArray
from .batch import (
    ArmParams,
    PostureMatch,
    SolveState,
    arm_frames_into,
    command_true_joints,
    exact_frames_into,
    reset_row,
)
from .status import STATUSES, IkStatus

SOLVED = STATUSES.index(IkStatus.SOLVED)
SOLVED_OTHER_POSTURE = STATUSES.index(IkStatus.SOLVED_OTHER_POSTURE)
OTHER_POSTURE = STATUSES.index(IkStatus.OTHER_POSTURE)
NEAR_SINGULARITY = STATUSES.index(IkStatus.NEAR_SINGULARITY)
STEP_TOO_LARGE = STATUSES.index(IkStatus.STEP_TOO_LARGE)
ITERATION_LIMIT = STATUSES.index(IkStatus.ITERATION_LIMIT)

MAX_BRANCH_STEP = 0.5  # [rad] a larger joint step may have crossed a posture boundary
TOLERANCE_MARGIN = 0.1  # refine to this fraction of the tolerances, so that rounding cannot decide


class Acceptance(IntEnum):
    """Which best solution ends the search after a stage."""

    INTERIOR_ONLY = 0  # the posture kept, not on a posture boundary
    NO_JUMP = 1  # the posture kept, without a large step on a posture boundary
    SAME_POSTURE = 2  # the posture kept
    ANY_POSTURE = 3


@compiled
def refine_row(
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
        kind, is_on_boundary, step = PostureMatch.SAME_POSTURE, False, 0.0
        for j in range(3):
            agreement = signs[j] * row['signs'][j]
            kind = PostureMatch.OTHER_POSTURE if agreement < 0 else kind
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
    Command and unwind refined joints, measure them, and return whether they solve the problem.

    :param q: Shape (6,) [rad] true joints, replaced by commanded ones, unwound.
    :param errors: Position [m] and rotation [rad], those of the refinement, measured anew.
    :param signs: Shape (3,), written: posture.
    """
    position_tolerance, rotation_tolerance = arm['position_tolerance'], arm['rotation_tolerance']
    if not (errors[0] <= position_tolerance and errors[1] <= rotation_tolerance):
        return False
    q_true, commanded = scratch[3, 0], scratch[3, 1]
    q_true[:] = q
    command_true_joints(arm, q_true, q, scratch)
    commanded[:] = q
    if not unwind_into(q, row['q_current'], arm['lower'], arm['upper']):
        return False
    if not satisfies_coupled_limit(
        q, arm['coupled_joints'], arm['coupled_limit_lower'], arm['coupled_limit_upper']
    ):
        return False
    tool, frames = scratch[0], scratch[1]
    for j in range(6):
        q_true[j] += q[j] - commanded[j]  # whole turns
    exact_frames_into(arm, q, q_true, tool, frames)
    posture_into(frames, signs)
    errors[0], errors[1] = measure_pose_error(tool, row['target'], scratch[2])
    return bool(errors[0] <= position_tolerance and errors[1] <= rotation_tolerance)


@compiled
def finalize_row(arm: ArmParams, row: SolveState, acceptance: int, scratch: FloatArray) -> bool:
    """
    Set the status of the row if the search ends here; return whether it does.

    On a posture boundary (a sign is 0) both sides count as the same posture. There INTERIOR_ONLY
    and NO_JUMP leave the row open, so that a nearer solution of the next stage can replace it.
    """
    is_kept = row['best'] == PostureMatch.SAME_POSTURE
    is_jump = row['is_on_boundary'] and row['max_joint_step'] > MAX_BRANCH_STEP
    stays_open = (acceptance == Acceptance.INTERIOR_ONLY and row['is_on_boundary']) or (
        acceptance == Acceptance.NO_JUMP and is_jump
    )
    if not is_kept or stays_open:
        if row['iterations'] >= arm['iteration_budget']:
            reset_row(row)
            row['status'] = ITERATION_LIMIT
            return True
        if not (
            acceptance == Acceptance.ANY_POSTURE and row['best'] == PostureMatch.OTHER_POSTURE
        ):
            return False
    tool, frames = scratch[0], scratch[1]
    arm_frames_into(arm, row['q'], tool, frames)
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
