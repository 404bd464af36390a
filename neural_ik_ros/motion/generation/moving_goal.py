# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The tracking problem in the moving frame of the goal.

Compiled, because it runs for every command and caches go cold between two commands.
"""

from __future__ import annotations

from ...kinematics import N_JOINTS, FloatArray
from ...kinematics.compiled import compiled
from .limits import ACCELERATION, JERK, LOWER, UPPER, VELOCITY, stoppable_speed

MAX_GOAL_SHARE = 0.9  # of velocity and acceleration; the rest is left for catching up
# Rows of the input to Ruckig: the state relative to the goal, and the limits of relative motion.
N_ROWS = 7
Q, QD, QDD, MAX_QD, MIN_QD, MAX_QDD, MIN_QDD = range(N_ROWS)


@compiled
def limit_goal(goal: FloatArray, limits: FloatArray) -> None:
    """Limit velocity and acceleration of a goal (3, 6), in place, so that it can be reached."""
    lower, upper, velocity = limits[LOWER], limits[UPPER], limits[VELOCITY]
    acceleration, jerk = limits[ACCELERATION], limits[JERK]
    for i in range(N_JOINTS):
        max_qdd, max_qd = MAX_GOAL_SHARE * acceleration[i], MAX_GOAL_SHARE * velocity[i]
        distance = upper[i] - goal[0, i] if goal[1, i] >= 0.0 else goal[0, i] - lower[i]
        max_qd = min(max_qd, stoppable_speed(distance, acceleration[i], jerk[i]))
        goal[1, i] = min(max(goal[1, i], -max_qd), max_qd)
        goal[2, i] = min(max(goal[2, i], -max_qdd), max_qdd)


@compiled
def relative_problem(
    ruckig_input: FloatArray,
    goal_ahead: FloatArray,
    state: FloatArray,
    goal: FloatArray,
    limits: FloatArray,
    time_s: float,
    dt: float,
) -> bool:
    """
    Express the state relative to the extrapolated goal; return whether one step can reach it.

    A goal that is extrapolated far is stopped by the limits of velocity and position.

    :param ruckig_input: Output (7, 6), rows as in ``N_ROWS``.
    :param goal_ahead: Output (3, 6), the goal one step ahead.
    :param state: Shape (3, 6): position, velocity, acceleration now.
    :param goal: Shape (3, 6), at the time when it is due.
    :param limits: Shape (5, 6), see ``MotionLimits``.
    :param time_s: Now, counted from the time when the goal is due.
    :param dt: The step [s].
    :return: Whether all joints can be at the goal after exactly one step.
    """
    is_reachable = True
    for i in range(N_JOINTS):
        lower, upper, velocity = limits[LOWER, i], limits[UPPER, i], limits[VELOCITY, i]
        q = goal[0, i] + time_s * (goal[1, i] + 0.5 * time_s * goal[2, i])
        qd, qdd = goal[1, i] + time_s * goal[2, i], goal[2, i]
        max_qd = MAX_GOAL_SHARE * velocity
        if abs(qd) > max_qd:
            qd, qdd = min(max(qd, -max_qd), max_qd), 0.0
        if q < lower or q > upper:
            q, qd, qdd = min(max(q, lower), upper), 0.0, 0.0
        ruckig_input[Q, i] = state[0, i] - q
        ruckig_input[QD, i], ruckig_input[QDD, i] = state[1, i] - qd, state[2, i] - qdd
        ruckig_input[MAX_QD, i], ruckig_input[MIN_QD, i] = velocity - qd, -velocity - qd
        ruckig_input[MAX_QDD, i] = limits[ACCELERATION, i] - qdd
        ruckig_input[MIN_QDD, i] = -limits[ACCELERATION, i] - qdd
        goal_ahead[0, i] = q + dt * (qd + 0.5 * dt * qdd)
        goal_ahead[1, i], goal_ahead[2, i] = qd + dt * qdd, qdd
        is_reachable = is_reachable and _is_reachable_in_one_step(
            ruckig_input[:, i], limits[JERK, i], dt
        )
    return is_reachable


@compiled
def _is_reachable_in_one_step(ruckig_input: FloatArray, jerk: float, dt: float) -> bool:
    """
    Whether a joint can be at the goal after exactly one step, so that Ruckig need not plan.

    It can if the three constant jerks, a third of the step each, that take it there are within
    the limits. A joint that follows a smooth goal is always this close.
    """
    x, v, a, h = ruckig_input[Q], ruckig_input[QD], ruckig_input[QDD], dt / 3.0
    changes = -a / h, -(v + 3.0 * h * a) / h**2, -(x + h * (3.0 * v + 4.5 * h * a)) / h**3
    first = changes[2] - changes[1] + changes[0] / 3.0
    second = changes[1] - 0.5 * changes[0] - 2.0 * first
    third = changes[0] - first - second
    if not max(abs(first), abs(second), abs(third)) <= jerk:
        return False
    a_first = a + h * first
    a_second = a_first + h * second
    max_qdd = max(abs(a), abs(a_first), abs(a_second))
    max_qd = abs(v) + dt * max_qdd
    return bool(
        max_qdd <= min(ruckig_input[MAX_QDD], -ruckig_input[MIN_QDD])
        and max_qd <= min(ruckig_input[MAX_QD], -ruckig_input[MIN_QD])
    )
