# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Service moveit_msgs/srv/GetPositionIK, for MoveIt and other clients."""
