# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion of the joints, from state to state, and to rest."""
