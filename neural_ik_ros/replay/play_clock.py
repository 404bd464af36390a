# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The clock of a bag that is being played."""

from __future__ import annotations

MAX_STEP_NS = 20_000_000  # of the clock between two readings in lock-step


class PlayClock:
    """
    Runs from the start of a bag, faster than a steady clock by a factor.

    In lock-step it stops shortly after the last reading: while the player waits for the node no
    messages become due, which would all be sent at once afterwards.
    """

    def __init__(self, start_ns: int, *, rate: float, is_lock_step: bool) -> None:
        """Start at a time [ns] of the bag."""
        self.now_ns = start_ns
        self._rate, self._is_lock_step = rate, is_lock_step
        self._steady_ns: int | None = None

    def advance(self, steady_ns: int) -> int:
        """Return the time of the bag at a time of the steady clock."""
        if self._steady_ns is not None:
            passed_ns = steady_ns - self._steady_ns
            if self._is_lock_step:
                passed_ns = min(passed_ns, MAX_STEP_NS)
            self.now_ns += round(passed_ns * self._rate)
        self._steady_ns = steady_ns
        return self.now_ns
