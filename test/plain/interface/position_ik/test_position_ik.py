# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Requests of GetPositionIK as MoveIt sends them, by link, by frame and by seed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from fake_moveit_msgs import PoseStamped, Request, plugin_request
from moveit_bench import (
    GRIPPER,
    Q_SEED,
    Q_TARGET,
    ask,
    frames_of,
    good_request,
    joints_of,
    made_handler,
)
from numpy.testing import assert_allclose, assert_array_equal
from oracles import needs_pinocchio, pinocchio_forward

from neural_ik_ros.interface.messages import PoseTarget, fill_pose
from neural_ik_ros.interface.moveit_codes import MoveItCode
from neural_ik_ros.interface.position_ik import PositionIkHandler
from neural_ik_ros.kinematics import (
    arm_from_urdf,
    forward,
    is_within_limits,
    random_joints,
    rotation_from_rpy,
    transform_from_xyz_rpy,
)

SOLVED = 1e-9  # [m] and unitless


@pytest.fixture
def handler() -> PositionIkHandler:
    return made_handler()


@pytest.fixture
def request_() -> Request:
    return good_request()


# What MoveIt sends


def test_request_of_the_plugin_is_answered_with_the_joints_of_the_group(handler, request_, arm):
    answer, response = ask(handler, request_)
    assert answer.code is MoveItCode.SUCCESS
    state = response.solution.joint_state
    assert state.name == list(arm.joint_names), 'a name that the model lacks would throw in MoveIt'
    assert all(type(value) is float for value in state.position)
    assert state.header.frame_id == 'base_link'
    assert not response.solution.is_diff
    assert_allclose(forward(arm, joints_of(response)), forward(arm, Q_TARGET), atol=SOLVED)


@needs_pinocchio
def test_answers_put_the_tool_where_it_is_asked_for(handler, arm):
    rng, n = np.random.default_rng(7), 0
    for q_target, q_seed in zip(
        random_joints(arm, rng, 200), random_joints(arm, rng, 200), strict=True
    ):
        request = plugin_request(forward(arm, q_target), q_seed, arm.joint_names)
        answer, response = ask(handler, request)
        assert answer.code is MoveItCode.SUCCESS
        q = joints_of(response)
        assert is_within_limits(arm, q)
        assert_allclose(pinocchio_forward(q), pinocchio_forward(q_target), atol=SOLVED)
        n += 1
    assert n == 200


def test_seed_decides_the_posture(handler, arm):
    """The branch nearest to the seed is taken, whoever else is in the message."""
    for flip in (0.0, math.pi):
        q_seed = Q_TARGET.copy()
        q_seed[3] += flip
        q_seed[4] *= -1.0 if flip else 1.0
        request = plugin_request(forward(arm, Q_TARGET), q_seed, arm.joint_names)
        _, response = ask(handler, request)
        assert np.sign(joints_of(response)[4]) == np.sign(q_seed[4])


def test_same_request_gives_the_same_answer_whatever_came_before(handler, request_, arm):
    _, first = ask(handler, request_)
    other = plugin_request(forward(arm, -Q_TARGET), Q_TARGET, arm.joint_names)
    ask(handler, other)
    _, second = ask(handler, request_)
    assert_array_equal(joints_of(first), joints_of(second))


@pytest.mark.parametrize('sec', [0, 1, 2_000_000_000])
def test_stamp_does_not_matter_in_the_base(handler, request_, sec):
    request_.ik_request.pose_stamped.header.stamp.sec = sec
    assert ask(handler, request_)[0].code is MoveItCode.SUCCESS


@pytest.mark.parametrize('sec', [0, -1, 10])
def test_timeout_does_not_change_the_answer(handler, request_, sec):
    _, expected = ask(handler, request_)
    request_.ik_request.timeout.sec = sec
    assert_array_equal(joints_of(ask(handler, request_)[1]), joints_of(expected))


def test_request_with_prefix_is_answered_with_prefix(arm):
    names = tuple('left_' + name for name in arm.joint_names)
    frames = frames_of(base_link='left_base_link', tip_link='left_tool0')
    handler = made_handler(joint_names=names, frames=frames)
    request = plugin_request(forward(arm, Q_TARGET), Q_SEED, names)
    request.ik_request.ik_link_name = 'left_tool0'
    request.ik_request.pose_stamped.header.frame_id = 'left_base_link'
    answer, response = ask(handler, request)
    assert answer.code is MoveItCode.SUCCESS
    assert response.solution.joint_state.name == list(names)


# Frames and links


@pytest.mark.parametrize('frame', ['', 'base_link', '/base_link', 'base', 'world'])
def test_pose_may_be_given_in_any_frame_fixed_to_the_base(request_, frame, urdf_text, arm):
    handler = made_handler(frames=frames_of(urdf_text.replace('</robot>', GRIPPER)))
    transform_base_tool = forward(arm, Q_TARGET)
    world_base = np.eye(4)
    world_base[:3, :3], world_base[:3, 3] = rotation_from_rpy([0.0, 0.0, 0.7]), [0.5, 0.0, 0.8]
    pose = request_.ik_request.pose_stamped
    pose.header.frame_id = frame
    fill_pose(pose.pose, (world_base if frame == 'world' else np.eye(4)) @ transform_base_tool)
    answer, response = ask(handler, request_)
    assert answer.code is MoveItCode.SUCCESS, answer.reason
    assert_allclose(forward(arm, joints_of(response)), transform_base_tool, atol=SOLVED)


def test_pose_in_another_frame_is_placed_by_tf(request_, arm):
    table = np.eye(4)
    table[:3, 3] = [0.1, 0.2, 0.0]

    def to_base(target: PoseTarget) -> PoseTarget:
        assert (target.frame_id, target.stamp_ns) == ('table', 0)
        return replace(target, transform=table @ target.transform, frame_id='base_link')

    request_.ik_request.pose_stamped.header.frame_id = 'table'
    _, response = ask(made_handler(to_base=to_base), request_)
    assert_allclose(forward(arm, joints_of(response)), table @ forward(arm, Q_TARGET), atol=SOLVED)


@pytest.mark.parametrize('link', ['', 'tool0', 'link_6', 'gripper', 'tcp'])
def test_pose_may_be_that_of_any_link_fixed_to_the_tool(request_, link, urdf_text):
    text = urdf_text.replace('</robot>', GRIPPER)
    to_link = arm_from_urdf(text, tool_frame=link or 'tool0')
    asked = request_.ik_request
    asked.ik_link_name = link
    fill_pose(asked.pose_stamped.pose, forward(to_link, Q_TARGET))
    answer, response = ask(made_handler(frames=frames_of(text)), request_)
    assert answer.code is MoveItCode.SUCCESS, answer.reason
    assert_allclose(forward(to_link, joints_of(response)), forward(to_link, Q_TARGET), atol=SOLVED)


def test_one_tip_may_come_in_the_vectors(handler, request_, arm):
    asked = request_.ik_request
    asked.pose_stamped_vector, asked.pose_stamped = [asked.pose_stamped], PoseStamped()
    asked.ik_link_names, asked.ik_link_name = ['tool0'], 'ignored'
    answer, response = ask(handler, request_)
    assert answer.code is MoveItCode.SUCCESS
    assert_allclose(forward(arm, joints_of(response)), forward(arm, Q_TARGET), atol=SOLVED)


def test_calibrated_arm_is_solved_for_exactly(request_, urdf_text, arm):
    text = urdf_text.replace('xyz="0 0 0.705"', 'xyz="0.0003 0 0.7051"')
    calibrated = arm_from_urdf(text)
    _, response = ask(made_handler(arm=calibrated, frames=frames_of(text)), request_)
    q = joints_of(response)
    assert_allclose(forward(calibrated, q), forward(arm, Q_TARGET), atol=SOLVED)
    assert np.abs(forward(arm, q) - forward(arm, Q_TARGET)).max() > 1e-5


def test_any_group_is_served_where_none_is_named(request_):
    request_.ik_request.group_name = 'arm'
    assert ask(made_handler(group=''), request_)[0].code is MoveItCode.SUCCESS


TOOL = (0.0, 0.02, 0.1, 0.0, 0.3, 0.0)


@pytest.mark.parametrize(
    ('link', 'is_tool'), [('', True), ('tcp', False), ('tool0', False), ('gripper', False)]
)
def test_request_without_a_link_is_for_the_tool_as_targets_are(request_, link, is_tool, urdf_text):
    text = urdf_text.replace('</robot>', GRIPPER)
    frames = frames_of(text, base_frame='world', tool_frame='tcp', tool=TOOL)
    to_link = arm_from_urdf(text, base_frame='world', tool_frame=link or 'tcp')
    asked_for = forward(to_link, Q_TARGET)
    if is_tool:
        asked_for = asked_for @ transform_from_xyz_rpy(TOOL[:3], TOOL[3:])
    asked = request_.ik_request
    asked.ik_link_name, asked.pose_stamped.header.frame_id = link, ''
    fill_pose(asked.pose_stamped.pose, asked_for)
    answer, response = ask(made_handler(frames=frames), request_)
    assert answer.code is MoveItCode.SUCCESS, answer.reason
    assert response.solution.joint_state.header.frame_id == 'world'
    assert_allclose(forward(to_link, joints_of(response)), forward(to_link, Q_TARGET), atol=SOLVED)
