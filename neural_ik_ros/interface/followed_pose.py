# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which pose the arm is to follow: that of a target, one on the way there, one of a velocity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kinematics import FloatArray, Transform, forward, se3_log
from ..kinematics.urdf.target_frames import TargetFrames, quoted
from ..motion import MotionState, Output, PoseTracker, StreamStatus
from ..motion.tool.governor import PoseGovernor
from ..motion.tool.twist_integrator import TwistIntegrator
from ..motion.tracker_types import STREAM
from ..motion.watchdogs import stamp_refusal
from ..units import NS_PER_S
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


class FollowedPose:
    """
    Poses and velocities in, the pose that the arm is to follow now out.

    A velocity wins over poses until none, not even zero, has come for ``twist_timeout_s``. With
    limits of the tool, a far target of a stream is approached along a line.
    """

    def __init__(self, tracker: PoseTracker, config: NodeConfig, frames: TargetFrames) -> None:
        """Follow nothing yet."""
        self._tracker, self._frames = tracker, frames
        self._pose: PoseTarget | None = None  # the last one, if the tool follows it exactly
        self._governor: PoseGovernor | None = None  # with limits of the tool, in a stream
        self.configure(config)

    def configure(self, config: NodeConfig) -> None:
        """Use other parameters; while nothing moves."""
        self._timeout_s, self._period_ns = config.twist_timeout_s, NS_PER_S / config.rate_hz
        max_speed = SPEED_SHARE * config.max_tool_speed_m_s or math.inf
        max_acceleration = config.max_tool_acceleration_m_s2
        self._integrator = TwistIntegrator(
            timeout_s=config.twist_timeout_s,
            max_acceleration=max_acceleration,
            max_speed=max_speed,
        )
        self._governor = None
        has_limits = config.max_tool_speed_m_s > 0.0 or config.has_workspace
        if has_limits and config.output_mode == STREAM:
            self._governor = PoseGovernor(max_speed=max_speed, max_acceleration=max_acceleration)
        self._step_ns = 0  # when the last pose was given

    def use_frames(self, frames: TargetFrames) -> None:
        """Use other frames, or another tool; while nothing moves."""
        self._frames = frames

    def clear(self) -> None:
        """Forget poses and velocities: the node stops or starts."""
        self._integrator.clear()
        self._pose = None
        if self._governor is not None:
            self._governor.clear()

    def on_twist(self, message: Any, now_ns: int) -> Output | None:
        """Follow the velocity in a message from now on, or return why it is refused."""
        command, config = twist_from_message(message), self._tracker.config
        if isinstance(command, InvalidMessage):
            return Output(status=StreamStatus.BAD_TWIST, detail=command.reason)
        if config.output_mode != STREAM:
            return Output(status=StreamStatus.BAD_TWIST, detail=NEEDS_STREAM)
        frames = self._frames
        frame = command.frame_id.removeprefix('/') or frames.base_frame
        if frame not in (frames.base_frame, frames.tool_frame) or frames.base_frame not in frames:
            detail = f'{quoted(frame)} is neither {frames.base_frame!r} nor {frames.tool_frame!r}'
            return Output(status=StreamStatus.UNKNOWN_FRAME, detail=detail)
        refusal = stamp_refusal(command.stamp_ns, now_ns, timeout_s=config.target_timeout_s)
        if refusal is not None:
            return Output(status=refusal.status, detail=refusal.detail)
        is_in_tool = frame != frames.base_frame
        self._integrator.set_velocity(command.twist, is_in_tool=is_in_tool, now_ns=now_ns)
        return None

    def pose_refusal(self, now_ns: int) -> Output | None:
        """Return why a pose is refused; otherwise poses are followed and no velocity any more."""
        if self._integrator.is_idle:
            return None
        if self._integrator.is_in_charge(now_ns):
            detail = f'until none has come for {self._timeout_s:g} s'
            return Output(status=StreamStatus.JOGGING, detail=detail)
        self._integrator.clear()
        return None

    def admitted(self, target: PoseTarget, now_ns: int) -> PoseTarget:
        """Return the pose to follow for a target in a known frame: itself, or one on the way."""
        governor, self._step_ns = self._governor, now_ns
        if governor is None or not self._can_be_followed(target, now_ns):
            return target
        if governor.needs_start and not self._start(governor, now_ns):
            return target
        tip, stamp_ns = self._tip_pose(target), target.stamp_ns or now_ns
        tool = self._frames.tool_pose(tip)
        if not governor.passes(tool, stamp_ns) and not self._is_solved(tip):
            return target  # which is refused, as without limits of the tool
        governor.take(tool, stamp_ns)
        return self._pose_at(governor.step(now_ns), now_ns) if governor.is_behind else target

    def _tip_pose(self, target: PoseTarget) -> Transform:
        return self._frames.tip_pose(target.transform, target.frame_id)

    def _can_be_followed(self, target: PoseTarget, now_ns: int) -> bool:
        config, tool_limits = self._tracker.config, self._tracker.generator.tool_limits
        timeout_s = config.target_timeout_s
        if stamp_refusal(target.stamp_ns, now_ns, timeout_s=timeout_s) is not None:
            return False
        return tool_limits is None or not tool_limits.outside(self._tip_pose(target))

    def _is_solved(self, transform_base_tip: Transform) -> bool:
        state = self._tracker.start_state()
        if state is None:
            return False
        return self._tracker.solver.solve(transform_base_tip, state.q).status.is_solved

    def on_pose(self, target: PoseTarget | InvalidMessage, output: Output) -> None:
        """Note a pose and the answer to it, to go on from there if a velocity takes over."""
        governor, is_exact = self._governor, output.deviation is None
        if governor is not None:
            is_exact = is_exact and not governor.is_behind
            if not output.status.is_solved and not governor.is_behind:
                governor.clear()  # it has taken a pose that is not followed
        is_exact = is_exact and output.status.is_solved
        self._pose = target if is_exact and isinstance(target, PoseTarget) else None

    def next_target(self, now_ns: int) -> PoseTarget | None:
        """Return the next pose to follow on a tick, or None if there is none."""
        if not self._integrator.is_moving(now_ns):
            return self._next_on_the_way(now_ns)
        if self._governor is not None:
            self._governor.clear()
        if self._integrator.needs_start and not self._start(self._integrator, now_ns):
            return None
        transform = self._integrator.step(now_ns)
        return None if transform is None else self._pose_at(transform, now_ns)

    def _next_on_the_way(self, now_ns: int) -> PoseTarget | None:
        """Return the next pose to a far target, unless targets come as often as ticks."""
        governor = self._governor
        if governor is None or not governor.is_behind:
            return None
        if now_ns - self._step_ns < 0.75 * self._period_ns:
            return None
        self._step_ns = now_ns
        return self._pose_at(governor.step(now_ns), now_ns)

    def _pose_at(self, transform: Transform, now_ns: int) -> PoseTarget:
        frame = self._frames.base_frame
        return PoseTarget(transform=transform, frame_id=frame, stamp_ns=now_ns)

    def on_answer(self, output: Output, now_ns: int) -> None:
        """Note the answer to the pose that was asked for."""
        if not output.status.is_solved:
            self._integrator.refuse(now_ns)
            if self._governor is not None:
                self._governor.clear()
            return
        behind = output.deviation
        lead_m, lead_rad = (behind.position, behind.rotation) if behind else (0.0, 0.0)
        self._integrator.accept(lead_m=lead_m, lead_rad=lead_rad)

    def _start(self, follower: TwistIntegrator | PoseGovernor, now_ns: int) -> bool:
        """Start from the last pose, else from the commanded tool; return whether it is known."""
        state, pose = self._tracker.start_state(), self._pose
        if state is None:
            return False
        transform, velocity = self._tool_motion(state)
        stamp_ns = now_ns
        if pose is not None and 0 <= now_ns - pose.stamp_ns <= FRESH_NS and self._is_in_base(pose):
            transform, stamp_ns = pose.transform, pose.stamp_ns
        follower.start(transform, velocity, stamp_ns)
        return True

    def _is_in_base(self, pose: PoseTarget) -> bool:
        return pose.frame_id.removeprefix('/') == self._frames.base_frame

    def _tool_motion(self, state: MotionState) -> tuple[Transform, FloatArray]:
        """Return pose (4, 4) [m] and velocity (6,) of the tool's tip in the base frame."""
        joints = np.array([state.q, state.q + DIFFERENCE_S * state.qd])
        tips = forward(self._tracker.solver.arm, joints)
        now, later = map(self._frames.tool_pose, tips)
        turn = np.eye(4)
        turn[:3, :3] = later[:3, :3] @ now[:3, :3].T
        change = np.concatenate((later[:3, 3] - now[:3, 3], se3_log(turn)[3:]))
        return now, change / DIFFERENCE_S
