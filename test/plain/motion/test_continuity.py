# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which answers of a stream count as jumps, and for how long its targets are refused then."""

from __future__ import annotations

import numpy as np
import pytest

from neural_ik_ros.kinematics import Transform, transform_from_xyz_rpy
from neural_ik_ros.motion.continuity import PostureWatch, StreamContinuity
from neural_ik_ros.motion.target_timing import MAX_INTERVAL_S
from neural_ik_ros.solver import NEAR_STEP

MS = 1_000_000
T0 = 1_700_000_000 * 1000 * MS
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FLIPPED = HOME + np.array([0.0, 0.0, 0.0, np.pi, 0.0, -np.pi])


def target(*, x: float = 0.0, yaw: float = 0.0) -> Transform:
    return transform_from_xyz_rpy([1.0 + x, 0.0, 1.0], [0.0, 0.5, yaw])


@pytest.fixture
def stream() -> StreamContinuity:
    """With one target at home."""
    continuity = StreamContinuity()
    assert continuity.q_before(T0) is None
    continuity.follow(target(), HOME)
    return continuity


def test_first_answer_of_a_stream_is_no_jump():
    stream = StreamContinuity()
    stream.q_before(T0)
    assert not stream.is_jump(target(), FLIPPED)


@pytest.mark.parametrize('interval_ms', [0, 1, 4, 199])
def test_answer_before_is_that_of_the_last_target_that_was_followed(stream, interval_ms):
    assert stream.q_before(T0 + interval_ms * MS) is HOME


@pytest.mark.parametrize('interval_ms', [-1, 201, 5000])
def test_target_after_a_pause_or_a_clock_that_is_set_back_is_the_first_of_a_stream(
    stream, interval_ms
):
    assert stream.q_before(T0 + interval_ms * MS) is None
    assert not stream.is_jump(target(), FLIPPED)


@pytest.mark.parametrize('step', [0.1, NEAR_STEP])
def test_near_answer_is_no_jump_however_little_the_target_moved(stream, step):
    q = HOME + np.eye(6)[2] * (step - 1e-9)
    assert not stream.is_jump(target(), q)


@pytest.mark.parametrize(
    ('x', 'yaw', 'is_jump'),
    [
        (0.001, 0.0, True),
        (0.05, 0.0, True),
        (0.07, 0.0, False),
        (0.0, 0.5, True),
        (0.0, 0.7, False),
    ],
)
def test_far_answer_is_a_jump_unless_the_target_moved_far_as_well(stream, x, yaw, is_jump):
    assert stream.is_jump(target(x=x, yaw=yaw), FLIPPED) == is_jump


def test_targets_of_a_stream_that_has_jumped_stay_refused_however_far_they_move(stream):
    assert stream.is_jump(target(x=0.001), FLIPPED)
    for k in range(1, 500):
        assert stream.q_before(T0 + 4 * k * MS) is HOME
        assert stream.is_jump(target(x=0.001 * k), FLIPPED)


def test_answer_that_is_near_again_is_followed(stream):
    assert stream.is_jump(target(x=0.001), FLIPPED)
    assert not stream.is_jump(target(x=0.02), HOME + 0.01)
    stream.follow(target(x=0.02), HOME + 0.01)
    assert not stream.is_jump(target(x=0.2), FLIPPED), 'and the target has moved far from there'


def test_pause_ends_the_refusal(stream):
    assert stream.is_jump(target(x=0.001), FLIPPED)
    assert stream.q_before(T0 + round((MAX_INTERVAL_S + 0.001) * 1000) * MS) is None
    assert not stream.is_jump(target(x=0.001), FLIPPED)


def test_refused_targets_keep_a_stream_alive(stream):
    for k in range(1, 20):
        assert stream.q_before(T0 + 150 * k * MS) is HOME
        assert stream.is_jump(target(x=0.001), FLIPPED)


def test_target_is_copied(stream):
    pose = target()
    stream.follow(pose, HOME)
    pose[:3, 3] += 10.0
    assert stream.is_jump(target(), FLIPPED)


@pytest.fixture
def postures(arm) -> PostureWatch:
    return PostureWatch(arm)


def test_posture_that_changes_through_its_boundary_is_told_once(postures):
    """In steps so small that no two neighbours are on opposite sides."""
    told = [postures.update(HOME * [1, 1, 1, 1, s, 1]) for s in np.linspace(1.0, -1.0, 400)]
    assert [text for text in told if text] == ['now on the other side: wrist']
    values = postures.diagnostic_values()
    assert values['posture changes'] == '1'
    assert values['last posture change'] == 'wrist'
    assert values['posture'] == 'shoulder +1, elbow +1, wrist +1'


def test_posture_that_comes_to_its_boundary_and_goes_back_has_not_changed(postures):
    for joint_5 in (0.8, 0.1, 0.0, -0.01, 0.1, 0.8):
        assert not postures.update(np.array([0.1, 0.3, 0.2, 0.3, joint_5, 0.1]))


def test_posture_of_another_arm_is_no_change(postures, arm):
    postures.update(HOME)
    postures.use_arm(arm)
    assert not postures.update(HOME * [1, 1, 1, 1, -1, 1])
    assert postures.diagnostic_values()['posture changes'] == '0'
