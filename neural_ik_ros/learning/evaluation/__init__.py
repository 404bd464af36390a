# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How good proposals are: networks against the current joints, alone and refined."""
