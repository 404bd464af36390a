# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded targets once more, offline: the node's logic on the clock of a bag, without ROS."""
