# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``relay``: a pose in, an empty trajectory out; what ROS itself costs on this machine."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from ..runtime import qos


class Relay(Node):
    """Does nothing but answer with the stamp of the question."""

    def __init__(self) -> None:
        super().__init__('relay')
        self._answer = JointTrajectory()
        self._answers = self.create_publisher(
            JointTrajectory, 'relay/joint_trajectory', qos.TRAJECTORY_OUT
        )
        self.create_subscription(PoseStamped, '~/target_pose', self._on_target, qos.POSE_IN)

    def _on_target(self, message: PoseStamped) -> None:
        self._answer.header = message.header
        self._answers.publish(self._answer)
