# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The branches of the inverse kinematics of arms with a spherical wrist, in closed form."""
