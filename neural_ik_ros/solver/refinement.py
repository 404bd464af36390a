# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From seeds to answers: refinement inside the limits."""

from __future__ import annotations

import numpy as np

from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import refine_into
from ..kinematics.types import FloatArray
from .acceptance import Preference, accept_refined, is_nearest, refinement_tolerances
from .batch import ArmParams, SolveState
from .null_motion import improve


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
    lower[:], upper[:] = arm['lm_lower'], arm['lm_upper']
    lower[0] = upper[0] = q_seed[0]
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
    """Consider refined joints (6,) that reach the target, and better ones next to them."""
    if not (errors[0] <= arm['position_tolerance'] and errors[1] <= arm['rotation_tolerance']):
        return
    is_answer = accept_refined(arm, row, q, q_seed, seed_index, max_iterations, scratch)
    if is_answer and not is_nearest(arm, row):
        improve(arm, row, q, q_seed, seed_index, max_iterations, scratch)
