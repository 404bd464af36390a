# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of what the node ``neural_ik`` answers, on the clock of the bag that is played to it."""

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

MARK = 'metadata.yaml'
# The status comes last: subscriptions become known in the order of their creation, so once the
# node has told it, it knows them all.
SUBSCRIPTIONS = (
    (COMMANDS, JointTrajectory, qos.TRAJECTORY_OUT),
    (SOLUTION, JointState, qos.SOLUTION_OUT),
    (STATUS, DiagnosticStatus, qos.STATUS_OUT),
)


class ResponseBag:
    """Writes messages as they come, unread; the bag is there once it is complete."""

    def __init__(
        self, node: Node, folder: Path, storage: str, topics: Topics, now_ns: Callable[[], int]
    ) -> None:
        """
        Listen.

        :param now_ns: Tells the time of recording, 0 for what is not to be kept.
        :raises FolderError: If the folder cannot be made.
        """
        self.is_heard = False  # whether the node knows that somebody listens
        self._now_ns = now_ns
        self._stack = ExitStack()
        staged = self._stack.enter_context(output_folder(folder, mark=MARK))
        self._writer = self._stack.enter_context(BagWriter(staged, storage, topics))
        for role, kind, profile in SUBSCRIPTIONS:
            keep = partial(self._keep, role)
            node.create_subscription(
                kind, topics.name(role), keep, qos.with_depth(profile), raw=True
            )

    def close(self) -> None:
        """
        Put the bag into its place.

        :raises NeuralIkError: If it cannot be written.
        """
        self._stack.close()

    def discard(self) -> None:
        """Leave nothing behind."""
        self._stack.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    def _keep(self, role: str, data: bytes) -> None:
        self.is_heard = self.is_heard or role == STATUS
        now_ns = self._now_ns()
        if now_ns:
            self._writer.raw(role, data, now_ns)
