# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How accurate calibrations are: public measurements of a UR10, and simulated specimens."""
