# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motions that are planned to their end, which is at rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from ruckig import Trajectory

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..units import NS_PER_S
from .limits import MotionLimits, MotionState

MIN_DURATION_S = 1e-4  # a shorter motion is none
ROUNDING = 1e-9  # [rad]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waypoints:
    """Points of a motion on its way to rest."""

    time_ns: list[int]  # (n,) from the start of the motion, increasing
    q: Joints  # (n, 6) [rad]
    qd: FloatArray  # (n, 6) [rad/s], the last row zero
    qdd: FloatArray  # (n, 6) [rad/s^2], the last row zero


class Plan(ABC):
    """Motion of the joints over time until they are at rest, inside the position limits."""

    duration: float  # [s]

    @abstractmethod
    def _sample(self, times_s: FloatArray) -> FloatArray:
        """Return positions, velocities and accelerations (n, 3, 6), times from 0 to the end."""

    def state_at(self, time_s: float) -> MotionState:
        """Return the state at a time from the start; at rest after the end."""
        states = self._sample(np.array([min(max(time_s, 0.0), self.duration)]))[0]
        if time_s >= self.duration:
            return MotionState.at_rest(states[0])
        return MotionState(states)

    def states(self, times_s: FloatArray) -> FloatArray:
        """Return the states (n, 3, 6) at increasing times (n,) [s] from 0 to the end."""
        return self._sample(times_s)

    def sample(self, interval_s: float) -> Joints:
        """Return the joints (n, 6) [rad] after each interval; the last row is at rest."""
        n = int(np.ceil(self.duration / interval_s)) + 1
        return self._sample(np.array([(i + 1) * interval_s for i in range(n)]))[:, 0]

    def waypoints(self, *, first_s: float, max_points: int) -> Waypoints | None:
        """
        Return points from a first time to the end, evenly spaced, or None if nothing moves.

        :param first_s: Time of the first point, and least time between two.
        :param max_points: Largest number of points; in a long motion they are farther apart.
        """
        if self.duration < MIN_DURATION_S:
            return None
        left_s = self.duration - first_s
        n = min(max(int(left_s / first_s), 0), max_points - 1)
        times_s = [first_s + left_s * k / max(n, 1) for k in range(n + 1)]
        times_s[-1] = max(first_s, self.duration)
        states = self._sample(np.array(times_s))
        states[-1, 1:] = 0.0
        time_ns = [round(time_s * NS_PER_S) for time_s in times_s]
        return Waypoints(time_ns=time_ns, q=states[:, 0], qd=states[:, 1], qdd=states[:, 2])


class RuckigPlan(Plan):
    """A trajectory of Ruckig."""

    def __init__(self, trajectory: Trajectory, limits: MotionLimits) -> None:
        """Wrap a trajectory that ends at rest."""
        self._trajectory, self._limits = trajectory, limits
        self.duration: float = trajectory.duration

    def is_within_limits(self) -> bool:
        """Whether every position on the way is inside its limits."""
        extrema = self._trajectory.position_extrema
        lowest = np.array([extreme.min for extreme in extrema])
        highest = np.array([extreme.max for extreme in extrema])
        limits = self._limits
        return bool(
            (lowest >= limits.lower - ROUNDING).all()
            and (highest <= limits.upper + ROUNDING).all()
        )

    def _sample(self, times_s: FloatArray) -> FloatArray:
        at_time, limits = self._trajectory.at_time, self._limits
        states = np.array([at_time(time_s) for time_s in times_s.tolist()])
        states = states.reshape(-1, 3, N_JOINTS)
        np.clip(states[:, 0], limits.lower, limits.upper, out=states[:, 0])
        return states
