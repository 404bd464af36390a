# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jogging in the node: which velocities are followed, and when poses are refused for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kinematics import FloatArray, Transform, forward, se3_log
from ..motion import MotionState, Output, PoseTracker, StreamStatus
from ..motion.tool.twist_integrator import TwistIntegrator
from ..motion.tracker_types import STREAM
from ..motion.watchdogs import target_refusal
from .messages import InvalidMessage, PoseTarget, ns_from_time
from .node_config import NodeConfig

if TYPE_CHECKING:
    from geometry_msgs.msg import TwistStamped

NEEDS_STREAM = 'jogging needs output_mode stream'
# From the commanded joints to those for the next pose [rad]. Farther away is another posture or
# another turn of joint 4 or 6: an operator does not expect the arm to go there by itself.
MAX_JOINT_STEP = 0.5
SPEED_SHARE = 0.9  # of the largest tool speed; stops, which may be faster for a moment, count too
FRESH_NS = 50_000_000  # age up to which a pose is continued by a velocity that takes over
DIFFERENCE_S = 1e-4  # over which the velocity of the tool is taken from two poses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwistCommand:
    """A received velocity of the tool's tip in plain types."""

    twist: FloatArray  # (6,) linear [m/s] and angular velocity [rad/s] in axes of frame_id
    frame_id: str
    stamp_ns: int


def twist_from_message(message: TwistStamped) -> TwistCommand | InvalidMessage:
    """Return the velocity in a message, or why it is invalid."""
    linear, angular = message.twist.linear, message.twist.angular
    values = (linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
    if not all(map(math.isfinite, values)):
        return InvalidMessage(reason=f'velocity {values} is not finite')
    return TwistCommand(
        twist=np.array(values),
        frame_id=message.header.frame_id,
        stamp_ns=ns_from_time(message.header.stamp),
    )


class Jogging:
    """
    Velocities in, poses to follow out; one rule where poses come as well.

    A velocity wins over poses until none, not even zero, has come for ``twist_timeout_s``.
    """

    def __init__(self, tracker: PoseTracker, config: NodeConfig, tool_frame: str) -> None:
        """Follow no velocity yet."""
        self._tracker, self._tool_frame = tracker, tool_frame
        self._pose: PoseTarget | None = None  # the last one, if the tool follows it exactly
        self.configure(config)

    def configure(self, config: NodeConfig) -> None:
        """Use other parameters; while nothing moves."""
        self._timeout_s = config.twist_timeout_s
        self._integrator = TwistIntegrator(
            timeout_s=config.twist_timeout_s,
            max_acceleration=config.max_tool_acceleration_m_s2,
            max_speed=SPEED_SHARE * config.max_tool_speed_m_s or math.inf,
        )

    def clear(self) -> None:
        """Forget the velocity: the node stops or starts."""
        self._integrator.clear()
        self._pose = None

    def on_twist(self, message: Any, now_ns: int) -> Output | None:
        """Follow the velocity in a message from now on, or return why it is refused."""
        command, config = twist_from_message(message), self._tracker.config
        if isinstance(command, InvalidMessage):
            return Output(status=StreamStatus.BAD_TWIST, detail=command.reason)
        if config.output_mode != STREAM:
            return Output(status=StreamStatus.BAD_TWIST, detail=NEEDS_STREAM)
        frame = command.frame_id.removeprefix('/') or config.base_frame
        is_in_tool = frame == self._tool_frame
        frame = config.base_frame if is_in_tool else frame
        refusal = target_refusal(config, frame, command.stamp_ns, now_ns)
        if refusal is not None:
            return Output(status=refusal.status, detail=refusal.detail)
        self._integrator.set_velocity(command.twist, is_in_tool=is_in_tool, now_ns=now_ns)
        return None

    def pose_refusal(self, now_ns: int) -> Output | None:
        """Return why a pose is refused; otherwise poses are followed and no velocity any more."""
        if self._integrator.is_in_charge(now_ns):
            detail = f'until none has come for {self._timeout_s:g} s'
            return Output(status=StreamStatus.JOGGING, detail=detail)
        self._integrator.clear()
        return None

    def on_pose(self, target: PoseTarget | InvalidMessage, output: Output) -> None:
        """Note a pose and the answer to it, to go on from there if a velocity takes over."""
        is_exact = output.status.is_solved and output.deviation is None
        self._pose = target if is_exact and isinstance(target, PoseTarget) else None

    def next_target(self, now_ns: int) -> PoseTarget | None:
        """Return the next pose to follow, or None while no velocity moves the tool."""
        if not self._integrator.is_moving(now_ns):
            return None
        if self._integrator.needs_start and not self._start(now_ns):
            return None
        transform = self._integrator.step(now_ns)
        if transform is None:
            return None
        base_frame = self._tracker.config.base_frame
        return PoseTarget(transform=transform, frame_id=base_frame, stamp_ns=now_ns)

    def on_answer(self, output: Output, now_ns: int) -> None:
        """Note the answer to the pose that was asked for."""
        if not output.status.is_solved:
            self._integrator.refuse(now_ns)
            return
        behind = output.deviation
        lead_m, lead_rad = (behind.position, behind.rotation) if behind else (0.0, 0.0)
        self._integrator.accept(lead_m=lead_m, lead_rad=lead_rad)

    def _start(self, now_ns: int) -> bool:
        """Start from the last pose, else from the commanded tool; return whether it is known."""
        state, pose = self._tracker.start_state(), self._pose
        if state is None:
            return False
        transform, velocity = self._tool_motion(state)
        stamp_ns = now_ns
        if pose is not None and 0 <= now_ns - pose.stamp_ns <= FRESH_NS and self._is_in_base(pose):
            transform, stamp_ns = pose.transform, pose.stamp_ns
        self._integrator.start(transform, velocity, stamp_ns)
        return True

    def _is_in_base(self, pose: PoseTarget) -> bool:
        return pose.frame_id.removeprefix('/') == self._tracker.config.base_frame

    def _tool_motion(self, state: MotionState) -> tuple[Transform, FloatArray]:
        """Return pose (4, 4) [m] and velocity (6,) of the tool's tip in the base frame."""
        joints = np.array([state.q, state.q + DIFFERENCE_S * state.qd])
        now, later = forward(self._tracker.solver.arm, joints)
        turn = np.eye(4)
        turn[:3, :3] = later[:3, :3] @ now[:3, :3].T
        change = np.concatenate((later[:3, 3] - now[:3, 3], se3_log(turn)[3:]))
        return now, change / DIFFERENCE_S
