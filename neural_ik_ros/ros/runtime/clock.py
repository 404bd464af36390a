# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The clock of a node."""

from __future__ import annotations

from time import time_ns

from rclpy.clock import ROSClock


def now_ns(clock: ROSClock) -> int:
    """Return the time of a node's clock [ns]; ten times faster than rclpy for system time."""
    if not clock.ros_time_is_active:
        return time_ns()
    now: int = clock.now().nanoseconds
    return now
