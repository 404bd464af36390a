# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All solutions of many targets at once, for any six-axis arm, and the choice among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kinematics import TAU, Arm, FloatArray, Joints, Transform, forward, posture_code, refine
from ...kinematics.angles import unwind_into
from ...kinematics.closed_form.branches import MAX_BRANCHES, ClosedForm, WristParams, branches_into
from ...kinematics.compiled import compiled
from ...kinematics.limits import satisfies_coupled_limit
from ...solver.seeds import SeedTable

SEEDS_PER_POSTURE = 8  # with 4, one target in 250 lacks a solution
MAX_ITERATIONS = 10
TOLERANCE = 1e-9  # [m], [rad]
TIE_TOLERANCE = 1e-6  # [rad] between largest joint steps that count as equal
OTHER_POSTURE_PENALTY = 1e3  # [rad] for the lowest bit that differs: more than any step
CHUNK_SIZE = 1024  # rows processed at once, which bounds the memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solutions:
    """Solutions of n targets; some occur twice, and each in one of its turns only."""

    q: Joints  # (m, 6) [rad], ordered by target
    # (n + 1,): rows row_offsets[i] to row_offsets[i + 1] of q are those of target i
    row_offsets: NDArray[np.intp]


def all_solutions(arm: Arm, q: Joints) -> Solutions:
    """
    Return the solutions of the targets ``forward(q)`` that have a turn within the limits.

    In closed form where axes 4, 5 and 6 meet, else refined from seeds in all postures.

    :param q: Shape (n, 6) [rad] within the limits, solutions themselves.
    """
    known = ClosedForm.from_arm(arm)
    targets = forward(arm, q)
    if known.is_exact:
        seeds, target = _closed_form(arm, known.wrist, targets, q)
    else:
        seeds, target = diverse_seeds(arm, SeedTable(arm), targets)
    order = np.argsort(np.concatenate([np.arange(len(q)), target]), kind='stable')
    seeds, target = np.concatenate([q, seeds])[order], np.append(np.arange(len(q)), target)[order]
    return refine_seeds(arm, targets, seeds, target)


def diverse_seeds(
    arm: Arm, table: SeedTable, targets: Transform
) -> tuple[Joints, NDArray[np.intp]]:
    """
    Return seeds (k, 6) in all postures, and the index of the target of each.

    Refined, they give all but one in 10,000 of the IRB2400's solutions.
    """
    middle = 0.5 * (arm.lower + arm.upper)
    seeds = nearest_turn_within_limits(
        arm, table.diverse_seeds(targets, SEEDS_PER_POSTURE), middle
    )
    return seeds.reshape(-1, 6), np.repeat(np.arange(len(targets)), seeds.shape[1])


def refine_seeds(
    arm: Arm, targets: Transform, seeds: Joints, target: NDArray[np.intp]
) -> Solutions:
    """Refine the seeds (k, 6), ordered by target; keep those that converge."""
    refinement = refine(
        arm,
        seeds,
        targets[target],
        position_tolerance=TOLERANCE,
        rotation_tolerance=TOLERANCE,
        max_iterations=MAX_ITERATIONS,
    )
    error = np.maximum(refinement.position_error, refinement.rotation_error)
    has_converged = error <= TOLERANCE
    row_offsets = np.searchsorted(target[has_converged], np.arange(len(targets) + 1))
    return Solutions(q=refinement.q[has_converged], row_offsets=row_offsets)


def nearest_solutions(arm: Arm, q: Joints, q_current: Joints) -> Joints:
    """
    Return for each row the solution of ``forward(q)`` within the limits nearest to ``q_current``.

    Over all postures and turns the one whose largest joint step is smallest, which is what the
    solver calls nearest; among equal ones (a wrist that flips leaves joints 1 to 3) the one with
    the smallest sum of squared steps. Rows with the same ``q`` are cheap when they follow each
    other.

    :param q: Shape (n, 6) [rad] within the limits, solutions themselves.
    :param q_current: Shape (n, 6) [rad].
    :return: Shape (n, 6) [rad].
    """
    return _chosen_solutions(arm, q, q_current, is_posture_kept_first=False)


def preferred_solutions(arm: Arm, q: Joints, q_current: Joints) -> Joints:
    """
    Return the solutions that keep wrist, then elbow, then shoulder as in ``q_current``.

    Among equals the nearest, as in ``nearest_solutions``. Postures are plain signs here, without
    the tolerance of the solver near a boundary: the solution is a function of target and posture.
    """
    return _chosen_solutions(arm, q, q_current, is_posture_kept_first=True)


def _chosen_solutions(
    arm: Arm, q: Joints, q_current: Joints, *, is_posture_kept_first: bool
) -> Joints:
    limit, nearest = arm.coupled_limit, np.empty_like(q)
    joints, coupled = np.zeros(2, np.int64), (-math.inf, math.inf)
    if limit is not None:
        joints[:], coupled = (limit.first, limit.second), (limit.lower, limit.upper)
    for start in range(0, len(q), CHUNK_SIZE):
        rows = slice(start, start + CHUNK_SIZE)
        is_new = np.append(True, (q[rows][1:] != q[rows][:-1]).any(axis=1))
        found = all_solutions(arm, q[rows][is_new])
        codes = posture_code(arm, found.q), posture_code(arm, q_current[rows])
        if not is_posture_kept_first:
            codes = np.zeros_like(codes[0]), np.zeros_like(codes[1])
        target = np.cumsum(is_new) - 1  # of each row
        limits = (arm.lower, arm.upper, joints, *coupled)
        _nearest_into(
            found.q, found.row_offsets, target, q_current[rows], codes, limits, nearest[rows]
        )
    return nearest


def nearest_turn_within_limits(arm: Arm, q: Joints, q_near: Joints) -> Joints:
    """Return the equivalent of each angle that is nearest to ``q_near`` inside the limits."""
    # Turns are counted before the angle changes, so that an angle on a limit stays on it.
    least, most = np.ceil((arm.lower - q) / TAU), np.floor((arm.upper - q) / TAU)
    return q + TAU * np.clip(np.round((q_near - q) / TAU), least, most)


def _closed_form(
    arm: Arm, wrist: WristParams, targets: Transform, q: Joints
) -> tuple[Joints, NDArray[np.intp]]:
    """Return the branches (k, 6) with a turn within the limits, and the target index of each."""
    seeds = np.empty((len(q) * MAX_BRANCHES, 6))  # only the pages that are written take memory
    target = np.empty(len(seeds), np.intp)
    geometry = (arm.rotations, arm.translations, arm.lower, arm.upper)
    n = _branches_batch(geometry, wrist, targets, q, seeds, target)
    return seeds[:n], target[:n]


@compiled
def _branches_batch(
    geometry: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    wrist: WristParams,
    targets: FloatArray,
    q_near: FloatArray,
    seeds: FloatArray,
    target: NDArray[np.intp],
) -> int:
    rotations, translations, lower, upper = geometry
    count, branches = 0, np.empty((MAX_BRANCHES, 6))
    for i in range(targets.shape[0]):
        n = branches_into(rotations, translations, wrist, targets[i], q_near[i], branches)
        for k in range(n):
            if unwind_into(branches[k], q_near[i], lower, upper):
                seeds[count], target[count] = branches[k], i
                count += 1
    return count


@compiled
def _nearest_into(
    found: FloatArray,
    row_offsets: NDArray[np.intp],
    target: NDArray[np.intp],
    q_current: FloatArray,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]],
    limits: tuple[FloatArray, FloatArray, NDArray[np.int64], float, float],
    nearest: FloatArray,
) -> None:
    """
    Write the nearest solution of each row's target into ``nearest`` (n, 6).

    :param codes: Of the found solutions and of ``q_current``; the least exclusive or is first.
    """
    q, (lower, upper, joints, coupled_limit_lower, coupled_limit_upper) = np.empty(6), limits
    for i in range(q_current.shape[0]):
        least, least_squares = np.inf, np.inf
        for k in range(row_offsets[target[i]], row_offsets[target[i] + 1]):
            q[:] = found[k]
            if not unwind_into(q, q_current[i], lower, upper):
                continue
            if not satisfies_coupled_limit(q, joints, coupled_limit_lower, coupled_limit_upper):
                continue
            largest, squares = 0.0, 0.0
            for j in range(6):
                step = abs(q[j] - q_current[i, j])
                largest, squares = max(largest, step), squares + step * step
            largest += OTHER_POSTURE_PENALTY * (codes[0][k] ^ codes[1][i])
            is_tied = abs(largest - least) <= TIE_TOLERANCE
            if (is_tied and squares < least_squares) or (not is_tied and largest < least):
                least, least_squares = largest, squares
                nearest[i] = q
