# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What bags and their topics are called, and the types of ROS 2 Jazzy without ROS."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from ...errors import NeuralIkError

POSE = 'geometry_msgs/msg/PoseStamped'
JOINTS = 'sensor_msgs/msg/JointState'
TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
DIAGNOSTIC = 'diagnostic_msgs/msg/DiagnosticStatus'
MCAP, SQLITE3 = 'mcap', 'sqlite3'
STORAGES = (MCAP, SQLITE3)
# What a topic is for, by the name of its field in ``Topics``.
TARGET, JOINT_STATES = 'target', 'joint_states'
COMMANDS, SOLUTION, STATUS = 'commands', 'solution', 'status'
TYPES = {
    TARGET: POSE,
    JOINT_STATES: JOINTS,
    COMMANDS: TRAJECTORY,
    SOLUTION: JOINTS,
    STATUS: DIAGNOSTIC,
}
INPUTS, OUTPUTS = (TARGET, JOINT_STATES), (COMMANDS, SOLUTION, STATUS)
BIG_ENDIAN, LITTLE_ENDIAN = b'\x00\x00', b'\x00\x01'  # first bytes of CDR
STORAGE_OF_SUFFIX = {'.mcap': MCAP, '.db3': SQLITE3}


class BagError(NeuralIkError):
    """A bag cannot be replayed or written."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f'bag {path}: {problem}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """What the topics of a node are called in a bag."""

    target: str
    joint_states: str
    commands: str
    solution: str
    status: str

    @classmethod
    def of_node(cls, node: str) -> Topics:
        """Return the topics of a node with this fully qualified name, without remappings."""
        namespace = node.rpartition('/')[0]
        return cls(
            target=f'{node}/target_pose',
            joint_states=f'{namespace}/joint_states',
            commands=f'{namespace}/joint_trajectory_controller/joint_trajectory',
            solution=f'{node}/solution',
            status=f'{node}/status',
        )

    def name(self, role: str) -> str:
        """Return the name of a topic."""
        name: str = getattr(self, role)
        return name


@cache
def typestore() -> Typestore:
    """Return the message types of ROS 2 Jazzy."""
    return get_typestore(Stores.ROS2_JAZZY)


def decoded(data: bytes, kind: str) -> Any:
    """
    Return the message of a type in bytes, CDR of either byte order.

    Bytes left over at the end are ignored, as ROS does: ``rclpy.serialization`` adds some, which
    ``Typestore.deserialize_cdr`` of rosbags refuses.

    :raises SerdeError: If it is no such message.
    """
    if data[:2] not in (BIG_ENDIAN, LITTLE_ENDIAN):
        raise SerdeError(f'unknown encapsulation {data[:2].hex()}')
    definition = typestore().get_msgdef(kind)
    is_little = data[:2] == LITTLE_ENDIAN
    read = definition.deserialize_cdr_le if is_little else definition.deserialize_cdr_be
    try:
        message, _ = read(memoryview(data)[4:], 0, definition.cls, typestore())
    except (struct.error, IndexError, ValueError, AssertionError) as error:
        raise SerdeError(str(error)) from error
    return message
