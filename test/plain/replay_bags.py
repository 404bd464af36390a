# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The reference bag, changed copies of it, and replays through the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from strategies import REPOSITORY

from neural_ik_ros.cli.main import main

try:
    import rosbags
except ImportError:
    rosbags = None

needs_bags = pytest.mark.skipif(rosbags is None, reason='rosbags is not installed')

BAGS = REPOSITORY / 'test/plain/replay/bags'
REFERENCE, BASELINE = BAGS / 'reference', BAGS / 'reference_baseline.json'
PARAMETERS = BAGS / 'reference.yaml'
TARGETS, JOINTS = '/neural_ik/target_pose', '/joint_states'
SOLUTION = '/neural_ik/solution'
COMMANDS = '/joint_trajectory_controller/joint_trajectory'
TYPES = {
    TARGETS: 'geometry_msgs/msg/PoseStamped',
    JOINTS: 'sensor_msgs/msg/JointState',
    COMMANDS: 'trajectory_msgs/msg/JointTrajectory',
    SOLUTION: 'sensor_msgs/msg/JointState',
}
N_TARGETS = 280


def replayed(bag: Path, output: Path, *arguments: str, params: Path = PARAMETERS) -> int:
    """Return the exit code of a replay as the reference is replayed, without pictures."""
    options = ('--output', str(output), '--params-file', str(params), '--no-plots')
    return main(['replay', str(bag), *options, *arguments])


def report_of(output: Path) -> dict[str, Any]:
    return json.loads((output / 'report.json').read_text())


def recorded(bag: Path) -> Iterator[tuple[str, int, Any]]:
    """Yield topic, time of recording and message."""
    from rosbags.rosbag2 import Reader

    with Reader(bag) as reader:
        for connection, time_ns, data in reader.messages():
            message = types().deserialize_cdr(data, connection.msgtype)
            yield connection.topic, time_ns, message


def written(folder: Path, messages: Iterator[tuple[str, int, Any]], storage: str = 'mcap') -> Path:
    """Write a bag of messages, or of bytes in their place; return its folder."""
    from rosbags.rosbag2 import StoragePlugin, Writer

    plugin = StoragePlugin[storage.upper()]
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=types())
            for topic, kind in TYPES.items()
        }
        for topic, time_ns, message in messages:
            is_raw = isinstance(message, bytes)
            data = message if is_raw else types().serialize_cdr(message, TYPES[topic])
            writer.write(connections[topic], time_ns, data)
    return folder


def changed(
    folder: Path, change: Callable[[int, str, int, Any], Any], storage: str = 'mcap'
) -> Path:
    """
    Write a copy of the reference bag.

    :param change: Takes number, topic, time and message; returns time and message, or None to
        leave them out.
    """

    def messages() -> Iterator[tuple[str, int, Any]]:
        for number, (topic, time_ns, message) in enumerate(recorded(REFERENCE)):
            kept = change(number, topic, time_ns, message)
            if kept is not None and topic in TYPES:
                yield topic, *kept

    return written(folder, messages(), storage)


@cache
def types() -> Any:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS2_JAZZY)
