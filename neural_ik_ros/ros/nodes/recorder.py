# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Records the topics of the demo, with the DDS time stamps of each message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.context import Context
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ..runtime import qos

MAX_MESSAGES = 1_000_000  # per topic; an hour at 250 Hz
TOPICS = {
    'targets': (PoseStamped, 'neural_ik/target_pose', qos.POSE_IN),
    'solutions': (JointState, 'neural_ik/solution', qos.POSE_IN),
    'trajectories': (
        JointTrajectory,
        'joint_trajectory_controller/joint_trajectory',
        qos.TRAJECTORY_OUT,
    ),
    'relayed': (JointTrajectory, 'baseline_relay/joint_trajectory', qos.TRAJECTORY_OUT),
    'joint_states': (JointState, 'joint_states', qos.JOINT_STATES_IN),
    'diagnostics': (DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT),
}


@dataclass(slots=True)
class RecordedTopic:
    """The messages of one topic, still serialised, and their times."""

    message_type: Any
    sent_ns: list[int] = field(default_factory=list)  # by the publisher's DDS
    received_ns: list[int] = field(default_factory=list)  # by the recorder's DDS
    data: list[bytes] = field(default_factory=list)

    def append(self, data: bytes, info: Any) -> None:
        """Store a message, unless there are too many already."""
        if len(self.data) < MAX_MESSAGES:
            self.sent_ns.append(info['source_timestamp'])
            self.received_ns.append(info['received_timestamp'])
            self.data.append(data)

    def clear(self) -> None:
        """Drop all messages."""
        for column in (self.sent_ns, self.received_ns, self.data):
            column.clear()

    def message(self, index: int) -> Any:
        """Return one message."""
        return deserialize_message(self.data[index], self.message_type)

    def messages(self) -> list[Any]:
        """Return all messages."""
        return [self.message(i) for i in range(len(self.data))]


class Recorder(Node):
    """
    Records serialised messages and decodes them afterwards, to keep the overhead low.

    Its queues are polled, at a tenth of the cost of an executor. The times are those taken by DDS
    in its own threads, so delays of this Python process do not affect them.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__('recorder', **kwargs)
        self.recorded = {name: RecordedTopic(kind) for name, (kind, _, _) in TOPICS.items()}
        self._subscriptions_of = {
            name: self.create_subscription(
                kind, topic, _not_called, qos.with_depth(profile), raw=True
            )
            for name, (kind, topic, profile) in TOPICS.items()
        }

    def poll(self) -> None:
        """Record everything that has arrived."""
        for name, subscription in self._subscriptions_of.items():
            topic = self.recorded[name]
            with subscription.handle:
                while taken := subscription.handle.take_message(topic.message_type, True):
                    topic.append(*taken)


@contextlib.contextmanager
def running_recorder() -> Iterator[Recorder]:
    """Yield a recorder in a context of its own, for a process without other nodes."""
    context = Context()
    rclpy.init(args=[], context=context)
    recorder = Recorder(context=context)
    try:
        yield recorder
    finally:
        recorder.destroy_node()
        rclpy.shutdown(context=context)


def _not_called(_message: bytes) -> None:
    """Stand in for a callback: the recorder is polled, not spun."""
