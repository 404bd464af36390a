# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Initialises rclpy: keeps its arguments within reach, and Fast DDS off shared memory.

After a process was killed, its replacement may delete the orphaned shared-memory port and create a
new one, while existing writers keep using the deleted one; the replacement then never receives
their messages (Fast-DDS issue 5469, pull request 4737).
"""

from __future__ import annotations

import os
import sys
from typing import Any
from weakref import WeakKeyDictionary

import rclpy
from rclpy.context import Context
from rclpy.logging import get_logger
from rclpy.utilities import get_default_context, get_rmw_implementation_identifier

from ...share import PACKAGE_NAME

TRANSPORTS = 'FASTDDS_BUILTIN_TRANSPORTS'  # read by Fast DDS 2.13 and later
# In this range rmw_fastrtps adds shared memory, whatever TRANSPORTS says.
LOCALHOST = (('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST'), ('ROS_LOCALHOST_ONLY', '1'))

_arguments_of: WeakKeyDictionary[Context, tuple[str, ...]] = WeakKeyDictionary()


def init(**options: Any) -> None:
    """
    Initialise rclpy with UDP as the transport, unless the user has chosen another one.

    Logs a warning if Fast DDS will use shared memory all the same. Options and errors are those of
    ``rclpy.init``.
    """
    os.environ.setdefault(TRANSPORTS, 'UDPv4')
    rclpy.init(**options)
    context, given = options.get('context') or get_default_context(), options.get('args')
    _arguments_of[context] = tuple(sys.argv[1:] if given is None else given)
    reasons = [f'{name}={value}' for name, value in LOCALHOST if os.environ.get(name) == value]
    if reasons and is_fast_dds():
        get_logger(PACKAGE_NAME).warning(
            f'{reasons[0]} makes Fast DDS use shared memory, in which the replacement of a killed '
            'process may receive nothing; use config/fastdds_loopback.xml '
            '(docs/troubleshooting.md, Nodes that receive nothing)'
        )


def arguments_of(context: Context) -> tuple[str, ...]:
    """Return the arguments of a context that ``init`` has initialised, else none."""
    return _arguments_of.get(context, ())


def is_fast_dds() -> bool:
    """Return whether the middleware of this process is Fast DDS."""
    return 'fastrtps' in get_rmw_implementation_identifier()
