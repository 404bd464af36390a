# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The rules by which joint_trajectory_controller accepts a trajectory, as one pure function.

Follows ``JointTrajectoryController::validate_trajectory_msg`` of ros2_controllers 4.42.1 (Jazzy)
with its defaults: no partial goals, no integration, no effort interface. The controller does not
check NaN, limits, speed, distance from the present state or duplicate names; the sender must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..units import NS_PER_S

SINGLE_EPSILON = 2.0**-23  # std::numeric_limits<float>::epsilon(), [rad/s]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryPoint:
    """One point of a trajectory; empty sequences mean "not given"."""

    positions: Sequence[float]  # [rad]
    velocities: Sequence[float] = ()  # [rad/s]
    accelerations: Sequence[float] = ()  # [rad/s^2]
    effort: Sequence[float] = ()  # [N m]
    time_from_start_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """The content of a trajectory_msgs/JointTrajectory; stamp 0 means "start now"."""

    joint_names: Sequence[str]
    points: Sequence[TrajectoryPoint] = field(default=())
    stamp_ns: int = 0


def first_violation(
    trajectory: Trajectory,
    joint_names: Sequence[str],
    now_ns: int,
    *,
    allows_end_velocity: bool = False,
) -> str | None:
    """
    Return the first rule that a trajectory breaks, or None if the controller would accept it.

    :param joint_names: Joints of the controller, in any order.
    :param now_ns: Present time of the controller's clock.
    :param allows_end_velocity: The parameter ``allow_nonzero_velocity_at_trajectory_end``.
    """
    problem = _names_problem(trajectory, joint_names)
    if problem is None and not allows_end_velocity:
        problem = _end_velocity_problem(trajectory)
    if problem is None:
        problem = _end_time_problem(trajectory, now_ns)
    if problem is None:
        problem = _points_problem(trajectory)
    return problem


def _names_problem(trajectory: Trajectory, joint_names: Sequence[str]) -> str | None:
    names = trajectory.joint_names
    if len(names) != len(joint_names):
        return f'{len(names)} joint names given, the controller has {len(joint_names)} joints'
    if not names:
        return 'no joint names given'
    if not trajectory.points:
        return 'no points given'
    unknown = [name for name in names if name not in joint_names]
    if unknown:
        return f'joint {unknown[0]!r} is not one of the controller'
    return None


def _end_velocity_problem(trajectory: Trajectory) -> str | None:
    for velocity in trajectory.points[-1].velocities:
        if abs(velocity) > SINGLE_EPSILON:
            return f'the last point has the velocity {velocity:.3g} rad/s instead of zero'
    return None


def _end_time_problem(trajectory: Trajectory, now_ns: int) -> str | None:
    end_ns = trajectory.stamp_ns + trajectory.points[-1].time_from_start_ns
    if trajectory.stamp_ns != 0 and end_ns < now_ns:
        return f'the trajectory ended {(now_ns - end_ns) / NS_PER_S:.3f} s ago'
    return None


def _points_problem(trajectory: Trajectory) -> str | None:
    n_joints = len(trajectory.joint_names)
    previous_ns = 0
    for i, point in enumerate(trajectory.points):
        if i > 0 and point.time_from_start_ns <= previous_ns:
            return f'time_from_start of point {i} is not later than that of point {i - 1}'
        previous_ns = point.time_from_start_ns
        if len(point.positions) != n_joints:
            return f'point {i} has {len(point.positions)} positions for {n_joints} joints'
        for name in ('velocities', 'accelerations'):
            n_values = len(getattr(point, name))
            if n_values not in (0, n_joints):
                return f'point {i} has {n_values} {name} for {n_joints} joints'
        if len(point.effort) > 0:
            return f'point {i} has effort, the controller has no effort interface'
    return None
