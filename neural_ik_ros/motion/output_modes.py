# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The two ways to send a motion: as a stream of short commands, or each motion as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..units import NS_PER_MS, NS_PER_S
from .commanded_path import CommandedPath
from .following import StartMonitor
from .generator import MotionGenerator
from .limits import MotionState
from .target_timing import TargetTiming
from .tracker_types import STOP_POINTS, STREAM, TRAJECTORY, Command

IDLE_NS = 100 * NS_PER_MS  # a motion that has been at rest this long without a target is over
# A command changes the path from this far ahead: what the controller samples before it arrives,
# by its own period and the time that a message takes. In STREAM, what comes later is so close to
# the path before that nobody notices; a goal of an action takes up to 25 ms.
STREAM_LEAD_NS, TRAJECTORY_LEAD_NS = 8 * NS_PER_MS, 40 * NS_PER_MS
MAX_EARLY_NS, MAX_LATE_NS = 8 * NS_PER_MS, 4 * NS_PER_MS  # of a target, by its stamp
MARGIN_NS = 8 * NS_PER_MS  # by which a command may be late before the arm begins to brake
MIN_STEP_S = 1e-4
STOP_S = 0.5  # of an arm that has left its path, at least
SPACING_NS = 3_500_000  # between the points of a command that are already known
HOLD_NS = 200 * NS_PER_MS  # a trajectory that ends sooner may end before it arrives
TRAJECTORY_POINTS = 200  # of a whole motion, at most
REPEAT_NS = 10 * NS_PER_MS  # after which a whole motion is sent again, in case it was lost


class OutputMode(ABC):
    """
    When a command leaves, how it changes the commanded path, and what counts as at rest.

    Everything in which the output modes differ is here; ``PoseTracker`` treats them alike.
    """

    lead_ns: int  # from now to where a command changes the path

    def __init__(
        self, generator: MotionGenerator, start_monitor: StartMonitor, period_s: float
    ) -> None:
        """
        Start at rest where the generator is.

        :param start_monitor: Knows whether the arm has been seen to follow.
        :param period_s: Time between commands, at most.
        """
        self.path, self._limits = CommandedPath(), generator.limits
        self._generator, self._start, self._period_s = generator, start_monitor, period_s
        # By which the controller's clock shows later, or perhaps earlier, times than the node's.
        self.controller_ahead_ns = self.controller_behind_ns = 0
        self._state_ns = 0  # time of the generator's state
        self._command_ns = 0  # when the last command was sent

    def start(self, q: Joints, now_ns: int) -> None:
        """Start a motion at rest at the measured joints (6,) [rad]."""
        self._generator.limits = self._limits
        self._generator.reset(q)
        self.path.start(self._generator.state.q, now_ns)
        self._state_ns, self._command_ns = now_ns, now_ns - round(self._period_s * NS_PER_S)

    def warm_up(self) -> None:
        """Compile the kernels before the first command."""
        q = self._generator.state.q
        self.start(q, now_ns=0)
        self.command_to(q, stamp_ns=0, now_ns=0)
        self.path.range(0, 1, n_times=2)
        self.start(q, now_ns=0)

    @abstractmethod
    def command_to(self, q_goal: Joints, *, stamp_ns: int, now_ns: int) -> Command | None:
        """
        Set a new goal (6,) [rad], meant for ``stamp_ns``, and return the command to it.

        None if the command has to wait until the arm has been seen to follow the last one.
        """

    def has_way_to(self, q_goal: Joints, now_ns: int) -> bool:  # noqa: ARG002
        """Whether a whole motion to a goal (6,) [rad] is within the limits of the tool."""
        return True

    @abstractmethod
    def next_command(self, now_ns: int) -> Command | None:
        """Return the command that is due on a tick, or None."""

    def brake(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop from where the path is, None if it is at rest."""
        if self.path.rest_ns <= now_ns:
            return None
        branch_ns = now_ns + self.lead_ns
        self._branch(branch_ns)
        self._replace_path(branch_ns, now_ns)
        self._generator.reset(self.path.state_at(self.path.rest_ns).q)
        return self._command(now_ns, branch_ns)

    def stop_from(self, q: Joints, qd: FloatArray, now_ns: int) -> Command:
        """
        Return a stop of an arm that has left the path, whatever its controller is doing.

        One point at rest, far enough in time: the controller goes there smoothly from its own
        last command, which nobody here knows.

        :param q: Measured joints (6,) [rad].
        :param qd: Their speed [rad/s].
        """
        acceleration = self._limits.acceleration
        brake_s = max(STOP_S, float((2.0 * np.abs(qd) / acceleration).max()))
        self._generator.limits = self._limits
        self._generator.reset(q + 0.5 * brake_s * qd)
        state, end_ns = self._generator.state, round(brake_s * NS_PER_S)
        self.path.start(state.q, now_ns + end_ns)
        return Command(stamp_ns=0, time_ns=np.array([end_ns]), states=state.rows[None], n_known=0)

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

    @property
    def q_unlimited(self) -> Joints:
        """Joints (6,) [rad] where the last command would have ended without limits."""
        return self._generator.q_unlimited

    def shift(self, by_ns: int, now_ns: int) -> None:
        """Move the path with the clock, which has been set back to now."""
        self.path.shift(by_ns)
        self._state_ns += by_ns
        self._command_ns = min(self._command_ns, now_ns)

    def _branch(self, time_ns: int) -> None:
        """Let the generator continue from where the path is at a time."""
        elapsed_s = (time_ns - self._state_ns) / NS_PER_S
        self._generator.resume_from(self.path.state_at(time_ns), elapsed_s=elapsed_s)
        self._state_ns = time_ns

    def _replace_path(self, branch_ns: int, now_ns: int, *states: tuple[int, MotionState]) -> None:
        """Replace the path from a time on, by states at later times and the shortest stop."""
        last_ns, last = states[-1] if states else (branch_ns, self._generator.state)
        stop_ns, stop = self._generator.plan_stop(last).waypoints(
            spacing_s=self._period_s, max_points=STOP_POINTS
        )
        n = len(states)
        times = np.empty(n + len(stop_ns), np.int64)
        rows = np.empty((len(times), 3, N_JOINTS))
        for i, (time_ns, state) in enumerate(states):
            times[i], rows[i] = time_ns, state.rows
        times[n:], rows[n:] = stop_ns + last_ns, stop
        rows[-1:, 1:] = 0.0  # the stop is left out where it is too short
        self.path.replace_from(branch_ns, times, rows, now_ns)

    def _command(self, now_ns: int, branch_ns: int) -> Command:
        """Return the command for the path from the present on."""
        self._command_ns = now_ns
        first_ns = now_ns - self.controller_behind_ns
        times, states = self.path.knots(first_ns, spacing_ns=SPACING_NS, dense_ns=branch_ns)
        if times[-1] < now_ns + HOLD_NS:
            times = np.append(times, now_ns + HOLD_NS)
            states = np.append(states, states[-1:], axis=0)
            states[-1, 1:] = 0.0
        return Command(
            stamp_ns=first_ns + self.controller_ahead_ns,
            time_ns=times - first_ns,
            states=states,
            n_known=int(np.searchsorted(times, branch_ns, 'right')),
        )


class StreamMode(OutputMode):
    """
    At least one command a period, each with the shortest stop as its tail.

    Dense targets pace the commands themselves; ticks fill in between sparse ones.
    """

    lead_ns = STREAM_LEAD_NS

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


class TrajectoryMode(OutputMode):
    """
    One command a target, with the whole motion to rest at it.

    A new target replaces the motion from where it will be when the controller learns of it.
    """

    lead_ns = TRAJECTORY_LEAD_NS

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


def make_output_mode(
    name: str, generator: MotionGenerator, start_monitor: StartMonitor, period_s: float
) -> OutputMode:
    """Return the output mode with a name of ``OUTPUT_MODES``."""
    if name == STREAM:
        return StreamMode(generator, start_monitor, period_s)
    return TrajectoryMode(generator, start_monitor, period_s, repeats=name == TRAJECTORY)
