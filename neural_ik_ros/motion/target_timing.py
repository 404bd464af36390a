# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When targets arrived, and at what interval if they are a stream."""

from __future__ import annotations

from ..units import NS_PER_S

MAX_INTERVAL_S = 0.2  # targets farther apart are single goals, not a stream
MISSED_TARGETS = 2.5  # intervals without a target after which no further one is expected
DENSE_PERIODS = 1.5  # targets at shorter intervals pace the commands themselves


class TargetTiming:
    """The interval of a stream of targets, by their stamps, which are free of arrival jitter."""

    def __init__(self) -> None:
        """Start without a target."""
        self.interval_s = 0.0  # of the stream, 0 if there is none
        self._stamp_ns: int | None = None  # of the last target
        self._arrival_ns = 0

    def update(self, interval_s: float, stamp_ns: int, now_ns: int) -> None:
        """Note a target that is followed, with its ``interval_to``."""
        self.interval_s, self._stamp_ns, self._arrival_ns = interval_s, stamp_ns, now_ns

    def interval_to(self, stamp_ns: int) -> float:
        """Time from the last target to one of the same stream [s]; 0 if it is not of the same."""
        if self._stamp_ns is None:
            return 0.0
        interval_s = (stamp_ns - self._stamp_ns) / NS_PER_S
        return interval_s if 0.0 < interval_s <= MAX_INTERVAL_S else 0.0

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
