# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node as a lifecycle manager sees it."""

from __future__ import annotations

import numpy as np
import pytest
from driver import (
    ACTIVATE,
    ACTIVE,
    AUTOSTART,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    FAR,
    FINALIZED,
    HOME,
    INACTIVE,
    NEAR,
    PATIENT,
    UNCONFIGURED,
    Driver,
    position_at,
    shipped_limits,
    status_of,
)
from lifecycle_msgs.msg import Transition
from numpy.testing import assert_allclose
from peers import NodeProcess, assert_clean_exit
from std_msgs.msg import String

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.ros.runtime import qos

WITHOUT_SERVICE = """
from neural_ik_ros.ros.node import node

def refuse(*_):
    raise node.NeuralIkError('no service today')

node.IkService = refuse
from neural_ik_ros.ros.executables import neural_ik_node
raise SystemExit(neural_ik_node())
"""
# Relative: what the quintics between the points add to the limits.
BETWEEN_TOL = {'velocity': 1e-3, 'acceleration': 0.02, 'jerk': 0.25}
PERIOD_NS = 4_000_000
SHUTDOWN = {
    UNCONFIGURED: Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    INACTIVE: Transition.TRANSITION_INACTIVE_SHUTDOWN,
    ACTIVE: Transition.TRANSITION_ACTIVE_SHUTDOWN,
}
WAY_TO = {UNCONFIGURED: (), INACTIVE: (CONFIGURE,), ACTIVE: (CONFIGURE, ACTIVATE)}
REFUSED = {
    UNCONFIGURED: (ACTIVATE, DEACTIVATE, CLEANUP, SHUTDOWN[ACTIVE], 77),
    INACTIVE: (CONFIGURE, DEACTIVATE, SHUTDOWN[UNCONFIGURED]),
    ACTIVE: (CONFIGURE, ACTIVATE, CLEANUP, SHUTDOWN[INACTIVE]),
}


@pytest.fixture
def process(start_node) -> NodeProcess:
    return start_node('neural_ik_node', *PATIENT)


@pytest.fixture
def driver(process, peer) -> Driver:
    """Return the other side of an unconfigured node."""
    return Driver(peer)


def test_lifecycle_goes_round_and_ends(driver, process):
    assert driver.state() == UNCONFIGURED
    for _ in range(2):
        for transition, state in (
            (CONFIGURE, INACTIVE),
            (ACTIVATE, ACTIVE),
            (DEACTIVATE, INACTIVE),
            (ACTIVATE, ACTIVE),
            (DEACTIVATE, INACTIVE),
            (CLEANUP, UNCONFIGURED),
        ):
            driver.go(transition)
            assert driver.state() == state
    assert process.output.count('ready for irb2400') == 2
    assert_clean_exit(process, process.stop())


def test_configure_that_fails_for_an_unexpected_reason_is_logged_with_its_type(start_node, peer):
    script = WITHOUT_SERVICE.replace("node.NeuralIkError('no service today')", "KeyError('robot')")
    process = start_node('neural_ik_node', script=script)
    driver = Driver(peer)
    assert not driver.change_state(CONFIGURE)
    assert driver.state() == UNCONFIGURED
    assert "not configured: KeyError: 'robot'" in process.output
    assert process.stop() == 0
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('state', SHUTDOWN)
def test_shutdown_is_possible_from_every_state(driver, process, state):
    driver.go(*WAY_TO[state], SHUTDOWN[state])
    assert driver.state() == FINALIZED
    assert_clean_exit(process, process.stop())


def test_disallowed_transitions_are_refused_and_change_nothing(driver, process):
    for state, transitions in REFUSED.items():
        if state != UNCONFIGURED:
            driver.go(WAY_TO[state][-1])
        for transition in transitions:
            assert not driver.change_state(transition)
            assert driver.state() == state
    driver.connect().solve_once()
    assert 'refused' in process.output
    assert_clean_exit(process, process.stop())


def test_nothing_lives_on_after_a_configure_that_failed_at_its_end(start_node, peer):
    process = start_node('neural_ik_node', script=WITHOUT_SERVICE)
    driver = Driver(peer)
    for _ in range(2):
        assert not driver.change_state(CONFIGURE)
    assert peer.node.count_subscribers('robot_description') == 0
    descriptions = peer.node.create_publisher(String, 'robot_description', qos.ROBOT_DESCRIPTION)
    descriptions.publish(String(data='<robot name="other"/>'))
    assert driver.state() == UNCONFIGURED
    assert process.output.count('not configured: no service today') == 2
    assert_clean_exit(process, process.stop())


def test_nothing_is_published_while_inactive(driver):
    driver.go(CONFIGURE)
    driver.connect()
    for _ in range(30):
        driver.send_joints(HOME)
        driver.send_target(FAR)
        driver.peer.spin_for(0.01)
    assert driver.state() == INACTIVE, 'and whatever was sent before has been handled'
    assert not driver.trajectories
    assert not driver.solutions
    assert not driver.statuses
    assert not driver.diagnostics
    driver.go(ACTIVATE)
    driver.peer.spin_for(0.2)
    assert not driver.trajectories, 'targets of before are not remembered'
    assert driver.solve_once()


def refusals(driver) -> int:
    """Return how many targets the newest report counts as refused for want of joint states."""
    return int(driver.values().get('count NO_JOINT_STATE', 0))


def test_activation_forgets_the_joints_of_before(driver):
    driver.go(CONFIGURE, ACTIVATE)
    driver.connect()
    assert driver.repeat(lambda: driver.send_target(NEAR), lambda: refusals(driver))
    assert not driver.trajectories
    driver.solve_once()
    driver.go(DEACTIVATE, ACTIVATE)
    driver.clear()
    assert driver.repeat(lambda: driver.send_target(NEAR), lambda: refusals(driver))
    assert not driver.trajectories
    assert driver.solve_once()


def test_deactivation_in_motion_ends_it_smoothly(driver):
    driver.go(CONFIGURE, ACTIVATE)
    driver.connect()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(FAR)

    assert driver.repeat(send, driver.is_fast)
    driver.go(DEACTIVATE)
    assert driver.peer.spin_until(driver.has_braked)
    driver.assert_trajectories_are_sound()
    assert_braking_is_smooth(driver)
    assert driver.peer.spin_until(lambda: driver.newest_status() == 'IDLE')
    assert 'not active' in driver.statuses[-1].message
    n_trajectories = len(driver.trajectories)
    for _ in range(20):
        send()
        driver.peer.spin_for(0.01)
    assert len(driver.trajectories) == n_trajectories


def assert_braking_is_smooth(driver: Driver) -> None:
    """Fail unless the last trajectory is a stop within the limits that continues the last one."""
    *_, stop = driver.trajectories
    begin_ns = ns_from_time(stop.header.stamp)
    end_ns = begin_ns + ns_from_time(stop.points[-1].time_from_start)
    rows = []
    for time_ns in range(begin_ns - 4 * PERIOD_NS, end_ns + 2 * PERIOD_NS, PERIOD_NS):
        sent = [one for one in driver.trajectories if ns_from_time(one.header.stamp) <= time_ns]
        rows.append(position_at(sent[-1], time_ns))
    limits = shipped_limits()
    # Jerk is judged in process: a best-effort message that is lost here leaves the path before.
    for order, name in enumerate(('velocity', 'acceleration'), start=1):
        rate = np.abs(np.diff(rows, order, axis=0)) / (PERIOD_NS * 1e-9) ** order
        assert (rate <= getattr(limits, name) * (1.0 + BETWEEN_TOL[name])).all(), name
    assert np.abs(rows[5] - rows[4]).max() > 5e-4, 'it was in motion'
    assert np.abs(rows[-1] - rows[-2]).max() == 0.0, 'it is at rest'


def test_motion_after_a_stop_starts_where_the_arm_is(driver):
    driver.go(CONFIGURE, ACTIVATE)
    driver.connect().solve_once(FAR)
    driver.go(DEACTIVATE, ACTIVATE)
    driver.clear()
    driver.solve_once(NEAR, q_measured=HOME)
    assert_allclose(driver.rows()[0], HOME, atol=1e-4)


def test_cleanup_leaves_no_topic_behind(driver):
    driver.go(CONFIGURE)
    driver.connect()
    driver.go(CLEANUP)
    node, topic = driver.peer.node, 'joint_trajectory_controller/joint_trajectory'
    assert driver.peer.spin_until(lambda: not node.count_subscribers(f'{driver.node}/target_pose'))
    assert driver.peer.spin_until(lambda: not node.count_publishers(topic))


def test_transition_by_label_works(driver):
    """As ``ros2 lifecycle set`` and nav2's manager may ask for it."""
    from lifecycle_msgs.srv import ChangeState

    request = ChangeState.Request()
    request.transition.label = 'configure'
    assert driver.peer.call(ChangeState, f'{driver.node}/change_state', request).success
    assert driver.state() == INACTIVE


def test_autostart_is_active_at_once(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    assert driver.state() == ACTIVE
    assert driver.peer.spin_until(lambda: driver.statuses)
    assert status_of(driver.statuses[0]) in {'IDLE', 'NO_JOINT_STATE'}, 'as time goes by'
    assert driver.solve_once()
