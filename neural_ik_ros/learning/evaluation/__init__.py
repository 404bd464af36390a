# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation: networks compared with baselines, before and after refinement."""
