# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A motion as a stream of short commands: at least one a period."""

from __future__ import annotations

from ..kinematics import Joints
from ..units import NS_PER_MS, NS_PER_S
from .following import StartMonitor
from .generation.generator import MotionGenerator
from .output_mode import IDLE_NS, OutputMode
from .target_timing import TargetTiming
from .tracker_types import Command

MAX_EARLY_NS, MAX_LATE_NS = 8 * NS_PER_MS, 4 * NS_PER_MS  # of a target, by its stamp
MARGIN_NS = 8 * NS_PER_MS  # by which a command may be late before the arm begins to brake
MIN_STEP_S = 1e-4


class StreamMode(OutputMode):
    """
    At least one command a period, each with the shortest stop as its tail.

    Dense targets pace the commands themselves; ticks fill in between sparse ones.
    """

    lead_ns = 8 * NS_PER_MS  # what comes later changes too little to be felt

    def __init__(
        self, generator: MotionGenerator, start_monitor: StartMonitor, period_s: float
    ) -> None:
        """Start at rest where the generator is."""
        super().__init__(generator, start_monitor, period_s)
        self._targets = TargetTiming()
        self._q_goal: Joints | None = None  # while the arm is sent only a part of the way
        self._next_ns = 0  # where the next command should branch off

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        super().start(q, now_ns)
        self._targets, self._q_goal = TargetTiming(), None
        if not self._start.has_followed:
            self._generator.limits = self._limits.within(*self._start.range())

    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command:
        """Follow a goal of a stream, or go to rest at a single one; return the next command."""
        targets, period_s = self._targets, self._period_s
        interval_s = targets.interval_to(stamp_ns)
        # A gap in a dense stream is no reason to arrive later than usual.
        delay_s = min(interval_s, max(targets.interval_s, period_s))
        time_ns = targets.update(interval_s, stamp_ns, now_ns)
        due_ns = time_ns + round(delay_s * NS_PER_S)
        in_time_ns = min(max(time_ns, now_ns - MAX_LATE_NS), now_ns + MAX_EARLY_NS)
        step_s = min(max(interval_s, MIN_STEP_S) if interval_s else period_s, period_s)
        branch_ns = self._branch_near(in_time_ns + self.lead_ns, step_s)
        self._use_limits()
        self._generator.set_goal(q_goal, interval_s, (due_ns - branch_ns) / NS_PER_S)
        self._q_goal = None if self._start.is_near(q_goal) else q_goal
        return self._advance(now_ns, step_s)

    def next_command(self, now_ns: int) -> Command | None:
        """Return the next command between targets; go to rest if they have stopped coming."""
        if not self._is_tick_due(now_ns):
            return None
        if self._targets.has_stopped(now_ns, self._period_s) and self._targets.end_stream():
            self._generator.stop_at_goal()
        if self._q_goal is not None and self._start.has_followed:
            self._use_limits()
            self._generator.set_goal(self._q_goal, interval_s=0.0)
            self._q_goal = None
        if self._generator.is_at_rest:  # again, in case the last command was lost
            is_over = self.path.rest_ns <= now_ns
            return None if is_over else self._command(now_ns, self._state_ns)
        self._branch_near(now_ns + self.lead_ns, self._period_s)
        return self._advance(now_ns, self._period_s)

    def is_at_rest(self, now_ns: int) -> bool:
        """Whether the path has come to rest at the goal."""
        has_arrived = self._generator.is_at_rest and self._q_goal is None
        return has_arrived and self.path.rest_ns <= now_ns

    def is_finished(self, now_ns: int) -> bool:
        """Whether a tick ends the motion: at rest for a while without a new target."""
        is_over = self.is_at_rest(now_ns - IDLE_NS) and self._is_tick_due(now_ns)
        return is_over and self._targets.age_s(now_ns) * NS_PER_S >= IDLE_NS

    def overdue_s(self, now_ns: int) -> float:
        """Time since which the next command has been due [s], if the motion is not at rest."""
        return 0.0 if self._generator.is_at_rest else (now_ns - self._state_ns) / NS_PER_S

    @property
    def is_limited(self) -> bool:
        """Whether the last command is behind its target because of the motion limits."""
        return self._generator.is_limited or self._q_goal is not None

    @property
    def q_unlimited(self) -> Joints:
        """Joints (6,) [rad] where the last command would have ended without limits."""
        return self._generator.q_unlimited if self._q_goal is None else self._q_goal

    def shift(self, by_ns: int, now_ns: int) -> None:
        """Move the path with the clock, which has been set back to now."""
        super().shift(by_ns, now_ns)
        self._targets.clamp_to(now_ns)

    def _use_limits(self) -> None:
        """Let the motion go as far as the limits allow, once the arm has been seen to follow."""
        if self._start.has_followed:
            self._generator.limits = self._limits

    def _branch_near(self, time_ns: int, step_s: float) -> int:
        """Branch off at a time, or where the last command expected to, if that is close."""
        is_close = abs(time_ns - self._next_ns) <= 0.5 * step_s * NS_PER_S
        branch_ns = self._next_ns if is_close else time_ns
        self._branch(branch_ns)
        return branch_ns

    def _advance(self, now_ns: int, step_s: float) -> Command:
        """Advance from where the motion branches off, past the next command after one step."""
        branch_ns, generator = self._state_ns, self._generator
        self._next_ns = branch_ns + round(step_s * NS_PER_S)
        end_ns = self._next_ns + MARGIN_NS
        if generator.catch((end_ns - branch_ns) / NS_PER_S):
            self._state_ns = end_ns
            self._replace_path(branch_ns, now_ns, (end_ns, generator.state))
        else:  # exactly where the next command branches off: no rounding adds up
            generator.advance(step_s)
            self._state_ns = self._next_ns
            coasted = end_ns, generator.preview(MARGIN_NS / NS_PER_S)
            self._replace_path(branch_ns, now_ns, (self._next_ns, generator.state), coasted)
        return self._command(now_ns, branch_ns)

    def _is_tick_due(self, now_ns: int) -> bool:
        """Whether the tick acts: no command has just left, and no dense stream paces them."""
        targets, period_s = self._targets, self._period_s
        if now_ns - self._command_ns < 0.5 * period_s * NS_PER_S:
            return False
        return not targets.is_dense(period_s) or targets.has_stopped(now_ns, period_s)
