# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``neural_ik``: target poses and joint states in, judged joint trajectories out."""

from __future__ import annotations

from time import perf_counter_ns, sleep
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ..errors import NeuralIkError
from ..motion import Command, Output, StreamStatus
from ..solver import IkStatus
from . import qos
from .assembly import NodeConfig, make_tracker
from .diagnostics import Statistics, status_message
from .messages import (
    JointReader,
    Unusable,
    fill_trajectory,
    make_trajectory,
    target_from_pose,
)
from .parameters import declare
from .process import freeze_heap

DIAGNOSTICS_PERIOD_S = 1.0
LOG_PERIOD_NS = 1_000_000_000  # for each reason
MAX_TOPICS = 64  # reasons remembered for that
LAST_WORDS_NS = 500_000_000  # the longest wait for reliable subscribers at the end
BEST_EFFORT_S = 0.02  # for the others, which do not acknowledge
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class NeuralIkNode(LifecycleNode):
    """
    Translates messages; every decision is made by ``PoseTracker``.

    Configure loads and verifies the bundle, activate starts answering targets from the measured
    joints, deactivate ends the motion smoothly.
    """

    def __init__(self) -> None:
        super().__init__('neural_ik')
        self._config = declare(self, NodeConfig)
        self._clock = self.get_clock()
        self._is_active = False
        self._statistics = Statistics()
        self._entities: list[tuple[Any, Any]] = []
        self._warned_ns: dict[str, int] = {}
        if self._config.autostart and self.trigger_configure() is SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and verify everything; stay unconfigured, with the reason in the log, if not."""
        try:
            self._tracker = make_tracker(self._config)
            self._make_publishers()
            self._make_inputs()
        except (NeuralIkError, OSError, RuntimeError, ValueError) as error:
            # rclpy would swallow what escapes; QoS overrides raise the last two.
            self._destroy_entities()
            self.get_logger().error(f'not configured: {error}')
            return FAILURE
        freeze_heap()
        solver = self._tracker.solver
        self.get_logger().info(f'ready for {solver.arm.name}, seeds from {solver.predictor.name}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer targets from now on; nothing is published before one arrives."""
        super().on_activate(state)
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

    def _make_publishers(self) -> None:
        config, arm = self._config, self._tracker.solver.arm
        joint_names = [config.prefix + name for name in arm.joint_names]
        self._joints = JointReader(joint_names)
        self._trajectory = make_trajectory(joint_names)
        self._solution = JointState(name=joint_names)
        self._solution.header.frame_id = self._tracker.config.base_frame
        self._trajectories = self._make_publisher(
            JointTrajectory,
            'joint_trajectory_controller/joint_trajectory',
            qos.TRAJECTORY_OUT,
            qos_overriding_options=qos.overridable(),
        )
        self._solutions = self._make_publisher(JointState, '~/solution', qos.SOLUTION_OUT)
        self._statuses = self._make_publisher(DiagnosticStatus, '~/status', qos.STATUS_OUT)
        self._diagnostics = self._make_publisher(
            DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT
        )

    def _make_inputs(self) -> None:
        inputs = (
            (PoseStamped, '~/target_pose', self._on_target, qos.POSE_IN),
            (JointState, 'joint_states', self._on_joints, qos.JOINT_STATES_IN),
        )
        for kind, topic, callback, profile in inputs:
            subscription = self.create_subscription(
                kind, topic, callback, profile, qos_overriding_options=qos.overridable()
            )
            self._entities.append((self.destroy_subscription, subscription))
        # A steady clock: simulated time may stand still, and the motion must end all the same.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        for period_s, on_time in (
            (1.0 / self._config.rate_hz, self._on_tick),
            (DIAGNOSTICS_PERIOD_S, self._on_report),
        ):
            timer = self.create_timer(period_s, on_time, clock=steady)
            self._entities.append((self.destroy_timer, timer))

    def _make_publisher(self, kind: type, topic: str, profile: QoSProfile, **options: Any) -> Any:
        publisher = self.create_lifecycle_publisher(kind, topic, profile, **options)
        self._entities.append((self.destroy_lifecycle_publisher, publisher))
        return publisher

    def _destroy_entities(self) -> None:
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities = []

    def _on_joints(self, message: JointState) -> None:
        reading = self._joints.read(message)
        if isinstance(reading, Unusable):
            self._tracker.on_bad_joints(reading.reason)
            self._warn(reading.reason, f'joint state not used: {reading.reason}')
        elif reading is not None:
            self._tracker.on_joints(reading.q, self._clock.now().nanoseconds)

    def _on_target(self, message: PoseStamped) -> None:
        if not self._is_active:
            return
        started_ns = perf_counter_ns()
        target = target_from_pose(message)
        now_ns = self._clock.now().nanoseconds
        if isinstance(target, Unusable):
            output = Output(status=IkStatus.BAD_TARGET, detail=target.reason)
        else:
            output = self._tracker.on_target(
                target.transform, frame=target.frame_id, stamp_ns=target.stamp_ns, now_ns=now_ns
            )
        if output.command is not None:
            self._publish_command(output.command)
            self._publish_solution(output, message)
        else:
            self._warn(output.status.name, f'target refused: {output.reason}')
            self._on_tick()  # a refusal may take long, and a motion on its way must not starve
        if self._statistics.count(output, perf_counter_ns() - started_ns):
            self._publish_status()

    def _on_tick(self) -> None:
        if not self._is_active:
            return
        output = self._tracker.on_tick(self._clock.now().nanoseconds)
        if output is None:
            return
        if output.command is not None:
            self._publish_command(output.command)
        if not output.status.is_solved:
            self._warn(output.status.name, f'motion ended: {output.reason}')
            self._statistics.note(output)
            self._publish_status()

    def _on_report(self) -> None:
        if not self._is_active:
            return
        if self._statistics.is_news():
            self._publish_status()
        message = DiagnosticArray(
            status=[self._statistics.report(self.get_fully_qualified_name())]
        )
        message.header.stamp = self._clock.now().to_msg()
        self._diagnostics.publish(message)

    def _publish_command(self, command: Command) -> None:
        fill_trajectory(self._trajectory, command.q, command.interval_ns)
        self._trajectories.publish(self._trajectory)

    def _publish_solution(self, output: Output, target: PoseStamped) -> None:
        if output.solution is None:
            return
        self._solution.header.stamp = target.header.stamp
        self._solution.position = output.solution.q.tolist()
        self._solutions.publish(self._solution)

    def _publish_status(self) -> None:
        self._statuses.publish(self._statistics.status(self.get_fully_qualified_name()))

    def _say_last_words(self) -> None:
        """Stop, and keep the publishers until others have heard it: it goes with its sender."""
        if self._is_active:
            self._stop()
            self._trajectories.wait_for_all_acked(Duration(nanoseconds=LAST_WORDS_NS))
            sleep(BEST_EFFORT_S)

    def _stop(self) -> None:
        if not self._is_active:
            return
        self._on_report()
        self._is_active = False
        command = self._tracker.stop()
        if command is not None:
            self._publish_command(command)
        self._statuses.publish(
            status_message(
                self.get_fully_qualified_name(), StreamStatus.IDLE, 'the node is not active'
            )
        )

    def _warn(self, topic: str, text: str) -> None:
        """Log once a second for each topic."""
        now_ns = perf_counter_ns()
        if now_ns - self._warned_ns.get(topic, -LOG_PERIOD_NS) >= LOG_PERIOD_NS:
            if len(self._warned_ns) >= MAX_TOPICS:
                self._warned_ns.clear()
            self._warned_ns[topic] = now_ns
            self.get_logger().warning(text)
