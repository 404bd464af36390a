# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The service that MoveIt and others ask for joint angles: moveit_msgs/srv/GetPositionIK."""
