# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A measurement plan as files: a table, and a slow trajectory that stops at every pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...atomic_files import atomic_write
from ...kinematics import Arm, FloatArray, Joints, forward, quat_from_rotation

POSE_COLUMNS = ('x', 'y', 'z', 'qx', 'qy', 'qz', 'qw')


def write_table(path: Path, arm: Arm, q: Joints) -> None:
    """Write joints [rad] and nominal tool poses [m], quaternion, one row a pose."""
    rows = [','.join((*arm.joint_names, *POSE_COLUMNS))]
    for joints, tool in zip(q, forward(arm, q), strict=True):
        numbers = (*joints, *tool[:3, 3], *quat_from_rotation(tool[:3, :3]))
        rows.append(','.join(f'{number:.9f}' for number in numbers))
    with atomic_write(path) as partial:
        partial.write_text('\n'.join(rows) + '\n', encoding='utf-8')


def write_trajectory(path: Path, arm: Arm, q: Joints, *, speed: float, dwell_s: float) -> None:
    """
    Write a trajectory_msgs/JointTrajectory in YAML, as ``ros2 topic pub`` and scripts take it.

    :param speed: Share of the joints' velocity limits, on average between two poses.
    :param dwell_s: Rest at each pose.
    """
    lines = ['# trajectory_msgs/msg/JointTrajectory: at rest at every pose; no collision check']
    lines.append(f'joint_names: [{", ".join(arm.joint_names)}]')
    lines.append('points:')
    for time, joints in zip(*arrivals(arm, q, speed=speed, dwell_s=dwell_s), strict=True):
        seconds, rest = divmod(round(time * 1e9), 1_000_000_000)
        positions = ', '.join(f'{angle:.9f}' for angle in joints)
        lines.append(f'- positions: [{positions}]')
        lines.append('  velocities: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]')
        lines.append(f'  time_from_start: {{sec: {seconds}, nanosec: {rest}}}')
    with atomic_write(path) as partial:
        partial.write_text('\n'.join(lines) + '\n', encoding='utf-8')


def arrivals(arm: Arm, q: Joints, *, speed: float, dwell_s: float) -> tuple[FloatArray, Joints]:
    """Return times (2 n,) [s] and joints (2 n, 6) of arrival at each pose and end of its rest."""
    moves = (np.abs(np.diff(q, axis=0)) / arm.velocity).max(axis=1) / speed
    arrival = np.concatenate([[dwell_s], dwell_s + np.cumsum(moves + dwell_s)])
    times = np.stack([arrival, arrival + dwell_s], axis=1).ravel()
    return times, np.repeat(q, 2, axis=0)
