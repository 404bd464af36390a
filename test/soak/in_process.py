# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS: fuzz messages, and targets that no motion can follow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from derivatives import limit_shares
from fuzz import fuzz_joints, fuzz_pose, good_pose
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from tracker_bench import BETWEEN_TOL, state_of

from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.interface.factory import motion_limits
from neural_ik_ros.interface.messages import (
    fill_trajectory,
    make_trajectory,
    trajectory_from_message,
)
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import Arm, Joints, forward, random_joints
from neural_ik_ros.motion import MotionGenerator, Output, PoseTracker, TrackerConfig
from neural_ik_ros.ros.node.serialisation import target_from_bytes
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
PERIOD_NS = 4_000_000
CHUNK = 5000  # points judged at once
MOST_PROBLEMS = 20  # are enough
MOST_TRIES = 5  # until a good target is solved
RECOVERY_S = 0.002
CONFIG = NodeConfig(recovery_s=RECOVERY_S, joint_state_timeout_s=30.0)


class CommandCheck(Observer):
    """Checks every command."""

    def __init__(self, arm: Arm) -> None:
        self.names, self.lower, self.upper = list(arm.joint_names), arm.lower, arm.upper
        self.problems: list[str] = []
        self.n_commands = 0
        self._message = make_trajectory(self.names)

    def on_output(self, output: Output, _target: Any) -> None:
        """Check the command of an output."""
        command = output.command
        if command is None:
            return
        fill_trajectory(self._message, command)
        trajectory = trajectory_from_message(self._message)
        problem = first_violation(trajectory, self.names, time.time_ns())
        rows = np.array([point.positions for point in self._message.points])
        if problem is None and not ((rows >= self.lower) & (rows <= self.upper)).all():
            problem = 'not finite, or outside the position limits'
        if problem is not None:
            self.problems.append(f'command: {problem}')
        self.n_commands += 1


def make_node() -> tuple[StreamingNode, CommandCheck]:
    """Return an active node and the check that observes it."""
    node = StreamingNode(CONFIG, read_target=target_from_bytes, now_ns=time.time_ns)
    check = CommandCheck(node.tracker.solver.arm)
    node.add_observer(check)
    node.start()
    return node, check


def fuzz_node(n: int) -> list[str]:
    """Return the violations of n fuzz messages given to a new node."""
    return fuzz(*make_node(), n)


def fuzz(node: StreamingNode, check: CommandCheck, n: int, seed: int = 1) -> list[str]:
    """
    Return the violations of n fuzz messages given to an active node.

    Every 100 messages a good target must be solved.
    """
    rng, arm = np.random.default_rng(seed), node.tracker.solver.arm
    n_targets = sum(node.statistics.counts.values())
    for k in range(n):
        node.on_joint_state(fuzz_joints(rng, check.names, HOME))
        node.on_tick()  # the stop, if the joints have made one necessary
        fuzz_message = fuzz_pose(rng, arm, HOME, time.time_ns())
        n_before = check.n_commands
        was_moving = node.health.is_moving
        node.on_target(fuzz_message.content)
        n_targets += 1
        if check.n_commands > n_before and not fuzz_message.may_command and not was_moving:
            check.problems.append(f'message {k} must not be answered: {fuzz_message.content!r}')
        if k % 100 == 99:
            problems, n_sent = _solve_good_target(node, check.names)
            check.problems += problems
            n_targets += n_sent
        if len(check.problems) > MOST_PROBLEMS:
            break
    if sum(node.statistics.counts.values()) != n_targets:
        check.problems.append(f'{node.statistics.counts} does not count {n_targets} targets')
    return check.problems


def _solve_good_target(node: StreamingNode, names: list[str]) -> tuple[list[str], int]:
    """
    Return a problem if a good target is not solved, and how many were sent.

    The first may come too early: a fault caused by fuzz joint states lasts until the arm has been
    at rest, and a busy machine may be late. Joints that jump are a fault of the arm, which
    somebody has to acknowledge.
    """
    newest = node.statistics.newest
    node.resume()
    for n_sent in range(1, MOST_TRIES + 1):
        for _ in range(2):
            node.on_joint_state(JointState(name=names, position=HOME.tolist()))
            time.sleep(RECOVERY_S)
        node.on_joint_state(JointState(name=names, position=HOME.tolist()))
        good = good_pose(node.tracker.solver.arm, HOME + 0.01, time.time_ns())
        node.on_target(serialize_message(good))
        newest = node.statistics.newest
        if newest.status.is_solved:
            return [], n_sent
    return [f'a good target was answered: {newest.reason}'], MOST_TRIES


# Limits


def adversarial_targets(rng: np.random.Generator, arm: Any) -> Iterator[Joints]:
    """Yield joints (6,) [rad] to be reached, one each period, that no motion could follow."""
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
    """Return the limits that an arm breaks that does what n commands of a tracker say."""
    limits = motion_limits(arm, NodeConfig())
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    tracker = PoseTracker(solver, MotionGenerator(limits), TrackerConfig(max_following_error=0.0))
    rng, now_ns, n_commands = np.random.default_rng(seed), 10**18, 0
    rows, problems = [HOME] * 4, []
    command = None
    tracker.on_joints(HOME, now_ns)
    for goal in adversarial_targets(rng, arm):
        now_ns += PERIOD_NS
        rows.append(HOME if command is None else state_of(command, now_ns))
        tracker.on_joints(rows[-1], now_ns)
        target = forward(arm, goal)
        output: Output | None = tracker.on_target(target, stamp_ns=now_ns, now_ns=now_ns)
        if output is None or output.command is None:
            output = tracker.on_tick(now_ns)
        if output is not None and output.command is not None:
            command, n_commands = output.command, n_commands + 1
        if len(rows) >= CHUNK or n_commands >= n:
            times = 1e-9 * PERIOD_NS * np.arange(len(rows))
            problems += [
                f'{name} limit used to {share:.6f} before command {n_commands}'
                for name, share in limit_shares(times, np.array(rows), limits).items()
                if not share <= 1.0 + BETWEEN_TOL[name]
            ]
            rows = rows[-3:]
        if n_commands >= n or len(problems) > MOST_PROBLEMS:
            break
    return problems
