# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The time of a bag while it is played."""

from __future__ import annotations

MOST_AT_ONCE_NS = 20_000_000  # that a clock goes on after it has waited for somebody


class PlayClock:
    """
    Goes from the start of a bag, by a factor faster than a steady clock.

    One that waits for somebody stands still after a short while in which it is not asked, so that
    nobody is flooded with what could not be played meanwhile.
    """

    def __init__(self, start_ns: int, *, rate: float, is_waiting: bool) -> None:
        """Stand at the start."""
        self.now_ns = start_ns
        self._rate, self._is_waiting = rate, is_waiting
        self._steady_ns: int | None = None

    def go_on(self, steady_ns: int) -> int:
        """Return the time of the bag at a time of the steady clock."""
        if self._steady_ns is not None:
            passed_ns = steady_ns - self._steady_ns
            if self._is_waiting:
                passed_ns = min(passed_ns, MOST_AT_ONCE_NS)
            self.now_ns += round(passed_ns * self._rate)
        self._steady_ns = steady_ns
        return self.now_ns
