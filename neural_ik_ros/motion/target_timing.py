# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When targets are meant for, and at what interval they come if they are a stream."""

from __future__ import annotations

from ..units import NS_PER_MS, NS_PER_S

MAX_INTERVAL_S = 0.2  # targets farther apart are single goals, not a stream
MISSED_TARGETS = 2.5  # intervals without a target after which no further one is expected
DENSE_PERIODS = 1.5  # targets at shorter intervals pace the commands themselves
MAX_ERROR_NS = 20 * NS_PER_MS  # of the delay; a target that is later was held up,
JUMP_NS = 100 * NS_PER_MS  # and if all are for this long, the stamps have jumped
STARTING_TARGETS = 25  # whose delays are averaged freely: the motion is still catching up
DELAY_GAIN = 1e-3  # of the correction at each target, once the mean is of that many
MAX_DRIFT = 1e-3  # of the correction, relative to the interval of the targets


class TargetTiming:
    """
    Puts targets on the node's clock and measures the interval of a stream.

    Stamps are evenly spaced, arrivals are not. So a target is meant for its stamp plus the mean
    delay of the stream. After the first few targets it changes so slowly that the motion does not
    feel it.
    """

    def __init__(self) -> None:
        """Start without a target."""
        self.interval_s = 0.0  # of the stream, 0 if there is none
        self._stamp_ns: int | None = None  # of the last target
        self._arrival_ns = 0
        self._delay_ns = 0.0  # of the arrival after the stamp: the mean
        self._n_targets = 0  # that the mean is of
        self._held_up_ns: int | None = None  # since when all targets have been held up

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
        if interval_s == 0.0 or self._has_jumped(error_ns, now_ns):
            self._delay_ns, self._n_targets = now_ns - stamp_ns, 1
            return now_ns
        if self._held_up_ns is not None:  # which says nothing about the others
            return now_ns - MAX_ERROR_NS
        self._n_targets += 1
        change_ns = max(DELAY_GAIN, 1.0 / self._n_targets) * error_ns
        if self._n_targets > STARTING_TARGETS:
            max_change_ns = MAX_DRIFT * interval_s * NS_PER_S
            change_ns = min(max(change_ns, -max_change_ns), max_change_ns)
        self._delay_ns += change_ns
        return stamp_ns + round(self._delay_ns)

    def _has_jumped(self, error_ns: float, now_ns: int) -> bool:
        """Return whether stamps have to be related to the node's clock anew."""
        if error_ns <= MAX_ERROR_NS:
            self._held_up_ns = None
            return error_ns < -MAX_ERROR_NS
        if self._held_up_ns is None:
            self._held_up_ns = now_ns
        return now_ns - self._held_up_ns > JUMP_NS

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
