# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
An arm under joint_trajectory_controller, as pure logic: trajectories in, joint angles out.

``SimulatedJoints`` follows the commands like an arm: no faster than its joints can and never
beyond their limits; it counts the commands that would have broken these.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..interface.controller_rules import Trajectory, first_violation
from ..kinematics import Arm, FloatArray, Joints
from ..units import NS_PER_S
from .trajectory_follower import TrajectoryFollower

SPEED_TOLERANCE = 1e-6  # relative, so that a move at exactly the limit is no violation
POSITION_TOLERANCE = 1e-9  # [rad], rounding of a command at exactly the limit
START_JOINTS = (0.0, 0.2833, 0.3052, 0.0, 0.9822, 0.0)  # tool pointing down at (1.0, 0, 0.9) m


@dataclass(slots=True, kw_only=True)
class Counts:
    """Events since the start."""

    accepted: int = 0  # trajectories
    rejected: int = 0
    dropped: int = 0  # because the controller was not active
    position_violations: int = 0  # updates with a command beyond a position limit
    speed_violations: int = 0  # updates with a command too far away for the velocity limit
    not_finite: int = 0  # updates with a NaN or infinite command
    last_problem: str = ''


class SimulatedJoints:
    """Joints that follow commands within their position and velocity limits."""

    def __init__(self, arm: Arm, q_start: Joints, counts: Counts) -> None:
        self.q = np.array(q_start, dtype=np.float64)  # [rad]
        self.qd = np.zeros_like(self.q)  # [rad/s]
        self._arm = arm
        self._counts = counts

    def move(self, q_command: Joints, duration_ns: int) -> None:
        """Move towards the command for a time, within the limits; count the violations."""
        if duration_ns <= 0:
            return
        duration = duration_ns / NS_PER_S
        is_finite = np.isfinite(q_command)
        if not is_finite.all():
            self._counts.not_finite += 1
            self._report(~is_finite, 'command {} is not finite', q_command)
        wanted = np.where(is_finite, q_command, self.q)
        allowed = np.clip(wanted, self._arm.lower, self._arm.upper)
        is_beyond = np.abs(wanted - allowed) > POSITION_TOLERANCE
        if is_beyond.any():
            self._counts.position_violations += 1
            self._report(is_beyond, 'command {} rad is beyond the position limit', q_command)
        reach = self._arm.velocity * duration
        step = np.clip(allowed - self.q, -reach, reach)
        is_too_fast = np.abs(allowed - self.q) > reach * (1.0 + SPEED_TOLERANCE)
        if is_too_fast.any():
            self._counts.speed_violations += 1
            speed = np.abs(allowed - self.q) / duration
            self._report(is_too_fast, 'command needs {} rad/s, above the velocity limit', speed)
        self.q = self.q + step
        self.qd = step / duration

    def _report(self, where: NDArray[np.bool_], text: str, values: FloatArray) -> None:
        joint = int(np.argmax(where))
        problem = text.format(f'{values[joint]:.4g}')
        self._counts.last_problem = f'{self._arm.joint_names[joint]}: {problem}'


class SimulatedController:
    """An arm and its trajectory controller; the time is an argument of every call."""

    def __init__(
        self,
        arm: Arm,
        q_start: Joints,
        *,
        period_ns: int,
        goal_latency_ns: int = 0,
        interpolates_from_desired_state: bool = True,
    ) -> None:
        """
        Start active and at rest.

        :param period_ns: Of the updates, by which commands are sampled ahead.
        :param goal_latency_ns: From the arrival of a trajectory to its first possible update.
        :param interpolates_from_desired_state: Start from the last command, which is not the
            default of the controller, else from the measured joints.
        """
        self.counts = Counts()
        self.joints = SimulatedJoints(arm, q_start, self.counts)
        self.is_active = True
        self._follower = TrajectoryFollower(
            arm.joint_names,
            q_start,
            period_ns=period_ns,
            interpolates_from_desired_state=interpolates_from_desired_state,
        )
        self._period_ns, self._goal_latency_ns = period_ns, goal_latency_ns
        self._last_ns: int | None = None
        self._arrivals: deque[tuple[int, Trajectory]] = deque()  # with the time of their start

    @property
    def q_command(self) -> Joints:
        """The last command (6,) [rad] to the arm."""
        return self._follower.q_command

    def activate(self) -> None:
        """Accept trajectories from now on; the arm holds its last command."""
        self._follower.hold(self._follower.q_command)
        self.is_active = True

    def deactivate(self) -> None:
        """Drop all trajectories from now on; the arm holds its last command."""
        self._follower.hold(self._follower.q_command)
        self._arrivals.clear()
        self.is_active = False

    def scale_speed(self, factor: float) -> None:
        """Slow down (or speed up) trajectories by a factor, not below zero."""
        self._follower.speed_scaling = factor

    def receive(self, trajectory: Trajectory, now_ns: int) -> str | None:
        """
        Accept a trajectory, or return the rule that it breaks.

        An inactive controller checks it, too, but does not follow it.
        """
        problem = first_violation(trajectory, self._follower.joint_names, now_ns)
        if problem is not None:
            self.counts.rejected += 1
            self.counts.last_problem = f'rejected: {problem}'
        elif not self.is_active:
            self.counts.dropped += 1
        else:
            self.counts.accepted += 1
            self._arrivals.append((now_ns + self._goal_latency_ns, trajectory))
        return problem

    def update(self, now_ns: int) -> None:
        """Follow the trajectory up to now; ``joints`` then has the new state."""
        while self._arrivals and self._arrivals[0][0] <= now_ns:
            self._follower.replace(self._arrivals.popleft()[1])
        q_command = self._follower.update(now_ns, self.joints.q)
        last_ns = now_ns - self._period_ns if self._last_ns is None else self._last_ns
        self.joints.move(q_command, now_ns - last_ns)
        self._last_ns = now_ns
