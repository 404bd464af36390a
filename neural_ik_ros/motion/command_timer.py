# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far each command advances the motion."""

from __future__ import annotations

from ..units import NS_PER_S

MAX_PERIODS_AHEAD = 2.0  # that the motion may run ahead of the clock when targets come in bunches
FIRST_STEP_S = 0.004
MIN_STEP_S = 1e-5  # Ruckig cannot plan for less


class CommandTimer:
    """
    Times commands by target stamps while targets stream, which removes arrival jitter.

    Bounds their drift from the node clock: stamps are not followed when they run away from it.
    """

    def __init__(self, period_s: float) -> None:
        """Time commands that are sent at least once a period."""
        self._period_s = period_s
        self._command_ns = 0  # when the last command was sent
        self._was_target = False  # the last command answered a target
        self._ahead_s = 0.0  # of the motion over the clock

    def start(self, now_ns: int) -> None:
        """Start a motion with the next command, by a short first step."""
        first_s = min(self._period_s, FIRST_STEP_S)
        self._command_ns, self._ahead_s = now_ns - round(first_s * NS_PER_S), 0.0
        self._was_target = False

    def resume(self, now_ns: int) -> None:
        """Let the next command advance the motion by one period from its present state."""
        self._command_ns = now_ns - round(self._period_s * NS_PER_S)
        self._was_target = False

    def clamp_to(self, now_ns: int) -> None:
        """Move the time of the last command to now if it lies in the future."""
        self._command_ns = min(self._command_ns, now_ns)

    def since_command_s(self, now_ns: int) -> float:
        """Time since the last command [s]."""
        return (now_ns - self._command_ns) / NS_PER_S

    def command_period_s(self, interval_s: float) -> float:
        """Time between commands [s] while targets come at an interval, 0 for no stream."""
        return min(interval_s or self._period_s, self._period_s)

    def next_step_s(self, now_ns: int, *, interval_s: float, is_target: bool) -> float:
        """
        Note that a command is sent now; return by how much it advances the motion [s].

        :param interval_s: Between the last two targets by their stamps; 0 if there is no stream.
        :param is_target: Whether the command answers a target; otherwise it fills in between.
        """
        elapsed_s = self.since_command_s(now_ns)
        step_s = elapsed_s
        if is_target and self._was_target and interval_s > 0.0:
            step_s = interval_s
        period_s = self.command_period_s(interval_s)
        step_s = min(step_s, MAX_PERIODS_AHEAD * period_s + elapsed_s - self._ahead_s)
        step_s = max(min(step_s, 2.0 * self._period_s), MIN_STEP_S)
        self._ahead_s = max(self._ahead_s + step_s - elapsed_s, 0.0)
        self._command_ns, self._was_target = now_ns, is_target
        return step_s
