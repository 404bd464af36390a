# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of the responses of the node ``neural_ik``, on the clock of the bag played to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ...replay.bag_types import COMMANDS, SOLUTION, STATUS, Topics
from ...replay.bag_writer import BagWriter
from ...replay.output_folder import output_folder
from ..runtime import qos

MARKER_FILE = 'metadata.yaml'
# The status comes last: subscriptions are discovered in the order of their creation, so the node
# that has sent its status has discovered all of them.
SUBSCRIPTIONS = (
    (COMMANDS, JointTrajectory, qos.TRAJECTORY_OUT),
    (SOLUTION, JointState, qos.SOLUTION_OUT),
    (STATUS, DiagnosticStatus, qos.STATUS_OUT),
)


class ResponseBag:
    """Writes serialised messages as they arrive; the bag appears when it is complete."""

    def __init__(
        self, node: Node, folder: Path, storage: str, topics: Topics, now_ns: Callable[[], int]
    ) -> None:
        """
        Subscribe to everything that the node publishes.

        :param now_ns: Returns the time of recording [ns]; 0 drops the message.
        :raises FileError: If the folder cannot be made.
        """
        self.is_connected = False  # whether the node has discovered the subscriptions
        self._now_ns = now_ns
        self._stack = ExitStack()
        staged = self._stack.enter_context(output_folder(folder, marker_file=MARKER_FILE))
        self._writer = self._stack.enter_context(BagWriter(staged, storage, topics))
        for role, kind, profile in SUBSCRIPTIONS:
            write = partial(self._write, role)
            quality = qos.with_depth(profile)
            node.create_subscription(kind, topics.name(role), write, quality, raw=True)

    def close(self) -> None:
        """
        Complete the bag and move it to its folder.

        :raises NeuralIkError: If it cannot be written.
        """
        self._stack.close()

    def discard(self) -> None:
        """Delete what has been written."""
        self._stack.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    def _write(self, role: str, data: bytes) -> None:
        self.is_connected = self.is_connected or role == STATUS
        now_ns = self._now_ns()
        if now_ns:
            self._writer.write_raw(role, data, now_ns)
