# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everything the node publishes."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from time import sleep
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ...interface.messages import fill_time, fill_trajectory, make_trajectory
from ...motion import STOP_POINTS, Command
from ...solver import IkSolution
from ..runtime import qos
from .goals import Goals
from .serialisation import TrajectorySerialiser

GOALS = 'joint_trajectory_controller/follow_joint_trajectory'
LAST_WORDS_NS = 500_000_000  # the longest wait for reliable subscribers at the end
BEST_EFFORT_S = 0.02  # for the others, which do not acknowledge


class Publishers:
    """Publishers that are silent while the node is not active, and the messages they reuse."""

    def __init__(
        self,
        node: LifecycleNode,
        joint_names: list[str],
        base_frame: str,
        goal_news: Callable[[], None] | None,
    ) -> None:
        """
        Make the publishers.

        :param goal_news: Send commands as goals instead, and call this when one has got on.
        :raises MissingControlMsgsError: If that is not possible.
        """
        self._goals = Goals(node, GOALS, goal_news) if goal_news is not None else None
        self._node = node
        self._publishers: list[Any] = []
        self._trajectory = make_trajectory(joint_names)
        self._serialiser = TrajectorySerialiser(joint_names, STOP_POINTS)
        self._solution = JointState(name=joint_names)
        self._solution.header.frame_id = base_frame
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

    def command(self, command: Command) -> None:
        """Publish joints to be reached, or send them as a goal."""
        if self._goals is None and (content := self._serialiser.serialise(command)) is not None:
            self._trajectories.publish(content)
            return
        fill_trajectory(self._trajectory, command.q, command.interval_ns, command.tail)
        if self._goals is not None:
            self._goals.send(self._trajectory)
        else:
            self._trajectories.publish(self._trajectory)

    def take_failure(self) -> str:
        """Return why the newest goal failed, once, or nothing."""
        return '' if self._goals is None else self._goals.take_failure()

    def values(self) -> dict[str, str]:
        """Return what is known of the newest goal, as values of diagnostics."""
        return {} if self._goals is None else self._goals.values()

    def solution(self, solution: IkSolution, stamp_ns: int) -> None:
        """Publish the exact solution of a target, with the target's stamp."""
        fill_time(self._solution.header.stamp, stamp_ns)
        self._solution.position = array('d', solution.q.tolist())
        self._solutions.publish(self._solution)

    def status(self, status: DiagnosticStatus) -> None:
        """Publish a status."""
        self._statuses.publish(status)

    def report(self, status: DiagnosticStatus) -> None:
        """Publish a status with its figures to ``/diagnostics``."""
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def wait_until_heard(self) -> None:
        """Keep the publishers until others have heard the last words: these go with them."""
        self._trajectories.wait_for_all_acked(Duration(nanoseconds=LAST_WORDS_NS))
        sleep(BEST_EFFORT_S)
