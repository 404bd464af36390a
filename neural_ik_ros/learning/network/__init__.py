# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The networks: configuration, architectures, layers, losses and model files."""
