# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The motion as the controller knows it: the last command and the plan after it."""

from __future__ import annotations

from collections.abc import Callable

from ..kinematics import Joints
from ..units import NS_PER_S
from .command_timer import CommandTimer
from .generator import MotionGenerator
from .plan import Plan
from .tracker_types import Command


class CommandedMotion:
    """
    Advances the motion with every command and knows where the controller is between commands.

    Each command carries a plan that ends at rest. The controller carries it out if no further
    command arrives.
    """

    def __init__(
        self,
        generator: MotionGenerator,
        *,
        period_s: float,
        lateness_tolerance_s: float,
        make_plan: Callable[[], Plan],
        max_points: int,
    ) -> None:
        """
        Start at rest where the generator is.

        :param period_s: Time between commands, at most.
        :param lateness_tolerance_s: By which a command may be late without catching up.
        :param make_plan: Plans what the controller does after a command.
        :param max_points: Waypoints of that plan in a command, at most.
        """
        self.generator, self.period_s = generator, period_s
        self.timer = CommandTimer(period_s)
        self.plan = generator.plan_stop()
        self._make_plan, self._max_points = make_plan, max_points
        self._lateness_tolerance_s = lateness_tolerance_s
        self._plan_start_ns = 0

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        self.generator.reset(q)
        self.timer.start(now_ns)

    def next_command(self, now_ns: int, *, interval_s: float, is_target: bool) -> Command:
        """
        Advance the motion by one step and return the command for it.

        :param interval_s: Between the last two targets by their stamps; 0 if there is no stream.
        :param is_target: Whether the command answers a target; otherwise it fills in between.
        """
        step_s = self.timer.next_step_s(now_ns, interval_s=interval_s, is_target=is_target)
        q = self.generator.advance(step_s)
        interval_ns = round(max(step_s, self.timer.command_period_s(interval_s)) * NS_PER_S)
        self.plan, self._plan_start_ns = self._make_plan(), now_ns + interval_ns
        tail = self.plan.waypoints(first_s=self.period_s, max_points=self._max_points)
        return Command(q=q[None], interval_ns=interval_ns, tail=tail)

    def brake(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop from where the controller is, None if it is at rest."""
        plan_time_s = self.plan_time_s(now_ns)
        if plan_time_s > 0.0:
            self._resume(plan_time_s, now_ns)
        if not self.generator.state.qd.any():
            return None
        rows = self.generator.sample_stop(self.period_s)
        return Command(q=rows, interval_ns=round(self.period_s * NS_PER_S))

    def catch_up(self, now_ns: int) -> None:
        """Continue from where the plan has taken the controller, if the next command is late."""
        plan_time_s = self.plan_time_s(now_ns)
        if plan_time_s > self._lateness_tolerance_s:
            self._resume(plan_time_s, now_ns)

    def plan_time_s(self, now_ns: int) -> float:
        """Time for which the controller has followed the plan [s]; negative before it starts."""
        return (now_ns - self._plan_start_ns) / NS_PER_S

    def q_commanded(self, now_ns: int) -> Joints:
        """Joints (6,) [rad] where the controller is commanded to be now."""
        plan_time_s = self.plan_time_s(now_ns)
        return self.plan.state_at(plan_time_s).q if plan_time_s > 0.0 else self.generator.state.q

    def clamp_to(self, now_ns: int) -> None:
        """Move times that lie in the future to now, after the clock was set back."""
        self.timer.clamp_to(now_ns)
        self._plan_start_ns = min(self._plan_start_ns, now_ns)

    def _resume(self, plan_time_s: float, now_ns: int) -> None:
        self.generator.resume_from(self.plan.state_at(plan_time_s), elapsed_s=plan_time_s)
        self.timer.resume(now_ns)
