# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the browser view knows of a running node ``neural_ik``, and what it sends to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import GetParameters
from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from ...errors import ProcessError
from ...interface.joint_merger import JointMerger
from ...interface.messages import (
    JointReader,
    JointReading,
    PoseTarget,
    pose_from_transform,
    target_from_pose,
)
from ...kinematics import Joints, Transform, arm_from_urdf
from ...kinematics.urdf.target_frames import (
    FrameSettings,
    TargetFrames,
    fixed_links,
    target_frames,
)
from ...urdf_file import read_urdf, shipped_urdf
from ..runtime import qos, transport

ANSWER_TIMEOUT_S = 10.0  # of the node, asked for its parameters
DESCRIPTION_TIMEOUT_S = 3.0  # after which the shipped arm is drawn
PARAMETERS = ('base_frame', 'tool_frame', 'tool', 'prefix')


class NodeWatcher(Node):
    """The newest of what a node has received and said; publishes targets when it is told to."""

    def __init__(self, context: Context, node_name: str) -> None:
        """
        Look for robot_description and the node's parameters.

        :param node_name: With its namespace, if it has one: ``left/neural_ik``.
        """
        namespace, _, name = node_name.strip('/').rpartition('/')
        super().__init__('neural_ik_view', namespace=namespace, context=context)
        self.node_name = name
        self.description = ''
        self.q_measured: Joints | None = None
        self.q_solution: Joints | None = None
        self.transform_base_target: Transform | None = None  # of the tool, in the node's frame
        self.status = DiagnosticStatus(message='no status yet')
        self._parameters = self.create_client(GetParameters, f'{name}/get_parameters')
        self.create_subscription(
            String, 'robot_description', self._on_description, qos.ROBOT_DESCRIPTION
        )
        self._targets = self.create_publisher(PoseStamped, f'{name}/target_pose', qos.POSE_OUT)

    def _on_description(self, message: String) -> None:
        self.description = message.data

    def attach(self, executor: Executor) -> None:
        """
        Wait for the node, then subscribe to what it says.

        :raises ProcessError: If the node does not answer.
        :raises UrdfError: If robot_description has no such arm.
        :raises ConfigError: If it has no such frames.
        """
        values = self._node_parameters(executor)
        deadline = time.monotonic() + DESCRIPTION_TIMEOUT_S
        while not self.description and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        self.description = self.description or read_urdf(shipped_urdf())
        self.arm = arm_from_urdf(self.description, prefix=values['prefix'])
        base, tip = self.arm.base_frame, self.arm.tool_frame
        links = fixed_links(self.description, base_link=base, tip_link=tip)
        self.frames: TargetFrames = target_frames(
            FrameSettings(**values), links, base_link=base, tip_link=tip, urdf=self.description
        )
        self._merger = JointMerger(self.arm.joint_names)
        self._reader = JointReader(self.arm.joint_names)
        name = self.node_name
        subscriptions = (
            (JointState, 'joint_states', self._on_joints, qos.JOINT_STATES_IN),
            (JointState, f'{name}/solution', self._on_solution, qos.SOLUTION_OUT),
            (PoseStamped, f'{name}/target_pose', self._on_target, qos.POSE_IN),
            (DiagnosticStatus, f'{name}/status', self._on_status, qos.STATUS_OUT),
        )
        for kind, topic, callback, profile in subscriptions:
            self.create_subscription(kind, topic, callback, profile)

    def _node_parameters(self, executor: Executor) -> dict[str, Any]:
        """Return the parameters that say what targets are poses of."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not self._parameters.service_is_ready():
            if time.monotonic() > deadline:
                raise self._unanswered()
            executor.spin_once(timeout_sec=0.1)
        reply = self._parameters.call_async(GetParameters.Request(names=list(PARAMETERS)))
        executor.spin_until_future_complete(reply, timeout_sec=ANSWER_TIMEOUT_S)
        if not reply.done() or len(reply.result().values) != len(PARAMETERS):
            raise self._unanswered()
        values = map(parameter_value_to_python, reply.result().values)
        named = dict(zip(PARAMETERS, values, strict=True))
        return named | {'tool': tuple(named['tool'])}

    def _unanswered(self) -> ProcessError:
        problem = f'does not answer within {ANSWER_TIMEOUT_S:g} s'
        remedy = 'start it, give its name with --node and use the same ROS_DOMAIN_ID'
        return ProcessError(f'node {self.node_name}', problem, remedy)

    def _on_joints(self, message: JointState) -> None:
        reading = self._merger.read(message)
        if isinstance(reading, JointReading):
            self.q_measured = reading.q

    def _on_solution(self, message: JointState) -> None:
        reading = self._reader.read(message)
        if isinstance(reading, JointReading):
            self.q_solution = reading.q

    def _on_target(self, message: PoseStamped) -> None:
        target = target_from_pose(message)
        if isinstance(target, PoseTarget) and target.frame_id in self.frames:
            self.transform_base_target = self.frames.in_base(target.transform, target.frame_id)

    def _on_status(self, message: DiagnosticStatus) -> None:
        self.status = message

    def send_target(self, transform_base_tool: Transform) -> None:
        """Publish a pose of the tool (4, 4) [m] in the base of the arm as the target."""
        message = PoseStamped(pose=pose_from_transform(transform_base_tool))
        message.header.frame_id = self.arm.base_frame
        message.header.stamp = self.get_clock().now().to_msg()
        self._targets.publish(message)


@contextlib.contextmanager
def watching(node_name: str) -> Iterator[tuple[NodeWatcher, Executor]]:
    """
    Provide a watcher that has found its node, and the executor to spin it with.

    :raises ProcessError: If the node does not answer.
    """
    context = Context()
    transport.init(args=[], context=context)
    executor = SingleThreadedExecutor(context=context)
    watcher = NodeWatcher(context, node_name)
    executor.add_node(watcher)
    try:
        watcher.attach(executor)
        yield watcher, executor
    finally:
        executor.shutdown()
        watcher.destroy_node()
        rclpy.shutdown(context=context)
