# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of the world around the node, over DDS: it stops, tells, and goes on without a jump."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from driver import ACTIVATE, AUTOSTART, CONFIGURE, FAR, HOME, Driver, shipped_limits, status_of
from numpy.testing import assert_allclose
from peers import assert_clean_exit
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from neural_ik_ros.interface.messages import fill_time
from neural_ik_ros.ros.runtime import qos

DOCS = Path(__file__).resolve().parents[3] / 'docs'
SECOND = 1_000_000_000
TOLERANT = ('-p', 'target_timeout_s:=30.0', '-p', 'max_command_delay_s:=30.0')
SOURCE = (
    *('-r', 'target_pose:=/neural_ik/target_pose'),
    *('-p', 'settle_s:=0.0', '-p', 'path:=line', '-p', 'speed_m_s:=0.5'),
)


def test_arm_that_does_not_follow_is_a_fault_that_ends_when_it_rests(start_node, peer):
    node = start_node('neural_ik_node', *AUTOSTART, *TOLERANT, '-p', 'recovery_s:=1.0')
    driver = Driver(peer).connect()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(FAR)

    driver.repeat_until_status(send, 'NOT_FOLLOWING')
    assert 'rad away; no targets until ~/resume is called' in driver.statuses[-1].message
    driver.assert_trajectories_are_sound()
    driver.clear()
    driver.peer.spin_for(1.2)  # the arm rests
    assert driver.newest_status() in ('', 'NOT_FOLLOWING')
    assert driver.peer.call(Trigger, '/neural_ik/resume', Trigger.Request()).success
    driver.repeat_until_status(send, 'SOLVED')
    assert_allclose(driver.rows()[0], HOME, atol=1e-4)
    assert_clean_exit(node, node.stop())


def test_arm_stops_smoothly_when_the_node_is_killed_and_goes_on_with_the_next(start_node, peer):
    states = peer.listen(JointState, 'joint_states', qos.with_depth(qos.JOINT_STATES_IN))
    node = start_node('neural_ik_node', *AUTOSTART, *TOLERANT)
    start_node('simulated_arm')
    start_node('target_source', *SOURCE)

    def is_fast() -> bool:
        return bool(states) and np.abs(states[-1].velocity).max() > 0.15

    assert peer.spin_until(is_fast)
    node.send(signal.SIGKILL)
    states.clear()
    assert peer.spin_until(lambda: states and np.abs(states[-1].velocity).max() == 0.0)
    speeds = np.abs([state.velocity for state in states]).max(axis=1)
    assert ((speeds > 0.02 * speeds.max()) & (speeds < 0.8 * speeds.max())).sum() >= 2, (
        'not at once'
    )
    states.clear()
    start_node('neural_ik_node', *AUTOSTART, *TOLERANT)
    assert peer.spin_until(is_fast)
    speeds = np.abs([state.velocity for state in states])
    assert (speeds < 0.5 * shipped_limits().velocity).all(), 'a jump would be at the limit'


def connected_before_it_is_active(peer) -> Driver:
    """Return a driver that publishes joint states, but has not told any."""
    driver = Driver(peer)
    driver.go(CONFIGURE)
    driver.connect()
    driver.go(ACTIVATE)
    return driver


def test_node_reports_that_no_joint_states_arrive_although_they_are_published(start_node, peer):
    """Without a target, too: a node that receives nothing and an idle one must not look alike."""
    node = start_node('neural_ik_node', '-p', 'joint_state_timeout_s:=30.0')
    driver = connected_before_it_is_active(peer)
    assert peer.spin_until(lambda: driver.newest_status() == 'NO_JOINT_STATE')
    assert driver.statuses[-1].level == DiagnosticStatus.WARN
    node.wait_for_output('no joint states for 3 s; of other joints since activation: 0;')
    assert 'publishers of /joint_states: 1' in node.output
    assert 'docs/troubleshooting.md, Nodes that receive nothing' in node.output
    page = (DOCS / 'troubleshooting.md').read_text(encoding='utf-8')
    assert page.count('\n## Nodes that receive nothing\n') == 1
    peer.spin_for(3.0)
    assert node.output.count('no joint states for') == 1, 'once, not every second'
    assert [status_of(one) for one in driver.statuses].count('NO_JOINT_STATE') == 1
    assert driver.repeat(driver.send_joints, lambda: driver.newest_status() == 'IDLE')
    report = driver.values()
    assert report['publishers of /neural_ik/target_pose'] == '1'
    assert report['publishers of /robot_description'] == '0'
    assert_clean_exit(node, node.stop())


def test_node_reports_that_joint_states_are_of_another_arm(start_node, peer):
    node = start_node('neural_ik_node')
    driver = connected_before_it_is_active(peer)
    others = [f'left_{name}' for name in driver.names]
    assert driver.repeat(
        lambda: driver.send_joints(HOME, others), lambda: 'no joint states for' in node.output
    )
    assert int(re.findall(r'of other joints since activation: (\d+)', node.output)[0]) > 0
    assert_clean_exit(node, node.stop())


@pytest.fixture
def set_clock(peer):
    """Return a function that lets /clock tell a time."""
    publisher = peer.node.create_publisher(Clock, '/clock', 10)

    def tell(time_ns: int) -> None:
        message = Clock()
        fill_time(message.clock, time_ns)
        publisher.publish(message)

    return tell


class SimulatedTime:
    """A cell whose clock is told by the test."""

    def __init__(self, driver: Driver, set_clock: Callable[[int], None]) -> None:
        self.driver, self.time_ns, self._set_clock = driver, 100 * SECOND, set_clock

    def step(self, n: int = 1) -> None:
        """Go on by some periods, with an arm that stays at home."""
        for _ in range(n):
            self.time_ns += 4_000_000
            self._set_clock(self.time_ns)
            self.driver.send_joints(HOME)
            self.driver.peer.spin_for(0.004)

    def send(self) -> None:
        """Go on and ask for a motion."""
        self.step()
        self.driver.send_target(FAR, stamp_ns=self.time_ns)


@pytest.fixture
def simulation(start_node, peer, set_clock):
    """Return a simulated cell with a node that is active."""
    sim_time = ('-p', 'use_sim_time:=true', '-p', 'max_following_error_rad:=0.0')
    node = start_node('neural_ik_node', *AUTOSTART, *sim_time)
    yield SimulatedTime(Driver(peer).connect(), set_clock)
    assert_clean_exit(node, node.stop())


def test_node_on_simulated_time_pauses_with_the_clock(simulation):
    driver = simulation.driver
    driver.repeat_until_status(simulation.send, 'SOLVED')
    driver.peer.spin_for(0.2)  # the clock stands still: whatever was under way has been sent
    n_before = len(driver.trajectories)
    driver.peer.spin_for(0.3)
    assert len(driver.trajectories) == n_before
    simulation.step(50)
    assert len(driver.trajectories) > n_before, 'it goes on with the clock'


def test_node_survives_a_bag_that_loops(simulation):
    """As a simulation that is reset: no command from the past, and each round is answered."""
    driver = simulation.driver
    for _ in range(3):
        driver.repeat_until_status(simulation.send, 'SOLVED')
        driver.clear()
        simulation.time_ns = 10 * SECOND
        driver.repeat_until_status(simulation.step, 'CLOCK_JUMP')
        assert driver.has_braked()
        n_before = len(driver.trajectories)
        old = 100 * SECOND
        driver.repeat_until_status(lambda: driver.send_target(FAR, stamp_ns=old), 'STALE_TARGET')  # noqa: B023
        assert len(driver.trajectories) == n_before
        simulation.time_ns = 100 * SECOND
        driver.clear()


def test_clock_that_jumps_ahead_makes_no_command_from_the_past(simulation):
    driver = simulation.driver
    driver.repeat_until_status(simulation.send, 'SOLVED')
    old_ns = simulation.time_ns
    simulation.time_ns += 1000 * SECOND
    driver.repeat_until_status(simulation.step, 'COMMAND_OVERDUE')
    driver.assert_trajectories_are_sound()
    driver.clear()
    driver.repeat_until_status(lambda: driver.send_target(FAR, stamp_ns=old_ns), 'STALE_TARGET')
    assert not driver.trajectories
    driver.repeat_until_status(simulation.send, 'SOLVED')
    assert_allclose(driver.rows()[0], HOME, atol=1e-4)


def test_trajectory_mode_sends_the_whole_motion_at_once(start_node, peer):
    node = start_node('neural_ik_node', *AUTOSTART, *TOLERANT, '-p', 'output_mode:=trajectory')
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    driver = Driver(peer)
    driver.connect()
    assert peer.spin_until(lambda: states)
    goal = np.array(states[-1].position) + 0.1
    driver.repeat_until_status(lambda: driver.send_target(goal), 'SOLVED')
    assert_allclose(driver.trajectories[-1].points[-1].positions, goal, atol=1e-8)
    assert peer.spin_until(lambda: np.abs(np.array(states[-1].position) - goal).max() < 1e-6)
    driver.assert_trajectories_are_sound()
    assert_clean_exit(node, node.stop())
