# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples: drawn, split into parts, stored and imported; the features of the network."""
