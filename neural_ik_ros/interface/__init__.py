# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What crosses the border to ROS, in plain types: messages, parameters, rules."""
