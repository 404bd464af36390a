# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS interface without ROS: messages, CDR, parameters and the rules of the controller."""
