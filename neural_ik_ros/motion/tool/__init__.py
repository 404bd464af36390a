# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The tool of a moving arm: how fast, where, and from a velocity to poses."""
