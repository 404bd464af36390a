# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Conversions between ROS messages and plain types.

Received messages are never trusted: a bad one becomes a reason, not an exception. Reading works on
any object with the fields of the message, so that bags are read without ROS.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kinematics import Joints, Transform, quat_from_rotation
from ..kinematics.se3 import rotation_columns
from ..motion import Command
from ..units import NS_PER_S
from .controller_rules import Trajectory, TrajectoryPoint

if TYPE_CHECKING:
    from builtin_interfaces.msg import Duration, Time
    from geometry_msgs.msg import Pose, PoseStamped, TransformStamped
    from sensor_msgs.msg import JointState
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

NORM_TOLERANCE = 1e-3  # |norm - 1| up to which a quaternion counts as rounded, not as wrong


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoseTarget:
    """A received pose in plain types."""

    transform: Transform  # (4, 4) tool in frame_id, [m]
    frame_id: str
    stamp_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointReading:
    """Received joint angles in the order of the reader's joint names."""

    q: Joints  # (n,) [rad]
    stamp_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidMessage:
    """Why a message cannot be used."""

    reason: str


def target_from_pose(message: PoseStamped) -> PoseTarget | InvalidMessage:
    """
    Return the target in a pose message, or why it is invalid.

    A quaternion whose norm is within ``NORM_TOLERANCE`` of one is normalised (single precision and
    printed digits cause that); any other norm is a mistake of the sender and is refused, and so is
    the all-zero quaternion of an unset message.
    """
    position, orientation = message.pose.position, message.pose.orientation
    stamp_ns = ns_from_time(message.header.stamp)
    return target_from_xyz_quat(
        _xyz_quat(position, orientation), message.header.frame_id, stamp_ns
    )


def target_from_xyz_quat(
    xyz_quat: Sequence[float], frame_id: str, stamp_ns: int
) -> PoseTarget | InvalidMessage:
    """Return the target of a position and a quaternion (x, y, z, w), or why it is invalid."""
    transform = _transform(xyz_quat)
    if isinstance(transform, InvalidMessage):
        return transform
    return PoseTarget(transform=transform, frame_id=frame_id, stamp_ns=stamp_ns)


def transform_from_message(message: TransformStamped) -> Transform | InvalidMessage:
    """Return the transform (4, 4) in a message, or why it is invalid; checked like a target."""
    return _transform(_xyz_quat(message.transform.translation, message.transform.rotation))


def _xyz_quat(position: Any, quaternion: Any) -> tuple[float, ...]:
    xyz = (position.x, position.y, position.z)
    return (*xyz, quaternion.x, quaternion.y, quaternion.z, quaternion.w)


def _transform(xyz_quat: Sequence[float]) -> Transform | InvalidMessage:
    xyz, quat_xyzw = tuple(xyz_quat[:3]), tuple(xyz_quat[3:])
    if not all(map(math.isfinite, xyz)):
        return InvalidMessage(reason=f'position {xyz} is not finite')
    if not all(map(math.isfinite, quat_xyzw)):
        return InvalidMessage(reason=f'orientation {quat_xyzw} is not finite')
    norm = math.hypot(*quat_xyzw)
    if norm == 0.0:
        return InvalidMessage(reason='orientation is the zero quaternion')
    if abs(norm - 1.0) > NORM_TOLERANCE:
        return InvalidMessage(reason=f'orientation has the norm {norm:.6g} instead of 1')
    above = zip(*rotation_columns(*quat_xyzw), xyz, strict=True)
    return np.array([*above, (0.0, 0.0, 0.0, 1.0)])


def pose_from_transform(transform: Transform) -> Pose:
    """Return a transform as a pose message, with ``w >= 0``."""
    from geometry_msgs.msg import Pose

    pose = Pose()
    fill_pose(pose, transform)
    return pose


def fill_pose(pose: Pose, transform: Transform) -> None:
    """Write a transform into an existing pose message."""
    position, orientation = pose.position, pose.orientation
    position.x, position.y, position.z = transform[:3, 3].tolist()
    quat_xyzw = quat_from_rotation(transform[:3, :3])
    orientation.x, orientation.y, orientation.z, orientation.w = quat_xyzw


class JointReader:
    """
    Reads the arm's joints from joint states, by name.

    Extra joints, another order and missing or NaN velocities do not matter. The order is looked
    up when the names change.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.joint_names = tuple(joint_names)
        self._last_names: list[str] = []
        self._indices: list[int] = []
        self.missing: list[str] = []  # joints that the last message lacks

    def read(self, message: JointState) -> JointReading | InvalidMessage | None:
        """
        Return the angles of the joints, or why the message is invalid.

        None for a message with other joints only: a gripper may publish on the same topic.
        """
        if message.name != self._last_names or not self._indices:
            self.missing = self._look_up(message.name)
            if len(self.missing) == len(self.joint_names):
                return None
            if self.missing:
                return InvalidMessage(reason=f'joint state lacks {", ".join(self.missing)}')
        positions = message.position
        if len(positions) != len(message.name):
            return InvalidMessage(
                reason=f'joint state has {len(message.name)} names and {len(positions)} positions'
            )
        values = [positions[index] for index in self._indices]
        if not all(map(math.isfinite, values)):
            named = zip(self.joint_names, values, strict=True)
            bad = [name for name, value in named if not math.isfinite(value)]
            reason = f'joint state has no finite position for {", ".join(bad)}'
            return InvalidMessage(reason=reason)
        return JointReading(q=np.array(values), stamp_ns=ns_from_time(message.header.stamp))

    def _look_up(self, names: Sequence[str]) -> list[str]:
        index_of = {name: i for i, name in enumerate(names)}
        missing = [name for name in self.joint_names if name not in index_of]
        self._last_names = list(names)
        self._indices = [] if missing else [index_of[name] for name in self.joint_names]
        return missing


def make_trajectory(joint_names: Sequence[str]) -> JointTrajectory:
    """Return a trajectory message without points, for ``fill_trajectory``."""
    from trajectory_msgs.msg import JointTrajectory

    return JointTrajectory(joint_names=list(joint_names))


def fill_trajectory(message: JointTrajectory, command: Command) -> None:
    """
    Write a command into a message of ``make_trajectory``.

    Every point has positions, velocities and accelerations, so that the controller interpolates
    the quintics that were planned. A stamp of zero lets it start with its next update.
    """
    fill_time(message.header.stamp, command.stamp_ns)
    message.points = points = _points(message.points, len(command.time_ns))
    rows = zip(points, command.time_ns.tolist(), command.states.tolist(), strict=True)
    for point, time_ns, (q, qd, qdd) in rows:
        point.positions = array('d', q)
        point.velocities = array('d', qd)
        point.accelerations = array('d', qdd)
        fill_time(point.time_from_start, time_ns)


def _points(points: list[JointTrajectoryPoint], n: int) -> list[JointTrajectoryPoint]:
    """Return n points, those of a message before where there are enough."""
    from trajectory_msgs.msg import JointTrajectoryPoint

    return points if len(points) == n else [JointTrajectoryPoint() for _ in range(n)]


def trajectory_from_message(message: JointTrajectory) -> Trajectory:
    """Return the plain content of a trajectory message, unchecked."""
    points = [
        TrajectoryPoint(
            positions=point.positions,
            velocities=point.velocities,
            accelerations=point.accelerations,
            effort=point.effort,
            time_from_start_ns=ns_from_time(point.time_from_start),
        )
        for point in message.points
    ]
    stamp_ns = ns_from_time(message.header.stamp)
    return Trajectory(joint_names=message.joint_names, points=points, stamp_ns=stamp_ns)


def ns_from_time(time: Time | Duration) -> int:
    """Return a ROS time or duration in [ns]."""
    ns: int = time.sec * NS_PER_S + time.nanosec
    return ns


def fill_time(time: Any, ns: int) -> None:
    """Write a time in [ns] into a ROS time or duration."""
    time.sec, time.nanosec = divmod(ns, NS_PER_S)
