# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The other nodes: simulated arm, target source, markers, bag player, recorder."""
