# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every answer of one target with all its turns, and why the others are none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ..kinematics import TAU, Arm, FloatArray, Joints, nearest_turn, refine
from ..kinematics.angles import LIMIT_TOL
from ..kinematics.chain import jacobian_from_frames
from ..kinematics.closed_form.branches import MAX_BRANCHES
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import SCRATCH_SHAPE
from ..kinematics.posture import posture_into, posture_values_into
from ..kinematics.se3 import measure_pose_error
from ..kinematics.singularity import smallest_singular_value_of
from .acceptance import (
    LIMIT_SLACK,
    STEP_TIE,
    TOLERANCE_MARGIN,
    Preference,
    changes_posture,
    preference_of,
    refine_inside_limits,
)
from .batch import COARSE_TOL, Records, arm_frames_into
from .problem import BRANCH, IkSolution, SolverOptions
from .stages import row_branches_into
from .status import IkStatus

SAME_JOINTS = 1e-6  # [rad] branches that differ by less are one
MAX_TURNS = 4096  # of one branch; six joints of two turns each have 64
EVIDENCE = 6  # columns: position, rotation, largest movement, squares, singular value, posture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branch:
    """One solution of a target at one turn of each joint, judged."""

    status: IkStatus  # solved, or why ``solve`` would not return it
    q: Joints  # (6,) [rad]
    position_error: float  # [m]
    rotation_error: float  # [rad]
    max_joint_step: float  # [rad] from the current joints, NaN if none are given
    smallest_singular_value: float  # of the Jacobian
    changes_posture: bool  # against the current joints

    @property
    def reason(self) -> str:
        """The sentence of the status."""
        return self.status.value


@compiled
def judge_into(
    arm_params: Records,
    batch: Records,
    q: FloatArray,
    preferences: NDArray[np.int64],
    evidence: FloatArray,
) -> None:
    """
    Measure joints (n, 6) as answers for the one row of a batch and write their classes.

    :param preferences: Shape (n,), written: a ``Preference``, NONE for those off the target.
    :param evidence: Shape (n, EVIDENCE), written.
    """
    arm, row, scratch = arm_params[0], batch[0], np.empty(SCRATCH_SHAPE)
    tool, frames, values = scratch[0], scratch[1], scratch[3, 0, :3]
    arm_frames_into(arm, row['q_current'], tool, frames, COARSE_TOL)
    posture_into(frames, row['signs'])
    for i in range(q.shape[0]):
        arm_frames_into(arm, q[i], tool, frames)
        position, rotation = measure_pose_error(tool, row['target'], scratch[2])
        posture_values_into(frames, values)
        jacobian_from_frames(tool, frames)
        step, squares = 0.0, 0.0
        for j in range(6):
            difference = abs(q[i, j] - row['q_current'][j])
            step, squares = max(step, difference), squares + difference * difference
        is_changed = changes_posture(row, values)
        evidence[i, 0], evidence[i, 1], evidence[i, 2], evidence[i, 3] = (
            position, rotation, step, squares,
        )  # fmt: skip
        evidence[i, 4] = smallest_singular_value_of(frames)
        evidence[i, 5] = 1.0 if is_changed else 0.0
        preferences[i] = preference_of(arm, step, is_changed)
        if position > arm['position_tolerance'] or rotation > arm['rotation_tolerance']:
            preferences[i] = Preference.NONE


def exact_solutions(
    arm: Arm, arm_params: Records, batch: Records, seeds: Joints, options: SolverOptions
) -> Joints:
    """
    Return the different solutions (k, 6) [rad] that seeds refine to, modulo turns.

    Limits do not count here, but a joint a little beyond one is put onto it if the target is
    reached nevertheless, as ``accept_refined`` does.
    """
    tolerances = (options.position_tolerance, options.rotation_tolerance)
    refined = refine(
        arm,
        seeds,
        np.tile(batch[0]['target'], (len(seeds), 1, 1)),
        position_tolerance=TOLERANCE_MARGIN * tolerances[0],
        rotation_tolerance=TOLERANCE_MARGIN * tolerances[1],
        max_iterations=options.max_iterations,
        is_limited=False,
    )
    is_good = (refined.position_error <= tolerances[0]) & (refined.rotation_error <= tolerances[1])
    found = refined.q[is_good]
    middle = 0.5 * (arm.lower + arm.upper)
    centred = nearest_turn(found, middle)
    excess = np.maximum(arm.lower - centred, centred - arm.upper)
    is_close = ((excess > 0.0).any(axis=1)) & (excess <= LIMIT_SLACK).all(axis=1)
    on_limit = np.clip(centred[is_close], arm.lower, arm.upper)
    is_good = np.empty(len(on_limit), np.bool_)
    _refine_on_limits(arm_params, batch, on_limit, is_good, options.max_iterations)
    return without_doubles(np.concatenate([on_limit[is_good], found]), SAME_JOINTS, modulo=True)


@compiled
def _refine_on_limits(
    arm_params: Records,
    batch: Records,
    q: FloatArray,
    is_good: NDArray[np.bool_],
    max_iterations: int,
) -> None:
    """Refine joints (n, 6) inside their limits, in place; write which of them reach the target."""
    arm, row, scratch, errors = arm_params[0], batch[0], np.empty(SCRATCH_SHAPE), np.empty(2)
    for i in range(q.shape[0]):
        refine_inside_limits(arm, row, q[i], errors, max_iterations, scratch)
        is_position = errors[0] <= arm['position_tolerance']
        is_good[i] = is_position and errors[1] <= arm['rotation_tolerance']


def without_doubles(q: Joints, tolerance: float, *, modulo: bool = False) -> Joints:
    """Return joints (n, 6) without those within a tolerance [rad] of earlier ones."""
    kept: list[Joints] = []
    for one in q:
        others = np.array(kept).reshape(-1, 6)
        difference = others - (
            nearest_turn(np.tile(one, (len(kept), 1)), others) if modulo else one
        )
        if not (np.abs(difference).max(axis=1) <= tolerance).any():
            kept.append(one)
    return np.array(kept).reshape(-1, 6)


def turns_inside(arm: Arm, q: Joints, q_near: Joints) -> Joints:
    """
    Return all turns (k, 6) of one solution (6,) inside the limits; none if a joint has none.

    A continuous joint has no end of turns: it takes the one nearest to ``q_near`` (6,).
    """
    choices: list[FloatArray] = []
    for j in range(6):
        if arm.is_continuous[j]:
            choices.append(nearest_turn(q[j : j + 1], q_near[j : j + 1]))
            continue
        first = math.ceil((arm.lower[j] - q[j] - LIMIT_TOL) / TAU)
        last = math.floor((arm.upper[j] - q[j] + LIMIT_TOL) / TAU)
        angles = q[j] + TAU * np.arange(first, last + 1)
        choices.append(np.clip(angles, arm.lower[j], arm.upper[j]))
    combinations = itertools.islice(itertools.product(*choices), MAX_TURNS)
    return np.array(list(combinations)).reshape(-1, 6)


def judged_branches(
    arm: Arm,
    arm_params: Records,
    batch: Records,
    seeds: Joints,
    options: SolverOptions,
    *,
    has_current: bool,
) -> tuple[Branch, ...]:
    """
    Return solutions at all their turns, those that may be returned first, in the rule's order.

    :param batch: One row, with the target and the current joints.
    :param seeds: Shape (k, 6) [rad], beside the branches in closed form; NaN is left out.
    :param has_current: Whether there are current joints; if not, only the limits reject.
    """
    known = np.empty((MAX_BRANCHES, 6))
    known = known[: row_branches_into(arm_params[0], batch[0], known, np.empty(SCRATCH_SHAPE))]
    seeds = np.concatenate([seeds[np.isfinite(seeds).all(axis=1)], known])
    solutions = exact_solutions(arm, arm_params, batch, seeds, options)
    inside = [turns_inside(arm, q, batch[0]['q_current']) for q in solutions]
    outside = [
        nearest_turn(q, batch[0]['q_current'])[None]
        for q, k in zip(solutions, inside, strict=True)
        if not len(k)
    ]
    q = np.concatenate([*inside, *outside, np.empty((0, 6))])
    is_inside = np.arange(len(q)) < sum(map(len, inside))
    if arm.coupled_limit is not None:
        is_inside &= arm.coupled_limit.contains(q, margin=-LIMIT_TOL)
    preferences, evidence = np.empty(len(q), np.int64), np.empty((len(q), EVIDENCE))
    judge_into(arm_params, batch, q, preferences, evidence)
    found: list[tuple[tuple[float, ...], Branch]] = []
    for i in np.flatnonzero(preferences != Preference.NONE):
        preference = int(preferences[i]) if is_inside[i] else -1
        is_judged = has_current or preference < 0
        status = _STATUS_OF[preference] if is_judged else IkStatus.SOLVED
        if status.is_solved and evidence[i, 4] < options.min_singular_value:
            status = IkStatus.NEAR_SINGULARITY
        movement = (round(evidence[i, 2] / STEP_TIE), evidence[i, 3])
        order = (not status.is_solved, -preference if has_current else 0, *movement)
        found.append((order, _branch(status, q[i], evidence[i], has_current=has_current)))
    return tuple(branch for _, branch in sorted(found, key=lambda item: item[0]))


_STATUS_OF = {
    -1: IkStatus.OUTSIDE_LIMITS,
    int(Preference.REFUSED_POSTURE): IkStatus.OTHER_POSTURE,
    int(Preference.TOO_FAR): IkStatus.STEP_TOO_LARGE,
    int(Preference.OTHER_POSTURE): IkStatus.SOLVED_OTHER_POSTURE,
    int(Preference.SAME_POSTURE): IkStatus.SOLVED,
    int(Preference.NEAR): IkStatus.SOLVED,
}


def _branch(status: IkStatus, q: Joints, evidence: FloatArray, *, has_current: bool) -> Branch:
    position, rotation, step, _, singular, is_changed = evidence.tolist()
    return Branch(
        status=status,
        q=q.copy(),
        position_error=position,
        rotation_error=rotation,
        max_joint_step=step if has_current else math.nan,
        smallest_singular_value=singular,
        changes_posture=bool(is_changed) and has_current,
    )


def next_valid(
    solution: IkSolution, branches: Sequence[Branch], is_valid: Callable[[Joints], bool]
) -> IkSolution:
    """Return a solution with the first valid branch in its place, or REJECTED if there is none."""
    for branch in branches:
        is_other = np.abs(branch.q - solution.q).max() > SAME_JOINTS
        if branch.status.is_solved and is_other and is_valid(branch.q.copy()):
            evidence = {field.name: getattr(branch, field.name) for field in fields(branch)}
            return replace(solution, seed=BRANCH, q_seed=branch.q, **evidence)
    return replace(solution, status=IkStatus.REJECTED, q=np.full(6, np.nan))
