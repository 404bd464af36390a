# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a replay writes without ROS is what ROS reads, and what the node sends."""

from __future__ import annotations

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from neural_ik_ros.cli.main import main
from neural_ik_ros.interface.messages import fill_trajectory, make_trajectory
from neural_ik_ros.motion import Command

try:
    from rosbags.rosbag2 import Reader
except ImportError:
    Reader = None

pytestmark = pytest.mark.skipif(Reader is None, reason='rosbags is not installed')
JOINT_NAMES = [f'joint_{i}' for i in range(1, 7)]
KINDS = {
    'diagnostic_msgs/msg/DiagnosticStatus': DiagnosticStatus,
    'geometry_msgs/msg/PoseStamped': PoseStamped,
    'sensor_msgs/msg/JointState': JointState,
    'trajectory_msgs/msg/JointTrajectory': JointTrajectory,
}


def command(n: int, stamp_ns: int) -> Command:
    rng = np.random.default_rng(n)
    times_ns = np.cumsum(rng.integers(1, 2_500_000_000, n))
    states = rng.normal(size=(n, 3, 6))
    return Command(stamp_ns=stamp_ns, time_ns=times_ns, states=states, n_known=0)


COMMANDS = {'moving': (11, 10**18 + 7), 'at rest': (2, 10**18), 'off the path': (1, 0)}
COMMANDS['whole motion'] = (200, 10**18)


@pytest.mark.parametrize(('n', 'stamp_ns'), COMMANDS.values(), ids=COMMANDS.keys())
def test_trajectory_in_a_bag_is_the_one_that_the_node_sends(n, stamp_ns):
    from neural_ik_ros.interface.cdr import JOINT_TRAJECTORY
    from neural_ik_ros.replay.bag_types import typestore
    from neural_ik_ros.replay.bag_writer import MessageBuilder

    given, sent = command(n, stamp_ns), make_trajectory(JOINT_NAMES)
    fill_trajectory(sent, given)
    written = MessageBuilder(JOINT_NAMES, 'base_link').trajectory(given)
    data = bytes(typestore().serialize_cdr(written, JOINT_TRAJECTORY))
    assert deserialize_message(data, JointTrajectory) == sent
    assert MessageBuilder(JOINT_NAMES, 'base_link').command(given) == data


def test_every_message_of_a_bag_is_read_by_ros_and_back(tmp_path):
    from neural_ik_ros.replay.bag_types import message_decoder, typestore

    bag, seen = tmp_path / 'bag', set()
    assert main(['record-demo', '--duration', '0.4', '--output', str(bag)]) == 0
    with Reader(bag) as reader:
        for connection, _, data in reader.messages():
            kind = connection.msgtype
            if kind == 'diagnostic_msgs/msg/DiagnosticStatus':  # a replay does not read these
                assert deserialize_message(data, KINDS[kind]).values[0].key == 'status'
                continue
            through_ros = serialize_message(deserialize_message(data, KINDS[kind]))
            # Alignment bytes may hold anything, so they are written again before comparing.
            again = message_decoder().decode(through_ros, kind)
            assert bytes(typestore().serialize_cdr(again, kind)) == bytes(data)
            seen.add(connection.topic)
    assert len(seen) == 4
