# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How the goals of a stream move, without believing their noise."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..kinematics import N_JOINTS, FloatArray, Joints

WINDOW_S = 0.1  # of the parabola that is fitted to goals that are not smooth
LARGEST_RESIDUAL = 3e-3  # [rad] rms; goals farther from any parabola are single goals
SMOOTH_GOALS = 5  # so many in a row make a joint's goals smooth
ROUNDING = 1e-9  # [rad]


class GoalTrend:
    """
    Velocity and acceleration of the newest goal.

    While goals are smooth, which means that the jerk between them is one the joint may have, the
    parabola through the last three tells both exactly. Differences of noisy goals, or of goals
    with noisy stamps, are mostly noise: then a parabola is fitted to the last tenth of a second.
    Goals that lie on no parabola, such as jumps, are to be rested at. Decided joint by joint.
    """

    def __init__(self, jerk: FloatArray, q: Joints) -> None:
        """Start with a goal at rest, (6,) [rad]; ``jerk`` (6,) [rad/s^3] is the smoothness."""
        self._jerk = jerk
        self._q, self._time_s = q, 0.0
        self._interval_s = 0.0  # before the last goal; 0 for the first
        self._mean_qd = self._qd = self._qdd = np.zeros(N_JOINTS)
        self._n_smooth = np.zeros(N_JOINTS, dtype=np.int64)
        self._past = deque([(0.0, q)])

    def move(self, q: Joints, interval_s: float) -> tuple[FloatArray, FloatArray]:
        """Return velocity [rad/s] and acceleration [rad/s^2] of the next goal, each (6,)."""
        predicted = self._q + interval_s * (self._qd + 0.5 * interval_s * self._qdd)
        is_smooth = np.abs(q - predicted) <= self._jerk * interval_s**3 + ROUNDING
        self._n_smooth = np.where(is_smooth, self._n_smooth + 1, 0)
        mean_qd = (q - self._q) / interval_s
        self._qdd, self._qd = np.zeros(N_JOINTS), mean_qd
        if self._interval_s > 0.0:
            self._qdd = 2.0 * (mean_qd - self._mean_qd) / (interval_s + self._interval_s)
            self._qd = mean_qd + 0.5 * interval_s * self._qdd
        self._q, self._mean_qd, self._interval_s = q, mean_qd, interval_s
        self._remember(q, interval_s)
        is_smooth = self._n_smooth >= SMOOTH_GOALS
        if is_smooth.all():
            return self._qd, self._qdd
        fitted_qd, fitted_qdd = self._fitted()
        return (
            np.where(is_smooth, self._qd, fitted_qd),
            np.where(is_smooth, self._qdd, fitted_qdd),
        )

    def _remember(self, q: Joints, interval_s: float) -> None:
        self._time_s += interval_s
        self._past.append((self._time_s, q))
        while len(self._past) > 2 and self._past[1][0] <= self._time_s - WINDOW_S:
            self._past.popleft()

    def _fitted(self) -> tuple[FloatArray, FloatArray]:
        """Return velocity and acceleration, at the newest goal, of a least-squares parabola."""
        n = len(self._past)
        time = np.array([time_s for time_s, _ in self._past]) - self._time_s
        q = np.array([goal for _, goal in self._past])
        scale = -time[0]  # so that the columns are of one size
        columns = np.vander(time / scale, min(n, 3), increasing=True)
        coefficients, *_ = np.linalg.lstsq(columns, q, rcond=None)
        residual = np.sqrt(np.mean((q - columns @ coefficients) ** 2, axis=0))
        is_stream = residual <= LARGEST_RESIDUAL
        qd = coefficients[1] / scale
        qdd = 2.0 * coefficients[2] / scale**2 if n > 2 else np.zeros(N_JOINTS)
        return np.where(is_stream, qd, 0.0), np.where(is_stream, qdd, 0.0)
