# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Records what the demo's processes say, with the times DDS gives to each message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
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
    'relayed': (JointTrajectory, 'relay/joint_trajectory', qos.TRAJECTORY_OUT),
    'joint_states': (JointState, 'joint_states', qos.JOINT_STATES_IN),
    'diagnostics': (DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT),
}


@dataclass(slots=True)
class Track:
    """The messages of one topic, still serialised, and their times."""

    message_type: Any
    sent_ns: list[int] = field(default_factory=list)  # by the publisher's DDS
    received_ns: list[int] = field(default_factory=list)  # by the recorder's DDS
    data: list[bytes] = field(default_factory=list)

    def keep(self, data: bytes, info: Any) -> None:
        """Store one message, unless there are too many already."""
        if len(self.data) < MAX_MESSAGES:
            self.sent_ns.append(info['source_timestamp'])
            self.received_ns.append(info['received_timestamp'])
            self.data.append(data)

    def clear(self) -> None:
        """Forget what was stored."""
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
    Listens to everything and understands nothing until afterwards, to take little time.

    Its queues are polled, a tenth of the cost of an executor. The times are those of DDS itself,
    taken in its own threads: how busy or late this Python is does not show in them.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__('recorder', **kwargs)
        self.tracks = {name: Track(kind) for name, (kind, _, _) in TOPICS.items()}
        self._subscriptions_of = {
            name: self.create_subscription(kind, topic, _not_called, qos.deep(profile), raw=True)
            for name, (kind, topic, profile) in TOPICS.items()
        }

    def poll(self) -> None:
        """Take everything that has arrived."""
        for name, subscription in self._subscriptions_of.items():
            track = self.tracks[name]
            with subscription.handle:
                while taken := subscription.handle.take_message(track.message_type, True):
                    track.keep(*taken)


def _not_called(_message: bytes) -> None:
    """Stand in for a callback: nobody spins the recorder."""
