# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Targets that are too far away are approached along a line, no faster than the tool may move."""

from __future__ import annotations

import math

import numpy as np

from ...kinematics import FloatArray, Transform, se3_log
from ...units import NS_PER_S
from .twist_integrator import (
    ANGULAR_PER_LINEAR,
    MAX_STEP_S,
    SMOOTHING_S,
    limited_change,
    moved,
    shortened,
    smoothed,
)

FASTEST = 1.0  # [m/s] of an approach where the speed of the tool is not limited
FASTEST_TURN = 2.0  # [rad/s]
MAX_INTERVAL_S = 0.2  # between two targets of one stream
BRAKING_SHARE = 0.5  # of the acceleration that an approach counts on to end at its goal
END_S = 4.0 * SMOOTHING_S  # time constant of its last part, which does not overshoot
ARRIVED_M, ARRIVED_RAD = 5e-5, 5e-4  # from where a last step goes to the goal itself


class PoseGovernor:
    """
    Lets targets pass that the tool can be at in time; goes to others in steps.

    A box is convex, so the line between two poses inside it stays inside: the arm does not swing
    out of it on the way to a far target, as a motion planned for the joints might.
    """

    def __init__(self, *, max_speed: float, max_acceleration: float) -> None:
        """
        Start without a pose.

        :param max_speed: Of the tool [m/s]; infinite where only an approach needs one.
        :param max_acceleration: Of the tool in an approach [m/s^2].
        """
        self._speed = min(max_speed, FASTEST)
        self._max_acceleration = max_acceleration
        self.clear()

    def clear(self) -> None:
        """Forget everything: the next target starts from the arm."""
        self._pose: Transform | None = None  # the last one that was followed
        self._velocity = np.zeros(6)  # [m/s], [rad/s] in axes of the base frame
        self._ramp = np.zeros(6)  # before it is smoothed
        self._goal: Transform | None = None
        self._goal_velocity = np.zeros(3)
        self._pose_ns = self._goal_ns = 0
        self.is_behind = False

    @property
    def needs_start(self) -> bool:
        """Whether ``start`` has to say where the tool is before the next target."""
        return self._pose is None

    def start(self, transform: Transform, velocity: FloatArray, now_ns: int) -> None:
        """Start from the commanded tool (4, 4) [m] and its velocity (6,) in the base frame."""
        self._pose, self._pose_ns = transform, now_ns
        self._velocity = self._ramp = velocity

    def passes(self, goal: Transform, stamp_ns: int) -> bool:
        """Whether the tool can be at a target (4, 4) in time, so that it is followed as it is."""
        if self._pose is None or self.is_behind:
            return False
        time_s = min(max((stamp_ns - self._pose_ns) / NS_PER_S, 0.0), MAX_INTERVAL_S)
        distance = float(np.linalg.norm(goal[:3, 3] - self._pose[:3, 3]))
        return distance <= max(self._speed * time_s, ARRIVED_M)

    def take(self, goal: Transform, stamp_ns: int) -> None:
        """Take the newest target (4, 4): as followed if it passes, else to approach it."""
        interval_s = (stamp_ns - self._goal_ns) / NS_PER_S
        self._goal_velocity = np.zeros(3)
        if self._goal is not None and 0.0 < interval_s <= MAX_INTERVAL_S:
            velocity = (goal[:3, 3] - self._goal[:3, 3]) / interval_s
            self._goal_velocity = shortened(velocity, self._speed)
        self.is_behind = not self.passes(goal, stamp_ns)
        self._goal, self._goal_ns = goal, stamp_ns
        if not self.is_behind:
            self._pose, self._pose_ns = goal, stamp_ns
            self._velocity = self._ramp = np.concatenate((self._goal_velocity, np.zeros(3)))

    def step(self, now_ns: int) -> Transform:
        """Return the next pose (4, 4) on the way to the newest target."""
        if self._pose is None or self._goal is None:
            raise ValueError('step before start and take')  # a mistake of the caller
        step_s = min(max((now_ns - self._pose_ns) / NS_PER_S, 0.0), MAX_STEP_S)
        self._pose_ns = now_ns
        turn = np.eye(4)
        turn[:3, :3] = self._goal[:3, :3] @ self._pose[:3, :3].T
        gap = np.concatenate((self._goal[:3, 3] - self._pose[:3, 3], se3_log(turn)[3:]))
        self._velocity = self._steered(gap, step_s)
        left = gap - step_s * self._velocity
        speed = float(np.linalg.norm(self._velocity[:3] - self._goal_velocity))
        if (
            np.linalg.norm(left[:3]) <= max(ARRIVED_M, speed * step_s)
            and np.linalg.norm(left[3:]) <= ARRIVED_RAD
        ):
            self._pose, self.is_behind = self._goal, False
        else:
            self._pose = moved(self._pose, step_s * self._velocity, is_in_tool=False)
        return self._pose

    def _steered(self, gap: FloatArray, step_s: float) -> FloatArray:
        """Return the velocity (6,) of the next step, towards the goal and along with it."""
        acceleration = self._max_acceleration
        linear = self._goal_velocity + _approach(gap[:3], acceleration)
        angular = _approach(gap[3:], ANGULAR_PER_LINEAR * acceleration)
        wanted = np.concatenate((shortened(linear, self._speed), shortened(angular, FASTEST_TURN)))
        self._ramp = limited_change(self._ramp, wanted, acceleration * step_s)
        return smoothed(self._velocity, self._ramp, step_s)


def _approach(gap: FloatArray, acceleration: float) -> FloatArray:
    """Return the velocity (3,) from which the tool can still stop at the end of a gap (3,)."""
    distance = float(np.linalg.norm(gap))
    if distance == 0.0:
        return gap
    speed = math.sqrt(2.0 * BRAKING_SHARE * acceleration * distance)
    return gap * (min(speed, distance / END_S) / distance)
