# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The interfaces of control_msgs, or None: it has no wheels, and MoveIt setups may lack it."""

from __future__ import annotations

try:
    from control_msgs.action import FollowJointTrajectory
    from control_msgs.msg import JointTrajectoryControllerState
except ImportError:
    FollowJointTrajectory = JointTrajectoryControllerState = None

__all__ = ['FollowJointTrajectory', 'JointTrajectoryControllerState']
