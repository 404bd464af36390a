# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples: how they are drawn, split, stored and imported."""
