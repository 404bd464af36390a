# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Test paths, a simulated controller, and the report of the demo."""
