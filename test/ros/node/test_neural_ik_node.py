# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node, active: a pose in, a judged trajectory out."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticStatus
from driver import AUTOSTART, FAR, HOME, NEAR, PATIENT, position_at, shipped_limits
from geometry_msgs.msg import PoseStamped
from numpy.testing import assert_allclose

from neural_ik_ros.interface.messages import ns_from_time, target_from_xyz_quat
from neural_ik_ros.kinematics import forward, invert, se3_log
from neural_ik_ros.motion import MAX_STREAM_POINTS

EXACT = 1e-9  # [m], [rad] between a target and the tool at its solution
SEAM = 1e-5  # [rad] between two trajectories where both were commanded
RELEASED = 1e-8  # [rad] between a solution and where the motion to it ends
NODE_ARGUMENTS = (*AUTOSTART, *PATIENT)


def test_node_answers_a_pose_with_a_trajectory_to_its_exact_solution(driver):
    solution = driver.solve_once(FAR)
    target = forward(driver.arm, FAR)
    error = se3_log(invert(forward(driver.arm, np.array(solution.position))) @ target)
    assert np.abs(error).max() < EXACT
    driver.assert_trajectories_are_sound()
    assert_allclose(driver.rows()[-1], solution.position, atol=RELEASED)


def test_node_starts_from_the_measured_joints_without_a_jump(driver):
    driver.solve_once(FAR)
    limits = shipped_limits()
    assert_allclose(driver.rows()[0], HOME, atol=RELEASED)
    assert not any(driver.trajectories[0].points[0].velocities), 'from rest'
    assert len(driver.trajectories) > 50
    for before, message in pairwise(driver.trajectories):
        begin_ns = ns_from_time(message.header.stamp)
        for ahead_ns in (0, 4_000_000, 7_000_000):  # whenever the controller takes it
            step = position_at(message, begin_ns + ahead_ns) - position_at(
                before, begin_ns + ahead_ns
            )
            assert np.abs(step).max() < SEAM
    stamps = 1e-9 * np.array([ns_from_time(one.header.stamp) for one in driver.trajectories])
    steps = np.abs(np.diff(driver.rows()[:-1], axis=0)) / np.diff(stamps)[:, None]
    assert (steps <= limits.velocity * (1.0 + 1e-3)).all()


def test_node_sends_the_path_from_now_on_and_the_stop_if_it_dies(driver):
    driver.solve_once(FAR)
    for message in driver.trajectories:
        assert message.points[0].time_from_start == Duration()
        assert abs(driver.now_ns() - ns_from_time(message.header.stamp)) < 100 * 10**9
        assert ns_from_time(message.points[-1].time_from_start) >= 200_000_000
        assert 2 <= len(message.points) <= MAX_STREAM_POINTS
        assert list(message.points[-1].velocities) == [0.0] * 6
        assert list(message.points[-1].accelerations) == [0.0] * 6
        for point in message.points:
            assert len(point.velocities) == len(point.accelerations) == 6
    assert max(len(message.points) for message in driver.trajectories) > 5, 'in motion'
    stamps = [ns_from_time(message.header.stamp) for message in driver.trajectories]
    assert (np.diff(stamps) > 0).all()


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
    driver.solve_once(HOME)
    driver.solutions.clear()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send(message)

    assert driver.repeat(send, lambda: driver.solutions)
    tool = forward(driver.arm, np.array(driver.solutions[-1].position))
    quat_xyzw = [getattr(good, name) for name in 'xyzw']
    expected = target_from_xyz_quat([0.0, 0.0, 0.0, *quat_xyzw], '', 0).transform
    assert_allclose(tool[:3, :3], expected[:3, :3], atol=EXACT)
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


def test_status_is_ok_when_all_is_well(driver):
    driver.repeat_until_status(lambda: driver.send_target(HOME, frame='moon'), 'UNKNOWN_FRAME')
    driver.clear()
    driver.solve_once()
    driver.wait_for_status('SOLVED')
    newest = driver.statuses[-1]
    assert newest.level == DiagnosticStatus.OK
    assert newest.name == '/neural_ik'
    assert newest.hardware_id == 'neural_ik_ros'


def test_status_is_idle_again_when_no_target_comes(driver):
    assert driver.peer.spin_until(lambda: driver.newest_status() == 'IDLE')
    assert driver.statuses[-1].level == DiagnosticStatus.OK
    driver.clear()
    driver.solve_once(FAR)
    driver.wait_for_status('SOLVED')


def test_diagnostics_have_counts_latencies_and_evidence(driver):
    driver.solve_once()
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
    assert {'seed', 'iterations', 'smallest singular value'} <= figures.keys()


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
    assert driver.solve_once()


def test_node_ends_cleanly_after_all_of_this(active_node, driver):
    """Last in the file: whatever came in, it can still say goodbye."""
    assert active_node.stop() == 0
    for word in ('Traceback', 'terminate called', 'leaked'):
        assert word not in active_node.output
