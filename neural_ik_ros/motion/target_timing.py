# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When targets are meant for, and at what interval they come if they are a stream."""

from __future__ import annotations

from ..units import NS_PER_MS, NS_PER_S

MAX_INTERVAL_S = 0.2  # targets farther apart are single goals, not a stream
MISSED_TARGETS = 2.5  # intervals without a target after which no further one is expected
DENSE_PERIODS = 1.5  # targets at shorter intervals pace the commands themselves
MAX_ERROR_NS = 20 * NS_PER_MS  # of the delay; beyond it, the stamps have jumped
DELAY_GAIN = 1e-3  # of the correction at each target
MAX_DRIFT = 1e-3  # of the correction, relative to the interval of the targets


class TargetTiming:
    """
    Puts targets on the node's clock and measures the interval of a stream.

    Stamps are evenly spaced, arrivals are not. So a target is meant for its stamp plus the delay
    of the stream, which is that of the first target and follows the mean so slowly that the
    motion does not feel it.
    """

    def __init__(self) -> None:
        """Start without a target."""
        self.interval_s = 0.0  # of the stream, 0 if there is none
        self._stamp_ns: int | None = None  # of the last target
        self._arrival_ns = 0
        self._delay_ns = 0.0  # of the arrival after the stamp

    def interval_to(self, stamp_ns: int) -> float:
        """Time from the last target to one of the same stream [s]; 0 if it is not of the same."""
        if self._stamp_ns is None:
            return 0.0
        interval_s = (stamp_ns - self._stamp_ns) / NS_PER_S
        return interval_s if 0.0 < interval_s <= MAX_INTERVAL_S else 0.0

    def update(self, interval_s: float, stamp_ns: int, now_ns: int) -> int:
        """
        Note a target that is followed; return the time that it is meant for, on the node's clock.

        :param interval_s: Its ``interval_to``.
        :param stamp_ns: Its stamp, by the clock of its source.
        :param now_ns: When it arrived, by the node's clock.
        """
        self.interval_s, self._stamp_ns, self._arrival_ns = interval_s, stamp_ns, now_ns
        error_ns = now_ns - stamp_ns - self._delay_ns
        if interval_s == 0.0 or abs(error_ns) > MAX_ERROR_NS:
            self._delay_ns = now_ns - stamp_ns
        else:
            max_change_ns = MAX_DRIFT * interval_s * NS_PER_S
            self._delay_ns += min(max(DELAY_GAIN * error_ns, -max_change_ns), max_change_ns)
        return stamp_ns + round(self._delay_ns)

    def age_s(self, now_ns: int) -> float:
        """Time since the last target arrived [s]."""
        return (now_ns - self._arrival_ns) / NS_PER_S

    def has_stopped(self, now_ns: int, period_s: float) -> bool:
        """Whether the last target is so old that no further one is expected."""
        return self.age_s(now_ns) > MISSED_TARGETS * max(self.interval_s, period_s)

    def is_dense(self, period_s: float) -> bool:
        """Whether targets come about as often as commands have to be sent."""
        return 0.0 < self.interval_s < DENSE_PERIODS * period_s

    def end_stream(self) -> bool:
        """Expect no further target of the stream; return whether there was one."""
        was_stream, self.interval_s = self.interval_s > 0.0, 0.0
        return was_stream

    def clamp_to(self, now_ns: int) -> None:
        """Move the arrival of the last target to now if it lies in the future."""
        self._arrival_ns = min(self._arrival_ns, now_ns)
