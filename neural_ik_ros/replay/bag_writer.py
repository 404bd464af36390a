# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes bags with the inputs and outputs of a node, as ROS 2 Jazzy does."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError

from ..interface.cdr import JOINT_STATE, JOINT_TRAJECTORY, JointStateTemplate, TrajectoryTemplate
from ..kinematics import Joints, Transform, quat_from_rotation
from ..motion import MAX_STREAM_POINTS, Command, Output
from ..units import NS_PER_S
from .bag_types import (
    COMMANDS,
    DIAGNOSTIC,
    JOINT_STATES,
    MCAP,
    SOLUTION,
    SQLITE3,
    STATUS,
    TARGET,
    TYPES,
    BagError,
    Topics,
    typestore,
)

PLUGINS = {MCAP: StoragePlugin.MCAP, SQLITE3: StoragePlugin.SQLITE3}
NONE = np.empty(0)


class MessageBuilder:
    """Makes messages of plain types."""

    def __init__(self, joint_names: list[str], base_frame: str) -> None:
        self._joint_names, self._base_frame = joint_names, base_frame
        types = typestore().types
        self._header, self._time, self._duration = (
            types[name]
            for name in (
                'std_msgs/msg/Header',
                'builtin_interfaces/msg/Time',
                'builtin_interfaces/msg/Duration',
            )
        )
        self._pose_stamped, self._pose, self._point, self._quaternion = (
            types[f'geometry_msgs/msg/{name}']
            for name in ('PoseStamped', 'Pose', 'Point', 'Quaternion')
        )
        self._joint_state = types[JOINT_STATE]
        self._trajectory = types[JOINT_TRAJECTORY]
        self._row = types['trajectory_msgs/msg/JointTrajectoryPoint']
        self._templates: dict[int, TrajectoryTemplate] = {}  # by the number of points
        self._status: Any = types[DIAGNOSTIC]
        self._key_value = types['diagnostic_msgs/msg/KeyValue']
        self._solution = JointStateTemplate(len(joint_names), self._serialised_solution)

    def target(self, transform: Transform, stamp_ns: int) -> Any:
        """Return the pose message of a transform, in the base frame."""
        point = self._point(*transform[:3, 3].tolist())
        quaternion = self._quaternion(*quat_from_rotation(transform[:3, :3]))
        pose = self._pose(point, quaternion)
        return self._pose_stamped(self._stamped(stamp_ns, self._base_frame), pose)

    def joint_state(self, q: Joints, qd: Joints, stamp_ns: int) -> Any:
        """Return a joint state as an arm publishes it."""
        return self._joint_state(self._stamped(stamp_ns), self._joint_names, q, qd, NONE)

    def solution(self, q: Joints, stamp: Any) -> bytes:
        """Return the bytes of the exact solution (6,) [rad] of a target with this stamp."""
        return self._solution.encode(q, seconds=stamp.sec, nanoseconds=stamp.nanosec)

    def _serialised_solution(self, q: Joints) -> bytes:
        header = self._stamped(0, self._base_frame)
        message = self._joint_state(header, self._joint_names, q, NONE, NONE)
        return bytes(typestore().serialize_cdr(message, JOINT_STATE))

    def trajectory(self, command: Command) -> Any:
        """Return a command as the node sends it."""
        points = [
            self._row(q, qd, qdd, NONE, self._after(time_ns))
            for time_ns, (q, qd, qdd) in zip(command.time_ns.tolist(), command.states, strict=True)
        ]
        return self._trajectory(self._stamped(command.stamp_ns), self._joint_names, points)

    def command(self, command: Command) -> bytes:
        """Return the bytes of ``trajectory``; those of a stream in a fifth of the time."""
        n = len(command.time_ns)
        if n > MAX_STREAM_POINTS:
            return self._serialised(command)
        template = self._templates.get(n)
        if template is None:
            template = self._templates[n] = TrajectoryTemplate(n, self._serialised)
        return template.encode(command)

    def _serialised(self, command: Command) -> bytes:
        return bytes(typestore().serialize_cdr(self.trajectory(command), JOINT_TRAJECTORY))

    def status(self, node: str, output: Output) -> Any:
        """Return the status of an output."""
        level = self._status.OK if output.status.is_ok else self._status.WARN
        values = [self._key_value('status', output.status.name)]
        return self._status(level, node, output.reason, 'neural_ik_ros', values)

    def _stamped(self, stamp_ns: int, frame: str = '') -> Any:
        return self._header(self._time(*divmod(stamp_ns, NS_PER_S)), frame)

    def _after(self, ns: int) -> Any:
        return self._duration(*divmod(ns, NS_PER_S))


class BagWriter:
    """A bag with all topics of a node; those without messages are left out."""

    def __init__(self, folder: Path, storage: str, topics: Topics) -> None:
        """
        Make the folder, which must not exist.

        :param storage: One of ``STORAGES``; mcap is compressed.
        """
        self._folder, self._topics = folder, topics
        self._writer = Writer(folder, version=9, storage_plugin=PLUGINS[storage])
        if storage == MCAP:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        """Begin."""
        self._writer.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what is left and the metadata, unless something went wrong."""
        self._writer.__exit__(kind, error, traceback)

    def write_target(self, message: Any, time_ns: int) -> None:
        """Write a target pose."""
        self._write(TARGET, message, time_ns)

    def write_joint_state(self, message: Any, time_ns: int) -> None:
        """Write a joint state."""
        self._write(JOINT_STATES, message, time_ns)

    def write_command(self, data: bytes, time_ns: int) -> None:
        """Write a trajectory in CDR."""
        self.write_raw(COMMANDS, data, time_ns)

    def write_solution(self, data: bytes, time_ns: int) -> None:
        """Write a solution in CDR."""
        self.write_raw(SOLUTION, data, time_ns)

    def write_status(self, message: Any, time_ns: int) -> None:
        """Write a status."""
        self._write(STATUS, message, time_ns)

    def _write(self, role: str, message: Any, time_ns: int) -> None:
        self.write_raw(role, typestore().serialize_cdr(message, TYPES[role]), time_ns)

    def write_raw(self, role: str, data: bytes | memoryview, time_ns: int) -> None:
        """Write a message of a role that is CDR already."""
        try:
            connection = self._connections.get(role)
            if connection is None:
                topic, kind = self._topics.name(role), TYPES[role]
                connection = self._writer.add_connection(topic, kind, typestore=typestore())
                self._connections[role] = connection
            self._writer.write(connection, time_ns, data)
        except (OSError, WriterError) as error:
            remedy = 'free space or choose another --output'
            raise BagError(self._folder, f'cannot be written ({error})', remedy) from error
