# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The services of moveit_msgs, or None: it has no wheels."""

from __future__ import annotations

try:
    from moveit_msgs.srv import GetPositionIK, GetStateValidity
except ImportError:
    GetPositionIK = GetStateValidity = None

__all__ = ['GetPositionIK', 'GetStateValidity']
