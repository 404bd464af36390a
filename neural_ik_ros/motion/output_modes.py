# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The two ways to send a motion: as a stream of short commands, or each motion as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..kinematics import Joints
from .commanded_motion import CommandedMotion
from .generator import MotionGenerator
from .target_timing import TargetTiming
from .tracker_types import STOP_POINTS, TRAJECTORY, Command

LATE_PERIODS = 2.0  # later than this, the controller is on its way to rest
IDLE_S = 0.1  # a motion that has been at rest without a target for this long is over
TRAJECTORY_POINTS = 200  # of a whole motion, at most


class OutputMode(ABC):
    """
    When a command leaves, which tail it carries, and what counts as at rest.

    Everything in which the output modes differ is here; ``PoseTracker`` treats them alike.
    """

    def __init__(self, motion: CommandedMotion) -> None:
        """Send this motion."""
        self.motion, self._generator = motion, motion.generator

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        self.motion.start(q, now_ns)

    @abstractmethod
    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command:
        """Set a new goal (6,) [rad], meant for ``stamp_ns``, and return the command to it."""

    def has_way_to(self, q_goal: Joints, now_ns: int) -> bool:  # noqa: ARG002
        """Whether a whole motion to a goal (6,) [rad] is within the limits of the tool."""
        return True

    @abstractmethod
    def next_command(self, now_ns: int) -> Command | None:
        """Return the command that is due on a tick, or None."""

    @abstractmethod
    def is_at_rest(self, now_ns: int) -> bool:
        """Whether nothing moves that was commanded or is still to be commanded."""

    @abstractmethod
    def is_finished(self, now_ns: int) -> bool:
        """Whether a tick ends the motion: at rest for a while without a new target."""

    @abstractmethod
    def overdue_s(self, now_ns: int) -> float:
        """Time for which a command has been missing [s]; not positive if none is."""

    @property
    @abstractmethod
    def is_limited(self) -> bool:
        """Whether the last command is behind its target because of the motion limits."""

    def clamp_to(self, now_ns: int) -> None:
        """Move times in the future to now, after the clock was set back."""
        self.motion.clamp_to(now_ns)


class StreamMode(OutputMode):
    """
    At least one command a period, each with the shortest stop as its tail.

    Dense targets pace the commands themselves; ticks fill in between sparse ones.
    """

    def __init__(self, generator: MotionGenerator, period_s: float) -> None:
        """Start at rest where the generator is."""
        super().__init__(
            CommandedMotion(
                generator,
                period_s=period_s,
                lateness_tolerance_s=LATE_PERIODS * period_s,
                make_plan=generator.plan_stop,
                max_points=STOP_POINTS,
            )
        )
        self._targets = TargetTiming()

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        super().start(q, now_ns)
        self._targets = TargetTiming()

    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command:
        """Follow a goal of a stream, or go to rest at a single one; return the next command."""
        interval_s = self._targets.interval_to(stamp_ns)
        # A gap in a dense stream is no reason to arrive later than usual.
        due_s = min(interval_s, max(self._targets.interval_s, self.motion.period_s))
        self._generator.set_goal(q_goal, interval_s, due_s)
        self._targets.update(interval_s, stamp_ns, now_ns)
        return self.motion.next_command(now_ns, interval_s=interval_s, is_target=True)

    def next_command(self, now_ns: int) -> Command | None:
        """Return the next command between targets; go to rest if they have stopped coming."""
        if not self._is_tick_due(now_ns):
            return None
        if self._targets.has_stopped(now_ns, self.motion.period_s) and self._targets.end_stream():
            self._generator.stop_at_goal()
        if self._generator.is_at_rest:
            return None
        self.motion.catch_up(now_ns)
        interval_s = self._targets.interval_s
        return self.motion.next_command(now_ns, interval_s=interval_s, is_target=False)

    def is_at_rest(self, now_ns: int) -> bool:  # noqa: ARG002
        """Whether the last command is at rest at the goal."""
        return self._generator.is_at_rest

    def is_finished(self, now_ns: int) -> bool:
        """Whether a tick ends the motion: at rest for a while without a new target."""
        is_idle = self._generator.is_at_rest and self._targets.age_s(now_ns) >= IDLE_S
        return is_idle and self._is_tick_due(now_ns)

    def overdue_s(self, now_ns: int) -> float:
        """Time for which the controller has followed the tail of the last command [s]."""
        motion = self.motion
        return motion.plan_time_s(now_ns) if motion.plan.duration > 0.0 else 0.0

    @property
    def is_limited(self) -> bool:
        """Whether the last command is behind its target because of the motion limits."""
        return self._generator.is_limited

    def clamp_to(self, now_ns: int) -> None:
        """Move times in the future to now, after the clock was set back."""
        super().clamp_to(now_ns)
        self._targets.clamp_to(now_ns)

    def _is_tick_due(self, now_ns: int) -> bool:
        """Whether the tick acts: no command has just left, and no dense stream paces them."""
        targets, period_s = self._targets, self.motion.period_s
        if self.motion.timer.since_command_s(now_ns) < 0.5 * period_s:
            return False
        return not targets.is_dense(period_s) or targets.has_stopped(now_ns, period_s)


class TrajectoryMode(OutputMode):
    """
    One command a target, with the whole motion to rest at it as its tail.

    A new target replaces the motion from where the controller is.
    """

    def __init__(self, generator: MotionGenerator, period_s: float) -> None:
        """Start at rest where the generator is."""
        super().__init__(
            CommandedMotion(
                generator,
                period_s=period_s,
                lateness_tolerance_s=0.0,
                make_plan=generator.plan_to_goal,
                max_points=TRAJECTORY_POINTS,
            )
        )

    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command:  # noqa: ARG002
        """Return the whole motion to rest at a goal (6,) [rad], whatever its stamp."""
        self._generator.set_goal(q_goal, interval_s=0.0)
        return self.motion.next_command(now_ns, interval_s=0.0, is_target=True)

    def has_way_to(self, q_goal: Joints, now_ns: int) -> bool:  # noqa: ARG002
        """Whether the whole motion to a goal (6,) [rad] is within the limits of the tool."""
        return self._generator.has_way_to(q_goal)

    def next_command(self, now_ns: int) -> Command | None:  # noqa: ARG002
        """Return None: the command to the target holds everything."""
        return None

    def is_at_rest(self, now_ns: int) -> bool:
        """Whether the motion has been carried out."""
        motion = self.motion
        is_done = motion.plan_time_s(now_ns) >= motion.plan.duration
        return is_done or self._generator.is_at_rest

    def is_finished(self, now_ns: int) -> bool:
        """Whether the motion has been at rest for a while."""
        return self.motion.plan_time_s(now_ns) >= self.motion.plan.duration + IDLE_S

    def overdue_s(self, now_ns: int) -> float:  # noqa: ARG002
        """Return zero: no further command is due."""
        return 0.0

    @property
    def is_limited(self) -> bool:
        """Always False: the limits are part of a motion that ends at its target."""
        return False


def make_output_mode(name: str, generator: MotionGenerator, period_s: float) -> OutputMode:
    """Return the output mode with a name of ``OUTPUT_MODES``."""
    make = TrajectoryMode if name == TRAJECTORY else StreamMode
    return make(generator, period_s)
