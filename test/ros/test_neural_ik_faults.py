# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of the world around the node, over DDS: it stops, tells, and goes on without a jump."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from driver import AUTOSTART, FAR, HOME, Driver, shipped_limits
from numpy.testing import assert_allclose
from peers import NO_SHARED_MEMORY, assert_clean_exit
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from neural_ik_ros.ros import qos
from neural_ik_ros.ros.messages import fill_time

SECOND = 1_000_000_000
TOLERANT = ('-p', 'target_timeout_s:=30.0', '-p', 'overrun_timeout_s:=30.0')
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

    driver.provoke(send, 'FOLLOWING_ERROR')
    assert 'rad away; no targets until the arm has been at rest for 1 s' in (
        driver.statuses[-1].message
    )
    driver.assert_trajectories_are_sound()
    driver.forget()
    driver.provoke(send, 'SOLVED')
    assert_allclose(driver.rows()[0], HOME, atol=1e-4)
    assert_clean_exit(node, node.stop())


def test_arm_stops_smoothly_when_the_node_is_killed_and_goes_on_with_the_next(start_node, peer):
    states = peer.listen(JointState, 'joint_states', qos.deep(qos.JOINT_STATES_IN))
    node = start_node('neural_ik_node', *AUTOSTART, *TOLERANT, environment=NO_SHARED_MEMORY)
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


@pytest.fixture
def set_clock(peer):
    """Return a function that lets /clock tell a time."""
    publisher = peer.node.create_publisher(Clock, '/clock', 10)

    def tell(time_ns: int) -> None:
        message = Clock()
        fill_time(message.clock, time_ns)
        publisher.publish(message)

    return tell


def test_node_on_simulated_time_pauses_with_the_clock_and_survives_its_reset(
    start_node, peer, set_clock
):
    """As a simulation that is paused and reset, or a bag that loops."""
    sim_time = ('-p', 'use_sim_time:=true', '-p', 'following_error_rad:=0.0')
    node = start_node('neural_ik_node', *AUTOSTART, *sim_time)
    driver = Driver(peer).connect()
    time_ns = [100 * SECOND]

    def step(n: int = 1) -> None:
        for _ in range(n):
            time_ns[0] += 4_000_000
            set_clock(time_ns[0])
            driver.send_joints(HOME)
            driver.peer.spin_for(0.004)

    def send() -> None:
        step()
        driver.send_target(FAR, stamp_ns=time_ns[0])

    driver.provoke(send, 'SOLVED')
    driver.peer.spin_for(0.2)  # the clock stands still: whatever was under way has been sent
    n_before = len(driver.trajectories)
    driver.peer.spin_for(0.3)
    assert len(driver.trajectories) == n_before
    step(50)
    assert len(driver.trajectories) > n_before, 'it goes on with the clock'
    driver.forget()
    time_ns[0] = 10 * SECOND
    driver.provoke(step, 'CLOCK_JUMP')
    assert driver.has_braked()
    driver.provoke(lambda: driver.send_target(FAR, stamp_ns=100 * SECOND), 'STALE_TARGET')
    driver.provoke(send, 'SOLVED')
    assert_clean_exit(node, node.stop())


def test_trajectory_mode_sends_the_whole_motion_at_once(start_node, peer):
    node = start_node('neural_ik_node', *AUTOSTART, *TOLERANT, '-p', 'output_mode:=trajectory')
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    driver = Driver(peer)
    driver.connect()
    assert peer.spin_until(lambda: states)
    goal = np.array(states[-1].position) + 0.1
    driver.provoke(lambda: driver.send_target(goal), 'SOLVED')
    assert_allclose(driver.trajectories[-1].points[-1].positions, goal, atol=1e-8)
    assert peer.spin_until(lambda: np.abs(np.array(states[-1].position) - goal).max() < 1e-6)
    driver.assert_trajectories_are_sound()
    assert_clean_exit(node, node.stop())
