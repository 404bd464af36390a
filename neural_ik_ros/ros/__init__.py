# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS shell: messages in and out, parameters, nodes; the logic is in the layers below."""
