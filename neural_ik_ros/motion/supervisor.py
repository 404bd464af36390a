# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Watches joint states, controller, clock and arm: why nothing may move, or has to stop."""

from __future__ import annotations

from ..kinematics import Arm, FloatArray, Joints
from ..units import NS_PER_S
from .clock_offset import ClockOffset
from .commanded_path import CommandedPath
from .following import FollowingErrorMonitor, JointSpeed, StartMonitor
from .status import StreamStatus
from .tracker_types import TrackerConfig
from .watchdogs import ControllerMonitor, JointStateMonitor, Refusal, exceeded_limit


class Supervisor:
    """
    What is known of everything outside: what happens then is for the tracker to decide.

    Times are of the node's clock, unless they are stamps of the controller.
    """

    def __init__(self, arm: Arm, config: TrackerConfig) -> None:
        """Start without joints and without a controller that publishes its state."""
        self._controller = ControllerMonitor()
        self.configure(arm, config)

    def configure(self, arm: Arm, config: TrackerConfig) -> None:
        """Change arm or settings; joints have to arrive again."""
        self._arm, self._config = arm, config
        self._joints = JointStateMonitor(arm, timeout_s=config.joint_state_timeout_s)
        self._clock_offset = ClockOffset(limit_s=config.max_clock_offset_s)
        self._speed = JointSpeed()
        self._following = FollowingErrorMonitor(
            tolerance=config.max_following_error, delay_s=config.following_delay_s
        )
        self.start_monitor = StartMonitor(
            delay_s=config.following_delay_s, is_enabled=config.max_following_error > 0.0
        )

    def clear(self) -> None:
        """Forget everything that was measured."""
        self.forget_times()
        self._controller.clear()

    def forget_times(self) -> None:
        """Forget joints and clock of the controller: they are of another time."""
        self._joints.clear()
        self._clock_offset.clear()

    def clamp_to(self, now_ns: int) -> None:
        """Move arrivals that lie in the future to now."""
        self._joints.clamp_to(now_ns)
        self._controller.clamp_to(now_ns)

    # Inputs

    def on_joints(self, q: Joints, stamp_ns: int, now_ns: int) -> Joints:
        """
        Note measured joints (6,) [rad], and their stamp by the controller's clock, or 0.

        :return: The same, with the turns of continuous joints counted.
        """
        q = self._joints.update(q, now_ns)
        self._speed.update(q, now_ns)
        if stamp_ns != 0:
            self._clock_offset.update(stamp_ns, now_ns)
        return q

    def on_bad_joints(self, problem: str) -> None:
        """Note why the newest joint state could not be used."""
        self._joints.set_problem(problem)

    def on_controller_state(self, speed_scaling: float, now_ns: int) -> None:
        """Note that the controller is active, and the factor by which it scales its speed."""
        self._controller.update(speed_scaling, now_ns)

    def expect_controller_state(self) -> None:
        """Refuse targets while the controller does not publish its state."""
        self._controller.is_expected = True

    def on_start(self, q: Joints, now_ns: int) -> None:
        """Note that a motion starts at joints (6,) [rad]."""
        self.start_monitor.restart(q)
        self._following.clear()
        self._clock_offset.reset_correction(now_ns)

    # What is known

    @property
    def q(self) -> Joints | None:
        """The newest measured joints (6,) [rad]."""
        return self._joints.q

    @property
    def qd(self) -> FloatArray:
        """Their speed (6,) [rad/s]."""
        return self._speed.qd

    @property
    def following_error(self) -> float:
        """Of the joint that is farthest from the path [rad]."""
        return self._following.error

    def joint_state_age_s(self, now_ns: int) -> float | None:
        """Time since the last joint state arrived [s], None before the first one."""
        return None if self._joints.q is None else self._joints.age_s(now_ns)

    def controller_ahead_ns(self, now_ns: int) -> int:
        """Time to add to stamps for the controller [ns]; changes too slowly to be felt."""
        return self._clock_offset.ahead_ns(now_ns)

    @property
    def controller_behind_ns(self) -> int:
        """Largest time by which the controller's clock may be behind [ns]."""
        return self._clock_offset.behind_ns

    # What is wrong

    def refusal(self, now_ns: int) -> Refusal | None:
        """Return why no motion may start or go on, whatever the target is; None if one may."""
        return (
            self._joints.refusal(now_ns)
            or self._controller.refusal(now_ns)
            or self._clock_refusal()
        )

    def lost_input(self, now_ns: int) -> Refusal | None:
        """Return why a motion must end: no recent joint states, or no controller."""
        return self._joints.staleness_refusal(now_ns) or self._controller.refusal(now_ns)

    def off_path(
        self, q: Joints, stamp_ns: int, path: CommandedPath, now_ns: int
    ) -> Refusal | None:
        """Return why a motion must end: the arm does not begin it, or has left its path."""
        joint_names = self._arm.joint_names
        problem = self.start_monitor.update(q, path, now_ns)
        if problem is not None:
            joint, sent = problem
            detail = f'{joint_names[joint]} was sent {sent:.4f} rad away'
            return Refusal(StreamStatus.NOT_FOLLOWING, detail)
        measured_ns = self._clock_offset.node_time_ns(stamp_ns, now_ns)
        error = self._following.update(q, measured_ns, path, now_ns)
        if error is None:
            return None
        detail = f'{joint_names[int(error.argmax())]} is {error.max():.3f} rad away'
        return Refusal(StreamStatus.FOLLOWING_ERROR, detail)

    def _clock_refusal(self) -> Refusal | None:
        if not self._clock_offset.is_exceeded:
            return None
        ahead_s = -(self._clock_offset.delay_ns or 0) / NS_PER_S
        detail = exceeded_limit('by', ahead_s, self._config.max_clock_offset_s)
        return Refusal(StreamStatus.CLOCKS_DIFFER, f'{detail}; synchronise them')
