# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Velocity and acceleration of the goals of a stream, robust against their noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kinematics import N_JOINTS, FloatArray, Joints
from ...kinematics.compiled import compiled

WINDOW_S = 0.1  # of the parabola that is fitted to goals that are not smooth
MAX_GOALS = 256  # of that parabola
MAX_RESIDUAL = 3e-3  # [rad] rms; goals farther from any parabola are single ones
MIN_SMOOTH_GOALS = 5  # in a row, until the goals of a joint count as smooth
ROUNDING = 1e-9  # [rad]
STATE = np.dtype(
    [
        ('jerk', 'f8', N_JOINTS),  # [rad/s^3] that smooth goals stay below
        ('q', 'f8', N_JOINTS),  # [rad] the last goal
        ('mean_qd', 'f8', N_JOINTS),  # [rad/s] from the last but one goal to the last
        ('qd', 'f8', N_JOINTS),  # [rad/s] at the last goal, by differences
        ('qdd', 'f8', N_JOINTS),  # [rad/s^2]
        ('n_smooth', 'i8', N_JOINTS),  # smooth goals in a row
        ('interval_s', 'f8'),  # before the last goal; 0 for the first
        ('time_s', 'f8'),  # of the last goal, from the first one
        ('n', 'i8'),  # goals so far
        ('first', 'i8'),  # index of the oldest goal in the window
        ('past_s', 'f8', MAX_GOALS),  # ring buffers of times and goals
        ('past_q', 'f8', (MAX_GOALS, N_JOINTS)),
    ],
    align=True,
)


class GoalDerivativeEstimator:
    """
    Estimates velocity and acceleration of the newest goal, joint by joint.

    While goals are smooth, that is, the jerk between them is within the limit of the joint, the
    parabola through the last three gives both exactly. Differences of noisy goals, or of goals
    with noisy stamps, are mostly noise: then a parabola is fitted to the last tenth of a second.
    At goals that lie on no parabola, such as jumps, both are zero: the joint comes to rest there.
    """

    def __init__(self, jerk: FloatArray, q: Joints) -> None:
        """
        Start with a goal at rest.

        :param jerk: Shape (6,) [rad/s^3]; goals whose jerk stays below it are smooth.
        :param q: The goal (6,) [rad].
        """
        self._state = np.zeros(1, STATE)
        state = self._state[0]
        state['jerk'], state['q'] = jerk, q
        state['past_q'][0], state['n'] = q, 1

    def update(self, derivatives: FloatArray, q: Joints, interval_s: float) -> None:
        """
        Take the next goal and write its derivatives.

        :param derivatives: Output (2, 6): velocity [rad/s] and acceleration [rad/s^2].
        :param q: The goal (6,) [rad].
        :param interval_s: Since the goal before.
        """
        _update_into(derivatives, self._state, q, interval_s)


@compiled
def _update_into(derivatives: FloatArray, states: Any, q: Joints, interval_s: float) -> None:
    """Take the next goal and write its velocity and acceleration (2, 6)."""
    state, dt, is_smooth = states[0], interval_s, True
    for i in range(N_JOINTS):
        predicted = state['q'][i] + dt * (state['qd'][i] + 0.5 * dt * state['qdd'][i])
        is_next = abs(q[i] - predicted) <= state['jerk'][i] * dt**3 + ROUNDING
        state['n_smooth'][i] = state['n_smooth'][i] + 1 if is_next else 0
        is_smooth = is_smooth and state['n_smooth'][i] >= MIN_SMOOTH_GOALS
        mean_qd, qdd = (q[i] - state['q'][i]) / dt, 0.0
        if state['interval_s'] > 0.0:
            qdd = 2.0 * (mean_qd - state['mean_qd'][i]) / (dt + state['interval_s'])
        state['q'][i], state['mean_qd'][i] = q[i], mean_qd
        state['qdd'][i] = qdd
        state['qd'][i] = mean_qd + 0.5 * dt * qdd
    state['interval_s'] = dt
    _push(state, q)
    if not is_smooth:
        _fit_into(derivatives, state)
    for i in range(N_JOINTS):
        if state['n_smooth'][i] >= MIN_SMOOTH_GOALS:
            derivatives[0, i], derivatives[1, i] = state['qd'][i], state['qdd'][i]


@compiled
def _push(state: Any, q: Joints) -> None:
    """Add a goal to the ring buffers and drop those that are older than the window."""
    state['time_s'] += state['interval_s']
    row = state['n'] % MAX_GOALS
    state['past_s'][row] = state['time_s']
    state['past_q'][row] = q
    state['n'] += 1
    state['first'] = max(state['first'], state['n'] - MAX_GOALS)
    oldest_s = state['time_s'] - WINDOW_S
    while (
        state['n'] - state['first'] > 2
        and state['past_s'][(state['first'] + 1) % MAX_GOALS] <= oldest_s
    ):
        state['first'] += 1


@compiled
def _fit_into(derivatives: FloatArray, state: Any) -> None:
    """
    Write velocity and acceleration (2, 6) at the newest goal, from a least-squares parabola.

    Gram-Schmidt orthonormalisation of the columns 1, t, t^2, with t scaled to -1..0.
    """
    first, n = state['first'], state['n'] - state['first']
    n_columns, scale = min(n, 3), state['time_s'] - state['past_s'][first % MAX_GOALS]
    columns, triangle = np.empty((n_columns, n)), np.zeros((n_columns, n_columns))
    for k in range(n):
        time = (state['past_s'][(first + k) % MAX_GOALS] - state['time_s']) / scale
        for c in range(n_columns):
            columns[c, k] = time**c
    for c in range(n_columns):
        for b in range(c):
            triangle[b, c] = (columns[b] * columns[c]).sum()
            columns[c] -= triangle[b, c] * columns[b]
        triangle[c, c] = math.sqrt((columns[c] ** 2).sum())
        columns[c] /= triangle[c, c]
    goals, coefficients = np.empty(n), np.empty(n_columns)
    for i in range(N_JOINTS):
        for k in range(n):
            goals[k] = state['past_q'][(first + k) % MAX_GOALS, i]
        for c in range(n_columns):
            coefficients[c] = (columns[c] * goals).sum()
            goals -= coefficients[c] * columns[c]
        derivatives[0, i] = derivatives[1, i] = 0.0
        if math.sqrt((goals**2).sum() / n) <= MAX_RESIDUAL:
            square = coefficients[2] / triangle[2, 2] if n_columns > 2 else 0.0
            slope = coefficients[1] - (triangle[1, 2] * square if n_columns > 2 else 0.0)
            derivatives[0, i] = slope / triangle[1, 1] / scale
            derivatives[1, i] = 2.0 * square / scale**2
