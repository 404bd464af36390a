# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the process of a node needs: a priority, and a log that is not flooded."""
