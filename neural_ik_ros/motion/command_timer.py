# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""By how much time each command is ahead of the one before."""

from __future__ import annotations

from ..units import NS_PER_S

LONGEST_LEAD = 2.0  # periods that the motion may be ahead of the clock, as bunched targets ask
FIRST_STEP_S = 0.004
SHORTEST_STEP_S = 1e-5  # Ruckig needs some time to plan for


class CommandTimer:
    """
    The clock of the commands: that of the targets' stamps where they come as a stream.

    Stamps are free of the jitter of arrival. They are not believed when they run away from the
    clock.
    """

    def __init__(self, period_s: float) -> None:
        """Send commands at least this often."""
        self._period_s = period_s
        self._command_ns = 0  # when the last command was sent
        self._was_target = False
        self._lead_s = 0.0

    def begin(self, now_ns: int) -> None:
        """Let a motion begin with the next command."""
        first_s = min(self._period_s, FIRST_STEP_S)
        self._command_ns, self._lead_s = now_ns - round(first_s * NS_PER_S), 0.0
        self._was_target = False

    def skip(self, now_ns: int) -> None:
        """Let the next command come one period after the present state."""
        self._command_ns = now_ns - round(self._period_s * NS_PER_S)
        self._was_target = False

    def forget_the_future(self, now_ns: int) -> None:
        """Let no command have been sent later than now."""
        self._command_ns = min(self._command_ns, now_ns)

    def since_command_s(self, now_ns: int) -> float:
        """Return the time since the last command."""
        return (now_ns - self._command_ns) / NS_PER_S

    def gap_s(self, interval_s: float) -> float:
        """Return the time between commands while targets come at an interval, 0 for none."""
        return min(interval_s or self._period_s, self._period_s)

    def step_s(self, now_ns: int, *, interval_s: float, is_target: bool) -> float:
        """
        Return how far the next command, which is sent now, is ahead of the last one.

        :param interval_s: Between the last two targets by their stamps; 0 if there is no stream.
        """
        elapsed_s = self.since_command_s(now_ns)
        step_s = elapsed_s
        if is_target and self._was_target and interval_s > 0.0:
            step_s = interval_s
        gap_s = self.gap_s(interval_s)
        step_s = min(step_s, LONGEST_LEAD * gap_s + elapsed_s - self._lead_s)
        step_s = max(min(step_s, 2.0 * self._period_s), SHORTEST_STEP_S)
        self._lead_s = max(self._lead_s + step_s - elapsed_s, 0.0)
        self._command_ns, self._was_target = now_ns, is_target
        return step_s
