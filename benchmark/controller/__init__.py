# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the arm gets: the motion that a trajectory controller makes of the node's commands."""
