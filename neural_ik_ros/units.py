# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion between seconds and the integer nanoseconds of clocks and stamps."""

NS_PER_S, NS_PER_MS = 1_000_000_000, 1_000_000
S_PER_NS, MS_PER_NS = 1e-9, 1e-6
