# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Stands in the process of whoever answers poses, and writes down what became of each of them.

Three things are put into the process before its node is made. A mailbox, which keeps every pose
that arrives, with the times and numbers of DDS: the node itself keeps only the newest. A note for
each pose that the node takes. And a second subscription of the node, to marks: the source sends
one behind each pose, so that its turn in the executor comes after that of the pose, and what the
node has not taken by then it does not take any more. It costs some microseconds, most of them
after the answer is out. ``accounts`` draws the conclusions.
"""

from __future__ import annotations

import atexit
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Any

import numpy as np
from accounts import UNKNOWN, Witnessed
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.units import NS_PER_S

TOPIC, SOURCE_TOPIC, MARKS = '~/target_pose', 'target_pose', '/marks'
STAMP, PAYLOAD = struct.Struct('<iI'), 4  # how a serialised pose begins, and where
MAILBOX = qos.deep(qos.POSE_IN)


class Witness:
    """Columns of numbers that grow by some bytes a pose, and nothing for the collector to see."""

    def __init__(self) -> None:
        self.columns = {name: array('q') for name in Witnessed.COLUMNS}
        self.statuses: list[str] = []
        self._status = UNKNOWN
        self._node: Any = None

    def open_mailbox(self, node: Any, topic: str) -> None:
        """Keep what arrives in this process on a topic of a node."""
        # A node of its own, which nobody spins, and in the same participant of DDS.
        self._node = Node('witness', context=node.context, use_global_arguments=False)
        self._mailbox = self._node.create_subscription(
            PoseStamped, node.resolve_topic_name(topic), _not_called, MAILBOX, raw=True
        )

    def on_round(self, content: bytes) -> None:
        """Note that the executor has come to the mark of a pose, and what has arrived."""
        columns = self.columns
        columns['round_ns'].append(time_ns())
        columns['round_stamp'].append(stamp_ns(content))
        mailbox = self._mailbox.handle
        with mailbox:
            while taken := mailbox.take_message(PoseStamped, True):
                content, info = taken
                columns['arrived_stamp'].append(stamp_ns(content))
                columns['arrived_ns'].append(info['received_timestamp'])
                columns['arrived_number'].append(info['publication_sequence_number'])

    def on_status(self, name: str) -> None:
        """Note the status that the pose in hand is counted under."""
        if name not in self.statuses:
            self.statuses.append(name)
        self._status = self.statuses.index(name)

    def noting(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return the node's callback with notes about each pose it takes."""
        columns = self.columns

        def noted(message: Any) -> None:
            self._status = UNKNOWN
            columns['began_ns'].append(time_ns())
            callback(message)
            columns['ended_ns'].append(time_ns())
            columns['taken_stamp'].append(stamp_ns(message))
            columns['status'].append(self._status)

        return noted

    def save(self, path: Path) -> None:
        """Write everything down."""
        columns: dict[str, Any] = {name: np.array(one) for name, one in self.columns.items()}
        np.savez(path, statuses=np.array(self.statuses, dtype=str), **columns)


def _not_called(_message: bytes) -> None:
    """Stand in for a callback: the mailbox is emptied by hand."""


def stamp_ns(message: Any) -> int:
    """Return the stamp of a pose, serialised or not."""
    if not isinstance(message, bytes):
        return ns_from_time(message.header.stamp)
    seconds, nanoseconds = STAMP.unpack_from(message, PAYLOAD)
    return int(seconds * NS_PER_S + nanoseconds)


def install(path: str, *, is_node: bool) -> None:
    """Witness the node that this process will make, and write it down when the process ends."""
    witness = Witness()
    create = Node.create_subscription

    def create_subscription(
        node: Any, kind: type, topic: str, callback: Any, profile: Any, **options: Any
    ) -> Any:
        if topic != TOPIC:
            return create(node, kind, topic, callback, profile, **options)
        witness.open_mailbox(node, topic)
        subscription = create(node, kind, topic, witness.noting(callback), profile, **options)
        # Second, because the single-threaded executor serves what is ready in this order.
        create(node, PoseStamped, MARKS, witness.on_round, MAILBOX, raw=True)
        return subscription

    Node.create_subscription = create_subscription
    if is_node:
        _note_statuses(witness)
    atexit.register(witness.save, Path(path))


def mark() -> None:
    """Let the source that this process will make send a mark behind each pose."""
    create = Node.create_publisher

    def create_publisher(node: Any, kind: type, topic: str, *args: Any, **options: Any) -> Any:
        publisher = create(node, kind, topic, *args, **options)
        if topic == SOURCE_TOPIC:
            marks, publish = create(node, kind, MARKS, MAILBOX), publisher.publish

            def publish_both(message: Any) -> None:
                publish(message)
                marks.publish(message)

            publisher.publish = publish_both
        return publisher

    Node.create_publisher = create_publisher


def _note_statuses(witness: Witness) -> None:
    from neural_ik_ros.ros.node.diagnostics import Statistics

    count = Statistics.count

    def noted(statistics: Any, output: Any, latency_ns: int) -> bool:
        witness.on_status(output.status.name)
        return count(statistics, output, latency_ns)

    Statistics.count = noted  # type: ignore[assignment,method-assign]
