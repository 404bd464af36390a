# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Topics and storages of bags, and the message types of ROS 2 Jazzy without ROS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from ..errors import ExplainedError
from ..interface.cdr import JOINT_STATE, JOINT_TRAJECTORY, POSE_STAMPED, MessageDecoder

DIAGNOSTIC = 'diagnostic_msgs/msg/DiagnosticStatus'
MCAP, SQLITE3 = 'mcap', 'sqlite3'
STORAGES = (MCAP, SQLITE3)
# The roles of topics: the names of the fields of ``Topics``.
TARGET, JOINT_STATES = 'target', 'joint_states'
COMMANDS, SOLUTION, STATUS = 'commands', 'solution', 'status'
TYPES = {
    TARGET: POSE_STAMPED,
    JOINT_STATES: JOINT_STATE,
    COMMANDS: JOINT_TRAJECTORY,
    SOLUTION: JOINT_STATE,
    STATUS: DIAGNOSTIC,
}
INPUTS, OUTPUTS = (TARGET, JOINT_STATES), (COMMANDS, SOLUTION, STATUS)
STORAGE_OF_SUFFIX = {'.mcap': MCAP, '.db3': SQLITE3}


class BagError(ExplainedError):
    """A bag cannot be replayed or written."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f'bag {path}', problem, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The names of the topics of a node in a bag."""

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


@cache
def message_decoder() -> MessageDecoder:
    """Return the decoder of the messages that a replay reads."""
    return MessageDecoder(typestore().types)
