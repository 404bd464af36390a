# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""output_mode action against a real action server, where control_msgs is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driver import ACTIVATE, AUTOSTART, CONFIGURE, DEACTIVATE, FAR, HOME, NEAR, PATIENT, Driver
from numpy.testing import assert_allclose
from peers import assert_clean_exit
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future

from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.interface.messages import ns_from_time, trajectory_from_message
from neural_ik_ros.ros.node.action_goals import FollowJointTrajectory

pytestmark = pytest.mark.skipif(FollowJointTrajectory is None, reason='control_msgs is missing')

ACTION = (*PATIENT, '-p', 'output_mode:=action', '-p', 'velocity_scaling_factor:=0.05')
SERVER = '/joint_trajectory_controller/follow_joint_trajectory'
RELEASED = 1e-8  # [rad] between a solution and where the motion to it ends


class Controller:
    """Takes goals as joint_trajectory_controller does: a new one ends the old one."""

    def __init__(self, peer: Any) -> None:
        self.peer, self.takes_goals = peer, True
        self.goals: list[Any] = []
        self.ends: list[Future] = []
        self.n_cancelled = 0
        self._server = ActionServer(
            peer.node,
            FollowJointTrajectory,
            SERVER,
            self._follow,
            goal_callback=self._decide,
            cancel_callback=self._cancel,
        )

    def destroy(self) -> None:
        self._server.destroy()

    def _decide(self, _goal: Any) -> GoalResponse:
        return GoalResponse.ACCEPT if self.takes_goals else GoalResponse.REJECT

    def _cancel(self, _goal: Any) -> CancelResponse:
        self.n_cancelled += 1
        return CancelResponse.ACCEPT

    async def _follow(self, handle: Any) -> Any:
        for end in self.ends:
            if not end.done():
                end.set_result(('abort', 'a new goal has come'))
        self.goals.append(handle.request.trajectory)
        self.ends.append(Future())
        handle.publish_feedback(self._feedback(handle.request.trajectory))
        how, text = await self.ends[-1]
        getattr(handle, how)()
        code = 0 if how == 'succeed' else -5
        return FollowJointTrajectory.Result(error_code=code, error_string=text)

    def _feedback(self, trajectory: Any) -> Any:
        feedback = FollowJointTrajectory.Feedback(joint_names=trajectory.joint_names)
        feedback.desired.time_from_start.sec = 7
        feedback.error.positions = [0.0, -0.01, 0.0, 0.0, 0.0, 0.0]
        return feedback


@pytest.fixture
def controller(peer):
    made = Controller(peer)
    yield made
    made.destroy()


@pytest.fixture
def driver(start_node, peer, controller) -> Driver:
    """Return the other side of an active node that has found the controller."""
    process = start_node('neural_ik_node', *AUTOSTART, *ACTION)
    driver = Driver(peer).connect()
    driver.process = process
    process.wait_for_output('ready for')
    feedback = f'{SERVER}/_action/feedback'
    assert peer.spin_until(lambda: peer.node.count_subscribers(feedback) > 0)
    peer.spin_for(0.3)
    return driver


def send(driver: Driver, q: np.ndarray, n_goals: int, controller: Controller) -> None:
    """Give one target; wait for its goal."""
    driver.send_joints(HOME)
    driver.peer.spin_for(0.1)
    driver.send_target(q)
    assert driver.peer.spin_until(lambda: len(controller.goals) >= n_goals), driver.process.output


def goal_of(message: Any) -> str:
    return {pair.key: pair.value for pair in message.values}.get('goal', '')


def wait_for_goal(driver: Driver, state: str) -> None:
    told = lambda: [goal_of(message) for message in driver.statuses]  # noqa: E731
    assert driver.peer.spin_until(lambda: state in told()), told()


def test_target_becomes_one_goal_with_the_whole_motion(driver, controller):
    send(driver, NEAR, 1, controller)
    trajectory = controller.goals[0]
    assert (
        first_violation(trajectory_from_message(trajectory), driver.names, driver.now_ns()) is None
    )
    assert ns_from_time(trajectory.header.stamp) > 0, 'as the node counts time'
    assert_allclose(trajectory.points[-1].positions, NEAR, atol=RELEASED)
    assert list(trajectory.points[-1].velocities) == [0.0] * 6
    wait_for_goal(driver, 'accepted')
    controller.ends[0].set_result(('succeed', ''))
    wait_for_goal(driver, 'succeeded')
    assert driver.trajectories == [], 'nothing on the topic'
    assert_clean_exit(driver.process, driver.process.stop())


def test_feedback_is_reported_in_diagnostics(driver, controller):
    send(driver, NEAR, 1, controller)

    def figures() -> dict[str, str]:
        values = driver.diagnostics[-1].status[0].values if driver.diagnostics else []
        return {pair.key: pair.value for pair in values}

    assert driver.peer.spin_until(lambda: figures().get('goal time [s]') == '7.000')
    assert figures()['goal error [rad]'] == '0.0100'


def test_new_target_replaces_the_goal_without_a_stop(driver, controller):
    send(driver, FAR, 1, controller)
    driver.peer.spin_for(0.5)
    send(driver, NEAR, 2, controller)
    wait_for_goal(driver, 'accepted')
    assert controller.n_cancelled == 0
    first, second = (np.array(one.points[0].positions) for one in controller.goals)
    assert np.abs(second - first).max() > 1e-3, 'it goes on from where the arm is by then'
    controller.ends[1].set_result(('succeed', ''))
    wait_for_goal(driver, 'succeeded')
    assert not any('failed' in goal_of(message) for message in driver.statuses)


@pytest.mark.parametrize(
    ('how', 'reason'),
    [('abort', 'aborted, error code -5 joint_2 is late'), ('reject', 'rejected')],
)
def test_goal_that_fails_is_reported_and_the_next_target_starts_anew(
    driver, controller, how, reason
):
    controller.takes_goals = how != 'reject'
    driver.send_joints(HOME)
    driver.peer.spin_for(0.1)
    driver.send_target(FAR)
    if how == 'abort':
        assert driver.peer.spin_until(lambda: controller.ends)
        controller.ends[0].set_result(('abort', 'joint_2 is late'))
    driver.wait_for_status('GOAL_FAILED')
    message = next(one for one in driver.statuses if 'the controller did not' in one.message)
    assert reason in message.message
    controller.takes_goals = True
    n_goals = len(controller.goals)
    send(driver, NEAR, n_goals + 1, controller)
    assert_allclose(controller.goals[-1].points[0].positions, HOME, atol=1e-4)


def test_controller_that_dies_with_a_goal_is_noticed(driver, controller):
    send(driver, FAR, 1, controller)
    wait_for_goal(driver, 'accepted')
    controller.destroy()
    driver.wait_for_status('GOAL_FAILED')
    assert any('failed: the action server' in goal_of(one) for one in driver.statuses)


def test_missing_controller_is_reported(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *ACTION)
    driver = Driver(peer).connect()

    def ask() -> None:
        driver.send_joints(HOME)
        driver.send_target(NEAR)

    driver.repeat_until_status(ask, 'GOAL_FAILED')
    assert f'there is no action server {SERVER}' in driver.statuses[-1].message


def test_deactivation_brakes_with_a_goal(driver, controller):
    send(driver, FAR, 1, controller)
    driver.peer.spin_for(0.4)
    driver.go(DEACTIVATE)
    assert driver.peer.spin_until(lambda: len(controller.goals) == 2)
    brake = controller.goals[1]
    rows = np.array([point.positions for point in brake.points])
    assert len(rows) > 3
    assert np.abs(rows[-1] - FAR).max() > 0.05, 'it does not go there first'
    assert np.abs(rows[-1] - rows[-2]).max() < np.abs(rows[1] - rows[0]).max(), 'it slows down'


def test_node_is_configured_again_and_again(start_node, peer, controller):
    process = start_node('neural_ik_node', *ACTION)
    driver = Driver(peer)
    for _ in range(3):
        driver.go(CONFIGURE, ACTIVATE, DEACTIVATE)
        assert driver.change_state(2), 'cleanup'
    assert_clean_exit(process, process.stop())
