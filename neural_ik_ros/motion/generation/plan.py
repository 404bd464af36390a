# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motions that are planned to their end, which is at rest."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from ruckig import Trajectory

from ...kinematics import N_JOINTS, FloatArray
from ...units import NS_PER_S
from .limits import MotionLimits, MotionState

MIN_DURATION_S = 1e-4  # a shorter motion is none
ROUNDING = 1e-9  # [rad]


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

    def waypoints(
        self, *, spacing_s: float, max_points: int
    ) -> tuple[NDArray[np.int64], FloatArray]:
        """
        Return times (n,) [ns] and states (n, 3, 6) from after the start to the end, at rest.

        :param spacing_s: Least time between two.
        :param max_points: Largest number of points; in a long motion they are farther apart.
        """
        if self.duration < MIN_DURATION_S:
            return np.empty(0, np.int64), np.empty((0, 3, N_JOINTS))
        n = min(max(int(self.duration / spacing_s), 1), max_points)
        times_s = self.duration * np.arange(1, n + 1) / n
        states = self._sample(times_s)
        states[-1, 1:] = 0.0
        return np.rint(times_s * NS_PER_S).astype(np.int64), states


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
