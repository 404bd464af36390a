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

from geometry_msgs.msg import PoseStamped
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from ...interface.messages import (
    InvalidMessage,
    PoseTarget,
    fill_trajectory,
    make_trajectory,
    pose_target,
    target_from_pose,
)
from ...interface.trajectory_layout import Layout, example
from ...motion import Command
from ...units import NS_PER_S

LITTLE_ENDIAN, PAYLOAD = b'\x00\x01', 4  # how CDR begins, and where it goes on
HEADER, POSE = Struct('<iII'), Struct('<7d')  # stamp and length of the frame's name; what follows
RMWError = rclpy_implementation.RMWError


def target_from_wire(content: bytes) -> PoseTarget | InvalidMessage:
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
        return InvalidMessage(reason=f'no PoseStamped: {error}')


class TrajectoryWire:
    """The wire format of commands of one point that is followed by up to so many others."""

    def __init__(self, joint_names: Sequence[str], at_most: int) -> None:
        """Serialise each layout once, and leave out what this middleware writes otherwise."""
        self._joint_names = joint_names
        layouts = (Layout(n_tail, self._serialised) for n_tail in range(at_most + 1))
        self._layouts = {one.n_tail: one for one in layouts if self._is_understood(one)}

    def encoded(self, command: Command) -> bytes | None:
        """Return what is to be published, or None for a command of another layout."""
        n_tail = 0 if command.tail is None else len(command.tail.q)
        layout = self._layouts.get(n_tail) if len(command.q) == 1 else None
        return None if layout is None else layout.encoded(command)

    def _is_understood(self, layout: Layout) -> bool:
        """Return whether the middleware reads other numbers as they are meant."""
        command = example(layout.n_tail, seed=1)
        return layout.is_found and bool(
            deserialize_message(layout.encoded(command), JointTrajectory) == self._message(command)
        )

    def _serialised(self, command: Command) -> bytes:
        content: bytes = serialize_message(self._message(command))
        return content

    def _message(self, command: Command) -> JointTrajectory:
        message = make_trajectory(self._joint_names)
        fill_trajectory(message, command.q, command.interval_ns, command.tail)
        return message
