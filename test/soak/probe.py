# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Records in the process of a node what becomes of each pose that is sent to it.

Subclasses of the nodes, made by ``probed``, add three things to them. A mailbox, which keeps every
pose that arrives, with the times and numbers of DDS: the node itself keeps only the newest. A
record of each pose that the node takes, with the status that it reports to its observers. And a
second subscription, to markers: ``MarkedSource`` sends one behind each pose, so that its turn in
the executor comes after that of the pose, and a pose that has not been taken by then will never
be. This costs some microseconds, most of them after the answer has been sent. ``ledger`` draws
the conclusions.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from ledger import UNKNOWN, Observations
from rclpy.node import Node

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.interface.streaming_node import Observer
from neural_ik_ros.ros.nodes.target_source import TargetSource
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.ros.runtime.process import run
from neural_ik_ros.units import NS_PER_S

TARGETS, SOURCE_TARGETS, MARKERS = '~/target_pose', 'target_pose', '/markers'
STAMP, PAYLOAD = struct.Struct('<iI'), 4  # how a serialised pose begins, and where
MAILBOX = qos.with_depth(qos.POSE_IN)


class Probe(Observer):
    """Columns of numbers that grow by some bytes a pose, without work for the collector."""

    def __init__(self) -> None:
        self.columns = {name: array('q') for name in Observations.COLUMNS}
        self.statuses: list[str] = []
        self._status = UNKNOWN
        self._node: Any = None

    def open_mailbox(self, node: Any, topic: str) -> None:
        """Keep what arrives in this process on a topic of a node."""
        # A node of its own, which is not spun, in the same participant of DDS.
        self._node = Node('probe', context=node.context, use_global_arguments=False)
        self._mailbox = self._node.create_subscription(
            PoseStamped, node.resolve_topic_name(topic), _not_called, MAILBOX, raw=True
        )

    def on_marker(self, content: bytes) -> None:
        """Record that the executor has come to the marker of a pose, and what has arrived."""
        columns = self.columns
        columns['marker_ns'].append(time_ns())
        columns['marker_stamp'].append(stamp_ns(content))
        mailbox = self._mailbox.handle
        with mailbox:
            while taken := mailbox.take_message(PoseStamped, True):
                content, info = taken
                columns['arrived_stamp'].append(stamp_ns(content))
                columns['arrived_ns'].append(info['received_timestamp'])
                columns['arrived_number'].append(info['publication_sequence_number'])

    def on_output(self, output: Any, target: Any) -> None:
        """Record the status of the answer to the pose in hand."""
        if target is None:
            return
        name = output.status.name
        if name not in self.statuses:
            self.statuses.append(name)
        self._status = self.statuses.index(name)

    def recording(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback that records each pose and calls another one."""
        columns = self.columns

        def record(message: Any) -> None:
            self._status = UNKNOWN
            columns['began_ns'].append(time_ns())
            callback(message)
            columns['ended_ns'].append(time_ns())
            columns['taken_stamp'].append(stamp_ns(message))
            columns['status'].append(self._status)

        return record

    def save(self, path: Path) -> None:
        """Write everything to a file for ``Observations.load``."""
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


def probed(node_type: Any) -> Any:
    """Return a subclass of a node type that is made with a probe."""

    class Probed(node_type):  # type: ignore[misc]
        def __init__(self, probe: Probe, **options: Any) -> None:
            self.probe = probe
            super().__init__(**options)

        def create_subscription(
            self, kind: type, topic: str, callback: Any, profile: Any, **options: Any
        ) -> Any:
            create = super().create_subscription
            if topic != TARGETS:
                return create(kind, topic, callback, profile, **options)
            self.probe.open_mailbox(self, topic)
            recording = self.probe.recording(callback)
            subscription = create(kind, topic, recording, profile, **options)
            # Second, because the single-threaded executor serves what is ready in this order.
            create(PoseStamped, MARKERS, self.probe.on_marker, MAILBOX, raw=True)
            return subscription

    return Probed


def run_probed(node_type: Any, path: str, *, is_observed: bool) -> int:
    """
    Run a node of a type that ``probed`` made; write what its probe recorded when it ends.

    :param is_observed: Whether the node reports to observers.
    :return: The exit code.
    """
    probe = Probe()
    options = {'observers': (probe,)} if is_observed else {}
    try:
        return run(lambda: node_type(probe, **options))
    finally:
        probe.save(Path(path))


class MarkedPublisher:
    """Publishes each pose, and behind it a marker."""

    def __init__(self, poses: Any, markers: Any) -> None:
        self._poses, self._markers = poses, markers
        self.get_subscription_count = poses.get_subscription_count

    def publish(self, message: Any) -> None:
        """Publish a pose on both topics."""
        self._poses.publish(message)
        self._markers.publish(message)


class MarkedSource(TargetSource):
    """A target source that sends markers."""

    def create_publisher(self, kind: type, topic: str, *args: Any, **options: Any) -> Any:
        """Return a publisher; that of the targets sends markers as well."""
        create = super().create_publisher
        publisher = create(kind, topic, *args, **options)
        if topic != SOURCE_TARGETS:
            return publisher
        return MarkedPublisher(publisher, create(kind, MARKERS, MAILBOX))
