# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The best answer where solutions form a curve, and the other one where they come in close pairs.

At a singularity the arm can move without moving the tool: joints 4 and 6 with a straight wrist,
joints 1, 4, 5 and 6 with the wrist centre on axis 1. Every point of that curve is an answer, and
the rule asks for the one nearest to the current joints inside the limits. With joint errors the
direction is that of the true joints: commanded ones that follow it are refined all the same.
"""

from __future__ import annotations

import math

import numpy as np

from ..kinematics.angles import TAU
from ..kinematics.chain import jacobian_from_frames
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import refine_into
from ..kinematics.singularity import null_direction_into, smallest_singular_value_of
from ..kinematics.types import FloatArray
from .acceptance import (
    TOLERANCE_FACTOR,
    accept_refined,
    consider,
    refine_inside_limits,
    refinement_tolerances,
)
from .batch import ArmParams, SolveState, arm_frames_into, make_true

MAX_SLIDES = 20  # one is enough on a straight line
MAX_CURVED_SLIDE = 0.2  # [rad] of a joint, where the line is only the tangent of a curve
STILL = 1e-9  # [rad] a shorter slide is none
PART_OF_LINE = 1e-3  # of the direction: joints that take less are not moved by whole turns
N_CUTS = 60  # of the interval in which the smallest largest movement is sought
DIFFERENCE = 1e-4  # [rad] for the derivative of the Jacobian
PAIR_MARGIN = 0.1  # [rad] the estimate of the other solution of a pair may be off by this much


@compiled
def improve(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    q_seed: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """Look for better answers next to one (6,), along its direction of least motion."""
    direction = np.empty(6)
    value = _least_motion_into(arm, q, direction, scratch)
    tolerance = max(arm['position_tolerance'], arm['rotation_tolerance'])
    if value <= TOLERANCE_FACTOR * tolerance:
        _slide(arm, row, q, q_seed, direction, seed_index, max_iterations, scratch)
    elif not arm['is_exact']:
        _try_pair(arm, row, q, direction, value, seed_index, max_iterations, scratch)


@compiled
def _least_motion_into(
    arm: ArmParams, q: FloatArray, direction: FloatArray, scratch: FloatArray
) -> float:
    """Write the unit vector (6,) of joints that moves the tool least; return how much it does."""
    tool, frames = scratch[0], scratch[1]
    arm_frames_into(arm, q, tool, frames)
    jacobian_from_frames(tool, frames)
    value = smallest_singular_value_of(frames)
    null_direction_into(frames, direction)
    return value


@compiled
def _slide(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    q_seed: FloatArray,
    direction: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """Move an answer along the curve of answers, in place, to the nearest point on it."""
    shift, trial, may_turn = np.empty(6), np.empty(6), True
    for _ in range(MAX_SLIDES):
        along = _nearest_on_line_into(arm, row, q, direction, may_turn, shift)
        if not may_turn:
            largest = 0.0
            for j in range(6):
                largest = max(largest, abs(along * direction[j]))
            along *= min(1.0, MAX_CURVED_SLIDE / largest) if largest > 0.0 else 1.0
        moved = 0.0
        for j in range(6):
            trial[j] = q[j] + shift[j] + along * direction[j]
            moved = max(moved, abs(trial[j] - q[j]))
        if moved < STILL:
            break
        if not _refine_at(arm, row, trial, max_iterations, scratch):
            if not may_turn:
                break
            may_turn = False  # the line is the tangent of a curve: in small steps
            continue
        consider(arm, row, trial, q_seed, seed_index, scratch)
        q[:] = trial
        _least_motion_into(arm, q, direction, scratch)


@compiled
def _refine_at(
    arm: ArmParams, row: SolveState, q: FloatArray, max_iterations: int, scratch: FloatArray
) -> bool:
    """Refine joints (6,) inside the limits; return whether they reach the target close by."""
    errors, before = np.empty(2), np.empty(6)
    before[:] = q
    refine_inside_limits(arm, row, q, errors, max_iterations, scratch)
    moved = 0.0
    for j in range(6):
        moved = max(moved, abs(q[j] - before[j]))
    is_reached = errors[0] <= arm['position_tolerance'] and errors[1] <= arm['rotation_tolerance']
    return bool(is_reached and moved <= 0.5 * MAX_CURVED_SLIDE)


@compiled
def _nearest_on_line_into(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    direction: FloatArray,
    may_turn: bool,
    shift: FloatArray,
) -> float:
    """
    Return how far along the line the joints are nearest to the current ones, inside the limits.

    :param may_turn: Whether joints on the line may also be moved by a whole turn either way.
    :param shift: Shape (6,) [rad], written: the whole turns of each joint.
    """
    offset, steps, best_shift = np.empty(6), np.empty(6), np.zeros(6)
    n_choices, best, best_squares, best_along = 1, math.inf, math.inf, 0.0
    for j in range(6):
        is_turned = may_turn and abs(direction[j]) > PART_OF_LINE
        steps[j] = 3 if is_turned else 1
        n_choices *= int(steps[j])
    for choice in range(n_choices):
        rest, low, high = choice, -math.inf, math.inf
        for j in range(6):
            turns = rest % 3 - 1 if steps[j] == 3 else 0
            rest //= int(steps[j])
            shift[j] = TAU * turns
            offset[j] = q[j] + shift[j] - row['q_current'][j]
            if abs(direction[j]) > PART_OF_LINE:
                first = (arm['lower'][j] - q[j] - shift[j]) / direction[j]
                second = (arm['upper'][j] - q[j] - shift[j]) / direction[j]
                low, high = max(low, min(first, second)), min(high, max(first, second))
        if low > high:
            continue
        along = _best_along(offset, direction, low, high)
        largest, squares = _movement(offset, direction, along)
        if largest < best - STILL or (largest <= best + STILL and squares < best_squares):
            best, best_squares, best_along = largest, squares, along
            best_shift[:] = shift
    shift[:] = best_shift
    return best_along


@compiled
def _best_along(offset: FloatArray, direction: FloatArray, low: float, high: float) -> float:
    """
    Return where in an interval the largest of ``|offset + t direction|`` is smallest.

    Where that is so on a whole interval, the sum of squares decides.
    """
    left, right = max(low, -2.0 * TAU), min(high, 2.0 * TAU)
    for _ in range(N_CUTS):
        first, second = left + (right - left) / 3.0, right - (right - left) / 3.0
        is_left = _movement(offset, direction, first)[0] <= _movement(offset, direction, second)[0]
        left, right = (left, second) if is_left else (first, right)
    level = _movement(offset, direction, left)[0] + STILL
    product, square = 0.0, 0.0
    for j in range(6):
        product += offset[j] * direction[j]
        square += direction[j] * direction[j]
        if abs(direction[j]) > PART_OF_LINE:
            first, second = (-level - offset[j]) / direction[j], (level - offset[j]) / direction[j]
            low, high = max(low, min(first, second)), min(high, max(first, second))
    return min(max(-product / square, low), high)


@compiled
def _movement(offset: FloatArray, direction: FloatArray, along: float) -> tuple[float, float]:
    """Return the largest absolute value and the sum of squares of ``offset + along direction``."""
    largest, squares = 0.0, 0.0
    for j in range(6):
        movement = offset[j] + along * direction[j]
        largest, squares = max(largest, abs(movement)), squares + movement * movement
    return largest, squares


@compiled
def _try_pair(
    arm: ArmParams,
    row: SolveState,
    answer: FloatArray,
    direction: FloatArray,
    value: float,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """
    Try the other solution of the pair that merges at the nearest singularity, if it may be nearer.

    Along the direction ``v`` of the smallest singular value, ``u`` its image, the tool moves by
    ``value t + 0.5 c t^2`` along ``u``: the other solution is near ``t = -2 value / c``.
    """
    tool, frames, image = scratch[0], scratch[1], np.empty(6)
    q, errors, rate, largest = np.empty(6), np.empty(2), 0.0, 0.0
    arm_frames_into(arm, answer, tool, frames)
    jacobian_from_frames(tool, frames)
    for i in range(6):
        image[i] = 0.0
        for j in range(6):
            image[i] += frames[i, j] * direction[j]
    for j in range(6):
        q[j] = answer[j] + DIFFERENCE * direction[j]
        largest = max(largest, abs(direction[j]))
    arm_frames_into(arm, q, tool, frames)
    jacobian_from_frames(tool, frames)
    for i in range(6):
        moved = 0.0
        for j in range(6):
            moved += frames[i, j] * direction[j]
        rate += (moved - image[i]) * image[i] / (value * DIFFERENCE)
    along = -2.0 * value / rate
    if not abs(along) * largest <= 2.0 * row['max_joint_step'] + PAIR_MARGIN:
        return
    for j in range(6):
        q[j] = answer[j] + along * direction[j]
    image[:] = q
    make_true(arm, q, scratch)
    row['iterations'] += refine_into(
        arm['rotations'], arm['translations'], arm['lm_lower'], arm['lm_upper'], row['target'], q,
        errors, refinement_tolerances(arm), max_iterations, scratch,
    )  # fmt: skip
    if errors[0] <= arm['position_tolerance'] and errors[1] <= arm['rotation_tolerance']:
        accept_refined(arm, row, q, image, seed_index, max_iterations, scratch)
