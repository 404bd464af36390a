# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node, active: a pose in, a judged trajectory out."""

from __future__ import annotations

import math
import time

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from driver import AUTOSTART, FAR, HOME, NEAR, PATIENT, commanded_points, shipped_limits
from geometry_msgs.msg import PoseStamped
from numpy.testing import assert_allclose

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.kinematics import forward, invert, rotation_from_quat, se3_log

EXACT = 1e-9  # [m], [rad] between a target and the tool at its solution
RELEASED = 1e-8  # [rad] between a solution and where the motion to it ends
NODE_ARGUMENTS = (*AUTOSTART, *PATIENT)


def test_node_answers_a_pose_with_a_trajectory_to_its_exact_solution(driver):
    solution = driver.serve(FAR)
    target = forward(driver.arm, FAR)
    error = se3_log(invert(forward(driver.arm, np.array(solution.position))) @ target)
    assert np.abs(error).max() < EXACT
    driver.assert_trajectories_are_sound()
    assert_allclose(driver.rows()[-1], solution.position, atol=RELEASED)


def test_node_starts_from_the_measured_joints_without_a_jump(driver):
    driver.serve(FAR)
    limits = shipped_limits()
    rows = np.vstack([HOME, driver.rows()])
    durations = [one.points[0].time_from_start.nanosec * 1e-9 for one in driver.trajectories]
    steps = np.abs(np.diff(rows, axis=0))
    # Where this machine was busy, the arm is on the stop of the message before.
    stops = np.array([one.points[-1].positions for one in driver.trajectories])
    by_itself = np.vstack([np.zeros(6), np.abs(stops - driver.rows())[:-1]])
    reach = limits.velocity * np.array(durations)[:, None] + by_itself
    assert (steps <= reach * (1.0 + 1e-6)).all()
    assert (steps[0] <= limits.jerk * durations[0] ** 3).all(), 'from rest'
    assert len(rows) > 50


def test_node_sends_one_point_at_a_time_and_the_stop_that_follows_if_it_dies(driver):
    driver.serve(FAR)
    for message in driver.trajectories:
        assert ns_from_time(message.header.stamp) == 0
        assert 0.004 <= message.points[0].time_from_start.nanosec * 1e-9 <= 0.008
        assert len(commanded_points(message)) == 1
        assert len(message.points) <= 9
        if len(message.points) > 1:
            assert list(message.points[-1].velocities) == [0.0] * 6
    lengths = [len(message.points) for message in driver.trajectories]
    assert max(lengths) > 5, 'in motion'
    assert lengths[-1] == 1, 'at rest'


def test_solution_has_the_stamp_of_its_target(driver):
    stamps = set()

    def send() -> None:
        driver.send_joints(HOME)
        stamps.add(ns_from_time(driver.send_target(NEAR).header.stamp))

    assert driver.repeat(send, lambda: len(driver.solutions) >= 5)
    answered = [ns_from_time(solution.header.stamp) for solution in driver.solutions]
    assert set(answered) <= stamps
    assert len(set(answered)) == len(answered)
    assert list(driver.solutions[-1].name) == driver.names
    assert driver.solutions[-1].header.frame_id == 'base_link'
    driver.wait_for_rest()


def test_target_without_a_stamp_is_answered(driver):
    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(NEAR, stamp_ns=0)

    assert driver.repeat(send, lambda: driver.solutions)
    assert ns_from_time(driver.solutions[-1].header.stamp) == 0
    driver.wait_for_rest()


def test_slightly_unnormalised_quaternion_is_normalised(driver):
    message = PoseStamped()
    message.header.frame_id = 'base_link'
    target = forward(driver.arm, NEAR)
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = target[:3, 3].tolist()
    good = driver.send_pose(target).pose.orientation
    factor = 1.0005
    for name in 'xyzw':
        setattr(orientation, name, factor * getattr(good, name))
    driver.serve(HOME)
    driver.solutions.clear()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send(message)

    assert driver.repeat(send, lambda: driver.solutions)
    tool = forward(driver.arm, np.array(driver.solutions[-1].position))
    quat_xyzw = [getattr(good, name) for name in 'xyzw']
    assert_allclose(tool[:3, :3], rotation_from_quat(quat_xyzw), atol=EXACT)
    assert_allclose(tool[:3, 3], target[:3, 3], atol=EXACT)
    driver.wait_for_rest()


def test_joint_states_with_extra_joints_in_another_order_are_accepted(driver):
    names = ['gripper', *driver.names[::-1], 'mimic']
    positions = [math.nan, *HOME[::-1], 7.0]

    def send() -> None:
        driver.send_joints(positions, names)
        driver.send_target(NEAR)

    assert driver.repeat(send, lambda: driver.solutions)
    driver.wait_for_rest()
    assert_allclose(driver.rows()[0], HOME, atol=1e-4)
    assert_allclose(driver.rows()[-1], NEAR, atol=1e-6)


def test_joint_states_of_other_devices_do_not_matter(driver):
    def send() -> None:
        driver.send_joints(HOME)
        driver.send_joints([0.02, math.nan], ['finger_left', 'finger_right'])
        driver.send_target(NEAR)

    assert driver.repeat(send, lambda: len(driver.solutions) > 2)
    driver.wait_for_rest()


def test_stream_of_targets_is_followed_and_ends_in_rest(driver):
    """A second of targets as fast as they come; the last one is where the motion ends."""
    start, k = time.monotonic(), 0
    while time.monotonic() < start + 1.0:
        phase = time.monotonic() - start
        driver.send_joints(driver.rows()[-1] if driver.trajectories else HOME)
        driver.send_target(HOME + 0.1 * (1.0 - math.cos(math.pi * phase)) * (FAR - HOME))
        driver.peer.spin_for(0.004)
        k += 1
    assert k > 20
    assert len(driver.solutions) > 10
    driver.wait_for_rest()
    driver.assert_trajectories_are_sound()
    assert_allclose(driver.rows()[-1], driver.solutions[-1].position, atol=RELEASED)


def test_status_tells_that_all_is_well(driver):
    driver.provoke(lambda: driver.send_target(HOME, frame='moon'), 'UNKNOWN_FRAME')
    driver.forget()
    driver.serve()
    driver.wait_for_status('SOLVED')
    newest = driver.statuses[-1]
    assert newest.level == DiagnosticStatus.OK
    assert newest.name == '/neural_ik'
    assert newest.hardware_id == 'neural_ik_ros'


def test_status_is_idle_again_when_no_target_comes(driver):
    assert driver.peer.spin_until(lambda: driver.newest_status() == 'IDLE')
    assert driver.statuses[-1].level == DiagnosticStatus.OK
    driver.forget()
    driver.serve(FAR)
    driver.wait_for_status('SOLVED')


def test_diagnostics_have_counts_latencies_and_evidence(driver):
    driver.serve()
    n_reports = len(driver.diagnostics)
    assert driver.peer.spin_until(lambda: len(driver.diagnostics) > n_reports)
    report = driver.diagnostics[-1].status[0]
    figures = {pair.key: pair.value for pair in report.values}
    assert report.name == '/neural_ik'
    assert figures['status'] in ('SOLVED', 'IDLE')
    assert int(figures['count SOLVED']) > 0
    assert 0.0 < float(figures['callback p50 [ms]']) <= float(figures['callback max [ms]'])
    assert float(figures['position error [m]']) < EXACT
    assert float(figures['rotation error [rad]']) < EXACT
    assert {'seed', 'newton steps', 'smallest singular value'} <= figures.keys()


def test_flood_of_targets_is_survived(driver):
    """Two thousand targets as fast as this side can send; the node answers the newest ones."""
    driver.send_joints(HOME)
    message = driver.send_target(NEAR)
    for k in range(2000):
        if k % 100 == 0:
            driver.send_joints(HOME)
        message.header.stamp = driver.peer.node.get_clock().now().to_msg()
        driver.send(message)
    driver.wait_for_rest()
    driver.assert_trajectories_are_sound()
    assert driver.serve()


def test_node_ends_cleanly_after_all_of_this(active_node, driver):
    """Last in the file: whatever came in, it can still say goodbye."""
    assert active_node.stop() == 0
    for word in ('Traceback', 'terminate called', 'leaked'):
        assert word not in active_node.output
