# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Requests of GetPositionIK that cannot be solved: each with its code and a reason."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
from fake_moveit_msgs import Request, plugin_request
from hypothesis import given, settings
from hypothesis import strategies as st
from moveit_bench import (
    ANY_POSTURE,
    GRIPPER,
    ROBOT,
    ask,
    frames_of,
    good_request,
    joints_of,
    made_handler,
)
from strategies import shipped_arm

from neural_ik_ros.interface.messages import InvalidMessage
from neural_ik_ros.interface.moveit_codes import CODE_OF_STATUS, MoveItCode
from neural_ik_ros.interface.position_ik import IkReply, PositionIkHandler
from neural_ik_ros.kinematics import CoupledLimit, forward, is_within_limits, random_joints
from neural_ik_ros.solver import IkStatus, SolverOptions

HANDLER = made_handler()


@pytest.fixture
def handler() -> PositionIkHandler:
    return made_handler()


@pytest.fixture
def request_() -> Request:
    return good_request()


# The arm


def test_nothing_is_solved_for_an_arm_that_is_in_question(request_):
    answer, _ = ask(made_handler(problem='another arm'), request_)
    assert answer == IkReply(code=MoveItCode.FAILURE, reason='another arm')


@pytest.mark.parametrize('group', ['', 'arm', 'Manipulator'])
def test_other_group_is_refused(handler, request_, group):
    request_.ik_request.group_name = group
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.INVALID_GROUP_NAME
    assert 'ik_group' in answer.reason


# Links and frames


def test_frame_that_no_one_knows_is_refused(request_):
    request_.ik_request.pose_stamped.header.frame_id = 'moon'
    answer, _ = ask(made_handler(), request_)
    assert answer.code is MoveItCode.FRAME_TRANSFORM_FAILURE
    assert "'moon'" in answer.reason
    assert 'use_tf' in answer.reason
    answer, _ = ask(made_handler(to_base=lambda _: InvalidMessage(reason='TF says no')), request_)
    assert answer == IkReply(code=MoveItCode.FRAME_TRANSFORM_FAILURE, reason='TF says no')


@pytest.mark.parametrize('link', ['camera', 'link_5', 'base_link', 'world', 'nowhere'])
def test_link_that_does_not_move_with_the_tool_is_refused(request_, link, urdf_text):
    request_.ik_request.ik_link_name = link
    handler = made_handler(frames=frames_of(urdf_text.replace('</robot>', GRIPPER)))
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.INVALID_LINK_NAME
    assert f'{link!r}' in answer.reason
    assert 'gripper, link_6, tcp, tool0' in answer.reason


def test_without_a_description_only_the_tool_is_known(handler, request_):
    request_.ik_request.ik_link_name = 'link_6'
    assert ask(handler, request_)[0].code is MoveItCode.INVALID_LINK_NAME


@pytest.mark.parametrize(('n_links', 'n_poses'), [(2, 2), (2, 1), (0, 3)])
def test_several_tips_are_refused(handler, request_, n_links, n_poses):
    asked = request_.ik_request
    asked.ik_link_names = ['tool0'] * n_links
    asked.pose_stamped_vector = [copy.deepcopy(asked.pose_stamped) for _ in range(n_poses)]
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.INVALID_LINK_NAME
    assert 'one tip' in answer.reason


# Bad seeds, bad poses, constraints


def forget_a_joint(state: Any) -> None:
    del state.name[3], state.position[3]


def name_nobody(state: Any) -> None:
    state.name, state.position = [], []


def name_others(state: Any) -> None:
    state.name = ['other_' + name for name in state.name]


def lose_a_position(state: Any) -> None:
    del state.position[-1]


def lose_a_number(state: Any) -> None:
    state.position[2] = math.nan


def turn_too_far(state: Any) -> None:
    state.position[2] = 1e9


@pytest.mark.parametrize(
    'spoil',
    [forget_a_joint, name_nobody, name_others, lose_a_position, lose_a_number, turn_too_far],
)
def test_bad_robot_state_is_refused(handler, request_, spoil):
    spoil(request_.ik_request.robot_state.joint_state)
    assert ask(handler, request_)[0].code is MoveItCode.INVALID_ROBOT_STATE


def test_bad_joints_of_others_do_not_matter(handler, request_):
    state = request_.ik_request.robot_state.joint_state
    state.position[0] = state.position[-1] = math.nan
    assert ask(handler, request_)[0].code is MoveItCode.SUCCESS


@pytest.mark.parametrize(
    ('where', 'value'),
    [
        ('position', math.nan),
        ('position', math.inf),
        ('orientation', math.nan),
        ('orientation', 5.0),
    ],
)
def test_bad_pose_is_refused(handler, request_, where, value):
    getattr(request_.ik_request.pose_stamped.pose, where).x = value
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.INVALID_GOAL_CONSTRAINTS
    assert where in answer.reason


@pytest.mark.parametrize('kind', ['joint', 'position', 'orientation', 'visibility'])
def test_constraints_are_not_ignored(handler, request_, kind):
    setattr(request_.ik_request.constraints, f'{kind}_constraints', [object()])
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.INVALID_GOAL_CONSTRAINTS
    assert 'constraints' in answer.reason


# What the solver says


def test_pose_out_of_reach_has_no_solution(handler, request_):
    request_.ik_request.pose_stamped.pose.position.x = 5.0
    answer, _ = ask(handler, request_)
    assert answer.code is MoveItCode.NO_IK_SOLUTION
    assert answer.reason == IkStatus.UNREACHABLE.value


@pytest.mark.parametrize(
    ('options', 'status', 'code'),
    [
        ({'min_singular_value': 0.9}, IkStatus.NEAR_SINGULARITY, MoveItCode.NO_IK_SOLUTION),
        ({'max_joint_step': 1e-3}, IkStatus.STEP_TOO_LARGE, MoveItCode.NO_IK_SOLUTION),
        (
            {'coupled_limit': CoupledLimit(first=1, second=2, lower=1.0, upper=1.1)},
            IkStatus.OUTSIDE_LIMITS,
            MoveItCode.NO_IK_SOLUTION,
        ),
        (
            {'iteration_budget': 1, 'max_iterations': 1},
            IkStatus.ITERATION_LIMIT,
            MoveItCode.TIMED_OUT,
        ),
    ],
)
def test_refusal_of_the_solver_has_its_code(request_, options, status, code):
    answer, _ = ask(made_handler(options=SolverOptions(**options)), request_)
    assert (answer.code, answer.reason) == (code, status.value)


@pytest.mark.parametrize('status', IkStatus, ids=lambda status: status.name)
def test_every_status_has_one_code_and_success_means_solved(status):
    assert (CODE_OF_STATUS[status] is MoveItCode.SUCCESS) == status.is_solved


def test_other_posture_is_no_solution_where_it_must_be_kept(arm):
    rng, n_refused = np.random.default_rng(11), 0
    strict, free = made_handler(options=SolverOptions()), made_handler(options=ANY_POSTURE)
    for _ in range(100):
        q_target, q_seed = random_joints(arm, rng, 2)
        request = plugin_request(forward(arm, q_target), q_seed, arm.joint_names)
        answer, _ = ask(strict, request)
        if answer.code is not MoveItCode.SUCCESS:
            expected = (MoveItCode.NO_IK_SOLUTION, IkStatus.OTHER_POSTURE.value)
            assert (answer.code, answer.reason) == expected
            n_refused += 1
        assert ask(free, request)[0].code is MoveItCode.SUCCESS
    assert 10 < n_refused < 90


NAMES = st.sampled_from(
    [*ROBOT.joint_names, 'tool0', 'base_link', '', '/', 'x' * 10_000, '\x00', 'é']
)
NUMBERS = st.one_of(st.floats(), st.floats(-3.0, 3.0), st.just(1.0), st.just(0.0))


@given(data=st.data())
@settings(max_examples=300)
def test_whatever_is_asked_is_answered_with_a_code_and_a_short_reason(data):
    request = good_request()
    asked = request.ik_request
    pose = copy.deepcopy(asked.pose_stamped)
    pose.header.frame_id = data.draw(st.one_of(st.just('base_link'), NAMES))
    pose.header.stamp.sec = data.draw(st.integers(-(2**31), 2**31 - 1))
    for name in 'xyz':
        setattr(pose.pose.position, name, data.draw(NUMBERS))
    for name in 'xyzw':
        setattr(pose.pose.orientation, name, data.draw(NUMBERS))
    state = asked.robot_state.joint_state
    if data.draw(st.booleans()):
        state.name = data.draw(st.lists(NAMES, max_size=9))
        state.position = data.draw(st.lists(NUMBERS, max_size=9))
    if data.draw(st.booleans()):
        asked.pose_stamped = pose
    asked.pose_stamped_vector = data.draw(st.sampled_from([[], [], [pose], [pose, pose]]))
    asked.ik_link_name = data.draw(st.one_of(st.just('tool0'), NAMES))
    asked.ik_link_names = data.draw(st.sampled_from([[], [], ['tool0'], ['tool0', 'x' * 10_000]]))
    asked.group_name = data.draw(st.one_of(st.just('manipulator'), NAMES))
    answer, response = ask(HANDLER, request)
    assert len(answer.reason) < 500
    if answer.code is MoveItCode.SUCCESS:
        assert is_within_limits(shipped_arm(), joints_of(response))
