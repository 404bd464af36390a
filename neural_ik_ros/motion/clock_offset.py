# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far the clock of the controller is ahead of the node's, as seen from joint states."""

from __future__ import annotations

from ..units import NS_PER_MS, NS_PER_S

WINDOW_NS = 1 * NS_PER_S  # of which the smallest delay is used, and half of the next
UNRELATED_NS = NS_PER_S // 2  # a larger delay is that of another clock, or of no clock
MAX_DRIFT = 1e-3  # of the correction, in time over time


class ClockOffset:
    """
    The delay of joint states: the time that they take, plus what the node's clock is ahead.

    Messages take no negative time. So a negative delay is the least by which the controller's
    clock is ahead; a positive one is the most by which it can be behind.
    """

    def __init__(self, *, limit_s: float) -> None:
        """Start without joint states; the clock may be ahead by a time, 0 for no correction."""
        self._limit_ns = round(limit_s * NS_PER_S)
        self.clear()

    def clear(self) -> None:
        """Forget the joint states."""
        self._minima_ns: tuple[int | None, int | None] = None, None  # this window, the last one
        self._window_start_ns = 0
        self._ahead_ns = 0.0
        self._updated_ns = 0

    def update(self, stamp_ns: int, now_ns: int) -> None:
        """Note a joint state with a stamp of the controller's clock; 0 for none."""
        delay_ns = now_ns - stamp_ns
        if not 0 <= now_ns - self._window_start_ns <= WINDOW_NS:
            self._minima_ns, self._window_start_ns = (None, self._minima_ns[0]), now_ns
        if abs(delay_ns) > UNRELATED_NS:
            return
        newest, last = self._minima_ns
        self._minima_ns = delay_ns if newest is None else min(newest, delay_ns), last

    @property
    def delay_ns(self) -> int | None:
        """The smallest delay of late [ns]; None if no stamp is of a related clock."""
        known = [delay_ns for delay_ns in self._minima_ns if delay_ns is not None]
        return min(known, default=None)

    @property
    def is_exceeded(self) -> bool:
        """Whether the controller's clock is ahead by more than is allowed."""
        return 0 < self._limit_ns < -(self.delay_ns or 0)

    def reset_correction(self, now_ns: int) -> None:
        """Correct by all of the offset at once; for the start of a motion."""
        self._ahead_ns, self._updated_ns = self._target_ns(), now_ns

    def ahead_ns(self, now_ns: int) -> int:
        """Time to add to stamps for the controller [ns]; changes too slowly to be felt."""
        max_change_ns = MAX_DRIFT * max(now_ns - self._updated_ns, 0)
        error_ns = self._target_ns() - self._ahead_ns
        self._ahead_ns += min(max(error_ns, -max_change_ns), max_change_ns)
        self._updated_ns = now_ns
        return round(self._ahead_ns)

    @property
    def behind_ns(self) -> int:
        """Largest time by which the controller's clock may be behind [ns], within the limit."""
        return min(max(self.delay_ns or 0, 0), self._limit_ns or 20 * NS_PER_MS)

    def node_time_ns(self, stamp_ns: int, now_ns: int) -> int:
        """
        Return when joints with a stamp were measured, by the node's clock, at the latest.

        They may have waited while the node was busy.
        """
        delay_ns = self.delay_ns
        if stamp_ns == 0 or delay_ns is None or abs(now_ns - stamp_ns) > UNRELATED_NS:
            return now_ns
        return min(stamp_ns + delay_ns, now_ns)

    def _target_ns(self) -> float:
        return float(min(max(-(self.delay_ns or 0), 0), self._limit_ns))
