# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Serialised targets and commands equal those of the middleware."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from numpy.testing import assert_array_equal
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from neural_ik_ros.interface.messages import (
    InvalidMessage,
    fill_trajectory,
    make_trajectory,
    target_from_pose,
)
from neural_ik_ros.motion import MAX_STREAM_POINTS, Command
from neural_ik_ros.ros.node import serialisation

NAMES = [f'left_joint_{i}' for i in range(1, 7)]


def command(n: int = 5, *, stamp_ns: int = 1_700_000_000_123_456_789) -> Command:
    rng = np.random.default_rng(n)
    times_ns = np.array([4_000_000 + 999_999_999 * k for k in range(n)])
    states = rng.normal(size=(n, 3, 6))
    return Command(stamp_ns=stamp_ns, time_ns=times_ns, states=states, n_known=0)


def message_of(one: Command, names: list[str]) -> JointTrajectory:
    message = make_trajectory(names)
    fill_trajectory(message, one)
    return message


@pytest.mark.parametrize('names', [NAMES, list('abcdef'), ['x' * k for k in range(1, 7)]])
@pytest.mark.parametrize('n', range(1, MAX_STREAM_POINTS + 1))
def test_bytes_are_those_of_the_message(names, n):
    serialiser = serialisation.TrajectorySerialiser(names, MAX_STREAM_POINTS)
    for one in (command(n), command(1, stamp_ns=0), command(n), command(n, stamp_ns=0)):
        content = serialiser.serialise(one)
        assert content is not None
        assert deserialize_message(content, JointTrajectory) == message_of(one, names)


def test_commands_of_another_layout_are_left_to_the_message():
    serialiser = serialisation.TrajectorySerialiser(NAMES, MAX_STREAM_POINTS)
    assert serialiser.serialise(command(MAX_STREAM_POINTS + 1)) is None


def test_layout_that_the_middleware_writes_otherwise_is_left_to_the_message(monkeypatch):
    serialise = serialisation.serialize_message
    monkeypatch.setattr(
        serialisation, 'serialize_message', lambda one: bytes(reversed(serialise(one)))
    )
    serialiser = serialisation.TrajectorySerialiser(NAMES, MAX_STREAM_POINTS)
    assert serialiser.serialise(command()) is None


def pose(frame: str = 'base_link') -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = frame
    message.header.stamp.sec, message.header.stamp.nanosec = 12, 345_678_901
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = 0.5, -1.5, 2.5
    orientation.x, orientation.y, orientation.z, orientation.w = 0.5, -0.5, 0.5, 0.5
    return message


@pytest.mark.parametrize('frame', ['', 'a', 'base_link', 'x' * 999, 'Arm \u00e4\u202e', 'a\x00b'])
def test_target_is_the_one_in_the_message(frame):
    content = serialize_message(pose(frame))
    given, expected = (
        serialisation.target_from_bytes(content),
        target_from_pose(deserialize_message(content, PoseStamped)),
    )
    assert_array_equal(given.transform, expected.transform)
    assert (given.frame_id, given.stamp_ns) == (expected.frame_id, expected.stamp_ns)
    assert given.stamp_ns == 12_345_678_901


def test_target_from_a_machine_of_the_other_byte_order_is_the_same():
    numbers = (0.5, -1.5, 2.5, 0.5, -0.5, 0.5, 0.5)
    content = b'\x00\x00\x00\x00' + struct.pack('>iII4s7d', 12, 345_678_901, 2, b'a', *numbers)
    given = serialisation.target_from_bytes(content)
    assert_array_equal(given.transform, target_from_pose(pose()).transform)
    assert (given.frame_id, given.stamp_ns) == ('a', 12_345_678_901)


def test_whatever_comes_is_a_target_or_a_reason():
    """As the middleware reads it, where that reads it at all."""
    rng, content = np.random.default_rng(1), serialize_message(pose())
    n_refused = 0
    for _ in range(2000):
        changed = bytearray(content[: int(rng.integers(len(content) + 1))])
        for at in rng.integers(len(changed), size=3) if changed else ():
            changed[at] = int(rng.integers(256))
        given = serialisation.target_from_bytes(bytes(changed))
        n_refused += isinstance(given, InvalidMessage)
        if not isinstance(given, InvalidMessage):
            expected = target_from_pose(deserialize_message(bytes(changed), PoseStamped))
            assert_array_equal(given.transform, expected.transform)
            assert (given.frame_id, given.stamp_ns) == (expected.frame_id, expected.stamp_ns)
    assert 1000 < n_refused < 2000
    assert 'no PoseStamped' in serialisation.target_from_bytes(b'').reason
