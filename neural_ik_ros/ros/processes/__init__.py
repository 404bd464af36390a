# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes as processes of their own: the demo, live replay."""
