# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From measurements to the arm that fits them, and the evidence for it."""
