# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Commands that measure an arm: planning, identification, and a specimen to practise on."""
