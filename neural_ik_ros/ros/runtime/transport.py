# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
ROS without the shared memory of Fast DDS.

Others may go on writing into the shared memory of a process that was killed when it has been
deleted long ago; the successor of the process gets nothing from them, for ever, and neither does
the next one (Fast-DDS issue 5469, pull request 4737).
"""

from __future__ import annotations

import os
from typing import Any

import rclpy
from rclpy.logging import get_logger
from rclpy.utilities import get_rmw_implementation_identifier

from ...share import PACKAGE_NAME

TRANSPORTS = 'FASTDDS_BUILTIN_TRANSPORTS'  # which ones, from Fast DDS 2.13 on
# They ask for the range in which rmw_fastrtps adds shared memory, whatever TRANSPORTS says.
LOCALHOST = (('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST'), ('ROS_LOCALHOST_ONLY', '1'))


def init(**options: Any) -> None:
    """
    Initialise rclpy for a process that uses UDP, unless its user wants something else.

    Logs a warning where Fast DDS will use shared memory all the same. For the options, and what
    is raised, see ``rclpy.init``.
    """
    os.environ.setdefault(TRANSPORTS, 'UDPv4')
    rclpy.init(**options)
    reasons = [f'{name}={value}' for name, value in LOCALHOST if os.environ.get(name) == value]
    if reasons and is_fast_dds():
        get_logger(PACKAGE_NAME).warning(
            f'{reasons[0]} makes Fast DDS use shared memory, through which the successor of '
            'a killed process may receive nothing; use config/fastdds_loopback.xml '
            '(docs/node.md, Nodes that receive nothing)'
        )


def is_fast_dds() -> bool:
    """Return whether the middleware of this process is Fast DDS."""
    return 'fastrtps' in get_rmw_implementation_identifier()
