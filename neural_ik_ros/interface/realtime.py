# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What Linux can do for a loop that has to be in time."""

from __future__ import annotations

import os

from ..errors import NeuralIkError


class CpuAffinityError(NeuralIkError):
    """The processors to run on cannot be understood."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'cpu_affinity: {text!r} is not a list of processor numbers. Write for example 2,3.'
        )


class RealtimeError(NeuralIkError):
    """Linux does not grant what is asked for."""

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
    Bind this process to processors and let its main thread go before ordinary ones.

    Nothing is changed for priority 0 and no processors.

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
