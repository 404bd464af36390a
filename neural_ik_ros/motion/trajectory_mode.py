# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each motion as a whole, in one command."""

from __future__ import annotations

from ..kinematics import Joints
from ..units import NS_PER_MS
from .following import StartMonitor
from .generation.generator import MotionGenerator
from .output_mode import IDLE_NS, OutputMode
from .tracker_types import Command

TRAJECTORY_POINTS = 200  # of a whole motion, at most
REPEAT_NS = 10 * NS_PER_MS  # after which a whole motion is sent again, in case it was lost


class TrajectoryMode(OutputMode):
    """
    One command a target, with the whole motion to rest at it.

    A new target replaces the motion from where it will be when the controller learns of it.
    """

    lead_ns = 40 * NS_PER_MS  # a goal of an action takes up to 25 ms

    def __init__(
        self,
        generator: MotionGenerator,
        start_monitor: StartMonitor,
        period_s: float,
        *,
        repeats: bool,
    ) -> None:
        """
        Start at rest where the generator is.

        :param repeats: Send each motion more than once, since a message may be lost.
        """
        super().__init__(generator, start_monitor, period_s)
        self._repeats = repeats
        self._q_goal: Joints | None = None  # waits until the arm has been seen to follow

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        super().start(q, now_ns)
        self._q_goal = None

    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command | None:  # noqa: ARG002
        """Return the whole motion to rest at a goal (6,) [rad], whatever its stamp."""
        branch_ns = now_ns + self.lead_ns
        self._q_goal = q_goal
        if not self._start.is_near(self.path.state_at(branch_ns).q):
            return None
        self._q_goal = None
        self._branch(branch_ns)
        self._generator.set_goal(q_goal, interval_s=0.0)
        times, states = self._generator.plan_to_goal().waypoints(
            spacing_s=self._period_s, max_points=TRAJECTORY_POINTS
        )
        self.path.replace_from(branch_ns, branch_ns + times, states, now_ns)
        return self._command(now_ns, branch_ns)

    def has_way_to(self, q_goal: Joints, now_ns: int) -> bool:
        """Whether the whole motion to a goal (6,) [rad] is within the limits of the tool."""
        return self._generator.has_way_to(q_goal, self.path.state_at(now_ns + self.lead_ns))

    def next_command(self, now_ns: int) -> Command | None:
        """
        Return the command to a goal that had to wait, or the last command again.

        A subscription may lose a message. It is sent again before the arm has to have begun to
        obey it; since times are absolute, that makes no difference to one that had it before.
        """
        if self._q_goal is not None:
            return self.command_to(self._q_goal, stamp_ns=now_ns, now_ns=now_ns)
        is_early = now_ns + REPEAT_NS < self._state_ns and now_ns - self._command_ns >= REPEAT_NS
        is_moving = self.path.rest_ns > self._state_ns
        if not (self._repeats and is_early and is_moving):
            return None
        return self._command(now_ns, self._state_ns)

    def is_at_rest(self, now_ns: int) -> bool:
        """Whether the motion has been carried out."""
        return self.path.rest_ns <= now_ns and self._q_goal is None

    def is_finished(self, now_ns: int) -> bool:
        """Whether the motion has been at rest for a while."""
        return self.is_at_rest(now_ns - IDLE_NS)

    def overdue_s(self, now_ns: int) -> float:  # noqa: ARG002
        """Return zero: no further command is due."""
        return 0.0

    @property
    def is_limited(self) -> bool:
        """Always False: the limits are part of a motion that ends at its target."""
        return False
