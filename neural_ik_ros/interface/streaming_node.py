# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The node without ROS: joint states, targets and ticks in; commands and changes of status out.

The ROS node, the offline replay and the soak tests wrap it. It decides every status; they provide
messages, the clock and events such as a failed goal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter_ns
from typing import Any, TypeAlias

from ..motion import Health, Output, StreamStatus
from ..motion.continuity import PostureWatch
from ..solver import IkStatus
from .factory import description_check, make_tracker, reconfigure, tool_limits
from .followed_pose import MAX_JOINT_STEP, FollowedPose
from .joint_merger import JointMerger, PartialReading
from .messages import InvalidMessage, JointReading, PoseTarget
from .node_config import NodeConfig
from .node_statistics import NodeStatistics

Target: TypeAlias = PoseTarget | InvalidMessage
OTHER_FRAMES = (
    'robot_description has another base frame or tool than before; '
    'deactivate and activate the node to use it'
)
INACTIVE = Output(status=StreamStatus.IDLE, detail='none is accepted, the node is not active')


class Observer:
    """
    What a ``StreamingNode`` calls; override the methods of interest.

    Called in the control loop, in the order in which observers were added: the publishers first,
    so that a command is on its way before anything else is done with it.
    """

    def on_joint_state(self, reading: JointReading | InvalidMessage) -> None:
        """Receive a joint state of this arm, after it was read and before it is used."""

    def on_target(self, target: Target) -> None:
        """Receive a target of the active node, after it was read and before it is solved."""

    def on_output(self, output: Output, target: Target | None) -> None:
        """
        Receive an output: a command, a refusal or the end of a motion.

        :param target: The target that is answered; None for a command or fault between targets.
        """

    def on_status_change(self, output: Output) -> None:
        """Receive the newest status, when it has changed or a report was requested."""


class StreamingNode:
    """
    The logic of the node ``neural_ik`` and the state that it has between two messages.

    Deterministic in its inputs and its clock; a steady clock is read for statistics only. Joint
    states, descriptions and parameters are used at any time, targets and ticks while it is active.
    """

    def __init__(
        self,
        config: NodeConfig,
        *,
        read_target: Callable[[Any], Target],
        now_ns: Callable[[], int],
        to_base: Callable[[PoseTarget, int], Target] | None = None,
        robot_description: str = '',
    ) -> None:
        """
        Load and verify the configured bundle, or arm; not active yet.

        :param read_target: Converts what ``on_target`` is given, a message or its bytes.
        :param now_ns: The clock of stamps and commands [ns].
        :param to_base: Transforms a target, in a frame that is not fixed to the base of the arm,
            to ``description.base_link`` at a time [ns], or leaves it in its frame.
        :param robot_description: What has been received, for a configuration that takes its arm.
        :raises NeuralIkError: If the bundle, the arm or a parameter cannot be used.
        """
        self.config, self.tracker = config, make_tracker(config, robot_description)
        self._read_target, self._now_ns, self._to_base = read_target, now_ns, to_base
        arm = self.tracker.solver.arm
        self.joint_names = [config.prefix + name for name in arm.joint_names]
        self.description = description_check(arm, config, robot_description)
        self._followed = FollowedPose(self.tracker, config, self.description.frames)
        self._use_frames()
        self.statistics, self.postures = NodeStatistics(), PostureWatch(arm)
        self.is_active = False
        self._joints = JointMerger(self.joint_names)
        # Bound methods, without those that do nothing: they would cost time in the control loop.
        self._joint_state_observers: list[Callable[..., None]] = []
        self._target_observers: list[Callable[..., None]] = []
        self._output_observers: list[Callable[..., None]] = []
        self._status_observers: list[Callable[..., None]] = []
        self._goal_failure = ''

    def add_observer(self, observer: Observer) -> None:
        """Call an observer, after those added before."""
        for callback, default, observers in (
            (observer.on_joint_state, Observer.on_joint_state, self._joint_state_observers),
            (observer.on_target, Observer.on_target, self._target_observers),
            (observer.on_output, Observer.on_output, self._output_observers),
            (observer.on_status_change, Observer.on_status_change, self._status_observers),
        ):
            if getattr(callback, '__func__', None) is not default:
                observers.append(callback)

    def start(self) -> None:
        """Become active without targets, joints, faults or statistics from before."""
        if self.description.arm is not self.tracker.solver.arm:
            self.reconfigure(self.config)
        self._use_frames()
        self._joints.clear()
        self.tracker.restart()
        self._followed.clear()
        self.statistics, self._goal_failure = NodeStatistics(), ''
        self.postures = PostureWatch(self.tracker.solver.arm)
        self.is_active = True

    def stop(self) -> None:
        """End the motion smoothly and ignore targets from now on."""
        self.is_active = False
        command = self.tracker.stop(self._now_ns())
        if command is not None:
            self._emit(Output(status=IkStatus.SOLVED, command=command), None)

    def hold(self) -> None:
        """Stop smoothly and refuse targets until ``resume``."""
        self._report_fault(self.tracker.hold(self._now_ns()))

    def resume(self) -> str:
        """Acknowledge a fault or a stop; return why that is impossible, or nothing."""
        problem = self.tracker.resume()
        if not problem:
            self.statistics.on_output(self.tracker.idle_status(self._now_ns()))
            self.report_status()
        return problem

    def report_inactive(self) -> None:
        """Report to the observers, as the last status, that targets are ignored."""
        for on_status_change in self._status_observers:
            on_status_change(INACTIVE)

    def reconfigure(self, config: NodeConfig) -> None:
        """Use other parameters, and the arm of the description; while ``accepts_parameters``."""
        self.config = config
        self.description.set_tool(config.tool)
        reconfigure(self.tracker, config, self.description.arm)
        self._followed.configure(config)
        self._use_frames()
        self.postures.use_arm(self.tracker.solver.arm)

    @property
    def base_frame(self) -> str:
        """The frame of solutions."""
        return self.frames.base_frame

    @property
    def accepts_parameters(self) -> bool:
        """Whether no motion is under way that other parameters would disturb."""
        return not self.is_active or self.tracker.is_at_rest(self._now_ns())

    @property
    def health(self) -> Health:
        """State of the watchdogs."""
        return self.tracker.health(self._now_ns())

    def on_description(self, urdf: str) -> bool:
        """Check a robot description; return whether it differs from the one before."""
        if not self.description.update(urdf):
            return False
        if self.is_active:
            self._use_description()
        return True

    def _use_description(self) -> None:
        """
        Use the frames of a new description, or end the motion if they are not those of before.

        Another geometry of the arm, and the frames with it, wait for the next ``start``.
        """
        description, now_ns = self.description, self._now_ns()
        problem = description.problem
        if not problem and description.arm is self.tracker.solver.arm:
            if self.tracker.is_at_rest(now_ns) or description.frames.agrees_with(self.frames):
                self._use_frames()
            else:
                problem = OTHER_FRAMES
        if problem:
            self._report_fault(self.tracker.inhibit(problem, now_ns))

    def on_joint_state(self, message: Any) -> None:
        """Use a message with the fields of ``sensor_msgs/JointState``."""
        reading = self._joints.read(message)
        self.statistics.on_joint_state(is_ours=reading is not None)
        if reading is None or isinstance(reading, PartialReading):
            return
        now_ns = self._now_ns()
        for on_joint_state in self._joint_state_observers:
            on_joint_state(reading)
        if isinstance(reading, InvalidMessage):
            self.tracker.supervisor.on_bad_joints(reading.reason)
        else:
            self._report_fault(self.tracker.on_joints(reading.q, now_ns, reading.stamp_ns))

    def on_controller_state(self, speed_scaling: float) -> None:
        """Note that the controller is active, and the factor by which it scales its speed."""
        self.tracker.supervisor.on_controller_state(speed_scaling, self._now_ns())

    def expect_controller_state(self) -> None:
        """Refuse targets while the controller does not publish its state: one has appeared."""
        self.tracker.supervisor.expect_controller_state()

    def on_target(self, message: Any) -> None:
        """Answer a target."""
        if not self.is_active:
            return
        started_ns = perf_counter_ns()
        target, now_ns = self._read_target(message), self._now_ns()
        for on_target in self._target_observers:
            on_target(target)
        output = self._followed.pose_refusal(now_ns) or self._answer(target, now_ns)
        self._followed.on_pose(target, output)
        self._respond(output, target, started_ns)

    def on_twist(self, message: Any) -> None:
        """Follow a velocity: a message with the fields of ``geometry_msgs/TwistStamped``."""
        if not self.is_active:
            return
        started_ns = perf_counter_ns()
        refusal = self._followed.on_twist(message, self._now_ns())
        if refusal is not None:
            self._respond(refusal, InvalidMessage(reason=refusal.reason), started_ns)

    def on_tick(self) -> None:
        """Continue the motion; call it ``rate_hz`` times a second."""
        if not self.is_active:
            return
        self.statistics.on_tick(perf_counter_ns())
        self._jog()
        self._continue_motion()

    def on_report(self) -> None:
        """Report a status that changed without a target or a fault; call it once a second."""
        idle_status = self._completed(self.tracker.idle_status(self._now_ns()))
        if self.statistics.update_idle_status(idle_status):
            self.report_status()

    def on_goal_failed(self, reason: str) -> None:
        """End the motion with the next tick, unless a command replaces the goal that failed."""
        self._goal_failure = reason

    def on_internal_error(self, detail: str) -> None:
        """End the motion after an unexpected error, whose type and message are the detail."""
        if self.is_active:
            self._report_fault(self.tracker.abort(detail, self._now_ns()))

    def report_status(self) -> None:
        """Report the newest status to the observers, changed or not."""
        self.statistics.on_status_reported()
        for on_status_change in self._status_observers:
            on_status_change(self.statistics.newest)

    def _jog(self) -> None:
        """
        Follow the pose that is next on the way of a velocity, or to a far target.

        To the observers that is an output between targets: nobody has sent this one.
        """
        started_ns, now_ns = perf_counter_ns(), self._now_ns()
        target = self._followed.next_target(now_ns)
        if target is None:
            return
        output = self._follow(target, now_ns, max_joint_step=MAX_JOINT_STEP)
        self._followed.on_answer(output, now_ns)
        self._respond(output, None, started_ns)

    def _respond(self, output: Output, target: Target | None, started_ns: int) -> None:
        self._emit(output, target)
        if output.command is None:
            self._continue_motion()  # a refusal may take long, and commands must not be late
        latency_ns, change = perf_counter_ns() - started_ns, ''
        if output.command is not None and output.solution is not None:
            change = self.postures.update(output.solution.q)
        if change:
            output = replace(output, detail=change)
        if self.statistics.on_target(output, latency_ns) or change:
            self.report_status()

    def _answer(self, target: Target, now_ns: int) -> Output:
        if isinstance(target, InvalidMessage):
            return Output(status=IkStatus.BAD_TARGET, detail=target.reason)
        if target.frame_id not in self.frames:
            in_base = target if self._to_base is None else self._to_base(target, now_ns)
            if isinstance(in_base, InvalidMessage):
                return Output(status=StreamStatus.UNKNOWN_FRAME, detail=in_base.reason)
            if in_base.frame_id not in self.frames:
                detail = self.frames.unknown(in_base.frame_id)
                return Output(status=StreamStatus.UNKNOWN_FRAME, detail=detail)
            target = in_base
        return self._follow(self._followed.admitted(target, now_ns), now_ns)

    def _follow(
        self, target: PoseTarget, now_ns: int, *, max_joint_step: float = math.inf
    ) -> Output:
        output = self.tracker.on_target(
            self.frames.tip_pose(target.transform, target.frame_id),
            stamp_ns=target.stamp_ns,
            now_ns=now_ns,
            max_joint_step=max_joint_step,
        )
        return self._completed(output)

    def _use_frames(self) -> None:
        """Answer targets in the frames, and for the tool, of the newest description."""
        self.frames = self.description.frames
        arm = self.tracker.solver.arm
        self._arm_with_tool = arm.with_tool(self.frames.transform_tip_tool)
        self.tracker.generator.tool_limits = tool_limits(arm, self.frames, self.config)
        self._followed.use_frames(self.frames)

    def _completed(self, output: Output) -> Output:
        """Measure a deviation at the tool; name the joints whose age is what is wrong."""
        if output.deviation is not None:
            deviation = replace(output.deviation, arm=self._arm_with_tool)
            return replace(output, deviation=deviation)
        if output.status is StreamStatus.STALE_JOINT_STATE and (awaited := self._joints.awaited):
            return replace(output, detail=f'{output.detail}; {", ".join(awaited)} missing')
        return output

    def _continue_motion(self) -> None:
        now_ns = self._now_ns()
        output = self._failed_goal(now_ns) or self.tracker.on_tick(now_ns)
        if output is None:
            return
        if not output.status.is_solved:
            self._report_fault(output)
            return
        output = self._completed(output)
        self.statistics.on_command(output)
        self._emit(output, None)

    def _report_fault(self, fault: Output | None) -> None:
        """Send the stop that a fault comes with, and report it, if it is one."""
        if fault is None or not self.is_active:
            return
        fault = self._completed(fault)
        self._emit(fault, None)
        self.statistics.on_output(fault)
        self.report_status()

    def _failed_goal(self, now_ns: int) -> Output | None:
        """Return the failure of the newest goal, once; the arm is not where it was sent."""
        detail, self._goal_failure = self._goal_failure, ''
        if not detail:
            return None
        self.tracker.stop(now_ns)
        return Output(status=StreamStatus.GOAL_FAILED, detail=detail)

    def _emit(self, output: Output, target: Target | None) -> None:
        if output.command is not None:
            self._goal_failure = ''  # of a goal that this command replaces
        for on_output in self._output_observers:
            on_output(output, target)
