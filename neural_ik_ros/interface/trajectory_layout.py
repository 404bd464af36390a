# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Commands in CDR: a serialised trajectory whose numbers are replaced, whoever serialised it."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

import numpy as np

from ..kinematics import N_JOINTS
from ..motion import Command, Waypoints
from ..units import NS_PER_S

ROW = 8 * N_JOINTS  # bytes of six numbers
TIME_AFTER = ROW + 12  # the positions of the first point: three empty arrays lie between
TAIL_AFTER = TIME_AFTER + 8 + 4  # its time and the length of the next array
STRIDE = 3 * ROW + 2 * 8 + 16  # from positions to positions of the points that follow
Q, QD, QDD = slice(0, 6), slice(7, 13), slice(14, 20)  # of the numbers of such a point
SECONDS, NANOSECONDS = 41, 42  # of its half numbers
TIME = Struct('<iI')


class Layout:
    """A serialised trajectory of one point and so many others, whose numbers are replaced."""

    def __init__(self, n_tail: int, serialised: Callable[[Command], bytes]) -> None:
        """
        Serialise an example and find its numbers.

        :param serialised: Returns the CDR of a command, little endian.
        """
        self.n_tail = n_tail
        command = example(n_tail, seed=0)
        content = serialised(command)
        self._content, self._size = bytearray(content + bytes(STRIDE)), len(content)
        first = content.find(command.q.tobytes())
        self.is_found, self._time_at, start = first >= 0, first + TIME_AFTER, first + TAIL_AFTER
        self._q = np.ndarray(N_JOINTS, '<f8', self._content, max(first, 0))
        self._tail = np.ndarray((n_tail, STRIDE // 8), '<f8', self._content, start)
        self._times = np.ndarray((n_tail, STRIDE // 4), '<u4', self._content, start)

    def encoded(self, command: Command) -> bytes:
        """Return the bytes of a command of this layout."""
        end_ns = command.interval_ns
        self._q[:] = command.q[0]
        TIME.pack_into(self._content, self._time_at, *divmod(end_ns, NS_PER_S))
        tail = command.tail
        if tail is not None:
            numbers, times = self._tail, self._times
            numbers[:, Q], numbers[:, QD], numbers[:, QDD] = tail.q, tail.qd, tail.qdd
            times_ns = [divmod(end_ns + time_ns, NS_PER_S) for time_ns in tail.time_ns]
            times[:, SECONDS : NANOSECONDS + 1] = times_ns
        return bytes(memoryview(self._content)[: self._size])


def example(n_tail: int, seed: int) -> Command:
    """Return a command with numbers that occur nowhere else."""
    rng = np.random.default_rng(seed)
    q, qd, qdd = rng.normal(size=(3, n_tail, N_JOINTS))
    times_ns = rng.integers(1, 4 * NS_PER_S, n_tail).tolist()
    tail = Waypoints(time_ns=times_ns, q=q, qd=qd, qdd=qdd) if n_tail else None
    first = rng.normal(size=(1, N_JOINTS))
    return Command(q=first, interval_ns=int(rng.integers(1, 4 * NS_PER_S)), tail=tail)
