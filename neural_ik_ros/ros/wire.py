# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Targets and commands as they go over the wire, in CDR, without a message object for each number.

Half of the time that a message takes goes into Python objects that live for a tenth of a
millisecond. The layout of a command is always the same, so it is serialised once and only its
numbers are replaced. What is not as expected is left to the middleware.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from struct import Struct

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from ..kinematics import N_JOINTS
from ..motion import Command, Waypoints
from .controller_rules import NS_PER_S
from .messages import (
    PoseTarget,
    Unusable,
    fill_trajectory,
    make_trajectory,
    pose_target,
    target_from_pose,
)

ROW = 8 * N_JOINTS  # bytes of six numbers
TIME_AFTER = ROW + 12  # the positions of the first point: three empty arrays lie between
REST_AFTER = TIME_AFTER + 8 + 4  # its time and the length of the next array
STRIDE = 3 * ROW + 2 * 8 + 16  # from positions to positions of the points that follow
Q, QD, QDD = slice(0, 6), slice(7, 13), slice(14, 20)  # of the numbers of such a point
SECONDS, NANOSECONDS = 41, 42  # of its half numbers
TIME = Struct('<iI')
LITTLE_ENDIAN, PAYLOAD = b'\x00\x01', 4  # how CDR begins, and where it goes on
HEADER, POSE = Struct('<iII'), Struct('<7d')  # stamp and length of the frame's name; what follows
RMWError = rclpy_implementation.RMWError


def target_from_wire(content: bytes) -> PoseTarget | Unusable:
    """Return the target in a serialised ``PoseStamped``, or why it is none."""
    if content[:2] == LITTLE_ENDIAN:
        try:
            seconds, nanoseconds, size = HEADER.unpack_from(content, PAYLOAD)
            name_at = PAYLOAD + HEADER.size
            pose_at = PAYLOAD + (HEADER.size + size + 7 & ~7)
            numbers = POSE.unpack_from(content, pose_at)
        except struct.error:
            pass  # too short; the middleware tells what is wrong
        else:
            name = content[name_at : name_at + size].split(b'\x00', 1)[0]
            stamp_ns = seconds * NS_PER_S + nanoseconds
            return pose_target(numbers, name.decode(errors='replace'), stamp_ns)
    try:
        return target_from_pose(deserialize_message(content, PoseStamped))
    except RMWError as error:
        return Unusable(reason=f'no PoseStamped: {error}')


class TrajectoryWire:
    """The wire format of commands of one point that is followed by up to so many others."""

    def __init__(self, joint_names: Sequence[str], at_most: int) -> None:
        """Serialise each layout once, and leave out what this middleware writes otherwise."""
        layouts = [Layout(joint_names, n_rest) for n_rest in range(at_most + 1)]
        self._layouts = {layout.n_rest: layout for layout in layouts if layout.is_understood()}

    def encoded(self, command: Command) -> bytes | None:
        """Return what is to be published, or None for a command of another layout."""
        n_rest = 0 if command.rest is None else len(command.rest.q)
        layout = self._layouts.get(n_rest) if len(command.q) == 1 else None
        return None if layout is None else layout.encoded(command)


class Layout:
    """A serialised trajectory whose numbers are replaced."""

    def __init__(self, joint_names: Sequence[str], n_rest: int) -> None:
        """Serialise an example and find its numbers."""
        self._joint_names, self.n_rest = joint_names, n_rest
        example = _example(n_rest, seed=0)
        content: bytes = serialize_message(self._message(example))
        self._content, self._size = bytearray(content + bytes(STRIDE)), len(content)
        first = content.find(example.q.tobytes())
        self._is_found, self._time_at, start = first >= 0, first + TIME_AFTER, first + REST_AFTER
        self._q = np.ndarray(N_JOINTS, '<f8', self._content, max(first, 0))
        self._rest = np.ndarray((n_rest, STRIDE // 8), '<f8', self._content, start)
        self._times = np.ndarray((n_rest, STRIDE // 4), '<u4', self._content, start)

    def is_understood(self) -> bool:
        """Return whether the middleware reads other numbers as they are meant."""
        example = _example(self.n_rest, seed=1)
        return self._is_found and bool(
            deserialize_message(self.encoded(example), JointTrajectory) == self._message(example)
        )

    def encoded(self, command: Command) -> bytes:
        """Return the bytes of a command of this layout."""
        end_ns = command.interval_ns
        self._q[:] = command.q[0]
        TIME.pack_into(self._content, self._time_at, *divmod(end_ns, NS_PER_S))
        rest = command.rest
        if rest is not None:
            numbers, times = self._rest, self._times
            numbers[:, Q], numbers[:, QD], numbers[:, QDD] = rest.q, rest.qd, rest.qdd
            times_ns = [divmod(end_ns + time_ns, NS_PER_S) for time_ns in rest.time_ns]
            times[:, SECONDS : NANOSECONDS + 1] = times_ns
        return bytes(memoryview(self._content)[: self._size])

    def _message(self, command: Command) -> JointTrajectory:
        message = make_trajectory(self._joint_names)
        fill_trajectory(message, command.q, command.interval_ns, command.rest)
        return message


def _example(n_rest: int, seed: int) -> Command:
    """Return a command with numbers that occur nowhere else."""
    rng = np.random.default_rng(seed)
    q, qd, qdd = rng.normal(size=(3, n_rest, N_JOINTS))
    times_ns = rng.integers(1, 4 * NS_PER_S, n_rest).tolist()
    rest = Waypoints(time_ns=times_ns, q=q, qd=qd, qdd=qdd) if n_rest else None
    first = rng.normal(size=(1, N_JOINTS))
    return Command(q=first, interval_ns=int(rng.integers(1, 4 * NS_PER_S)), rest=rest)
