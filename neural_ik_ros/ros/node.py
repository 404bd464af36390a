# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``neural_ik``: target poses and joint states in, judged joint trajectories out."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ..errors import NeuralIkError
from ..motion import Command, Output, PoseTracker, StreamStatus
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
            tracker = make_tracker(self._config)
        except NeuralIkError as error:
            self.get_logger().error(f'not configured: {error}')
            return FAILURE
        self._make_entities(tracker)
        freeze_heap()
        self.get_logger().info(
            f'ready for {tracker.solver.arm.name} with seeds from {tracker.solver.predictor.name}'
        )
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
        self._stop()
        self._destroy_entities()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured with nothing left over."""
        self._is_active = False
        self._destroy_entities()
        return super().on_error(state)

    def before_exit(self) -> None:
        """End the motion smoothly when the process is told to stop."""
        self._stop()

    def _make_entities(self, tracker: PoseTracker) -> None:
        config, options = self._config, {'qos_overriding_options': qos.overridable()}
        joint_names = [config.prefix + name for name in tracker.solver.arm.joint_names]
        self._tracker = tracker
        self._joints = JointReader(joint_names)
        self._trajectory = make_trajectory(joint_names)
        self._solution = JointState(name=joint_names)
        self._solution.header.frame_id = tracker.config.base_frame
        self._trajectories = self.create_lifecycle_publisher(
            JointTrajectory,
            'joint_trajectory_controller/joint_trajectory',
            qos.TRAJECTORY_OUT,
            **options,
        )
        self._solutions = self.create_lifecycle_publisher(JointState, '~/solution', qos.POSE_OUT)
        self._statuses = self.create_lifecycle_publisher(
            DiagnosticStatus, '~/status', qos.STATUS_OUT
        )
        self._diagnostics = self.create_lifecycle_publisher(
            DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT
        )
        targets = self.create_subscription(
            PoseStamped, '~/target_pose', self._on_target, qos.POSE_IN, **options
        )
        joints = self.create_subscription(
            JointState, 'joint_states', self._on_joints, qos.JOINT_STATES_IN, **options
        )
        stream = self.create_timer(1.0 / config.rate_hz, self._on_tick)
        report = self.create_timer(DIAGNOSTICS_PERIOD_S, self._on_report)
        self._entities = [
            *((self.destroy_timer, timer) for timer in (stream, report)),
            *((self.destroy_subscription, subscription) for subscription in (targets, joints)),
            *(
                (self.destroy_publisher, publisher)
                for publisher in (
                    self._trajectories,
                    self._solutions,
                    self._statuses,
                    self._diagnostics,
                )
            ),
        ]

    def _destroy_entities(self) -> None:
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities = []

    def _on_joints(self, message: JointState) -> None:
        reading = self._joints.read(message)
        if isinstance(reading, Unusable):
            self._tracker.on_bad_joints(reading.reason)
            self._warn('joint state', f'joint state not used: {reading.reason}')
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
        if self._statistics.count(output, perf_counter_ns() - started_ns):
            self._publish_status()

    def _on_tick(self) -> None:
        if not self._is_active:
            return
        output = self._tracker.on_tick(self._clock.now().nanoseconds)
        if output is not None and output.command is not None:
            self._publish_command(output.command)

    def _on_report(self) -> None:
        if not self._is_active:
            return
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
        now_ns = perf_counter_ns()
        if now_ns - self._warned_ns.get(topic, -LOG_PERIOD_NS) >= LOG_PERIOD_NS:
            self._warned_ns[topic] = now_ns
            self.get_logger().warning(text)
