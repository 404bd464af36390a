# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A tracker on a clock of its own, and how its tests look at it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from derivatives import limit_shares

from neural_ik_ros.kinematics import Arm, FloatArray, Joints, forward
from neural_ik_ros.motion import (
    Command,
    MotionGenerator,
    MotionLimits,
    Output,
    PoseTracker,
    Status,
    StreamStatus,
    TrackerConfig,
)
from neural_ik_ros.simulation.trajectory_follower import Knot, interpolate
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions

MS = 1_000_000
PERIOD = 4 * MS  # of the default rate
T0 = 1_700_000_000 * 1000 * MS  # an ordinary day
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FAR = HOME + np.array([0.4, -0.2, 0.2, 0.3, -0.4, 0.5])
EXACT = 1e-9  # [m], [rad] between the target and the tool at the commanded joints
# Relative: the quintics that a controller interpolates between two states of a jerk-limited motion
# are not that motion itself. Whole motions, which are sent as planned, exceed nothing.
BETWEEN_TOL = {'position': 0.0, 'velocity': 1e-3, 'acceleration': 0.02, 'jerk': 0.25}


def motion_limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=[5.0] * 6, jerk=[50.0] * 6)


@dataclass
class Bench:
    """A tracker, its clock, and an arm that is where its controller samples the commands."""

    tracker: PoseTracker
    now: int = T0
    q: Joints = field(default_factory=HOME.copy)
    commands: list[tuple[int, Command]] = field(default_factory=list)
    faults: list[Output] = field(default_factory=list)
    trace: list[tuple[int, Joints]] = field(default_factory=list)  # where the arm has been
    target_times: list[int] = field(default_factory=list)  # of those streamed
    arm_obeys: bool = True
    has_stamps: bool = False  # of joint states

    def joints(self) -> None:
        """Let the arm move to where it is commanded to be now, and report it."""
        if self.arm_obeys and self.commands:
            self.q = state_of(self.commands[-1][1], self.now)
        self.measured(self.q)

    def measured(self, q: Joints) -> None:
        """Report joints, wherever the arm is."""
        self.trace.append((self.now, q.copy()))
        stamp = self.now if self.has_stamps else 0
        self.report(self.tracker.on_joints(q, self.now, stamp))

    def report(self, fault: Output | None) -> None:
        """Obey the stop that a fault comes with."""
        if fault is not None:
            self.faults.append(fault)
            self._obey(fault.command)

    def target(self, q_target: Joints, *, age: int = 0) -> Output:
        return self.pose(forward(self.tracker.solver.arm, q_target), self.now - age)

    def pose(self, transform: FloatArray, stamp: int) -> Output:
        output = self.tracker.on_target(transform, stamp_ns=stamp, now_ns=self.now)
        self._obey(output.command)
        return output

    def tick(self) -> Output | None:
        output = self.tracker.on_tick(self.now)
        if output is not None:
            self._obey(output.command)
        return output

    def waits_for(self) -> Status:
        return self.tracker.idle_status(self.now).status

    def stop(self) -> Command | None:
        command = self.tracker.stop(self.now)
        self._obey(command)
        return command

    def _obey(self, command: Command | None) -> None:
        if command is None:
            return
        self.commands.append((self.now, started(command, self.now)))

    def wait(self, duration: int, *, period: int = PERIOD) -> int:
        """Return how many ticks made a command while joint states kept coming."""
        n_before = len(self.commands)
        for _ in range(duration // period):
            self.now += period
            self.joints()
            self.tick()
        return len(self.commands) - n_before

    def stream(self, path: FloatArray, period: int = PERIOD, *, ticks: int = 1) -> list[Output]:
        """Return the answers to targets at an even rate, with ``ticks`` ticks after each."""
        outputs = []
        for q_target in path:
            self.now += period // (ticks + 1)
            self.joints()
            outputs.append(self.target(q_target))
            self.target_times.append(self.now)
            for _ in range(ticks):
                self.now += period // (ticks + 1)
                self.joints()
                self.tick()
        return outputs

    @property
    def times(self) -> FloatArray:
        """When each command was sent [ns]."""
        return np.array([now for now, _ in self.commands])

    def passed(self, times: FloatArray) -> FloatArray:
        """Return where the arm was (n, 6) [rad] at some of the times [ns] of ``joints``."""
        seen = np.array([time for time, _ in self.trace])
        index = np.searchsorted(seen, times)
        assert (seen[index] == times).all()
        return np.array([q for _, q in self.trace])[index]

    def motion(self, start: int = T0, *, n_at_rest: int = 3) -> tuple[FloatArray, FloatArray]:
        """
        Return times (n,) [s] and joints (n, 6) [rad] of the arm from a time on, each time once.

        Before it the arm was at rest, for a number of periods.
        """
        times = [start - PERIOD * k for k in range(n_at_rest, 0, -1)]
        rows = [self.trace[0][1]] * n_at_rest
        for time, q in self.trace:
            if time >= start and time > times[-1]:
                times.append(time)
                rows.append(q)
        return 1e-9 * (np.array(times) - times[0]), np.array(rows)


def started(command: Command, now: int) -> Command:
    """Return a command as the controller takes it: zero stamps start now."""
    return command if command.stamp_ns else replace(command, stamp_ns=now)


def state_of(command: Command, now: int) -> Joints:
    """Return the joints (6,) that a controller interpolates now; those of the ends outside."""
    since = now - command.stamp_ns
    index = int(np.searchsorted(command.time_ns, since, 'right'))
    if index == len(command.time_ns):
        return command.states[-1, 0]
    return interpolate(_knot(command, max(index - 1, 0)), _knot(command, index), since).q


def _knot(command: Command, index: int) -> Knot:
    q, qd, qdd = command.states[index]
    return Knot(time_ns=int(command.time_ns[index]), q=q, qd=qd, qdd=qdd)


def made_bench(arm: Arm, options: SolverOptions | None = None, **config: object) -> Bench:
    """Return a bench before the first joint state."""
    solver = IkSolver(arm, CurrentJoints(), options)
    generator = MotionGenerator(motion_limits(arm))
    return Bench(PoseTracker(solver, generator, TrackerConfig(**config)))


def assert_refused(output: Output, status: IkStatus | StreamStatus, *words: str) -> None:
    assert output.status is status
    assert output.command is None
    assert output.reason.startswith(status.value)
    for word in words:
        assert word in output.reason


def assert_moves_within_limits(times: FloatArray, q: FloatArray, limits: MotionLimits) -> None:
    """Compare with the limits what the arm did, sampled at times (n,) [s]."""
    assert np.isfinite(q).all()
    for name, share in limit_shares(times, q, limits).items():
        assert share <= 1.0 + BETWEEN_TOL[name], f'{name} limit used to {share:.6f}'


def path_from_home(n: int, period: int = PERIOD) -> FloatArray:
    """Return joints (n, 6) [rad] that leave home gently, as a path in space would."""
    time = period * 1e-9 * np.arange(1, n + 1)[:, None]
    return HOME + 0.3 * (1.0 - np.cos(1.5 * time)) * np.array([1.0, -0.5, 0.5, 0.7, -0.6, 1.0])


FAST = path_from_home(250, 6 * MS)  # 0.7 rad/s at its end
