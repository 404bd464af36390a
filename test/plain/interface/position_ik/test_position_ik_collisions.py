# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Requests that avoid collisions: who is asked, what follows an answer that collides."""

from __future__ import annotations

import numpy as np
import pytest
from fake_moveit_msgs import RobotState, plugin_request
from moveit_bench import ANY_POSTURE, Q_SEED, Q_TARGET, ROBOT, ask

from neural_ik_ros.interface.moveit_codes import MoveItCode
from neural_ik_ros.interface.position_ik import UNCHECKED, PositionIkHandler, state_with
from neural_ik_ros.kinematics import forward, pose_error
from neural_ik_ros.solver import CurrentJoints, IkSolver

ABOUT_COLLISIONS = UNCHECKED.split('{', maxsplit=1)[0]


class Scene:
    """Answers what it is told to, in turn; the last answer again and again."""

    def __init__(self, *verdicts: bool | None) -> None:
        self.asked: list[np.ndarray] = []
        self._verdicts = list(verdicts)

    def __call__(self, request, joint_names, q):
        assert request.group_name == 'manipulator'
        assert tuple(joint_names) == ROBOT.joint_names
        self.asked.append(q)
        return self._verdicts.pop(0) if len(self._verdicts) > 1 else self._verdicts[0]


@pytest.fixture
def request_(arm):
    return plugin_request(forward(arm, Q_TARGET), Q_SEED, arm.joint_names)


def answer(arm, request, scene=None):
    handler = PositionIkHandler(IkSolver(arm, CurrentJoints(), ANY_POSTURE), ROBOT, None, scene)
    reply, response = ask(handler, request)
    return reply, np.array(response.solution.joint_state.position)


def test_answer_that_is_free_is_returned_without_a_remark(arm, request_):
    scene = Scene(True)
    reply, q = answer(arm, request_, scene)
    assert reply.code is MoveItCode.SUCCESS
    assert ABOUT_COLLISIONS not in reply.reason
    assert np.array_equal(scene.asked, [q])


@pytest.mark.parametrize('n_colliding', [1, 2, 3])
def test_answer_that_collides_is_followed_by_the_next_one(arm, request_, n_colliding):
    scene = Scene(*[False] * n_colliding, True)
    reply, q = answer(arm, request_, scene)
    assert reply.code is MoveItCode.SUCCESS
    assert len(scene.asked) == n_colliding + 1
    assert np.array_equal(scene.asked[-1], q)
    assert min(np.abs(q - one).max() for one in scene.asked[:-1]) > 0.01, 'another answer'
    assert pose_error(forward(arm, Q_TARGET), forward(arm, q))[0] < 1e-9


def test_target_whose_answers_all_collide_has_no_solution(arm, request_):
    scene = Scene(False)
    reply, q = answer(arm, request_, scene)
    assert reply.code is MoveItCode.NO_IK_SOLUTION
    assert 'rejected' in reply.reason
    assert len(scene.asked) > 3
    assert not len(q)


def test_nobody_is_asked_twice_who_does_not_answer(arm, request_):
    scene = Scene(None)
    reply, q = answer(arm, request_, scene)
    assert reply.code is MoveItCode.SUCCESS
    assert reply.reason.endswith('no answer from the service that ik_validity_service names')
    assert len(scene.asked) == 1
    assert len(q) == 6


def test_answer_says_that_collisions_were_not_checked_where_nobody_is_to_be_asked(arm, request_):
    reply, _ = answer(arm, request_)
    assert reply.code is MoveItCode.SUCCESS
    assert reply.reason.endswith('the parameter ik_validity_service is empty')


def test_request_that_does_not_mind_collisions_asks_nobody(arm, request_):
    request_.ik_request.avoid_collisions = False
    scene = Scene(False)
    reply, _ = answer(arm, request_, scene)
    assert reply.code is MoveItCode.SUCCESS
    assert ABOUT_COLLISIONS not in reply.reason
    assert not scene.asked


def test_target_without_a_solution_is_not_checked(arm, request_):
    request_.ik_request.pose_stamped.pose.position.x = 9.0
    scene = Scene(True)
    reply, _ = answer(arm, request_, scene)
    assert reply.code is MoveItCode.NO_IK_SOLUTION
    assert ABOUT_COLLISIONS not in reply.reason
    assert not scene.asked


def test_state_in_question_is_that_of_the_request_with_the_arm_moved(arm, request_):
    before = request_.ik_request.robot_state
    before.attached_collision_objects = ['tool']
    state = state_with(before, arm.joint_names, Q_TARGET)
    positions = dict(zip(state.joint_state.name, state.joint_state.position, strict=True))
    assert [positions[name] for name in arm.joint_names] == Q_TARGET.tolist()
    assert (positions['rail'], positions['finger']) == (0.4, 0.02)
    assert state.attached_collision_objects == ['tool']
    assert request_.ik_request.robot_state is before
    assert dict(zip(before.joint_state.name, before.joint_state.position, strict=True))[
        'joint_1'
    ] == pytest.approx(Q_SEED[0])


def test_state_of_a_request_without_names_holds_the_arm(arm):
    state = state_with(RobotState(), arm.joint_names, Q_TARGET)
    assert tuple(state.joint_state.name) == arm.joint_names
