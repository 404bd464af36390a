# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Node ``baseline_relay``: answers each pose with an empty trajectory.

Its latency is what ROS itself costs on this machine, to compare that of ``neural_ik`` with.
"""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from ..runtime import qos


class BaselineRelay(Node):
    """Publishes a trajectory with the header of each pose, and nothing in it."""

    def __init__(self) -> None:
        super().__init__('baseline_relay')
        self._trajectory = JointTrajectory()
        self._trajectories = self.create_publisher(
            JointTrajectory, 'baseline_relay/joint_trajectory', qos.TRAJECTORY_OUT
        )
        self.create_subscription(PoseStamped, '~/target_pose', self._on_target, qos.POSE_IN)

    def _on_target(self, message: PoseStamped) -> None:
        self._trajectory.header = message.header
        self._trajectories.publish(self._trajectory)
