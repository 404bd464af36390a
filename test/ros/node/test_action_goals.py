# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motions as goals of an action, with a fake client: what is reported of each ending."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from driver import CONFIGURE, Driver

from neural_ik_ros.errors import MissingLibraryError
from neural_ik_ros.ros.node import action_goals
from neural_ik_ros.ros.node.action_goals import Goals

SERVER = '/controller/follow_joint_trajectory'


class Later:
    """A future that the test completes."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Later], None]] = []

    def add_done_callback(self, callback: Callable[[Later], None]) -> None:
        self.callbacks.append(callback)

    def result(self) -> Any:
        return self.value

    def complete(self, value: Any) -> None:
        self.value = value
        for callback in self.callbacks:
            callback(self)


class Client:
    """The client of an action: remembers the goals it was given."""

    def __init__(self, _node: Any, _type: Any, _name: str) -> None:
        self.is_ready, self.is_destroyed = True, False
        self.goals: list[Any] = []
        self.responses: list[Later] = []
        self.results: list[Later] = []
        self.feedback: list[Callable[[Any], None]] = []

    def server_is_ready(self) -> bool:
        return self.is_ready

    def send_goal_async(self, goal: Any, feedback_callback: Callable[[Any], None]) -> Later:
        self.goals.append(goal)
        self.feedback.append(feedback_callback)
        self.responses.append(Later())
        return self.responses[-1]

    def destroy(self) -> None:
        self.is_destroyed = True

    def accept(self, number: int = -1) -> None:
        self.results.append(Later())
        handle = SimpleNamespace(accepted=True, get_result_async=lambda: self.results[-1])
        self.responses[number].complete(handle)

    def end(self, status: int, code: int = 0, text: str = '', number: int = -1) -> None:
        result = SimpleNamespace(error_code=code, error_string=text)
        self.results[number].complete(SimpleNamespace(status=status, result=result))


@pytest.fixture
def cell(monkeypatch) -> SimpleNamespace:
    """Return goals, their client, and what they reported."""
    action = SimpleNamespace(Goal=lambda trajectory: SimpleNamespace(trajectory=trajectory))
    monkeypatch.setattr(action_goals, 'FollowJointTrajectory', action)
    monkeypatch.setattr(action_goals, 'ActionClient', Client)
    node = SimpleNamespace(resolve_service_name=lambda name: f'/controller/{name}')
    updates: list[str] = []
    failures: list[str] = []
    found = SimpleNamespace(updates=updates, failures=failures, now_ns=10**9)
    made = Goals(
        node,
        'follow_joint_trajectory',
        on_update=lambda: updates.append(made.diagnostic_values()['goal']),
        on_failure=failures.append,
        now_ns=lambda: found.now_ns,
    )
    found.goals, found.client = made, made._client
    return found


def test_goal_that_is_reached_is_reported_step_by_step(cell):
    assert cell.goals.diagnostic_values()['goal'] == 'none'
    cell.goals.send('motion')
    assert cell.client.goals[0].trajectory == 'motion'
    assert cell.goals.diagnostic_values()['goal'] == 'sent'
    cell.client.accept()
    cell.client.end(GoalStatus.STATUS_SUCCEEDED)
    assert cell.updates == ['accepted', 'succeeded']
    assert cell.failures == []


@pytest.mark.parametrize(
    ('status', 'code', 'text', 'reason'),
    [
        (
            GoalStatus.STATUS_ABORTED,
            -4,
            'joint_2 is late',
            'aborted, error code -4 joint_2 is late',
        ),
        (GoalStatus.STATUS_CANCELED, 0, '', 'cancelled, error code 0'),
        (77, 0, '', 'ended with status 77, error code 0'),
    ],
)
def test_goal_that_is_not_reached_is_a_failure_reported_once(cell, status, code, text, reason):
    cell.goals.send('motion')
    cell.client.accept()
    cell.client.end(status, code, text)
    assert cell.goals.diagnostic_values()['goal'] == f'failed: {reason}'
    assert cell.failures == [reason]
    assert cell.updates == ['accepted']


def test_goal_that_is_rejected_is_a_failure(cell):
    cell.goals.send('motion')
    cell.client.responses[0].complete(SimpleNamespace(accepted=False))
    assert cell.failures == ['the controller rejected it']


def test_goal_without_a_server_is_a_failure_that_names_it(cell):
    cell.client.is_ready = False
    cell.goals.send('motion')
    assert cell.client.goals == []
    assert cell.failures == [f'there is no action server {SERVER}']


def test_old_goal_is_of_no_interest_once_there_is_a_new_one(cell):
    cell.goals.send('old')
    cell.client.accept()
    cell.goals.send('new')
    cell.client.feedback[0](feedback(1.0, [9.0]))
    cell.client.end(GoalStatus.STATUS_ABORTED, -5, number=0)
    assert cell.failures == []
    assert cell.goals.diagnostic_values() == {
        'goal': 'sent',
        'goal time [s]': '0.000',
        'goal error [rad]': '0.0000',
    }
    cell.client.accept()
    cell.client.end(GoalStatus.STATUS_SUCCEEDED)
    assert cell.goals.diagnostic_values()['goal'] == 'succeeded'


def test_old_goal_that_is_accepted_late_is_not_waited_for(cell):
    cell.goals.send('old')
    cell.goals.send('new')
    cell.client.accept(0)
    assert cell.updates == []


def test_goal_is_sent_after_one_that_failed(cell):
    """The failure is reported once; the streaming node forgets it when it sends a command."""
    cell.client.is_ready = False
    cell.goals.send('old')
    cell.client.is_ready = True
    cell.goals.send('new')
    assert cell.goals.diagnostic_values()['goal'] == 'sent'
    assert cell.failures == [f'there is no action server {SERVER}']


def feedback(time_s: float, error: list[float]) -> Any:
    desired = SimpleNamespace(time_from_start=Duration(sec=int(time_s), nanosec=500_000_000))
    content = SimpleNamespace(desired=desired, error=SimpleNamespace(positions=error))
    return SimpleNamespace(feedback=content)


def test_feedback_gives_time_and_largest_error(cell):
    cell.goals.send('motion')
    cell.client.accept()
    cell.client.feedback[0](feedback(1.0, [0.01, -0.03, 0.0]))
    figures = cell.goals.diagnostic_values()
    assert (figures['goal time [s]'], figures['goal error [rad]']) == ('1.500', '0.0300')
    cell.client.feedback[0](feedback(2.0, []))
    assert cell.goals.diagnostic_values()['goal error [rad]'] == '0.0000'


# A controller that dies with a goal under way

MOTION = SimpleNamespace(points=[SimpleNamespace(time_from_start=Duration(sec=20))])


def watched_for(cell: SimpleNamespace, duration_s: float, feedback_period_s: float = 0.0) -> None:
    """Watch the newest goal once a second, with feedback in between."""
    for ms in range(round(1000 * duration_s)):
        cell.now_ns += 1_000_000
        if feedback_period_s and ms % round(1000 * feedback_period_s) == 0:
            cell.client.feedback[-1](feedback(1.0, [0.0]))
        if ms % 1000 == 999:
            cell.goals.watch()


def test_server_that_has_gone_fails_the_goal(cell):
    cell.goals.send(MOTION)
    cell.client.accept()
    watched_for(cell, 3.0)
    assert cell.failures == []
    cell.client.is_ready = False
    watched_for(cell, 2.0)
    assert cell.failures == [f'the action server {SERVER} has gone']
    assert cell.goals.diagnostic_values()['goal'].startswith('failed: the action server')


def test_goal_that_is_never_accepted_fails(cell):
    cell.goals.send(MOTION)
    watched_for(cell, 3.0)
    assert cell.failures == []
    watched_for(cell, 2.0)
    assert cell.failures == ['the controller has not answered for 4.0 s']
    cell.client.accept()
    assert cell.updates == [], 'it comes too late'


@pytest.mark.parametrize(('period_s', 'noticed_s'), [(0.05, 2.0), (0.5, 4.0), (2.0, 12.0)])
def test_feedback_that_ends_fails_the_goal(cell, period_s, noticed_s):
    cell.goals.send(MOTION)
    cell.client.accept()
    watched_for(cell, 30.0, feedback_period_s=period_s)
    assert cell.failures == [], 'late, but under way'
    watched_for(cell, noticed_s)
    assert len(cell.failures) == 1
    assert 'no feedback for' in cell.failures[0]
    cell.client.end(GoalStatus.STATUS_SUCCEEDED)
    assert cell.updates == ['accepted'], 'what comes then is of no interest'


@pytest.mark.parametrize('n_feedback', [0, 1])
def test_result_that_never_comes_fails_the_goal_of_a_server_without_feedback(cell, n_feedback):
    cell.goals.send(MOTION)
    cell.client.accept()
    for _ in range(n_feedback):
        cell.client.feedback[0](feedback(1.0, [0.0]))
    watched_for(cell, 25.0)
    assert cell.failures == []
    watched_for(cell, 1.0)
    assert cell.failures == ['the controller has sent no result for 6.0 s']


def test_goals_that_have_ended_are_not_watched(cell):
    cell.goals.send(MOTION)
    cell.client.accept()
    cell.client.end(GoalStatus.STATUS_SUCCEEDED)
    cell.client.is_ready = False
    watched_for(cell, 60.0)
    assert cell.failures == []


def test_error_in_a_response_fails_the_goal_with_its_type(cell):
    cell.goals.send(MOTION)
    cell.client.responses[0].complete(None)
    assert len(cell.failures) == 1
    assert cell.failures[0].startswith('AttributeError: ')


def test_client_is_destroyed_with_it(cell):
    cell.goals.destroy()
    assert cell.client.is_destroyed


def test_goals_without_control_msgs_are_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setattr(action_goals, 'FollowJointTrajectory', None)
    with pytest.raises(
        MissingLibraryError, match=r'control_msgs is not .* set output_mode to trajectory'
    ):
        Goals(SimpleNamespace(), 'name', on_update=print, on_failure=print)


@pytest.mark.skipif(
    action_goals.FollowJointTrajectory is not None, reason='control_msgs is installed'
)
def test_node_is_not_configured_where_goals_are_to_be_sent_and_cannot(start_node, peer):
    process = start_node('neural_ik_node', '-p', 'output_mode:=action')
    assert not Driver(peer).change_state(CONFIGURE)
    process.wait_for_output('not configured: control_msgs is not installed')
    assert 'sudo apt install ros-$ROS_DISTRO-control-msgs' in process.output
