# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the arm follows: before it is sent anywhere far, and all the time after that."""

from __future__ import annotations

import numpy as np

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..units import NS_PER_MS, NS_PER_S
from .commanded_path import CommandedPath

N_SAMPLES = 16  # of the path, within the time by which the arm may lag behind
N_READINGS = 3  # that must agree, since one may be an old one that arrived late
AHEAD_NS = 8 * NS_PER_MS  # the controller commands a joint one update ahead
START_LEAD = 2.5e-3  # [rad] of the commands over an arm that has not been seen to follow
SENT_SHARE, START_SHARE = 0.4, 0.2  # of it: to be commanded, and for the arm to move then
START_MARGIN_S = 0.25  # for it, beyond the time by which the arm may lag behind
SPEED_SPAN_NS = 30 * NS_PER_MS  # of which the speed of the arm is measured


class FollowingErrorMonitor:
    """
    Compares the measured joints with the commanded path.

    A real arm lags behind, by 40 to 80 ms under ABB's EGM. So each joint may be anywhere within
    the range of its path over the allowed lag, and outside it by the tolerance.
    """

    def __init__(self, *, tolerance: float, delay_s: float) -> None:
        """
        Start without joints.

        :param tolerance: Error [rad] that is allowed beyond the lag; 0 for any.
        :param delay_s: Lag that is allowed.
        """
        self._tolerance = tolerance or np.inf
        self._delay_ns = round(delay_s * NS_PER_S)
        self.clear()

    def clear(self) -> None:
        """Forget the joints, as a motion starts."""
        self._n_bad = 0
        self.error = 0.0  # [rad] the newest one, of the joint that is farthest off

    def update(
        self, q: Joints, measured_ns: int, path: CommandedPath, now_ns: int
    ) -> FloatArray | None:
        """
        Return the error of each joint (6,) [rad] once it is too large, else None.

        :param q: Measured joints (6,) [rad].
        :param measured_ns: When they were measured, by the node's clock.
        """
        lowest, highest = path.range(measured_ns - self._delay_ns, now_ns + AHEAD_NS, N_SAMPLES)
        error = np.maximum(lowest - q, q - highest)
        self.error = max(float(error.max()), 0.0)
        self._n_bad = self._n_bad + 1 if self.error > self._tolerance else 0
        return error if self._n_bad >= N_READINGS else None


class StartMonitor:
    """
    Waits until the arm is seen to move along the path, within a time.

    An inactive controller, a robot in a protective stop or a stopped driver look like an arm at
    rest. What is sent meanwhile stays within ``START_LEAD`` of it, so that nothing jumps when the
    controller becomes active.
    """

    def __init__(self, *, delay_s: float, is_enabled: bool) -> None:
        """
        Start with an arm that has not moved.

        :param delay_s: Time by which it may lag behind.
        :param is_enabled: Otherwise every arm counts as one that follows.
        """
        self._allowed_ns = round((delay_s + START_MARGIN_S) * NS_PER_S)
        self._is_enabled = is_enabled
        self.restart(np.zeros(N_JOINTS))

    def restart(self, q: Joints) -> None:
        """Wait for the arm to move from joints (6,) [rad]."""
        self._q_start = q
        self.has_followed = not self._is_enabled
        self._due_ns = 0  # by when the arm has to have moved; 0 before it is sent anywhere

    def range(self) -> tuple[Joints, Joints]:
        """Return the joints, lower and upper (6,) [rad], between which the arm is sent so far."""
        return self._q_start - START_LEAD, self._q_start + START_LEAD

    @property
    def is_waiting(self) -> bool:
        """Whether the arm has been sent somewhere and has not been seen to move."""
        return self._due_ns > 0 and not self.has_followed

    def is_near(self, q: Joints) -> bool:
        """Whether an arm that may not have moved yet can be commanded to joints (6,) [rad]."""
        return self.has_followed or bool(np.abs(q - self._q_start).max() <= START_LEAD)

    def update(self, q: Joints, path: CommandedPath, now_ns: int) -> tuple[int, float] | None:
        """
        Compare measured joints (6,) [rad] with the path.

        :return: A joint and how far it was sent [rad], once it has not followed in time.
        """
        if self.has_followed:
            return None
        commanded = path.state_at(now_ns).q - self._q_start
        joint = int(np.abs(commanded).argmax())
        if abs(commanded[joint]) < SENT_SHARE * START_LEAD:
            return None
        moved = np.sign(commanded[joint]) * (q[joint] - self._q_start[joint])
        self.has_followed = bool(moved >= START_SHARE * START_LEAD)
        self._due_ns = self._due_ns or now_ns + self._allowed_ns
        if self.has_followed or now_ns <= self._due_ns:
            return None
        return joint, float(abs(commanded[joint]))


class JointSpeed:
    """Speed of the measured joints over the last hundredths of a second."""

    def __init__(self) -> None:
        """Start without joints."""
        self.qd = np.zeros(N_JOINTS)  # [rad/s]
        self._q: Joints | None = None
        self._time_ns = 0

    def update(self, q: Joints, now_ns: int) -> None:
        """Note measured joints (6,) [rad]."""
        before, span_ns = self._q, now_ns - self._time_ns
        if before is not None and 0 <= span_ns < SPEED_SPAN_NS:
            return
        self.qd = np.zeros(N_JOINTS)
        if before is not None and 0 < span_ns < NS_PER_S:
            self.qd = (q - before) * (NS_PER_S / span_ns)
        self._q, self._time_ns = q, now_ns
