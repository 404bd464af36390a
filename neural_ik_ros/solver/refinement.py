# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From seeds to answers: which seeds are worth it, and their refinement inside the limits."""

from __future__ import annotations

import math

import numpy as np

from ..kinematics.angles import TAU
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import refine_into
from ..kinematics.types import FloatArray
from .acceptance import Preference, accept_refined, refinement_tolerances
from .batch import ArmParams, SolveState, make_true
from .null_motion import improve

MAX_BRANCH_EXCESS = 0.6  # [rad] no branch farther outside the limits refines to one inside


@compiled
def refine_row(
    arm: ArmParams,
    row: SolveState,
    seeds: FloatArray,
    seed_index: int,
    max_iterations: int,
    is_exhaustive: bool,
    scratch: FloatArray,
) -> None:
    """
    Refine the seeds (k, 6) of one row and keep the best answer.

    :param is_exhaustive: Whether seeds are tried after a near answer, or one in the posture of the
        current joints, was found.
    """
    q, errors = np.empty(6), np.empty(2)
    for s in range(seeds.shape[0]):
        if not is_exhaustive and row['preference'] >= Preference.SAME_POSTURE:
            return
        q[:] = seeds[s]
        make_true(arm, q, scratch)
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], arm['lm_lower'], arm['lm_upper'],
            row['target'], q, errors, refinement_tolerances(arm), max_iterations, scratch,
        )  # fmt: skip
        _accept(arm, row, q, seeds[s], errors, seed_index, max_iterations, scratch)


@compiled
def refine_with_joint1_held(
    arm: ArmParams,
    row: SolveState,
    q_seed: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """
    Refine a seed (6,) without moving joint 1, and consider the result.

    With the wrist centre within micrometres of axis 1 a branch is known to half the digits, and
    joint 1 is what the missing ones hardly determine: the others converge once it is held.
    """
    q, errors, lower, upper = np.empty(6), np.empty(2), np.empty(6), np.empty(6)
    q[:] = q_seed
    make_true(arm, q, scratch)
    lower[:], upper[:] = arm['lm_lower'], arm['lm_upper']
    lower[0] = upper[0] = q[0]
    row['iterations'] += refine_into(
        arm['rotations'], arm['translations'], lower, upper, row['target'], q, errors,
        refinement_tolerances(arm), max_iterations, scratch,
    )  # fmt: skip
    _accept(arm, row, q, q_seed, errors, seed_index, max_iterations, scratch)


@compiled
def _accept(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    q_seed: FloatArray,
    errors: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """Consider refined true joints (6,) that reach the target, and better ones next to them."""
    if not (errors[0] <= arm['position_tolerance'] and errors[1] <= arm['rotation_tolerance']):
        return
    is_answer = accept_refined(arm, row, q, q_seed, seed_index, max_iterations, scratch)
    if is_answer and not row['is_settled']:
        improve(arm, row, q, q_seed, seed_index, max_iterations, scratch)


@compiled
def drop_out_of_range(arm: ArmParams, seeds: FloatArray, n: int) -> int:
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
        if excess <= MAX_BRANCH_EXCESS:
            seeds[count] = seeds[s]
            count += 1
    return count
