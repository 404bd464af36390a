# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Targets in other frames, with a stand-in for tf2_ros."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import ACTIVATE, CONFIGURE, FAR, HOME, PATIENT, Driver
from geometry_msgs.msg import TransformStamped
from numpy.testing import assert_allclose
from rclpy.qos import DurabilityPolicy, QoSProfile

from neural_ik_ros.errors import MissingLibraryError
from neural_ik_ros.interface.messages import (
    InvalidMessage,
    PoseTarget,
    fill_time,
    pose_from_transform,
)
from neural_ik_ros.kinematics import Transform, forward, invert, rotation_from_rpy
from neural_ik_ros.ros.runtime import frames
from neural_ik_ros.ros.runtime.frames import Frames

FAKE_TF2 = Path(__file__).parents[1] / 'fake_tf2'
EXACT = 1e-12  # [m], [rad] rounding of one product
SOLVED = 1e-9  # [m], [rad]
SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
TIMEOUT_S = 0.1


def transform_of(x: float, yaw: float = 0.0) -> Transform:
    transform = np.identity(4)
    transform[:3, :3] = rotation_from_rpy(np.array([0.0, 0.0, yaw]))
    transform[0, 3] = x
    return transform


def told(child: str, transform: Transform, stamp_ns: int = 0) -> TransformStamped:
    """Return the message that tells where ``child`` is in the base."""
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = 'base_link'
    fill_time(message.header.stamp, stamp_ns)
    pose = pose_from_transform(transform)
    message.transform.rotation = pose.orientation
    place, translation = pose.position, message.transform.translation
    translation.x, translation.y, translation.z = place.x, place.y, place.z
    return message


class NoNode:
    """Nobody tells anything by itself."""

    def create_subscription(self, *_arguments: Any) -> None:
        return None

    def destroy_subscription(self, _subscription: None) -> None:
        return None


@pytest.fixture
def tf(monkeypatch) -> Any:
    """Return the frames of a node that uses the stand-in."""
    monkeypatch.syspath_prepend(str(FAKE_TF2))
    monkeypatch.delitem(sys.modules, 'tf2_ros', raising=False)
    import tf2_ros

    monkeypatch.setattr(frames, 'tf2_ros', tf2_ros)
    return Frames(NoNode(), 'base_link', uses_tf=True)


def ask(tf: Frames, frame: str, *, stamp_ns: int = NOW, now_ns: int = NOW) -> Any:
    target = PoseTarget(transform=transform_of(0.1), frame_id=frame, stamp_ns=stamp_ns)
    return tf.to_base(target, now_ns=now_ns, timeout_s=TIMEOUT_S)


def assert_no_answer(answer: PoseTarget | InvalidMessage, *words: str) -> None:
    assert isinstance(answer, InvalidMessage)
    for word in words:
        assert word in answer.reason


def test_target_on_a_fixed_table_is_seen_from_the_base(tf):
    table = transform_of(1.0, yaw=math.pi / 2)
    tf._buffer.set_transform_static(told('table', table), '')
    answer = ask(tf, 'table')
    assert_allclose(answer.transform, table @ transform_of(0.1), atol=EXACT)
    assert (answer.frame_id, answer.stamp_ns) == ('base_link', NOW)


def test_target_in_the_base_frame_is_left_alone(tf):
    for frame in ('base_link', '/base_link'):
        assert_allclose(ask(tf, frame).transform, transform_of(0.1), atol=0.0)


def test_target_on_a_moving_frame_is_where_that_was_at_its_stamp(tf):
    for k in range(5):
        stamp_ns = NOW - (4 - k) * SECOND // 100
        tf._buffer.set_transform(told('belt', transform_of(float(k)), stamp_ns), '')
    answer = ask(tf, 'belt', stamp_ns=NOW - 2 * SECOND // 100)
    assert answer.transform[0, 3] == pytest.approx(2.1)


@pytest.mark.parametrize('stamp_ns', [NOW, 0], ids=['stamped', 'now'])
def test_newest_transform_serves_while_it_is_fresh(tf, stamp_ns):
    tf._buffer.set_transform(told('belt', transform_of(2.0), NOW - SECOND // 20), '')
    assert ask(tf, 'belt', stamp_ns=stamp_ns).transform[0, 3] == pytest.approx(2.1)


@pytest.mark.parametrize('stamp_ns', [NOW, 0], ids=['stamped', 'now'])
def test_old_transform_of_a_moving_frame_is_refused(tf, stamp_ns):
    tf._buffer.set_transform(told('belt', transform_of(2.0), NOW - SECOND // 5), '')
    assert_no_answer(ask(tf, 'belt', stamp_ns=stamp_ns), "'belt'", 'extrapolation')


def test_transform_of_the_time_before_a_jump_back_is_forgotten(tf):
    tf._buffer.set_transform(told('belt', transform_of(2.0), NOW), '')
    assert isinstance(ask(tf, 'belt'), PoseTarget)
    earlier = NOW - SECOND // 20
    assert_no_answer(ask(tf, 'belt', stamp_ns=earlier, now_ns=earlier), 'does not exist')


@pytest.mark.parametrize('frame', ['moon', '', '/', '//base_link'])
def test_frame_that_tf_does_not_know_is_refused(tf, frame):
    assert_no_answer(ask(tf, frame))


def test_transform_that_is_not_rigid_is_refused(tf):
    message = told('table', transform_of(1.0))
    message.transform.rotation.w = 2.0
    tf._buffer.set_transform_static(message, '')
    assert_no_answer(ask(tf, 'table'), "'table'", 'norm')


@pytest.mark.parametrize('stamp_ns', [-NOW, -1, 2 * NOW])
def test_absurd_stamps_are_survived(tf, stamp_ns):
    tf._buffer.set_transform(told('belt', transform_of(2.0), NOW), '')
    assert ask(tf, 'belt', stamp_ns=stamp_ns) is not None


def ask_at_its_time(tf: Frames, stamp_ns: int) -> Any:
    target = PoseTarget(transform=transform_of(0.1), frame_id='belt', stamp_ns=stamp_ns)
    return tf.to_base_at_stamp(target, timeout_s=TIMEOUT_S)


def test_request_without_a_stamp_is_placed_by_the_newest_transform_however_old(tf):
    for k, stamp_ns in enumerate((NOW - 100 * SECOND, NOW - 50 * SECOND)):
        tf._buffer.set_transform(told('belt', transform_of(float(k)), stamp_ns), '')
    assert ask_at_its_time(tf, 0).transform[0, 3] == pytest.approx(1.1)
    assert_no_answer(ask_at_its_time(tf, NOW), "'belt'", 'extrapolation')


def test_request_of_another_time_does_not_make_tf_forget(tf):
    tf._buffer.set_transform(told('belt', transform_of(2.0), NOW), '')
    assert isinstance(ask(tf, 'belt'), PoseTarget)
    ask_at_its_time(tf, NOW - 1000 * SECOND)
    assert isinstance(ask(tf, 'belt'), PoseTarget)


def test_target_stays_in_its_frame_where_tf_is_not_used():
    assert ask(Frames(NoNode(), 'base_link', uses_tf=False), 'moon').frame_id == 'moon'


def test_use_of_tf_without_tf_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setattr(frames, 'tf2_ros', None)
    with pytest.raises(MissingLibraryError, match=r'tf2_ros is not .* set use_tf to false'):
        Frames(NoNode(), 'base_link', uses_tf=True)


def test_node_serves_a_target_on_a_table_once_it_knows_where_that_is(start_node, peer):
    path = f'{FAKE_TF2}{os.pathsep}{os.environ["PYTHONPATH"]}'
    start_node('neural_ik_node', '-p', 'use_tf:=true', *PATIENT, environment={'PYTHONPATH': path})
    driver = Driver(peer)
    driver.go(CONFIGURE, ACTIVATE)
    driver.connect()
    table = transform_of(0.5, yaw=0.4)
    transform_table_tool = invert(table) @ forward(driver.arm, FAR)

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_pose(transform_table_tool, frame='table')

    driver.repeat_until_status(send, 'UNKNOWN_FRAME')
    assert 'does not exist' in driver.statuses[-1].message
    assert driver.trajectories == []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    peer.talk(TransformStamped, '/tf_static', latched).publish(told('table', table))
    assert driver.repeat(send, lambda: driver.solutions)
    assert_allclose(
        forward(driver.arm, np.array(driver.solutions[-1].position)),
        forward(driver.arm, FAR),
        atol=SOLVED,
    )


def test_node_is_not_configured_where_tf_is_to_be_used_and_missing(start_node, peer):
    if frames.tf2_ros is not None:
        pytest.skip('tf2_ros is installed here')
    process = start_node('neural_ik_node', '-p', 'use_tf:=true')
    driver = Driver(peer)
    assert not driver.change_state(CONFIGURE)
    process.wait_for_output('not configured: tf2_ros is not installed')
