# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
A robot cell on simulated time: a source of targets, the tracker, a controller and an arm.

Everything that makes a real cell uneven is drawn from a seed: the phase between message and
update, jitter, lost messages, stalls, and two clocks. The time is simulated, so a run gives the
same numbers on any machine, however busy.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from neural_ik_ros.interface.controller_rules import Trajectory, TrajectoryPoint
from neural_ik_ros.kinematics import Arm, FloatArray, Joints, Transform
from neural_ik_ros.motion import (
    Command,
    MotionGenerator,
    MotionLimits,
    Output,
    PoseTracker,
    TrackerConfig,
)
from neural_ik_ros.simulation.simulated_controller import START_JOINTS, SimulatedController
from neural_ik_ros.solver import CurrentJoints, IkSolver

MS, S = 1_000_000, 1_000_000_000
START_NS = 1_700_000_000 * S
MAX_ACCELERATION = (5.0, 5.0, 5.0, 10.0, 10.0, 10.0)
MAX_JERK = (50.0, 50.0, 50.0, 100.0, 100.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class CellConfig:
    """How uneven the cell is; times in seconds."""

    target_hz: float = 250.0
    controller_hz: float = 250.0
    controller_phase: float = 0.0  # of the first update after the first target, in its periods
    source_jitter_s: float = 0.0  # of the arrival of targets, uniform from zero
    update_jitter_s: float = 0.0
    command_latency_s: float = 0.0005  # from the node to the controller
    command_jitter_s: float = 0.0
    lost_share: float = 0.0  # of commands
    clock_ahead_s: float = 0.0  # of the controller over the node
    joint_state_hz: float = 0.0  # 0 for every update
    arm_lag_s: float = 0.0  # of the measured joints behind the commands
    interpolates_from_desired_state: bool = True
    has_stamps: bool = True  # of targets
    stalls: tuple[tuple[float, float], ...] = ()  # (start, duration) of times without the node
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    seed: int = 0


class Cell:
    """Runs events in the order of their times and records the commands that the arm gets."""

    def __init__(self, arm: Arm, config: CellConfig, *, q_start: Joints | None = None) -> None:
        """Start at rest, with an active controller."""
        self.arm, self.config = arm, config
        self.limits = MotionLimits.from_arm(arm, acceleration=MAX_ACCELERATION, jerk=MAX_JERK)
        solver = IkSolver(arm, CurrentJoints())
        self.tracker = PoseTracker(solver, MotionGenerator(self.limits), config.tracker)
        period_ns = round(S / config.controller_hz)
        self.controller = SimulatedController(
            arm,
            np.array(START_JOINTS if q_start is None else q_start),
            period_ns=period_ns,
            interpolates_from_desired_state=config.interpolates_from_desired_state,
        )
        self.outputs: list[tuple[int, Output]] = []
        self.now_ns = START_NS
        self._rng = np.random.default_rng(config.seed)
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._period_ns = period_ns
        self._joint_state_due_ns = 0
        self._updates: list[tuple[int, Joints]] = []
        first_ns = START_NS + round(config.controller_phase * period_ns)
        self.at(first_ns, lambda: self._update(first_ns))
        self.at(START_NS, lambda: self._tick(START_NS))

    def at(self, time_ns: int, action: Callable[[], None]) -> None:
        """Schedule an action."""
        heapq.heappush(self._events, (time_ns, next(self._order), action))

    def run(self, duration_s: float) -> None:
        """Run for a time."""
        end_ns = self.now_ns + round(duration_s * S)
        while self._events and self._events[0][0] <= end_ns:
            self.now_ns, _, action = heapq.heappop(self._events)
            action()
        self.now_ns = end_ns

    def stream(self, path: Callable[[float], Transform], duration_s: float) -> None:
        """Schedule targets of a path over time, from now on."""
        start_ns, period_ns = self.now_ns, round(S / self.config.target_hz)
        jitter_s = min(self.config.source_jitter_s, 1.0 / self.config.target_hz)
        for k in range(round(duration_s * self.config.target_hz)):
            stamp_ns = start_ns + k * period_ns
            transform = path(k * period_ns / S)
            arrival_ns = stamp_ns + 300_000 + self._uniform_ns(jitter_s)
            self.at(arrival_ns, lambda t=transform, s=stamp_ns: self.target(t, s))  # type: ignore[misc]

    def target(self, transform: Transform, stamp_ns: int = 0) -> None:
        """Give the tracker a target, as soon as the node is not stalled."""
        if self._postpone(lambda: self.target(transform, stamp_ns)):
            return
        stamp_ns = stamp_ns if self.config.has_stamps else 0
        self._take(self.tracker.on_target(transform, stamp_ns=stamp_ns, now_ns=self.now_ns))

    @property
    def updates(self) -> tuple[FloatArray, FloatArray]:
        """Times (n,) [s] of the updates since the start, and the commands (n, 6) [rad]."""
        times = np.array([time_ns - START_NS for time_ns, _ in self._updates]) / S
        return times, np.array([q for _, q in self._updates])

    def _tick(self, due_ns: int) -> None:
        period_ns = round(S / self.tracker.config.rate_hz)
        self.at(due_ns + period_ns, lambda: self._tick(due_ns + period_ns))
        if not self._stall_end_ns():
            self._take(self.tracker.on_tick(self.now_ns))

    def _take(self, output: Output | None) -> None:
        if output is None:
            return
        self.outputs.append((self.now_ns, output))
        if output.command is None or self._rng.random() < self.config.lost_share:
            return
        trajectory = trajectory_of(output.command, self.arm.joint_names)
        delay_ns = round(self.config.command_latency_s * S)
        delay_ns += self._uniform_ns(self.config.command_jitter_s)
        self.at(self.now_ns + delay_ns, lambda: self._receive(trajectory))

    def _receive(self, trajectory: Trajectory) -> None:
        self.controller.receive(trajectory, self.now_ns + self._ahead_ns)

    @property
    def _ahead_ns(self) -> int:
        return round(self.config.clock_ahead_s * S)

    def _update(self, due_ns: int) -> None:
        next_ns = due_ns + self._period_ns
        jitter_ns = self._uniform_ns(self.config.update_jitter_s)
        self.at(next_ns + jitter_ns, lambda: self._update(next_ns))
        measured = self._lagging_joints()
        self.controller.update(self.now_ns + self._ahead_ns)
        self._updates.append((self.now_ns, self.controller.q_command.copy()))
        if self.now_ns < self._joint_state_due_ns:
            return
        if self.config.joint_state_hz > 0.0:
            self._joint_state_due_ns = self.now_ns + round(S / self.config.joint_state_hz) - MS
        stamp_ns = self.now_ns + self._ahead_ns
        self.at(self.now_ns + 400_000, lambda: self._joints(measured, stamp_ns))

    def _joints(self, q: Joints, stamp_ns: int) -> None:
        if not self._postpone(lambda: self._joints(q, stamp_ns)):
            self._take(self.tracker.on_joints(q, self.now_ns, stamp_ns))

    def _lagging_joints(self) -> Joints:
        lag = round(self.config.arm_lag_s * self.config.controller_hz)
        if lag == 0 or len(self._updates) <= lag:
            return self._updates[0][1] if lag and self._updates else self.controller.joints.q
        return self._updates[-1 - lag][1]

    def _postpone(self, action: Callable[[], None]) -> bool:
        """Schedule an action for the end of a stall of the node, if there is one now."""
        end_ns = self._stall_end_ns()
        if end_ns:
            self.at(end_ns, action)
        return end_ns > 0

    def _stall_end_ns(self) -> int:
        since_s = (self.now_ns - START_NS) / S
        for start_s, duration_s in self.config.stalls:
            if start_s <= since_s < start_s + duration_s:
                return START_NS + round((start_s + duration_s) * S) + 1
        return 0

    def _uniform_ns(self, width_s: float) -> int:
        return round(self._rng.uniform(0.0, width_s) * S) if width_s > 0.0 else 0


def trajectory_of(command: Command, joint_names: tuple[str, ...]) -> Trajectory:
    """Return a command as the controller gets it."""
    points = [
        TrajectoryPoint(
            positions=rows[0].tolist(),
            velocities=rows[1].tolist(),
            accelerations=rows[2].tolist(),
            time_from_start_ns=time_ns,
        )
        for time_ns, rows in zip(command.time_ns.tolist(), command.states, strict=True)
    ]
    return Trajectory(joint_names=joint_names, points=points, stamp_ns=command.stamp_ns)
