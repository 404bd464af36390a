# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Fast DDS without shared memory.

Others may go on writing into the shared memory of a process that was killed when it has been
deleted long ago; the successor of the process gets nothing from them, for ever, and neither does
the next one (Fast-DDS issue 5469, pull request 4737). UDP is as quick for small messages.
"""

from __future__ import annotations

import os

from rclpy.utilities import get_rmw_implementation_identifier

VARIABLE = 'FASTDDS_BUILTIN_TRANSPORTS'


def avoid_shared_memory() -> str:
    """
    Let this process use UDP, unless its user wants something else; call it before rclpy.init.

    :returns: What to warn of, because Fast DDS will use shared memory all the same, or nothing.
    """
    os.environ.setdefault(VARIABLE, 'UDPv4')
    is_on_loopback = (
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
        or os.environ.get('ROS_LOCALHOST_ONLY') == '1'
    )
    if not is_on_loopback or 'fastrtps' not in get_rmw_implementation_identifier():
        return ''
    return (
        'the discovery range LOCALHOST makes Fast DDS use shared memory, which can leave the '
        'successor of a killed process deaf; use config/fastdds_loopback.xml (docs/ros.md)'
    )
