# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
CDR, the serialisation of ROS messages, for the few high-rate message types.

Generic (de)serialisation makes a Python object of every number. Here messages are decoded field by
field, in a fifth of the time, and messages that differ in their numbers only are serialised once:
a template keeps the bytes and replaces the numbers. Bytes after the end of a message are ignored,
as ROS does: ``rclpy.serialization`` appends some.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

import numpy as np

from ..errors import NeuralIkError
from ..kinematics import N_JOINTS, Joints
from ..motion import Command
from ..units import NS_PER_S

POSE_STAMPED = 'geometry_msgs/msg/PoseStamped'
JOINT_STATE = 'sensor_msgs/msg/JointState'
JOINT_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'

BIG_ENDIAN, LITTLE_ENDIAN = b'\x00\x00', b'\x00\x01'  # the first bytes of a message
PAYLOAD_OFFSET = 4  # alignment counts from here
FRAME_AT = PAYLOAD_OFFSET + 12  # the name of the frame, after the stamp and its own length
NO_NUMBERS = np.empty(0)
MAX_NAME_LISTS = 100  # remembered; where names begin depends on the name of the frame before

# A trajectory point of six joints with derivatives, as the templates need it; places in bytes.
STRIDE = 3 * 8 * N_JOINTS + 2 * 8 + 16  # between the positions of two points
Q, QD, QDD = slice(0, 6), slice(7, 13), slice(14, 20)  # of the doubles of a point
SECONDS, NANOSECONDS = 41, 42  # of its 32-bit words
TIME = Struct('<iI')


class CdrError(NeuralIkError):
    """Bytes are not a message of the expected type."""


class _Reader:
    """Reads values in one byte order; places are counted from the first byte of the message."""

    def __init__(self, order: str) -> None:
        """
        Prepare the formats.

        :param order: ``<`` or ``>``, as in ``struct``.
        """
        self.stamp_and_size = Struct(f'{order}iII')  # of a header, and the length of its frame
        self.duration, self.size = Struct(f'{order}iI'), Struct(f'{order}I')
        self._pose, self._float = Struct(f'{order}7d'), np.dtype(f'{order}f8')
        self._names: dict[int, tuple[bytes, list[str]]] = {}  # the latest, by their place

    def pose(self, data: bytes, at: int) -> tuple[float, ...]:
        """Return x, y, z of a position and x, y, z, w of a quaternion."""
        return self._pose.unpack_from(data, _aligned(at, 8))

    def floats(self, data: bytes, at: int) -> tuple[Any, int]:
        """Return an array, a view of the bytes where possible, and where it ends."""
        (n,) = self.size.unpack_from(data, at)
        if n == 0:
            return NO_NUMBERS, at + 4
        at = _aligned(at + 4, 8)
        values = np.frombuffer(data, self._float, n, at)
        return values.astype(np.float64, copy=False), at + 8 * n

    def strings(self, data: bytes, at: int) -> tuple[list[str], int]:
        """Return a list of strings and where it ends; joint names are mostly those before."""
        known, found = self._names.get(at, (b'', []))
        if known and data[at : at + len(known)] == known:
            return found, at + len(known)
        begin, found = at, []
        (n,) = self.size.unpack_from(data, at)
        if n > len(data):
            raise CdrError(f'{n} strings in {len(data)} bytes')
        at += 4
        for _ in range(n):
            (size,) = self.size.unpack_from(data, at)
            found.append(_string(data, at + 4, size))
            at = _aligned(at + 4 + size, 4)
        if len(self._names) >= MAX_NAME_LISTS:
            self._names.clear()
        self._names[begin] = bytes(data[begin:at]), found
        return found, at


def _string(data: bytes, at: int, size: int) -> str:
    """Return a string of a size in bytes, the last of which is its terminating zero."""
    if at + size > len(data):
        raise CdrError(f'a string of {size} bytes at byte {at} of {len(data)}')
    return bytes(data[at : at + size - 1]).decode() if size else ''


def _aligned(at: int, size: int) -> int:
    """Return the first place not before ``at`` where a value of a size in bytes may begin."""
    return PAYLOAD_OFFSET + (at - PAYLOAD_OFFSET + size - 1 & -size)


def _readers() -> dict[bytes, _Reader]:
    return {BIG_ENDIAN: _Reader('>'), LITTLE_ENDIAN: _Reader('<')}


POSE_READERS = _readers()


def pose_from_cdr(data: bytes) -> tuple[tuple[float, ...], str, int]:
    """
    Return the numbers, the frame and the stamp [ns] of a serialised PoseStamped.

    :return: Numbers are x, y, z of the position and x, y, z, w of the quaternion, unchecked.
    :raises CdrError: If the bytes are too few or in an unknown encoding.
    """
    reader = POSE_READERS.get(data[:2])
    if reader is None:
        raise CdrError(f'unknown encapsulation {data[:2].hex()}')
    try:
        seconds, nanoseconds, size = reader.stamp_and_size.unpack_from(data, PAYLOAD_OFFSET)
        numbers = reader.pose(data, FRAME_AT + size)
    except struct.error as error:
        raise CdrError(str(error)) from error
    frame = data[FRAME_AT : FRAME_AT + size].split(b'\x00', 1)[0]
    return numbers, frame.decode(errors='replace'), seconds * NS_PER_S + nanoseconds


class MessageDecoder:
    """Decodes PoseStamped, JointState and JointTrajectory into message objects."""

    def __init__(self, types: Mapping[str, Callable[..., Any]]) -> None:
        """
        Choose the classes of the messages.

        :param types: Full name of a message type, such as ``JOINT_STATE`` -> its class, which is
            called with the values of the fields in their order.
        """
        self._time = types['builtin_interfaces/msg/Time']
        self._duration = types['builtin_interfaces/msg/Duration']
        self._header = types['std_msgs/msg/Header']
        self._pose, self._point, self._quaternion = (
            types[f'geometry_msgs/msg/{name}'] for name in ('Pose', 'Point', 'Quaternion')
        )
        self._trajectory_point = types['trajectory_msgs/msg/JointTrajectoryPoint']
        self._types = types
        self._readers = _readers()
        self._decoders: dict[str, Callable[[_Reader, bytes, Any, int], Any]] = {
            POSE_STAMPED: self._pose_stamped,
            JOINT_STATE: self._joint_state,
            JOINT_TRAJECTORY: self._trajectory,
        }

    def decode(self, data: bytes, kind: str) -> Any:
        """
        Return the message in CDR of either byte order; arrays may be views of the bytes.

        :param kind: Full name of its type.
        :raises CdrError: If it is not such a message.
        """
        encapsulation = bytes(data[:2])
        reader = self._readers.get(encapsulation)
        if reader is None:
            raise CdrError(f'unknown encapsulation {encapsulation.hex()}')
        try:
            seconds, nanoseconds, size = reader.stamp_and_size.unpack_from(data, PAYLOAD_OFFSET)
            frame = _string(data, FRAME_AT, size)
            header = self._header(self._time(seconds, nanoseconds), frame)
            return self._decoders[kind](reader, data, header, FRAME_AT + size)
        except (struct.error, ValueError) as error:
            raise CdrError(str(error)) from error

    def _pose_stamped(self, reader: _Reader, data: bytes, header: Any, at: int) -> Any:
        x, y, z, *quat_xyzw = reader.pose(data, at)
        pose = self._pose(self._point(x, y, z), self._quaternion(*quat_xyzw))
        return self._types[POSE_STAMPED](header, pose)

    def _joint_state(self, reader: _Reader, data: bytes, header: Any, at: int) -> Any:
        names, at = reader.strings(data, _aligned(at, 4))
        position, at = reader.floats(data, at)
        velocity, at = reader.floats(data, at)
        effort, at = reader.floats(data, at)
        return self._types[JOINT_STATE](header, names, position, velocity, effort)

    def _trajectory(self, reader: _Reader, data: bytes, header: Any, at: int) -> Any:
        names, at = reader.strings(data, _aligned(at, 4))
        (n,) = reader.size.unpack_from(data, at)
        if n > len(data):
            raise CdrError(f'{n} points in {len(data)} bytes')
        at, points = at + 4, []
        for _ in range(n):
            position, at = reader.floats(data, at)
            velocity, at = reader.floats(data, at)
            acceleration, at = reader.floats(data, at)
            effort, at = reader.floats(data, at)
            from_start = self._duration(*reader.duration.unpack_from(data, at))
            at += reader.duration.size
            points.append(
                self._trajectory_point(position, velocity, acceleration, effort, from_start)
            )
        return self._types[JOINT_TRAJECTORY](header, names, points)


class TrajectoryTemplate:
    """A serialised trajectory of ``n`` points, each with its derivatives."""

    def __init__(self, n: int, serialise: Callable[[Command], bytes]) -> None:
        """
        Serialise an example and find its numbers.

        :param serialise: Returns the CDR of a command, little endian.
        """
        self.n = n
        command = example_command(n, seed=0)
        content = serialise(command)
        self._content, self._size = bytearray(content + bytes(STRIDE)), len(content)
        first = content.find(command.states[0, 0].tobytes())
        self.is_found = first >= 0
        start = max(first, 0)
        self._numbers = np.ndarray((n, STRIDE // 8), '<f8', self._content, start)
        self._times = np.ndarray((n, STRIDE // 4), '<u4', self._content, start)

    def encode(self, command: Command) -> bytes:
        """Return the bytes of a command with the same number of points."""
        TIME.pack_into(self._content, PAYLOAD_OFFSET, *divmod(command.stamp_ns, NS_PER_S))
        numbers, times, states = self._numbers, self._times, command.states
        numbers[:, Q], numbers[:, QD], numbers[:, QDD] = states[:, 0], states[:, 1], states[:, 2]
        times[:, SECONDS], times[:, NANOSECONDS] = np.divmod(command.time_ns, NS_PER_S)
        return bytes(memoryview(self._content)[: self._size])


def example_command(n: int, seed: int) -> Command:
    """Return a command with numbers that occur nowhere else."""
    rng = np.random.default_rng(seed)
    return Command(
        stamp_ns=int(rng.integers(1, 4 * NS_PER_S)),
        time_ns=rng.integers(1, 4 * NS_PER_S, n),
        states=rng.normal(size=(n, 3, N_JOINTS)),
        n_known=0,
    )


class JointStateTemplate:
    """A serialised joint state with positions only."""

    def __init__(self, n_joints: int, serialise: Callable[[Joints], bytes]) -> None:
        """
        Serialise an example and find its positions.

        :param serialise: Returns the CDR of positions, little endian.
        """
        q = np.arange(1.0, 1.0 + n_joints)
        self._content = bytearray(serialise(q))
        self._q_at = self._content.find(q.tobytes())

    def encode(self, q: Joints, *, seconds: int, nanoseconds: int) -> bytes:
        """Return the bytes of positions (n_joints,) [rad] with a stamp."""
        TIME.pack_into(self._content, PAYLOAD_OFFSET, seconds, nanoseconds)
        self._content[self._q_at : self._q_at + q.nbytes] = q.tobytes()
        return bytes(self._content)
