# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The messages of a replay out of CDR, field by field, because that is where its time went.

The same messages as ``Typestore.deserialize_cdr`` of rosbags makes, in a fifth of the time. Bytes
left over at the end are ignored, as ROS does: ``rclpy.serialization`` adds some.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, error
from typing import Any

import numpy as np
from rosbags.serde import SerdeError

from .bag_types import JOINTS, POSE, TRAJECTORY, typestore

BIG_ENDIAN, LITTLE_ENDIAN = b'\x00\x00', b'\x00\x01'  # the first bytes
BEGIN = 4  # alignment counts from here
NONE = np.empty(0)
MOST_PLACES = 100  # where names begin, which depends on the name of the frame before


def decoded(data: bytes, kind: str) -> Any:
    """
    Return the message of a type in bytes, CDR of either byte order.

    :raises SerdeError: If it is no such message.
    """
    encapsulation = bytes(data[:2])
    if encapsulation not in READERS:
        raise SerdeError(f'unknown encapsulation {encapsulation.hex()}')
    try:
        return READERS[encapsulation].read(data, kind)
    except (error, ValueError) as problem:
        raise SerdeError(str(problem)) from problem


class Reader:
    """Reads messages in one byte order."""

    def __init__(self, order: str) -> None:
        """
        Remember where the numbers are.

        :param order: ``<`` or ``>``.
        """
        self._header, self._pose = Struct(f'{order}iII'), Struct(f'{order}7d')
        self._size, self._duration = Struct(f'{order}I'), Struct(f'{order}iI')
        self._float = np.dtype(f'{order}f8')
        self._names: dict[int, tuple[bytes, list[str]]] = {}  # read last, by their place
        types = typestore().types
        self._types = {name.rpartition('/')[2]: kind for name, kind in types.items()}
        self._readers: dict[str, Callable[[bytes, Any, int], Any]] = {
            POSE: self._pose_stamped,
            JOINTS: self._joint_state,
            TRAJECTORY: self._trajectory,
        }

    def read(self, data: bytes, kind: str) -> Any:
        """Return the message of a type in bytes."""
        seconds, nanoseconds, size = self._header.unpack_from(data, BEGIN)
        at = BEGIN + self._header.size
        frame = _text(data, at, size)
        header = self._types['Header'](self._types['Time'](seconds, nanoseconds), frame)
        return self._readers[kind](data, header, at + size)

    def _pose_stamped(self, data: bytes, header: Any, at: int) -> Any:
        x, y, z, *quat_xyzw = self._pose.unpack_from(data, _aligned(at, 8))
        types = self._types
        pose = types['Pose'](types['Point'](x, y, z), types['Quaternion'](*quat_xyzw))
        return types['PoseStamped'](header, pose)

    def _joint_state(self, data: bytes, header: Any, at: int) -> Any:
        names, at = self._text_list(data, _aligned(at, 4))
        position, at = self._floats(data, at)
        velocity, at = self._floats(data, at)
        effort, at = self._floats(data, at)
        return self._types['JointState'](header, names, position, velocity, effort)

    def _trajectory(self, data: bytes, header: Any, at: int) -> Any:
        names, at = self._text_list(data, _aligned(at, 4))
        (n,) = self._size.unpack_from(data, at)
        if n > len(data):
            raise SerdeError(f'{n} points in {len(data)} bytes')
        at, points = at + 4, []
        for _ in range(n):
            position, at = self._floats(data, at)
            velocity, at = self._floats(data, at)
            acceleration, at = self._floats(data, at)
            effort, at = self._floats(data, at)
            after = self._types['Duration'](*self._duration.unpack_from(data, at))
            at += self._duration.size
            points.append(
                self._types['JointTrajectoryPoint'](
                    position, velocity, acceleration, effort, after
                )
            )
        return self._types['JointTrajectory'](header, names, points)

    def _floats(self, data: bytes, at: int) -> tuple[Any, int]:
        """Return an array, a view of the bytes, and where the next number begins."""
        (n,) = self._size.unpack_from(data, at)
        if n == 0:
            return NONE, at + 4
        at = _aligned(at + 4, 8)
        values = np.frombuffer(data, self._float, n, at)
        return values.astype(np.float64, copy=False), at + 8 * n

    def _text_list(self, data: bytes, at: int) -> tuple[list[str], int]:
        """Return texts and where the next number begins; joint names are mostly those before."""
        known, texts = self._names.get(at, (b'', []))
        if known and data[at : at + len(known)] == known:
            return texts, at + len(known)
        begin, texts = at, []
        (n,) = self._size.unpack_from(data, at)
        if n > len(data):
            raise SerdeError(f'{n} texts in {len(data)} bytes')
        at += 4
        for _ in range(n):
            (size,) = self._size.unpack_from(data, at)
            texts.append(_text(data, at + 4, size))
            at = _aligned(at + 4 + size, 4)
        if len(self._names) >= MOST_PLACES:
            self._names.clear()
        self._names[begin] = bytes(data[begin:at]), texts
        return texts, at


def _text(data: bytes, at: int, size: int) -> str:
    """Return a text of so many bytes, the last of which is zero."""
    if at + size > len(data):
        raise SerdeError(f'a text of {size} bytes at byte {at} of {len(data)}')
    return bytes(data[at : at + size - 1]).decode() if size else ''


def _aligned(at: int, size: int) -> int:
    """Return where a number of so many bytes begins that comes not before a place."""
    return BEGIN + (at - BEGIN + size - 1 & -size)


READERS = {BIG_ENDIAN: Reader('>'), LITTLE_ENDIAN: Reader('<')}
