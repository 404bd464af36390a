# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Comparison of the solver with its peers: problems, adapters, judges, tables; not installed."""
