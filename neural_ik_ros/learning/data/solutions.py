# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All solutions of many targets at once, for any six-axis arm, and the nearest of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kinematics import TAU, Arm, FloatArray, Joints, Transform, forward, posture_code, refine
from ...kinematics.angles import unwind_into
from ...kinematics.closed_form.branches import MAX_BRANCHES, ClosedForm, WristParams, branches_into
from ...kinematics.compiled import compiled
from ...kinematics.limits import obeys_coupled_limit
from ...solver.seeds import SeedTable

STARTS = 8  # of Newton in each posture; with 4, one target in 250 lacks a solution
MAX_STEPS = 10
REACHED = 1e-9  # [m], [rad]
TIE = 1e-6  # [rad] between largest joint steps that count as equal
OTHER_POSTURE = 1e3  # [rad] of a posture's lowest bit: farther than any step
ROWS = 1024  # worked on at once, which bounds the memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solutions:
    """The solutions of n targets, some of them several times; a turn of each, not every turn."""

    q: Joints  # (m, 6) [rad], one target's after the other's
    first: NDArray[np.intp]  # (n + 1,) rows first[i] to first[i + 1] of q are those of target i


def solutions(arm: Arm, q: Joints) -> Solutions:
    """
    Return the solutions of the targets ``forward(q)`` that have a turn within the limits.

    In closed form where axes 4, 5 and 6 meet, else by Newton from starts in all postures.

    :param q: Shape (n, 6) [rad] within the limits, solutions themselves.
    """
    known = ClosedForm.of_arm(arm)
    targets = forward(arm, q)
    if known.is_exact:
        seeds, target = _closed_form(arm, known.wrist, targets, q)
    else:
        seeds, target = spread_starts(arm, SeedTable(arm), targets)
    order = np.argsort(np.concatenate([np.arange(len(q)), target]), kind='stable')
    seeds, target = np.concatenate([q, seeds])[order], np.append(np.arange(len(q)), target)[order]
    return refined(arm, targets, seeds, target)


def spread_starts(
    arm: Arm, table: SeedTable, targets: Transform
) -> tuple[Joints, NDArray[np.intp]]:
    """
    Return starts for Newton (k, 6) in all postures, and the target of each.

    They lead to all but one in 10,000 of the IRB2400's solutions.
    """
    middle = 0.5 * (arm.lower + arm.upper)
    starts = nearest_turn_within_limits(arm, table.diverse_seeds(targets, STARTS), middle)
    return starts.reshape(-1, 6), np.repeat(np.arange(len(targets)), starts.shape[1])


def refined(arm: Arm, targets: Transform, seeds: Joints, target: NDArray[np.intp]) -> Solutions:
    """Return the ends of Newton from the seeds (k, 6), in the order of their targets."""
    ends = refine(
        arm,
        seeds,
        targets[target],
        position_tolerance=REACHED,
        rotation_tolerance=REACHED,
        max_iterations=MAX_STEPS,
    )
    is_reached = (ends.position_error <= REACHED) & (ends.rotation_error <= REACHED)
    first = np.searchsorted(target[is_reached], np.arange(len(targets) + 1))
    return Solutions(q=ends.q[is_reached], first=first)


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
    return _nearest(arm, q, q_current, is_posture_first=False)


def preferred_solutions(arm: Arm, q: Joints, q_current: Joints) -> Joints:
    """
    Return the solutions whose wrist, then elbow, then shoulder is bent as in ``q_current``.

    Among equals the nearest, as in ``nearest_solutions``. A posture is three signs here, without
    a border on which both sides count: the answer is then a function of target and posture.
    """
    return _nearest(arm, q, q_current, is_posture_first=True)


def _nearest(arm: Arm, q: Joints, q_current: Joints, *, is_posture_first: bool) -> Joints:
    limit, nearest = arm.coupled_limit, np.empty_like(q)
    joints, coupled = np.zeros(2, np.int64), (-math.inf, math.inf)
    if limit is not None:
        joints[:], coupled = (limit.first, limit.second), (limit.lower, limit.upper)
    for start in range(0, len(q), ROWS):
        rows = slice(start, start + ROWS)
        is_new = np.append(True, (q[rows][1:] != q[rows][:-1]).any(axis=1))
        found = solutions(arm, q[rows][is_new])
        codes = posture_code(arm, found.q), posture_code(arm, q_current[rows])
        if not is_posture_first:
            codes = np.zeros_like(codes[0]), np.zeros_like(codes[1])
        target = np.cumsum(is_new) - 1  # of each row
        limits = (arm.lower, arm.upper, joints, *coupled)
        _nearest_into(found.q, found.first, target, q_current[rows], codes, limits, nearest[rows])
    return nearest


def nearest_turn_within_limits(arm: Arm, q: Joints, q_near: Joints) -> Joints:
    """Return the equivalent of each angle that is nearest to ``q_near`` inside the limits."""
    # Turns are counted before the angle changes, so that an angle on a limit stays on it.
    least, most = np.ceil((arm.lower - q) / TAU), np.floor((arm.upper - q) / TAU)
    return q + TAU * np.clip(np.round((q_near - q) / TAU), least, most)


def _closed_form(
    arm: Arm, wrist: WristParams, targets: Transform, q: Joints
) -> tuple[Joints, NDArray[np.intp]]:
    """Return the branches (k, 6) that have a turn within the limits, and the target of each."""
    seeds = np.empty((len(q) * MAX_BRANCHES, 6))  # hardly any of it is ever touched
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
    first: NDArray[np.intp],
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
    q, (lower, upper, joints, coupled_lower, coupled_upper) = np.empty(6), limits
    for i in range(q_current.shape[0]):
        least, least_squares = np.inf, np.inf
        for k in range(first[target[i]], first[target[i] + 1]):
            q[:] = found[k]
            if not unwind_into(q, q_current[i], lower, upper):
                continue
            if not obeys_coupled_limit(q, joints, coupled_lower, coupled_upper):
                continue
            largest, squares = 0.0, 0.0
            for j in range(6):
                step = abs(q[j] - q_current[i, j])
                largest, squares = max(largest, step), squares + step * step
            largest += OTHER_POSTURE * (codes[0][k] ^ codes[1][i])
            is_tied = abs(largest - least) <= TIE
            if (is_tied and squares < least_squares) or (not is_tied and largest < least):
                least, least_squares = largest, squares
                nearest[i] = q
