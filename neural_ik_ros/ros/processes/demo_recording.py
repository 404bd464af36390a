# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Converts the recorded messages of the demo into the arrays of a ``Recording``."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from ...interface.controller_rules import Trajectory
from ...interface.messages import (
    PoseTarget,
    ns_from_time,
    target_from_pose,
    trajectory_from_message,
)
from ...kinematics import Joints
from ...simulation.demo_report import IntArray, Recording
from ...simulation.trajectory_follower import Knot, interpolate
from ..nodes.recorder import RecordedTopic

NODE_SUFFIX = '/neural_ik'
ARM_NAME = '/simulated_arm: joint_trajectory_controller'
VIOLATIONS = ('rejected', 'position_violations', 'speed_violations', 'not_finite')
STATUS_PREFIX = 'count '
FIT_COMMANDS = 300  # of those that the delay is fitted to
MAX_DELAY_NS, COARSE_NS = 30_000_000, 500_000


def recording_from_topics(recorded: Mapping[str, RecordedTopic]) -> Recording:
    """Return the recording of a ``Recorder``, by the names of its topics."""
    targets = [target_from_pose(message) for message in recorded['targets'].messages()]
    valid = [target for target in targets if isinstance(target, PoseTarget)]
    solutions = recorded['solutions'].messages()
    commands = recorded['trajectories'].messages()
    joints = recorded['joint_states'].messages()
    values = _latest_values(recorded['diagnostics'])
    solution_q = np.array([message.position for message in solutions]).reshape(-1, 6)
    solution_stamp_ns = _ints(ns_from_time(message.header.stamp) for message in solutions)
    command_q = _commanded_joints(
        [trajectory_from_message(message) for message in commands],
        _ints(recorded['trajectories'].sent_ns),
        (solution_stamp_ns, _ints(recorded['solutions'].sent_ns), solution_q),
    )
    return Recording(
        target_stamp_ns=_ints(target.stamp_ns for target in valid),
        target_sent_ns=_ints(recorded['targets'].sent_ns),
        targets=np.array([target.transform for target in valid]).reshape(-1, 4, 4),
        solution_stamp_ns=solution_stamp_ns,
        solution_sent_ns=_ints(recorded['solutions'].sent_ns),
        solution_q=solution_q,
        command_sent_ns=_ints(recorded['trajectories'].sent_ns),
        command_received_ns=_ints(recorded['trajectories'].received_ns),
        command_q=command_q,
        joint_stamp_ns=_ints(ns_from_time(message.header.stamp) for message in joints),
        joint_q=np.array([message.position for message in joints]).reshape(-1, 6),
        relayed_stamp_ns=_ints(
            ns_from_time(message.header.stamp) for message in recorded['relayed'].messages()
        ),
        relayed_received_ns=_ints(recorded['relayed'].received_ns),
        counts={
            key.removeprefix(STATUS_PREFIX): int(value)
            for key, value in values.get(NODE_SUFFIX, {}).items()
            if key.startswith(STATUS_PREFIX)
        },
        violations={key: int(values.get(ARM_NAME, {}).get(key, 0)) for key in VIOLATIONS},
    )


def _commanded_joints(
    commands: list[Trajectory],
    sent_ns: IntArray,
    solutions: tuple[IntArray, IntArray, Joints],
) -> Joints:
    """
    Return the joints (k, 6) [rad] where each command passes its target.

    A command is a path over time, which passes the target a constant time after its stamp. That
    time is the one by which the paths fit the exact solutions best.

    :param solutions: Stamps of the targets and times of sending (m,) [ns], and joints (m, 6).
    """
    if not commands or not len(solutions[0]):
        return np.empty((len(commands), 6))
    stamps_ns, solved_ns, q = solutions
    # A command is sent just before the solution of its target.
    rows = np.searchsorted(solved_ns, sent_ns).clip(max=len(solved_ns) - 1)
    some = np.unique(np.linspace(0, len(commands) - 1, FIT_COMMANDS).astype(np.int64))

    def error(delay_ns: int) -> float:
        at = [_joints_at(commands[k], int(stamps_ns[rows[k]]) + delay_ns) for k in some]
        return float(np.median(np.abs(np.array(at) - q[rows[some]]).max(axis=1)))

    delay_ns = min(range(0, MAX_DELAY_NS, COARSE_NS), key=error)
    near = range(delay_ns - COARSE_NS, delay_ns + COARSE_NS, COARSE_NS // 50)
    delay_ns = min(near, key=error)
    passed = [
        _joints_at(command, int(stamps_ns[row]) + delay_ns)
        for command, row in zip(commands, rows, strict=True)
    ]
    return np.array(passed)


def _joints_at(command: Trajectory, time_ns: int) -> Joints:
    """Return the joints (6,) [rad] of a command at a time, as the controller interpolates them."""
    points, since_ns = command.points, time_ns - command.stamp_ns
    times_ns = [point.time_from_start_ns for point in points]
    end = min(max(bisect_right(times_ns, since_ns), 1), len(points) - 1)
    start, stop = (
        Knot(
            time_ns=point.time_from_start_ns,
            q=np.asarray(point.positions),
            qd=np.asarray(point.velocities),
            qdd=np.asarray(point.accelerations),
        )
        for point in (points[end - 1], points[end])
    )
    return interpolate(start, stop, since_ns).q


def _ints(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(list(values), dtype=np.int64)  # type: ignore[call-overload]


def _latest_values(topic: RecordedTopic) -> dict[str, dict[str, str]]:
    """Return the latest key-value pairs of each diagnostic status, by its name."""
    return {
        status.name: {pair.key: pair.value for pair in status.values}
        for message in topic.messages()
        for status in message.status
    }
