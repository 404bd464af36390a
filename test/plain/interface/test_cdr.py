# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""CDR as rosbags reads and writes it."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_bags import REFERENCE, needs_bags, recorded, types

from neural_ik_ros.interface.cdr import (
    JOINT_STATE,
    JOINT_TRAJECTORY,
    POSE_STAMPED,
    CdrError,
    MessageDecoder,
    example_command,
    pose_from_cdr,
)

pytestmark = needs_bags
texts = st.text(st.characters(exclude_characters='\0', exclude_categories=('Cs',)), max_size=9)
numbers = st.floats(width=64)
arrays = st.lists(numbers, max_size=7).map(np.array)
seconds, nanoseconds = st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1)


def decode(data: Any, kind: str) -> Any:
    return MessageDecoder(types().types).decode(data, kind)


def made(name: str, *fields: Any) -> Any:
    return next(kind for full, kind in types().types.items() if full.endswith(f'/{name}'))(*fields)


headers = st.builds(
    lambda s, ns, frame: made('Header', made('Time', s, ns), frame), seconds, nanoseconds, texts
)
poses = st.builds(
    lambda header, v: made(
        'PoseStamped', header, made('Pose', made('Point', *v[:3]), made('Quaternion', *v[3:]))
    ),
    headers,
    st.lists(numbers, min_size=7, max_size=7),
)
joint_states = st.builds(
    lambda *fields: made('JointState', *fields),
    *(headers, st.lists(texts, max_size=7), arrays, arrays, arrays),
)
points = st.builds(
    lambda p, v, a, e, s, ns: made('JointTrajectoryPoint', p, v, a, e, made('Duration', s, ns)),
    *(arrays, arrays, arrays, arrays, seconds, nanoseconds),
)
trajectories = st.builds(
    lambda *fields: made('JointTrajectory', *fields),
    *(headers, st.lists(texts, max_size=7), st.lists(points, max_size=4)),
)
messages = st.one_of(
    poses.map(lambda message: (POSE_STAMPED, message)),
    joint_states.map(lambda message: (JOINT_STATE, message)),
    trajectories.map(lambda message: (JOINT_TRAJECTORY, message)),
)


@given(message=messages, is_little=st.booleans(), more=st.binary(max_size=5))
def test_decode_is_the_message_that_was_written(message, is_little, more):
    kind, written = message
    data = bytes(types().serialize_cdr(written, kind, little_endian=is_little))
    read = decode(data + more, kind)
    assert bytes(types().serialize_cdr(read, kind, little_endian=is_little)) == data
    assert bytes(types().serialize_cdr(decode(memoryview(data), kind), kind)) == bytes(
        types().serialize_cdr(written, kind)
    )


@given(message=messages, share=st.floats(0.0, 0.999))
def test_decode_refuses_what_is_cut_off(message, share):
    kind, written = message
    data = bytes(types().serialize_cdr(written, kind))
    with pytest.raises(CdrError):
        decode(data[: int(share * len(data))], kind)


@given(message=messages, place=st.integers(4, 200), size=st.integers(0, 2**32 - 1))
def test_decode_survives_wrong_sizes(message, place, size):
    """Whatever is wrong, it is a message or an error of this kind."""
    kind, written = message
    data = bytearray(types().serialize_cdr(written, kind))
    place = min(place, len(data) - 4) & ~3
    struct.pack_into('<I', data, place, size)
    with contextlib.suppress(CdrError):
        assert decode(bytes(data), kind) is not None


@given(message=poses, is_little=st.booleans(), more=st.binary(max_size=5))
def test_pose_from_cdr_gives_the_fields_of_the_message(message, is_little, more):
    data = bytes(types().serialize_cdr(message, POSE_STAMPED, little_endian=is_little))
    numbers, frame, stamp_ns = pose_from_cdr(data + more)
    position, orientation = message.pose.position, message.pose.orientation
    xyz = position.x, position.y, position.z
    quat_xyzw = orientation.x, orientation.y, orientation.z, orientation.w
    np.testing.assert_array_equal(numbers, (*xyz, *quat_xyzw))
    assert frame == message.header.frame_id
    stamp = message.header.stamp
    assert stamp_ns == stamp.sec * 1_000_000_000 + stamp.nanosec


@given(message=poses, share=st.floats(0.0, 0.999))
def test_pose_from_cdr_refuses_what_is_cut_off(message, share):
    data = bytes(types().serialize_cdr(message, POSE_STAMPED))
    with pytest.raises(CdrError):
        pose_from_cdr(data[: int(share * len(data))])


def test_decode_refuses_another_encapsulation():
    with pytest.raises(CdrError, match='unknown encapsulation 0003'):
        decode(b'\x00\x03\x00\x00' + bytes(100), POSE_STAMPED)
    with pytest.raises(CdrError, match='unknown encapsulation 0003'):
        pose_from_cdr(b'\x00\x03\x00\x00' + bytes(100))


def test_decode_reads_every_message_of_the_reference_bag():
    n_read = 0
    for topic, _, message in recorded(REFERENCE):
        kind = message.__msgtype__
        if kind in (POSE_STAMPED, JOINT_STATE, JOINT_TRAJECTORY):
            data = bytes(types().serialize_cdr(message, kind))
            assert bytes(types().serialize_cdr(decode(data, kind), kind)) == data, topic
            n_read += 1
    assert n_read > 1000


def test_solution_is_serialised_as_its_message():
    from neural_ik_ros.replay.bag_writer import MessageBuilder

    names = [f'joint_{i}' for i in range(1, 7)]
    messages = MessageBuilder(names, 'base_link')
    for q in np.random.default_rng(5).normal(size=(3, 6)):
        stamp = made('Time', *(q[:2] * 1e8 + 1e9).astype(int).tolist())
        expected = made(
            *('JointState', made('Header', stamp, 'base_link'), names, q, np.empty(0), np.empty(0))
        )
        data = bytes(types().serialize_cdr(expected, JOINT_STATE))
        assert messages.solution(q, stamp) == data


@pytest.mark.parametrize('prefix', ['', 'left_'])
def test_command_is_serialised_as_its_message(prefix):
    """The layout of a number of points is made once; nothing of one command stays in the next."""
    from neural_ik_ros.replay.bag_writer import MessageBuilder

    messages = MessageBuilder([f'{prefix}joint_{i}' for i in range(1, 7)], 'base_link')
    for seed, n in enumerate([1, 9, 4, 9, 1, 2, 200]):
        command = example_command(n, seed + 2)
        data = bytes(types().serialize_cdr(messages.trajectory(command), JOINT_TRAJECTORY))
        assert messages.command(command) == data
