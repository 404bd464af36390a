# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The results of a run: stored, as tables and pictures, in the documentation."""
