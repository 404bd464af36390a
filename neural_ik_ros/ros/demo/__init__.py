# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The demo: the node, a simulated arm and a target source as processes, recorded and judged."""
