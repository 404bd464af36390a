# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
An arm under joint_trajectory_controller, as pure logic: trajectories in, joint angles out.

``TrajectoryFollower`` does what the controller of ros2_controllers 4.42.1 (Jazzy) does with its
position interface: a new trajectory replaces the old one, starts from the last command (or from
the measured state), is sampled one update period ahead and holds its last point.
``SimulatedJoints`` follows the commands like an arm: no faster than its joints can and never
beyond their limits; it counts the commands that would have broken these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..interface.controller_rules import Trajectory, first_violation
from ..kinematics import Arm, FloatArray, Joints
from ..units import NS_PER_S

SPEED_TOLERANCE = 1e-6  # relative, so that a move at exactly the limit is no violation
POSITION_TOLERANCE = 1e-9  # [rad], rounding of a command at exactly the limit
START_JOINTS = (0.0, 0.2833, 0.3052, 0.0, 0.9822, 0.0)  # tool pointing down at (1.0, 0, 0.9) m


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Knot:
    """The end of a trajectory segment; None means "not given"."""

    time_ns: int
    q: Joints  # [rad]
    qd: Joints | None = None  # [rad/s]
    qdd: Joints | None = None  # [rad/s^2]


def interpolate(start: Knot, end: Knot, time_ns: int) -> Knot:
    """
    Return the state between two knots at a time between them.

    Linear with positions only, cubic where both knots have velocities, quintic where both have
    accelerations as well, like ``Trajectory::interpolate_between_points``; with derivatives.
    """
    duration = (end.time_ns - start.time_ns) / NS_PER_S
    t = min(max((time_ns - start.time_ns) / NS_PER_S, 0.0), duration)
    coefficients = _coefficients(start, end, duration)
    q, qd, qdd = (np.zeros_like(start.q) for _ in range(3))
    for k in range(len(coefficients) - 1, -1, -1):  # Horner, for value and both derivatives
        qdd = qdd * t + 2.0 * qd
        qd = qd * t + q
        q = q * t + coefficients[k]
    return Knot(time_ns=time_ns, q=q, qd=qd, qdd=qdd)


def _coefficients(start: Knot, end: Knot, duration: float) -> list[FloatArray]:
    """Return the coefficients of a segment, constant first; only that for a duration of zero."""
    if duration <= 0.0:
        return [start.q]
    distance = end.q - start.q
    if start.qd is None or end.qd is None:
        return [start.q, distance / duration]
    v0, v1 = start.qd * duration, end.qd * duration
    if start.qdd is None or end.qdd is None:
        c2, c3 = 3.0 * distance - 2.0 * v0 - v1, v0 + v1 - 2.0 * distance
        return [start.q, start.qd, c2 / duration**2, c3 / duration**3]
    a0, a1 = start.qdd * duration**2, end.qdd * duration**2
    c3 = 10.0 * distance - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1
    c4 = -15.0 * distance + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1
    c5 = 6.0 * distance - 3.0 * (v0 + v1) - 0.5 * (a0 - a1)
    higher = [c3 / duration**3, c4 / duration**4, c5 / duration**5]
    return [start.q, start.qd, 0.5 * start.qdd, *higher]


class TrajectoryFollower:
    """Samples trajectories as joint_trajectory_controller does."""

    def __init__(
        self,
        joint_names: Sequence[str],
        q_start: Joints,
        *,
        period_ns: int,
        interpolates_from_desired_state: bool = True,
    ) -> None:
        self.joint_names = tuple(joint_names)
        self._period_ns = period_ns
        self._interpolates_from_desired_state = interpolates_from_desired_state
        self._command = Knot(time_ns=0, q=np.array(q_start, dtype=np.float64))
        self._command_time_ns: int | None = None  # when the last command was given
        self._next: Trajectory | None = None
        self._knots: list[Knot] = []

    def replace(self, trajectory: Trajectory) -> None:
        """Replace the trajectory; the new one starts with the next update."""
        self._next = trajectory

    def update(self, now_ns: int, q_measured: Joints) -> Joints:
        """
        Return the command for the joints, sampled one period ahead of now.

        :param q_measured: Start of a new trajectory, unless that is the last command.
        """
        if self._next is not None:
            self._start(self._next, now_ns, q_measured)
            self._next = None
        if self._knots:
            with np.errstate(all='ignore'):  # the controller does not check for NaN either
                self._command = self._sample(now_ns + self._period_ns)
        self._command_time_ns = now_ns
        return self._command.q

    def _start(self, trajectory: Trajectory, now_ns: int, q_measured: Joints) -> None:
        indices = [self.joint_names.index(name) for name in trajectory.joint_names]
        start_ns = trajectory.stamp_ns or now_ns
        points = [
            Knot(
                time_ns=start_ns + point.time_from_start_ns,
                q=self._in_own_order(indices, point.positions),
                qd=self._in_own_order(indices, point.velocities)
                if len(point.velocities)
                else None,
                qdd=self._in_own_order(indices, point.accelerations)
                if len(point.accelerations)
                else None,
            )
            for point in trajectory.points
        ]
        self._knots = [self._start_knot(now_ns, q_measured), *points]

    def _in_own_order(self, indices: list[int], values: Sequence[float]) -> FloatArray:
        ordered = np.zeros(len(self.joint_names))  # a joint named twice leaves another at zero
        ordered[indices] = values
        return ordered

    def _start_knot(self, now_ns: int, q_measured: Joints) -> Knot:
        zero = np.zeros_like(q_measured)
        if not self._interpolates_from_desired_state:
            return Knot(time_ns=now_ns, q=q_measured, qd=zero, qdd=zero)
        last, time_ns = self._command, self._command_time_ns
        return Knot(
            time_ns=now_ns if time_ns is None else time_ns,
            q=last.q,
            qd=zero if last.qd is None else last.qd,
            qdd=zero if last.qdd is None else last.qdd,
        )

    def _sample(self, time_ns: int) -> Knot:
        if time_ns < self._knots[0].time_ns:  # the clock jumped back
            return self._command
        for start, end in pairwise(self._knots):
            if time_ns < end.time_ns:
                return interpolate(start, end, time_ns)
        last = self._knots[-1]
        return Knot(time_ns=time_ns, q=last.q, qd=last.qd, qdd=last.qdd)


@dataclass(slots=True, kw_only=True)
class Counts:
    """Events since the start."""

    accepted: int = 0  # trajectories
    rejected: int = 0
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
        interpolates_from_desired_state: bool = True,
    ) -> None:
        self.counts = Counts()
        self.joints = SimulatedJoints(arm, q_start, self.counts)
        self._follower = TrajectoryFollower(
            arm.joint_names,
            q_start,
            period_ns=period_ns,
            interpolates_from_desired_state=interpolates_from_desired_state,
        )
        self._period_ns = period_ns
        self._last_ns: int | None = None

    def receive(self, trajectory: Trajectory, now_ns: int) -> str | None:
        """Accept a trajectory, or return the rule that it breaks."""
        problem = first_violation(trajectory, self._follower.joint_names, now_ns)
        if problem is None:
            self.counts.accepted += 1
            self._follower.replace(trajectory)
        else:
            self.counts.rejected += 1
            self.counts.last_problem = f'rejected: {problem}'
        return problem

    def update(self, now_ns: int) -> None:
        """Follow the trajectory up to now; ``joints`` then has the new state."""
        q_command = self._follower.update(now_ns, self.joints.q)
        last_ns = now_ns - self._period_ns if self._last_ns is None else self._last_ns
        self.joints.move(q_command, now_ns - last_ns)
        self._last_ns = now_ns
