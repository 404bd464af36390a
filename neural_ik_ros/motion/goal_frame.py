# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The goal as a frame that moves on, and the way to it as seen from there.

Compiled, because this is done for every command, and between two commands caches go cold.
"""

from __future__ import annotations

from ..kinematics import N_JOINTS, FloatArray
from ..kinematics.compiled import compiled
from .limits import ACCELERATION, JERK, LOWER, UPPER, VELOCITY, stoppable_speed

LARGEST_GOAL_SHARE = 0.9  # of velocity and acceleration; the rest is for catching up
# Rows of a question to Ruckig: the state as seen from the frame, and what is allowed there.
N_ROWS = 7
Q, QD, QDD, MAX_QD, MIN_QD, MAX_QDD, MIN_QDD = range(N_ROWS)


@compiled
def bound_goal(goal: FloatArray, limits: FloatArray) -> None:
    """Slow a goal (3, 6) down, in place, to where it can be caught up with and can stop."""
    lower, upper, velocity = limits[LOWER], limits[UPPER], limits[VELOCITY]
    acceleration, jerk = limits[ACCELERATION], limits[JERK]
    for i in range(N_JOINTS):
        hardest, fastest = LARGEST_GOAL_SHARE * acceleration[i], LARGEST_GOAL_SHARE * velocity[i]
        distance = upper[i] - goal[0, i] if goal[1, i] >= 0.0 else goal[0, i] - lower[i]
        fastest = min(fastest, stoppable_speed(distance, acceleration[i], jerk[i]))
        goal[1, i] = min(max(goal[1, i], -fastest), fastest)
        goal[2, i] = min(max(goal[2, i], -hardest), hardest)


@compiled
def relative_problem(
    ruckig_input: FloatArray,
    ahead: FloatArray,
    state: FloatArray,
    goal: FloatArray,
    limits: FloatArray,
    time_s: float,
    dt: float,
) -> bool:
    """
    Write the way to the frame of a goal, and where that is after a step; return if it is so near.

    A goal that was left alone for long ends at the limits of speed and position.

    :param question: Shape (7, 6), see ``N_ROWS``.
    :param ahead: Shape (3, 6), the frame after the step.
    :param state: Shape (3, 6): position, velocity, acceleration now.
    :param goal: Shape (3, 6), when it is due.
    :param limits: Shape (5, 6), see ``MotionLimits``.
    :param time_s: Now, counted from the moment when the goal is due.
    :return: Whether the state can be in the frame after the step, all joints at the same time.
    """
    is_near = True
    for i in range(N_JOINTS):
        lower, upper, velocity = limits[LOWER, i], limits[UPPER, i], limits[VELOCITY, i]
        q = goal[0, i] + time_s * (goal[1, i] + 0.5 * time_s * goal[2, i])
        qd, qdd = goal[1, i] + time_s * goal[2, i], goal[2, i]
        fastest = LARGEST_GOAL_SHARE * velocity
        if abs(qd) > fastest:
            qd, qdd = min(max(qd, -fastest), fastest), 0.0
        if q < lower or q > upper:
            q, qd, qdd = min(max(q, lower), upper), 0.0, 0.0
        ruckig_input[Q, i] = state[0, i] - q
        ruckig_input[QD, i], ruckig_input[QDD, i] = state[1, i] - qd, state[2, i] - qdd
        ruckig_input[MAX_QD, i], ruckig_input[MIN_QD, i] = velocity - qd, -velocity - qd
        ruckig_input[MAX_QDD, i] = limits[ACCELERATION, i] - qdd
        ruckig_input[MIN_QDD, i] = -limits[ACCELERATION, i] - qdd
        ahead[0, i] = q + dt * (qd + 0.5 * dt * qdd)
        ahead[1, i], ahead[2, i] = qd + dt * qdd, qdd
        is_near = is_near and _is_near(ruckig_input[:, i], limits[JERK, i], dt)
    return is_near


@compiled
def _is_near(ruckig_input: FloatArray, jerk: float, dt: float) -> bool:
    """
    Return whether a joint can be in the frame after exactly a step, and so in no more than that.

    It can if the three jerks, a third of the step each, that take it there are within the limits;
    what a joint that follows a smooth goal has to catch up with is that little.
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
    hardest = max(abs(a), abs(a_first), abs(a_second))
    fastest = abs(v) + dt * hardest
    return bool(
        hardest <= min(ruckig_input[MAX_QDD], -ruckig_input[MIN_QDD])
        and fastest <= min(ruckig_input[MAX_QD], -ruckig_input[MIN_QD])
    )
