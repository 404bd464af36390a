# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node itself, fed by hand: hostile messages, and targets that no motion can follow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from derivatives import LIMIT_TOL, limit_shares
from hostile import good_pose, hostile_joints, hostile_pose
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.controller_rules import violation
from neural_ik_ros.interface.factory import motion_limits
from neural_ik_ros.interface.messages import (
    fill_trajectory,
    make_trajectory,
    trajectory_from_message,
)
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.kinematics import Joints, forward, random_joints
from neural_ik_ros.motion import Command, MotionGenerator, PoseTracker, TrackerConfig
from neural_ik_ros.motion.output_modes import LATE_PERIODS
from neural_ik_ros.ros.node.node import NeuralIkNode
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
PERIOD_NS = 4_000_000
CHUNK = 5000  # points judged at once
MOST_PROBLEMS = 20  # are enough
MOST_TRIES = 5  # until a good target is served
RECOVERY_S = 0.002
PARAMETERS = ('-p', f'recovery_s:={RECOVERY_S}', '-p', 'joint_state_timeout_s:=30.0')


class Judge:
    """Stands in for the node's publishers; judges every message instead of sending it."""

    def __init__(self, node: NeuralIkNode) -> None:
        arm = node._tracker.solver.arm
        self.names, self.lower, self.upper = list(arm.joint_names), arm.lower, arm.upper
        self.problems: list[str] = []
        self.n_commands = 0
        self._message = make_trajectory(self.names)

    def command(self, command: Command) -> None:
        fill_trajectory(self._message, command.q, command.interval_ns, command.tail)
        problem = violation(trajectory_from_message(self._message), self.names, 0)
        rows = np.array([point.positions for point in self._message.points])
        if problem is None and not ((rows >= self.lower) & (rows <= self.upper)).all():
            problem = 'not finite, or outside the position limits'
        if problem is not None:
            self.problems.append(f'command: {problem}')
        self.n_commands += 1

    def solution(self, *_args: Any) -> None:
        pass

    status = report = solution

    def take_failure(self) -> str:
        return ''

    def values(self) -> dict[str, str]:
        return {}

    def destroy(self) -> None:
        pass


def fuzz(node: NeuralIkNode, n: int, seed: int = 1) -> list[str]:
    """
    Return the violations of n hostile messages given to an active node.

    Every 100 messages a good target must be served.
    """
    rng, arm = np.random.default_rng(seed), node._tracker.solver.arm
    judge = Judge(node)
    node._outputs = judge
    names = judge.names
    n_targets = sum(node._statistics.counts.values())
    for k in range(n):
        node._on_joints(hostile_joints(rng, names, HOME))
        node._on_tick()  # the stop, if the joints have made one necessary
        hostile = hostile_pose(rng, arm, HOME, node._now_ns())
        n_before = judge.n_commands
        was_moving = node._tracker.health(node._now_ns()).is_moving
        node._on_target(hostile.content)
        n_targets += 1
        if judge.n_commands > n_before and not hostile.may_command and not was_moving:
            judge.problems.append(f'message {k} must not be answered: {hostile.content!r}')
        if k % 100 == 99:
            problems, n_sent = _must_serve(node, names)
            judge.problems += problems
            n_targets += n_sent
        if len(judge.problems) > MOST_PROBLEMS:
            break
    if sum(node._statistics.counts.values()) != n_targets:
        judge.problems.append(f'{node._statistics.counts} does not count {n_targets} targets')
    return judge.problems


def _must_serve(node: NeuralIkNode, names: list[str]) -> tuple[list[str], int]:
    """
    Return a problem if a good target is not served, and how many were sent.

    The first may come too early: a fault that its joint states themselves have shown lasts until
    the arm has been at rest, and a busy machine may be late.
    """
    newest = node._statistics.newest
    for n_sent in range(1, MOST_TRIES + 1):
        for _ in range(2):
            node._on_joints(JointState(name=names, position=HOME.tolist()))
            time.sleep(RECOVERY_S)
        node._on_joints(JointState(name=names, position=HOME.tolist()))
        good = good_pose(node._tracker.solver.arm, HOME + 0.01, node._now_ns())
        node._on_target(serialize_message(good))
        newest = node._statistics.newest
        if newest.status.is_solved:
            return [], n_sent
    return [f'a good target was answered: {newest.reason}'], MOST_TRIES


# Limits


def adversarial_targets(rng: np.random.Generator, arm: Any) -> Iterator[Joints]:
    """Yield joints (6,) [rad] to be reached, one each period, that nobody could follow."""
    middle, half = 0.5 * (arm.upper + arm.lower), 0.5 * (arm.upper - arm.lower)
    while True:
        kind, n = int(rng.integers(5)), int(rng.integers(50, 400))
        start = random_joints(arm, rng, 1)[0]
        for k in range(n):
            if kind == 0:  # jumps
                yield random_joints(arm, rng, 1)[0] if k % 20 == 0 else start
            elif kind == 1:  # a square wave of 50 Hz
                yield np.clip(start + (0.2 if k // 2 % 2 else -0.2), arm.lower, arm.upper)
            elif kind == 2:  # through the singularity of the wrist
                q = start.copy()
                q[4] = 0.3 * np.cos(0.02 * k)
                yield q
            elif kind == 3:  # along the limits
                yield middle + half * np.clip(1.5 * np.sin(0.03 * k + np.arange(6)), -1.0, 1.0)
            else:  # noise
                yield np.clip(start + 0.01 * rng.normal(size=6), arm.lower, arm.upper)


def check_limits(arm: Any, n: int, seed: int = 2) -> list[str]:
    """Return the limits that are broken in n commands of a tracker on an even clock."""
    limits = motion_limits(arm, NodeConfig())
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    tracker = PoseTracker(solver, MotionGenerator(limits), TrackerConfig(following_error=0.0))
    rng, now_ns, time_ns = np.random.default_rng(seed), 10**18, 0
    rows, times, sent_ns = [HOME] * 4, [-3 * PERIOD_NS, -2 * PERIOD_NS, -PERIOD_NS, 0], now_ns
    problems: list[str] = []
    n_rows = 0
    tracker.on_joints(HOME, now_ns)
    for goal in adversarial_targets(rng, arm):
        now_ns += PERIOD_NS
        tracker.on_joints(rows[-1], now_ns)
        target = forward(arm, goal)
        output = tracker.on_target(target, frame='base_link', stamp_ns=now_ns, now_ns=now_ns)
        if output.command is None:
            output = tracker.on_tick(now_ns)
        if output is None or output.command is None:
            continue
        step_ns = now_ns - sent_ns  # less than that if it is a little late: see LATE_PERIODS
        is_late = step_ns > (1 + LATE_PERIODS) * PERIOD_NS
        time_ns += step_ns if is_late else min(step_ns, 2 * PERIOD_NS)
        rows.append(output.command.q[0])
        times.append(time_ns)
        sent_ns, n_rows = now_ns, n_rows + 1
        if len(rows) >= CHUNK or n_rows >= n:
            shares = limit_shares(1e-9 * np.array(times, float), np.array(rows), limits)
            problems += [
                f'{name} limit used to {share:.6f} before point {n_rows}'
                for name, share in shares.items()
                if not share <= 1.0 + LIMIT_TOL
            ]
            rows, times = rows[-3:], [one - time_ns for one in times[-3:]]
            time_ns = 0
        if n_rows >= n or len(problems) > MOST_PROBLEMS:
            break
    return problems
