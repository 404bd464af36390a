# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The rule by which one answer is chosen, wherever the package solves a target.

An answer is a joint vector that puts the tool on the target to within the tolerances, measured by
forward kinematics, with every joint inside its limits; it counts at the turn of each joint that is
nearest to the current joints. Of all answers

1. those that are *near* come first: no joint moves more than ``NEAR_STEP``. How their posture is
   called does not matter: next to a boundary between two postures the arm passes through it;
2. without a near one, those in the posture of the current joints;
3. without these, those in another posture, where the options allow it.

Within each class the answer with the smallest largest joint movement is taken, of equal ones that
with the smallest sum of squares. Answers beyond ``max_joint_step`` are set aside before all that:
it is a tolerance around the current joints, and where nothing lies within it nothing is returned.
What found an answer has no influence.

Where postures separate the solutions (spherical wrist, axes 2 and 3 parallel), an answer is often
known to be the one that the rule takes before the others are computed, see ``is_settled``. Where
they do not (offset wrists, cuspidal arms: arXiv 2210.05204), class 1 is the one that matters: a
posture is then the signs of three numbers, which do not tell solutions apart.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from ..kinematics.angles import LIMIT_TOL, TAU, unwind_into
from ..kinematics.arm import map_error
from ..kinematics.chain import jacobian_from_frames
from ..kinematics.compiled import compiled
from ..kinematics.levenberg_marquardt import refine_into
from ..kinematics.limits import satisfies_coupled_limit
from ..kinematics.posture import BOUNDARY_SINE, posture_values_into
from ..kinematics.se3 import measure_pose_error
from ..kinematics.singularity import smallest_singular_value_of
from ..kinematics.types import FloatArray
from .batch import ArmParams, SolveState, arm_frames_into, make_commanded, make_true

NEAR_STEP = 0.5  # [rad] an answer is near if no joint moves more
STEP_TIE = 1e-7  # [rad] largest movements that differ by less are equal
SQUARES_TIE = 1e-9  # [rad^2] the same for sums of squares
TOLERANCE_FACTOR = 30.0  # times the tolerances: farther from a singularity answers are isolated
TOLERANCE_MARGIN = 0.1  # refine to this fraction of the tolerances, so that rounding cannot decide
LIMIT_SLACK = 0.01  # [rad] beyond a limit: the remainder of the refinement may be the reason
LIMIT_ROUNDS = 4  # a limit in true joints gains two digits in each
ROUNDING = 1e-15  # relative, of an angle that is moved by whole turns


class Preference(IntEnum):
    """Classes of answers, in the order of the rule."""

    NONE = 0
    REFUSED_POSTURE = 1  # in another posture, not allowed
    TOO_FAR = 2  # beyond max_joint_step
    OTHER_POSTURE = 3
    SAME_POSTURE = 4
    NEAR = 5


class Acceptance(IntEnum):
    """Which best answer ends the search after a stage."""

    SETTLED = 0  # one that no other can come before
    KEPT = 1  # a near one, or one in the posture of the current joints
    ANY = 2


@compiled
def preference_of(arm: ArmParams, step: float, changes_posture: bool) -> int:
    """Return the class of an answer with this largest joint movement [rad]."""
    is_near = step <= NEAR_STEP
    if changes_posture and not is_near and not arm['allow_other_posture']:
        return Preference.REFUSED_POSTURE
    if step > arm['max_joint_step']:
        return Preference.TOO_FAR
    if is_near:
        return Preference.NEAR
    return Preference.OTHER_POSTURE if changes_posture else Preference.SAME_POSTURE


@compiled
def is_preferred(row: SolveState, preference: int, step: float, squares: float) -> bool:
    """Return whether the rule prefers an answer to the best one of the row."""
    if preference != row['preference']:
        return bool(preference > row['preference'])
    difference = step - row['max_joint_step']
    is_tie = abs(difference) <= STEP_TIE
    is_closer = squares < row['squared_step'] - SQUARES_TIE
    return bool(is_closer if is_tie else difference < 0.0)


@compiled
def changes_posture(row: SolveState, values: FloatArray) -> bool:
    """
    Return whether a sign is opposite to that of the current joints; on a boundary none is.

    :param values: Shape (3,), of the answer, see ``posture_values_into``.
    """
    is_changed = False
    for k in range(3):
        is_clear = abs(values[k]) > BOUNDARY_SINE
        is_changed = is_changed or (is_clear and values[k] * row['signs'][k] < 0.0)
    return is_changed


@compiled
def consider(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    q_seed: FloatArray,
    seed_index: int,
    scratch: FloatArray,
) -> bool:
    """
    Verify joints (6,) inside the limits by forward kinematics; keep them if the rule prefers them.

    :return: Whether they are an answer.
    """
    if not satisfies_coupled_limit(
        q,
        arm['coupled_joints'],
        arm['coupled_limit_lower'] - LIMIT_TOL,
        arm['coupled_limit_upper'] + LIMIT_TOL,
    ):
        return False
    tool, frames, values = scratch[0], scratch[1], scratch[3, 0, :3]
    arm_frames_into(arm, q, tool, frames)
    position, rotation = measure_pose_error(tool, row['target'], scratch[2])
    if not (position <= arm['position_tolerance'] and rotation <= arm['rotation_tolerance']):
        return False
    posture_values_into(frames, values)
    step, squares = 0.0, 0.0
    for j in range(6):
        difference = abs(q[j] - row['q_current'][j])
        step, squares = max(step, difference), squares + difference * difference
    is_changed = changes_posture(row, values)
    preference = preference_of(arm, step, is_changed)
    if is_preferred(row, preference, step, squares):
        row['preference'], row['seed_index'] = preference, seed_index
        row['changes_posture'] = is_changed
        row['max_joint_step'], row['squared_step'] = step, squares
        row['position_error'], row['rotation_error'] = position, rotation
        row['q'][:] = q
        row['q_seed'][:] = q_seed
        row['is_settled'] = is_settled(arm, row, values)
        if row['is_settled']:  # it will be returned, and its frames are at hand
            jacobian_from_frames(tool, frames)
            row['smallest_singular_value'] = smallest_singular_value_of(frames)
    return True


@compiled
def refinement_tolerances(arm: ArmParams) -> tuple[float, float]:
    """Return the position [m] and rotation [rad] errors at which the refinement ends."""
    position_tolerance = TOLERANCE_MARGIN * arm['position_tolerance']
    return position_tolerance, TOLERANCE_MARGIN * arm['rotation_tolerance']


@compiled
def accept_refined(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    q_seed: FloatArray,
    seed_index: int,
    max_iterations: int,
    scratch: FloatArray,
) -> bool:
    """
    Consider refined joints (6,) at their turns nearest to the current ones.

    Joints a little beyond a limit are put onto it and the others refined once more: the remainder
    of the refinement grows with the tolerances and next to singularities, and is no reason for
    a whole turn. If that misses the target, the turn inside the limits counts.

    :param q: True joints, changed in place to the commanded ones of the answer.
    :return: Whether they are one.
    """
    turned, errors = np.empty(6), np.empty(2)
    make_commanded(arm, q, scratch)
    turned[:] = q
    lower, upper = arm['lower'], arm['upper']
    if not unwind_into(turned, row['q_current'], lower, upper, LIMIT_SLACK):
        return False
    if not _was_moved_onto_limit(q, turned):
        q[:] = turned
        return consider(arm, row, q, q_seed, seed_index, scratch)
    refine_inside_limits(arm, row, turned, errors, max_iterations, scratch)
    if consider(arm, row, turned, q_seed, seed_index, scratch):
        q[:] = turned
        return True
    is_inside = unwind_into(q, row['q_current'], lower, upper)
    return is_inside and consider(arm, row, q, q_seed, seed_index, scratch)


@compiled
def refine_inside_limits(
    arm: ArmParams,
    row: SolveState,
    q: FloatArray,
    errors: FloatArray,
    max_iterations: int,
    scratch: FloatArray,
) -> None:
    """
    Refine commanded joints (6,) inside their limits, in place, also those with a range of 2 pi.

    Which true joints the limits are depends by the sag on the other joints: they are followed.

    :param errors: Shape (2,), written: position [m], rotation [rad].
    """
    lower, upper = arm['lower'].copy(), arm['upper'].copy()
    for _ in range(LIMIT_ROUNDS if arm['has_joint_errors'] else 1):
        _true_limits_into(arm, q, lower, upper, scratch)
        row['iterations'] += refine_into(
            arm['rotations'], arm['translations'], lower, upper, row['target'], q, errors,
            refinement_tolerances(arm), max_iterations, scratch,
        )  # fmt: skip
        make_commanded(arm, q, scratch)
        if not _clip(arm, q):
            return


@compiled
def _true_limits_into(
    arm: ArmParams, q: FloatArray, lower: FloatArray, upper: FloatArray, scratch: FloatArray
) -> None:
    """Replace commanded joints (6,) by true ones, and write what the limits are for these."""
    if not arm['has_joint_errors']:
        return
    commanded = q.copy()
    make_true(arm, q, scratch)
    for j in range(6):
        sag = q[j] - commanded[j] - map_error(arm['maps'][j], commanded[j])[0]
        lower[j] = arm['lower'][j] + map_error(arm['maps'][j], arm['lower'][j])[0] + sag
        upper[j] = arm['upper'][j] + map_error(arm['maps'][j], arm['upper'][j])[0] + sag


@compiled
def _clip(arm: ArmParams, q: FloatArray) -> bool:
    """Put joints (6,) beyond a limit onto it; return whether one was by more than rounding."""
    if not arm['has_joint_errors']:
        return False
    excess = 0.0
    for j in range(6):
        inside = min(max(q[j], arm['lower'][j]), arm['upper'][j])
        excess = max(excess, abs(q[j] - inside))
        q[j] = inside
    return excess > LIMIT_TOL


@compiled
def _was_moved_onto_limit(q: FloatArray, turned: FloatArray) -> bool:
    """Return whether a joint differs by more than whole turns."""
    for j in range(6):
        difference = turned[j] - q[j]
        if difference != 0.0:
            remainder = difference - TAU * np.round(difference / TAU)
            if abs(remainder) > ROUNDING * (1.0 + abs(q[j])):
                return True
    return False


@compiled
def is_settled(arm: ArmParams, row: SolveState, values: FloatArray) -> bool:
    """
    Return whether no other answer can come before the best one of the row.

    By ``Separation`` every branch of another shoulder, elbow or wrist has some joint at least so
    far from the current ones. That must be farther than the best answer is, or not near and in
    another posture for sure. False for arms without that proof.

    :param values: Shape (3,), of the best answer, see ``posture_values_into``.
    """
    if row['preference'] < Preference.SAME_POSTURE:
        return False
    isolated = TOLERANCE_FACTOR * max(arm['position_tolerance'], arm['rotation_tolerance'])
    margin, step = max(arm['margin'], isolated), row['max_joint_step']
    for k in range(3):
        if not abs(values[k]) > margin:
            return False
        away = _least_step_across(arm, row, values, k)
        is_clear = abs(values[k]) > BOUNDARY_SINE + margin and row['signs'][k] != 0
        if not (away > step + margin or (is_clear and away > NEAR_STEP + margin)):
            return False
    return True


@compiled
def _least_step_across(arm: ArmParams, row: SolveState, values: FloatArray, k: int) -> float:
    """Return how far [rad] a joint must move at least to an answer with another sign ``k``."""
    q, q_current = row['q'], row['q_current']
    if k == 2:
        return math.pi - abs(_wrapped(q[3] - q_current[3]))
    if k == 0:
        apart = math.pi
        if arm['lateral'] != 0.0:
            apart = 2.0 * math.atan2(abs(values[0]), abs(arm['lateral']))
        return apart - abs(_wrapped(q[0] - q_current[0]))
    middle = 0.5 * (arm['lower'][2] + arm['upper'][2])
    mirrored = middle + _wrapped(2.0 * arm['straight'] - q[2] - middle)
    is_inside = abs(mirrored - middle) <= 0.5 * (arm['upper'][2] - arm['lower'][2]) + LIMIT_SLACK
    return abs(_wrapped(mirrored - q_current[2])) if is_inside else math.inf


@compiled
def _wrapped(angle: float) -> float:
    """Return an angle [rad] between minus pi and pi."""
    return float(angle - TAU * np.round(angle / TAU))
