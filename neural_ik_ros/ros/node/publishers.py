# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The topics and goals that the node sends."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from time import sleep
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ...interface.messages import PoseTarget, fill_time, fill_trajectory, make_trajectory
from ...interface.node_statistics import accuracy_values
from ...interface.streaming_node import Observer, StreamingNode, Target
from ...motion import MAX_STREAM_POINTS, Command, Output
from ..runtime import qos
from .action_goals import Goals
from .diagnostics import status_message
from .serialisation import TrajectorySerialiser

GOALS = 'joint_trajectory_controller/follow_joint_trajectory'
ACK_TIMEOUT_NS = 500_000_000  # for reliable subscribers
BEST_EFFORT_S = 0.02  # for the others, which do not acknowledge


class Publishers(Observer):
    """The topics of the node, silent while it is not active, and the messages they reuse."""

    def __init__(
        self, node: LifecycleNode, streaming: StreamingNode, *, sends_goals: bool
    ) -> None:
        """
        Make the publishers.

        :param sends_goals: Send commands as goals of an action instead of messages.
        :raises MissingLibraryError: If that is not possible.
        """
        self._goals: Goals | None = None
        if sends_goals:
            self._goals = Goals(
                node,
                GOALS,
                on_update=streaming.report_status,
                on_failure=streaming.on_goal_failed,
            )
        self._node, self._name = node, node.get_fully_qualified_name()
        self._publishers: list[Any] = []
        joint_names = streaming.joint_names
        self._trajectory = make_trajectory(joint_names)
        self._serialiser = TrajectorySerialiser(joint_names, MAX_STREAM_POINTS)
        self._solution = JointState(name=joint_names)
        self._solution.header.frame_id = streaming.base_frame
        self._trajectories = self._make(
            JointTrajectory,
            'joint_trajectory_controller/joint_trajectory',
            qos.TRAJECTORY_OUT,
            qos_overriding_options=qos.overridable(),
        )
        self._solutions = self._make(JointState, '~/solution', qos.SOLUTION_OUT)
        self._statuses = self._make(DiagnosticStatus, '~/status', qos.STATUS_OUT)
        self._diagnostics = self._make(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT)

    def _make(self, kind: type, topic: str, profile: QoSProfile, **options: Any) -> Any:
        publisher = self._node.create_lifecycle_publisher(kind, topic, profile, **options)
        self._publishers.append(publisher)
        return publisher

    def destroy(self) -> None:
        """Remove the topics."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []
        if self._goals is not None:
            self._goals.destroy()

    def set_frame(self, frame: str) -> None:
        """Name the frame of the solutions."""
        self._solution.header.frame_id = frame

    def on_output(self, output: Output, target: Target | None) -> None:
        """Publish the command and, with the stamp of its target, the exact solution."""
        if output.command is None:
            return
        self._publish_command(output.command)
        if output.solution is not None and isinstance(target, PoseTarget):
            fill_time(self._solution.header.stamp, target.stamp_ns)
            self._solution.position = array('d', output.solution.q.tolist())
            self._solutions.publish(self._solution)

    def on_status_change(self, output: Output) -> None:
        """Publish the status, with the state of the newest goal and the expected accuracy."""
        values = self.diagnostic_values() | accuracy_values(output.solution)
        self._statuses.publish(status_message(self._name, output.status, output.reason, values))

    def publish_report(self, newest: Output, values: Mapping[str, str]) -> None:
        """Publish the newest status to ``/diagnostics``, with values."""
        status = status_message(self._name, newest.status, newest.reason, values)
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def diagnostic_values(self) -> dict[str, str]:
        """Return the state of the newest goal as values of diagnostics."""
        return {} if self._goals is None else self._goals.diagnostic_values()

    def watch_goals(self) -> None:
        """Notice a controller that has died with a goal under way; call it now and then."""
        if self._goals is not None:
            self._goals.watch()

    def wait_for_acknowledgement(self) -> None:
        """
        Wait until reliable subscribers have acknowledged the last command.

        Destroying the publisher would drop it.
        """
        self._trajectories.wait_for_all_acked(Duration(nanoseconds=ACK_TIMEOUT_NS))
        sleep(BEST_EFFORT_S)

    def _publish_command(self, command: Command) -> None:
        if self._goals is None and (content := self._serialiser.serialise(command)) is not None:
            self._trajectories.publish(content)
            return
        fill_trajectory(self._trajectory, command)
        if self._goals is not None:
            self._goals.send(self._trajectory)
        else:
            self._trajectories.publish(self._trajectory)
