# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jogging: from velocities of the tool to a stream of poses that never runs away from the arm."""

from __future__ import annotations

import math

import numpy as np

from ...kinematics import FloatArray, Transform, se3_exp
from ...units import NS_PER_S

ANGULAR_PER_LINEAR = 3.0  # [rad/m] acceleration of rotation for each of translation
MAX_STEP_S = 0.05  # of the integration; a timer that was late longer does not make up for it
RETRY_NS = 100_000_000  # after a pose that was refused, unless the operator turns back
# Distance of the commanded tool from the integrated pose at which the pose waits for the arm; it
# slows down from half of that. A smooth motion stays below that, and nothing disturbs it.
MAX_LEAD_M, MAX_LEAD_RAD = 0.02, 0.06
# Time over which a velocity begins to change, so that the joints can follow from the beginning: a
# tool that lags when it is at its largest speed could catch up only on a detour.
SMOOTHING_S = 0.05
AT_REST = 1e-5  # [m/s], [rad/s] below which a velocity that ends is zero
NEVER = -(10**18)  # [ns] an arrival that is older than any timeout


class TwistIntegrator:
    """
    Integrates the newest velocity on SE(3), from where the tool is commanded to be.

    The velocity changes smoothly, with limited acceleration, and ends when messages do. After a
    pose that is refused it starts again from the arm, at rest, so that nothing winds up at a
    limit; it waits for an arm that lags behind.
    """

    def __init__(
        self, *, timeout_s: float, max_acceleration: float, max_speed: float = math.inf
    ) -> None:
        """
        Start without a velocity.

        :param timeout_s: For which a velocity holds without another message.
        :param max_acceleration: Of the tool [m/s^2].
        :param max_speed: Of the tool [m/s]; faster velocities are scaled, rotation included.
        """
        self._timeout_ns = round(timeout_s * NS_PER_S)
        self._max_acceleration, self._max_speed = max_acceleration, max_speed
        self._transform: Transform | None = None  # the last pose; None before the next start
        self._velocity = np.zeros(6)  # at it, in axes of the tool or of the base frame
        self._ramp = np.zeros(6)  # the velocity before it is smoothed
        self.clear()

    def clear(self) -> None:
        """Forget the velocity, as poses are followed again or nothing may move."""
        self._command, self._is_in_tool = np.zeros(6), False
        self._arrival_ns = NEVER
        self._release()
        self._retry_ns, self._refused = 0, np.zeros(6)

    def set_velocity(self, twist: FloatArray, *, is_in_tool: bool, now_ns: int) -> None:
        """
        Follow a velocity (6,) [m/s], [rad/s] from now on.

        :param is_in_tool: Whether its axes are those of the tool, else of the base frame; it is
            the velocity of the tool's tip either way.
        """
        speed = float(np.linalg.norm(twist[:3]))
        scale = self._max_speed / speed if speed > self._max_speed else 1.0
        if self._transform is not None and is_in_tool != self._is_in_tool:
            rotation = self._transform[:3, :3]  # of the tool in the base frame
            turn = rotation.T if is_in_tool else rotation
            self._velocity, self._ramp = rotate(self._velocity, turn), rotate(self._ramp, turn)
        self._command, self._is_in_tool, self._arrival_ns = scale * twist, is_in_tool, now_ns

    def is_in_charge(self, now_ns: int) -> bool:
        """Whether a velocity, or zero, came within the timeout: poses are refused meanwhile."""
        return 0 <= now_ns - self._arrival_ns <= self._timeout_ns

    @property
    def is_idle(self) -> bool:
        """Whether no velocity has come since ``clear``: nothing to do, and quickly told."""
        return self._arrival_ns == NEVER

    def is_moving(self, now_ns: int) -> bool:
        """Whether ``step`` has a pose to offer."""
        if self.is_idle:
            return False
        command = self._command_at(now_ns)
        if now_ns < self._retry_ns and float(command @ self._refused) > 0.0:
            return False
        return bool(command.any()) or self._transform is not None

    @property
    def needs_start(self) -> bool:
        """Whether ``start`` has to say where the tool is before the next step."""
        return self._transform is None

    def start(self, transform: Transform, velocity: FloatArray, now_ns: int) -> None:
        """
        Start from the commanded tool.

        :param transform: Its pose (4, 4) in the base frame [m].
        :param velocity: Of its tip, in axes of the base frame (6,) [m/s], [rad/s].
        """
        rotation = transform[:3, :3]
        self._transform, self._last_ns = transform, now_ns
        self._velocity = rotate(velocity, rotation.T) if self._is_in_tool else velocity
        self._ramp = self._velocity

    def step(self, now_ns: int) -> Transform | None:
        """Return the next pose (4, 4) of the tool in the base frame [m], None once it rests."""
        if self._transform is None:
            return None
        step_s = min(max((now_ns - self._last_ns) / NS_PER_S, 0.0), MAX_STEP_S)
        self._last_ns = now_ns
        before = self._velocity
        command = self._command_at(now_ns)
        self._ramp = limited_change(
            self._ramp, (1.0 - self._lead) * command, self._max_acceleration * step_s
        )
        self._velocity = smoothed(before, self._ramp, step_s)
        mean = 0.5 * (before + self._velocity)
        if not command.any() and np.abs(mean).max() < AT_REST:
            self._release()
            return None
        self._transform = moved(self._transform, step_s * mean, is_in_tool=self._is_in_tool)
        return self._transform

    def accept(self, *, lead_m: float, lead_rad: float) -> None:
        """Note that the last pose is followed, by a tool that is this far from it."""
        share = max(lead_m / MAX_LEAD_M, lead_rad / MAX_LEAD_RAD)
        self._lead = min(max(2.0 * share - 1.0, 0.0), 1.0)

    def refuse(self, now_ns: int) -> None:
        """Note that the last pose is refused: try again from where the arm is, a little later."""
        self._refused, self._retry_ns = self._command, now_ns + RETRY_NS
        self._release()

    def _release(self) -> None:
        self._transform = None
        self._velocity = self._ramp = np.zeros(6)
        self._lead, self._last_ns = 0.0, 0

    def _command_at(self, now_ns: int) -> FloatArray:
        return self._command if self.is_in_charge(now_ns) else np.zeros(6)


def limited_change(velocity: FloatArray, wanted: FloatArray, largest: float) -> FloatArray:
    """
    Return the velocity (6,) nearest to a wanted one that an acceleration allows.

    :param largest: Change [m/s]; that of the rotation is ``ANGULAR_PER_LINEAR`` times as large.
    """
    change = wanted - velocity
    return velocity + np.concatenate(
        (shortened(change[:3], largest), shortened(change[3:], ANGULAR_PER_LINEAR * largest))
    )


def smoothed(velocity: FloatArray, ramp: FloatArray, step_s: float) -> FloatArray:
    """Return the velocity (6,) after a step towards one that changes abruptly."""
    return velocity + (ramp - velocity) * (1.0 - math.exp(-step_s / SMOOTHING_S))


def shortened(vector: FloatArray, largest: float) -> FloatArray:
    """Return a vector (3,) of the same direction that is no longer than allowed."""
    size = float(np.linalg.norm(vector))
    return vector * (largest / size) if size > largest else vector


def rotate(twist: FloatArray, rotation: FloatArray) -> FloatArray:
    """Return a velocity (6,) of the same point in axes that are rotated (3, 3)."""
    return np.concatenate((rotation @ twist[:3], rotation @ twist[3:]))


def moved(transform: Transform, displacement: FloatArray, *, is_in_tool: bool) -> Transform:
    """
    Return a pose (4, 4) after a time of constant velocity.

    :param displacement: Velocity of the tool's tip times the time (6,) [m], [rad].
    :param is_in_tool: Whether its axes turn with the tool, else they are those of the base frame.
    """
    if is_in_tool:
        return transform @ se3_exp(displacement)
    after = transform.copy()
    after[:3, 3] += displacement[:3]
    turn = se3_exp(np.concatenate((np.zeros(3), displacement[3:])))
    after[:3, :3] = turn[:3, :3] @ transform[:3, :3]
    return after
