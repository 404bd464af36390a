# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Real-time scheduling and CPU affinity of this process, on Linux."""

from __future__ import annotations

import os

from ..errors import NeuralIkError


class CpuAffinityError(NeuralIkError):
    """The parameter ``cpu_affinity`` is not a list of processors."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'cpu_affinity: {text!r} is not a list of processor numbers. Write for example 2,3.'
        )


class RealtimeError(NeuralIkError):
    """Linux refuses a priority or an affinity."""

    def __init__(self, what: str, error: OSError, remedy: str) -> None:
        super().__init__(f'{what}: {error.strerror}. {remedy}')


def cpus_from_text(text: str) -> set[int]:
    """
    Return the processors in a text such as ``2,3``, none for an empty one.

    :raises CpuAffinityError: If it is not a list of numbers.
    """
    parts = [part.strip() for part in text.split(',')] if text.strip() else []
    if not all(part.isdecimal() and len(part) <= 4 for part in parts):
        raise CpuAffinityError(text)
    return {int(part) for part in parts}


def apply_realtime(priority: int, cpus: set[int]) -> None:
    """
    Bind this process to processors and give its main thread a SCHED_FIFO priority.

    Priority 0 and no processors leave everything as it is.

    :raises RealtimeError: If it is not allowed, or a processor does not exist.
    """
    if cpus:
        try:
            os.sched_setaffinity(0, cpus)
        except OSError as error:
            remedy = f'This process may use {sorted(os.sched_getaffinity(0))}.'
            raise RealtimeError(f'cpu_affinity {sorted(cpus)}', error, remedy) from error
    if priority > 0:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except OSError as error:
            remedy = 'Raise rtprio in /etc/security/limits.conf, or set 0.'
            raise RealtimeError(f'realtime_priority {priority}', error, remedy) from error
