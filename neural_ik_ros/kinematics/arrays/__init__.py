# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refinement and predicted accuracy for arrays of joints, outside the control loop."""
