# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When targets came, and at which interval if they are a stream."""

from __future__ import annotations

from ..units import NS_PER_S

LONGEST_INTERVAL_S = 0.2  # targets farther apart are single goals, not a stream
PATIENCE = 2.5  # intervals without a new target after which no further one is expected
DENSE = 1.5  # periods: targets at shorter intervals pace the commands themselves


class TargetTiming:
    """The rhythm of the targets, by their stamps, which are free of the jitter of arrival."""

    def __init__(self) -> None:
        """Start without a target."""
        self.interval_s = 0.0  # of the stream, 0 if there is none
        self._stamp_ns = 0
        self._taken_ns = 0

    def take(self, interval_s: float, stamp_ns: int, now_ns: int) -> None:
        """Take a target that is answered, at what ``interval_to`` says of it."""
        self.interval_s, self._stamp_ns, self._taken_ns = interval_s, stamp_ns, now_ns

    def interval_to(self, stamp_ns: int) -> float:
        """Return the time from the last target to one of the same stream [s], else 0."""
        interval_s = (stamp_ns - self._stamp_ns) / NS_PER_S
        return interval_s if 0.0 < interval_s <= LONGEST_INTERVAL_S else 0.0

    def since_s(self, now_ns: int) -> float:
        """Return the time since the last target came [s]."""
        return (now_ns - self._taken_ns) / NS_PER_S

    def is_late(self, now_ns: int, period_s: float) -> bool:
        """Return whether no further target is to be expected."""
        return self.since_s(now_ns) > PATIENCE * max(self.interval_s, period_s)

    def is_dense(self, period_s: float) -> bool:
        """Return whether targets come about as often as commands are to be sent."""
        return 0.0 < self.interval_s < DENSE * period_s

    def end(self) -> bool:
        """Expect no further target; return whether there was a stream."""
        was_stream, self.interval_s = self.interval_s > 0.0, 0.0
        return was_stream

    def forget_the_future(self, now_ns: int) -> None:
        """Let no target have come later than now."""
        self._taken_ns = min(self._taken_ns, now_ns)

    def forget_the_stamp(self) -> None:
        """Let the next target be the first of its stream: the clock is another one."""
        self._stamp_ns = 0
