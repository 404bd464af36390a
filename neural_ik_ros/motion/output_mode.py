# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the ways to send a motion have in common: a path, commands for it, and its stops."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..units import NS_PER_MS, NS_PER_S
from .commanded_path import CommandedPath
from .following import StartMonitor
from .generation.generator import MotionGenerator
from .generation.limits import MotionState
from .tracker_types import STOP_POINTS, Command

IDLE_NS = 100 * NS_PER_MS  # a motion that has been at rest this long without a target is over
STOP_S = 0.5  # of an arm that has left its path, at least
SPACING_NS = 3_500_000  # between the points of a command that are already known
HOLD_NS = 200 * NS_PER_MS  # a trajectory that ends sooner may end before it arrives


class OutputMode(ABC):
    """
    When a command leaves, how it changes the commanded path, and what counts as at rest.

    Everything in which the output modes differ is here; ``PoseTracker`` treats them alike.
    """

    # From now to where a command changes the path: longer than a message and an update take.
    lead_ns: int

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
        self.brake(self.path.rest_ns - 1)
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
        acceleration, velocity = self._limits.acceleration, self._limits.velocity
        qd = np.clip(qd, -velocity, velocity)  # joint states may say anything
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
