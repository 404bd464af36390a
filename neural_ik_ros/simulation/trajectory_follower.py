# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
joint_trajectory_controller as pure logic: trajectories in, commands of the joints out.

Follows ros2_controllers 4.42.1 (Jazzy) with its position interface: a new trajectory replaces the
old one, time starts anew with it, and commands are sampled one update period ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..interface.controller_rules import Trajectory
from ..kinematics import FloatArray, Joints
from ..units import NS_PER_S


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
        self.speed_scaling = 1.0  # of the time of a trajectory, from its second update on
        self._period_ns = period_ns
        self._interpolates_from_desired_state = interpolates_from_desired_state
        self.hold(q_start)

    @property
    def q_command(self) -> Joints:
        """The last command (n,) [rad]."""
        return self._command.q

    def hold(self, q: Joints) -> None:
        """Forget all trajectories and hold joints (n,) [rad], as after activation."""
        self._command = Knot(time_ns=0, q=np.array(q, dtype=np.float64))
        self._command_time_ns: int | None = None  # when the last command was given
        self._next: Trajectory | None = None
        self._knots: list[Knot] = []
        self._time_ns, self._updated_ns = 0, 0  # of the trajectory, and of the last update

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
            self._time_ns, self._next = now_ns, None
        else:
            self._time_ns += round(self.speed_scaling * (now_ns - self._updated_ns))
        if self._knots:
            with np.errstate(all='ignore'):  # the controller does not check for NaN either
                self._command = self._sample(self._time_ns + self._period_ns)
        self._command_time_ns = self._updated_ns = now_ns
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
