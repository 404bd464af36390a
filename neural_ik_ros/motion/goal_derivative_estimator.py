# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How the goals of a stream move, without believing their noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..kinematics.compiled import compiled

WINDOW_S = 0.1  # of the parabola that is fitted to goals that are not smooth
MAX_GOALS = 256  # of that parabola
LARGEST_RESIDUAL = 3e-3  # [rad] rms; goals farther from any parabola are single goals
SMOOTH_GOALS = 5  # so many in a row make a joint's goals smooth
ROUNDING = 1e-9  # [rad]
MEMORY = np.dtype(
    [
        ('jerk', 'f8', N_JOINTS),  # [rad/s^3] the smoothness
        ('q', 'f8', N_JOINTS),  # [rad] the last goal
        ('mean_qd', 'f8', N_JOINTS),  # [rad/s] from the goal before to the last one
        ('qd', 'f8', N_JOINTS),
        ('qdd', 'f8', N_JOINTS),
        ('n_smooth', 'i8', N_JOINTS),  # goals in a row
        ('interval_s', 'f8'),  # before the last goal; 0 for the first
        ('time_s', 'f8'),  # of the last goal, from the first one
        ('n', 'i8'),  # goals so far
        ('first', 'i8'),  # of them in the window
        ('past_s', 'f8', MAX_GOALS),  # times and goals, in a ring
        ('past_q', 'f8', (MAX_GOALS, N_JOINTS)),
    ],
    align=True,
)


class GoalDerivativeEstimator:
    """
    Velocity and acceleration of the newest goal.

    While goals are smooth, which means that the jerk between them is one the joint may have, the
    parabola through the last three tells both exactly. Differences of noisy goals, or of goals
    with noisy stamps, are mostly noise: then a parabola is fitted to the last tenth of a second.
    Goals that lie on no parabola, such as jumps, are to be rested at. Decided joint by joint.
    """

    def __init__(self, jerk: FloatArray, q: Joints) -> None:
        """Start with a goal at rest, (6,) [rad]; ``jerk`` (6,) [rad/s^3] is the smoothness."""
        self._memory = np.zeros(1, MEMORY)
        memory = self._memory[0]
        memory['jerk'], memory['q'] = jerk, q
        memory['past_q'][0], memory['n'] = q, 1

    def move(self, motion: FloatArray, q: Joints, interval_s: float) -> None:
        """Write velocity [rad/s] and acceleration [rad/s^2] (2, 6) of the next goal."""
        _move_into(motion, self._memory, q, interval_s)


@compiled
def _move_into(motion: FloatArray, memories: Any, q: Joints, interval_s: float) -> None:
    """Write velocity and acceleration (2, 6) of the next goal."""
    memory, dt, is_smooth = memories[0], interval_s, True
    for i in range(N_JOINTS):
        predicted = memory['q'][i] + dt * (memory['qd'][i] + 0.5 * dt * memory['qdd'][i])
        is_next = abs(q[i] - predicted) <= memory['jerk'][i] * dt**3 + ROUNDING
        memory['n_smooth'][i] = memory['n_smooth'][i] + 1 if is_next else 0
        is_smooth = is_smooth and memory['n_smooth'][i] >= SMOOTH_GOALS
        mean_qd, qdd = (q[i] - memory['q'][i]) / dt, 0.0
        if memory['interval_s'] > 0.0:
            qdd = 2.0 * (mean_qd - memory['mean_qd'][i]) / (dt + memory['interval_s'])
        memory['q'][i], memory['mean_qd'][i] = q[i], mean_qd
        memory['qdd'][i] = qdd
        memory['qd'][i] = mean_qd + 0.5 * dt * qdd
    memory['interval_s'] = dt
    _remember(memory, q)
    if not is_smooth:
        _fit_into(motion, memory)
    for i in range(N_JOINTS):
        if memory['n_smooth'][i] >= SMOOTH_GOALS:
            motion[0, i], motion[1, i] = memory['qd'][i], memory['qdd'][i]


@compiled
def _remember(memory: Any, q: Joints) -> None:
    """Put a goal into the ring and move those out of it that are too old."""
    memory['time_s'] += memory['interval_s']
    row = memory['n'] % MAX_GOALS
    memory['past_s'][row] = memory['time_s']
    memory['past_q'][row] = q
    memory['n'] += 1
    memory['first'] = max(memory['first'], memory['n'] - MAX_GOALS)
    oldest_s = memory['time_s'] - WINDOW_S
    while (
        memory['n'] - memory['first'] > 2
        and memory['past_s'][(memory['first'] + 1) % MAX_GOALS] <= oldest_s
    ):
        memory['first'] += 1


@compiled
def _fit_into(motion: FloatArray, memory: Any) -> None:
    """
    Write velocity and acceleration (2, 6), at the newest goal, of a least-squares parabola.

    By Gram and Schmidt: the columns 1, t, t^2 are made orthonormal, t scaled to -1..0.
    """
    first, n = memory['first'], memory['n'] - memory['first']
    n_columns, scale = min(n, 3), memory['time_s'] - memory['past_s'][first % MAX_GOALS]
    columns, triangle = np.empty((n_columns, n)), np.zeros((n_columns, n_columns))
    for k in range(n):
        time = (memory['past_s'][(first + k) % MAX_GOALS] - memory['time_s']) / scale
        for c in range(n_columns):
            columns[c, k] = time**c
    for c in range(n_columns):
        for b in range(c):
            triangle[b, c] = (columns[b] * columns[c]).sum()
            columns[c] -= triangle[b, c] * columns[b]
        triangle[c, c] = math.sqrt((columns[c] ** 2).sum())
        columns[c] /= triangle[c, c]
    goals, shares = np.empty(n), np.empty(n_columns)
    for i in range(N_JOINTS):
        for k in range(n):
            goals[k] = memory['past_q'][(first + k) % MAX_GOALS, i]
        for c in range(n_columns):
            shares[c] = (columns[c] * goals).sum()
            goals -= shares[c] * columns[c]
        motion[0, i] = motion[1, i] = 0.0
        if math.sqrt((goals**2).sum() / n) <= LARGEST_RESIDUAL:
            square = shares[2] / triangle[2, 2] if n_columns > 2 else 0.0
            slope = shares[1] - (triangle[1, 2] * square if n_columns > 2 else 0.0)
            motion[0, i] = slope / triangle[1, 1] / scale
            motion[1, i] = 2.0 * square / scale**2
