# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Real-time scheduling and CPU affinity of this process, on Linux."""

from __future__ import annotations

import os

from ...errors import ConfigError


def cpus_from_text(text: str) -> set[int]:
    """
    Return the processors in a text such as ``2,3``, none for an empty one.

    :raises ConfigError: If it is not a list of numbers.
    """
    parts = [part.strip() for part in text.split(',')] if text.strip() else []
    if not all(part.isdecimal() and len(part) <= 4 for part in parts):
        problem = f'{text!r} is not a list of processor numbers'
        raise ConfigError('cpu_affinity', problem, 'write for example 2,3')
    return {int(part) for part in parts}


def apply_realtime(priority: int, cpus: set[int]) -> None:
    """
    Bind this process to processors and give its main thread a SCHED_FIFO priority.

    Priority 0 and no processors leave everything as it is.

    :raises ConfigError: If it is not allowed, or a processor does not exist.
    """
    if cpus:
        try:
            os.sched_setaffinity(0, cpus)
        except OSError as error:
            remedy = f'this process may use {sorted(os.sched_getaffinity(0))}'
            name = f'cpu_affinity {sorted(cpus)}'
            raise ConfigError(name, str(error.strerror), remedy) from error
    if priority > 0:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except OSError as error:
            remedy = 'raise rtprio in /etc/security/limits.conf, or set 0'
            name = f'realtime_priority {priority}'
            raise ConfigError(name, str(error.strerror), remedy) from error
