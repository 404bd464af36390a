# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``neural_ik``: target poses and joint states in, judged joint trajectories out."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from ...errors import NeuralIkError
from ...interface.description_check import DescriptionCheck
from ...interface.factory import make_tracker, reconfigure
from ...interface.messages import InvalidMessage, JointReader, PoseTarget
from ...interface.node_config import ACTION, NodeConfig
from ...interface.realtime import apply_realtime, cpus_from_text
from ...interface.throttle import Throttle
from ...motion import Health, Output, StreamStatus
from ...solver import IkStatus
from ..moveit.service import IkService
from ..runtime import qos
from ..runtime.clock import now_ns
from ..runtime.frames import Frames
from ..runtime.parameters import declare
from ..runtime.process import freeze_heap
from .diagnostics import Statistics, status_message
from .publishers import Publishers
from .subscriptions import Subscriptions
from .wire import target_from_wire

REPORT_PERIOD_S = 1.0
NOT_ACTIVE = 'the node is not active'
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class NeuralIkNode(LifecycleNode):
    """
    Translates messages; every decision is made by ``PoseTracker``.

    Configure loads and verifies the bundle, activate starts answering targets from the measured
    joints, deactivate ends the motion smoothly.
    """

    def __init__(self) -> None:
        super().__init__('neural_ik')
        self._name, self._clock = self.get_fully_qualified_name(), self.get_clock()
        self._is_active = self._is_configured = False
        self._statistics = Statistics()
        self._entities: list[Any] = []  # what configure made
        self._throttle = Throttle(self.get_logger())
        self._config = declare(self, NodeConfig, on_change=self._on_change, validate=self._veto)
        apply_realtime(self._config.realtime_priority, cpus_from_text(self._config.cpu_affinity))
        self._must_start = self._config.autostart
        if self._must_start and self.trigger_configure() is SUCCESS:
            self._start()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and verify everything; stay unconfigured, with the reason in the log, if not."""
        try:
            self._tracker = make_tracker(self._config)
            self._make_outputs()
            self._make_inputs()
        except (NeuralIkError, OSError, RuntimeError, ValueError) as error:
            # rclpy would swallow what escapes; QoS overrides raise the last two.
            self._destroy_entities()
            self.get_logger().error(f'not configured: {error}')
            return FAILURE
        freeze_heap()
        self._is_configured = True
        solver = self._tracker.solver
        self.get_logger().info(f'ready for {solver.arm.name}, seeds from {solver.predictor.name}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer targets from now on; nothing is published before one arrives."""
        if self._geometry.problem:
            self.get_logger().error(f'not activated: {self._geometry.problem}')
            return FAILURE
        super().on_activate(state)
        self._must_start = False
        if self._geometry.arm is not self._tracker.solver.arm:
            reconfigure(self._tracker, self._config, self._geometry.arm)
        self._tracker.restart()
        self._statistics = Statistics()
        self._is_active = True
        self._publish_status()
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the motion smoothly and answer no more."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget what configure loaded."""
        self._destroy_entities()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the motion smoothly, whatever state the node is in."""
        self._say_last_words()
        self._destroy_entities()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured with nothing left over."""
        self._is_active = False
        self._destroy_entities()
        return super().on_error(state)

    def before_exit(self) -> None:
        """End the motion smoothly when the process is told to stop."""
        self._say_last_words()

    def destroy_node(self) -> None:
        """End the thread of the service, too."""
        self._destroy_entities()
        super().destroy_node()

    def _start(self) -> None:
        """Activate, or wait for the robot description that is to be used."""
        if not self._geometry.is_waiting:
            self._must_start = False
            self.trigger_activate()

    def _make_outputs(self) -> None:
        config, arm = self._config, self._tracker.solver.arm
        self._geometry = DescriptionCheck(
            arm,
            mode=config.robot_description_mode,
            tolerance=config.geometry_tolerance_m,
            prefix=config.prefix,
        )
        joint_names = [config.prefix + name for name in arm.joint_names]
        self._joints = JointReader(joint_names)
        goal_news = self._publish_status if config.output_mode == ACTION else None
        self._outputs = Publishers(self, joint_names, self._tracker.config.base_frame, goal_news)
        self._entities.append(self._outputs)

    def _make_inputs(self) -> None:
        base_frame, uses_tf = self._tracker.config.base_frame, self._config.use_tf
        self._frames = Frames(self, base_frame, uses_tf=uses_tf)
        self._entities.append(self._frames)
        subscriptions = (
            (PoseStamped, '~/target_pose', self._on_target, qos.POSE_IN, True),
            (JointState, 'joint_states', self._on_joints, qos.JOINT_STATES_IN, False),
            (String, 'robot_description', self._on_description, qos.ROBOT_DESCRIPTION, False),
        )
        timers = ((1.0 / self._config.rate_hz, self._on_tick), (REPORT_PERIOD_S, self._on_report))
        self._inputs = Subscriptions(self, subscriptions, timers)
        self._entities.append(self._inputs)  # before the service, which may not come about
        self._service = IkService(self, self._config, self._geometry, self._frames)
        self._entities.append(self._service)

    def _destroy_entities(self) -> None:
        for entity in reversed(self._entities):
            entity.destroy()
        self._entities, self._is_configured = [], False

    def _veto(self, _config: NodeConfig) -> str:
        """Return why parameters cannot change now, or nothing."""
        is_free = not self._is_active or self._tracker.is_at_rest(self._now_ns())
        return '' if is_free else 'the arm moves; set parameters while it is at rest'

    def _on_change(self, config: NodeConfig) -> None:
        self._config = config
        if self._is_configured:
            reconfigure(self._tracker, config, self._geometry.arm)
            self._service.use(config, self._geometry)

    def _on_description(self, message: String) -> None:
        if not self._geometry.take(message.data):
            return
        self._service.use(self._config, self._geometry)
        if self._geometry.problem and self._is_active:
            self._tracker.inhibit(self._geometry.problem, self._now_ns())
        elif self._geometry.problem:
            self._throttle.warn('robot_description', self._geometry.problem)
        elif self._must_start:
            self._start()

    def _on_joints(self, message: JointState) -> None:
        reading = self._joints.read(message)
        self._statistics.note_joints(is_ours=reading is not None)
        if isinstance(reading, InvalidMessage):
            self._tracker.on_bad_joints(reading.reason)
            self._throttle.warn('joint_states', f'joint state not used: {reading.reason}')
        elif reading is not None:
            self._tracker.on_joints(reading.q, self._now_ns())

    def _on_target(self, content: bytes) -> None:
        if not self._is_active:
            return
        started_ns = perf_counter_ns()
        given = target_from_wire(content)
        output = self._answer(given, self._now_ns())
        if isinstance(given, PoseTarget) and output.command and output.solution:
            self._outputs.command(output.command)
            self._outputs.solution(output.solution, given.stamp_ns)
        else:
            self._throttle.warn(output.status.name, f'target refused: {output.reason}')
            self._go_on()  # a refusal may take long, and a motion on its way must not starve
        if self._statistics.count(output, perf_counter_ns() - started_ns):
            self._publish_status()

    def _answer(self, given: PoseTarget | InvalidMessage, now_ns: int) -> Output:
        if isinstance(given, InvalidMessage):
            return Output(status=IkStatus.BAD_TARGET, detail=given.reason)
        timeout_s = self._config.target_timeout_s
        target = self._frames.to_base(given, now_ns=now_ns, timeout_s=timeout_s)
        if isinstance(target, InvalidMessage):
            return Output(status=StreamStatus.UNKNOWN_FRAME, detail=target.reason)
        return self._tracker.on_target(
            target.transform, frame=target.frame_id, stamp_ns=target.stamp_ns, now_ns=now_ns
        )

    def _on_tick(self) -> None:
        if not self._is_active:
            return
        self._statistics.tick(perf_counter_ns())
        self._go_on()

    def _go_on(self) -> None:
        """Do what is due, target or not."""
        output = self._failure() or self._tracker.on_tick(self._now_ns())
        if output is None:
            return
        self._statistics.note_command(output)
        if output.command is not None:
            self._outputs.command(output.command)
        if not output.status.is_solved:
            self._throttle.warn(output.status.name, f'motion ended: {output.reason}')
            self._statistics.note(output)
            self._publish_status()

    def _failure(self) -> Output | None:
        """Return what became of a goal that failed: the arm is not where it was sent."""
        detail = self._outputs.take_failure()
        if not detail:
            return None
        self._tracker.stop(self._now_ns())
        return Output(status=StreamStatus.GOAL_FAILED, detail=detail)

    def _on_report(self) -> None:
        if not self._is_active:
            return
        if self._statistics.is_news(self._tracker.idle_status(self._now_ns())):
            self._publish_status()
        if self._statistics.is_blind():
            self.get_logger().warning(self._statistics.blindness(self._inputs.values()))
        self._report(self._tracker.health(self._now_ns()))

    def _report(self, health: Health) -> None:
        others = self._service.values() | self._outputs.values() | self._inputs.values()
        self._outputs.report(self._statistics.report(self._name, health, others))

    def _publish_status(self) -> None:
        self._outputs.status(self._statistics.status(self._name, self._outputs.values()))

    def _now_ns(self) -> int:
        return now_ns(self._clock)

    def _say_last_words(self) -> None:
        if self._is_active:
            self._stop()
            self._outputs.wait_until_heard()

    def _stop(self) -> None:
        if not self._is_active:
            return
        self._is_active = False
        health = self._tracker.health(self._now_ns())
        command = self._tracker.stop(self._now_ns())
        if command is not None:
            self._outputs.command(command)
        self._report(health)
        self._outputs.status(status_message(self._name, StreamStatus.IDLE, NOT_ACTIVE))
