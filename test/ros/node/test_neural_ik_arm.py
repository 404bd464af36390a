# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""robot_description: the same arm, a calibrated one, another one, and none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from driver import (
    ACTIVATE,
    ACTIVE,
    AUTOSTART,
    CONFIGURE,
    HOME,
    INACTIVE,
    NEAR,
    PATIENT,
    UNCONFIGURED,
    Driver,
)
from peers import Peer
from std_msgs.msg import String

from neural_ik_ros.calibration.results.calibration_file import load_calibration
from neural_ik_ros.interface.factory import make_tracker, reconfigure
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.kinematics import N_TWISTS, arm_from_urdf, forward
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

EXACT = 1e-9  # [m]
SHIPPED = read_urdf(shipped_urdf())
CALIBRATED = SHIPPED.replace('xyz="0 0 0.705"', 'xyz="0.0003 0 0.7051"')
ASKEW = SHIPPED.replace('xyz="0.755 0 0"', 'xyz="0.755 0.0003 0"')  # axes 4 and 5 do not meet
OTHER = SHIPPED.replace('xyz="0 0 0.705"', 'xyz="0 0 0.8"')
BOMB = '<!DOCTYPE robot [<!ENTITY a "aaaa">]><robot name="&a;"/>'
USE = ('-p', 'robot_description_mode:=use')
OUTSIDE = 'joints outside measured angles'


@pytest.fixture
def describe(peer: Peer) -> Callable[[str], None]:
    """Return a function that publishes a description as robot_state_publisher does."""
    publisher = peer.node.create_publisher(String, 'robot_description', qos.ROBOT_DESCRIPTION)

    def describe(text: str) -> None:
        publisher.publish(String(data=text))

    return describe


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def activates(driver: Driver) -> bool:
    """Return whether an inactive node can be activated within the time a description takes."""
    for _ in range(20):
        if driver.change_state(ACTIVATE):
            return True
        time.sleep(0.2)
    return False


def test_same_arm_is_served(start_node, peer, describe):
    describe(SHIPPED)
    start_node('neural_ik_node', *PATIENT)
    driver = Driver(peer)
    driver.go(CONFIGURE, ACTIVATE)
    assert driver.connect().solve_once()


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        (OTHER, 'robot_description is another arm: the axis of joint_3 is off by 95.000 mm'),
        (CALIBRATED, 'robot_description is a calibrated arm'),
        (BOMB, 'a document type declaration is not allowed'),
    ],
)
def test_node_refuses_to_activate_for_another_arm(start_node, peer, describe, text, reason):
    describe(text)
    process = start_node('neural_ik_node', *PATIENT)
    driver = Driver(peer)
    driver.go(CONFIGURE)
    process.wait_for_output(reason)
    assert not driver.change_state(ACTIVATE)
    assert driver.state() == INACTIVE
    assert 'not activated' in process.output


def test_other_arm_that_comes_late_ends_the_service(start_node, peer, describe):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    driver.solve_once()
    driver.clear()
    describe(OTHER)

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(NEAR)

    driver.repeat_until_status(send, 'ROBOT_DESCRIPTION_MISMATCH')
    assert 'the axis of joint_3' in driver.statuses[-1].message
    assert 'until the node is activated again' in driver.statuses[-1].message


def test_calibrated_arm_is_solved_for_exactly_where_it_is_to_be_used(start_node, peer, describe):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, *USE)
    driver = Driver(peer)
    time.sleep(0.3)
    assert driver.state() == INACTIVE, 'autostart waits for the description'
    describe(CALIBRATED)
    assert driver.peer.spin_until(lambda: driver.statuses)
    assert driver.state() == ACTIVE
    solution = driver.connect().solve_once()
    calibrated = arm_from_urdf(CALIBRATED)
    tool = forward(calibrated, np.array(solution.position))[:3, 3]
    assert np.linalg.norm(tool - forward(driver.arm, NEAR)[:3, 3]) < EXACT
    nominal = forward(driver.arm, np.array(solution.position))[:3, 3]
    assert np.linalg.norm(nominal - forward(driver.arm, NEAR)[:3, 3]) > 1e-5


@pytest.mark.parametrize('mode', ['check', 'use'])
def test_calibration_file_is_solved_for_exactly_beside_every_mode(
    start_node, peer, describe, tmp_path, mode
):
    calibration = tmp_path / 'arm.yaml'
    calibration.write_text(
        'joints:\n  joint_3: {xyz: [0.0004, 0.0, 0.0002], rpy: [0.0, 0.0003, 0.0]}\n'
        'gravity_sag:\n  joint_2: {joint_3: 1.0e-4, tool: 2.0e-4}\n'
    )
    describe(SHIPPED)
    start_node(
        'neural_ik_node', *AUTOSTART, *PATIENT,
        '-p', f'calibration:={calibration}', '-p', f'robot_description_mode:={mode}',
    )  # fmt: skip
    driver = Driver(peer).connect()
    solution = driver.solve_once()
    arm = load_calibration(calibration).apply(SHIPPED, base_frame='base_link', tool_frame='tool0')
    target = forward(driver.arm, NEAR)[:3, 3]
    tool = forward(arm, np.array(solution.position))[:3, 3]
    assert np.linalg.norm(tool - target) < EXACT
    nominal = forward(driver.arm, np.array(solution.position))[:3, 3]
    assert np.linalg.norm(nominal - target) > 1e-4


def calibration_with_accuracy(covered_6: str) -> str:
    """Return a file that says how accurate the arm is, with measured angles of joint 6."""
    rows = [', '.join(['0'] * i + ['1.0e-5']) for i in range(N_TWISTS)]
    covered = [f'  joint_{i}: [[0, 360]]' for i in range(1, 6)]
    return '\n'.join([
        'joints: {joint_3: {xyz: [0.0004, 0.0, 0.0002]}}',
        'coverage:', *covered, f'  joint_6: {covered_6}',
        'uncertainty:', '  residual_sd: [5.0e-5, 1.0e-4]',
        '  factor:', *(f'    - [{row}]' for row in rows), '',
    ])  # fmt: skip


@pytest.mark.parametrize(
    ('covered_6', 'outside'), [('[[0, 360]]', 'none'), ('[[90, 180]]', 'joint_6')]
)
def test_status_and_diagnostics_say_how_accurate_the_arm_is(
    start_node, peer, tmp_path, covered_6, outside
):
    calibration = tmp_path / 'arm.yaml'
    calibration.write_text(calibration_with_accuracy(covered_6))
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, '-p', f'calibration:={calibration}')
    reports: list[DiagnosticArray] = []
    peer.node.create_subscription(DiagnosticArray, '/diagnostics', reports.append, 10)
    driver = Driver(peer).connect()
    driver.solve_once()
    assert peer.spin_until(
        lambda: driver.statuses and 'SOLVED' in values_of(driver.statuses[-1]).values()
    )
    assert peer.spin_until(lambda: reports and OUTSIDE in values_of(reports[-1].status[0]))
    for values in (values_of(driver.statuses[-1]), values_of(reports[-1].status[0])):
        assert values[OUTSIDE] == outside
        error = float(values['predicted error p95 [m]'])
        assert 1e-4 < error < 1e-3 if outside == 'none' else math.isnan(error)


def test_node_stays_unconfigured_with_a_calibration_it_cannot_use(start_node, peer, tmp_path):
    calibration = tmp_path / 'arm.yaml'
    calibration.write_text('joints: {joint_9: {}}\n')
    process = start_node('neural_ik_node', *PATIENT, '-p', f'calibration:={calibration}')
    driver = Driver(peer)
    assert not driver.change_state(CONFIGURE)
    process.wait_for_output(f"not configured: {calibration}: no joint 'joint_9'")


def test_activation_waits_for_a_description_that_is_to_be_used(start_node, peer, describe):
    process = start_node('neural_ik_node', *PATIENT, *USE)
    driver = Driver(peer)
    driver.go(CONFIGURE)
    assert not driver.change_state(ACTIVATE)
    assert 'not activated: no robot_description has been received' in process.output
    describe(SHIPPED)
    assert activates(driver)


@pytest.mark.parametrize('is_late', [False, True])
def test_any_arm_is_solved_as_it_is_received_without_a_network(
    start_node, peer, describe, is_late
):
    other = OTHER.replace('tool0', 'flange')
    if not is_late:
        describe(other)
    arm = ('-p', 'urdf:=robot_description', '-p', 'tool_frame:=flange')
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT, *arm)
    driver = Driver(peer)
    if is_late:
        time.sleep(0.3)
        assert driver.state() == UNCONFIGURED, 'there is no arm yet'
        describe(other)
    assert driver.peer.spin_until(lambda: driver.statuses)
    assert driver.state() == ACTIVE
    assert 'without a network; seeds in this order: current, branch' in process.output
    driver.arm = arm_from_urdf(other, tool_frame='flange')
    solution = driver.connect().solve_once()
    tool = forward(driver.arm, np.array(solution.position))
    assert np.abs(tool - forward(driver.arm, NEAR)).max() < EXACT


def test_node_stays_unconfigured_until_there_is_an_arm(start_node, peer, describe):
    process = start_node('neural_ik_node', *PATIENT, '-p', 'urdf:=robot_description')
    driver = Driver(peer)
    assert not driver.change_state(CONFIGURE)
    assert 'no robot_description has been received' in process.output
    describe('<robot name="none"><link name="a"/></robot>')
    time.sleep(0.3)
    assert not driver.change_state(CONFIGURE)
    assert "link 'base_link' is missing" in process.output
    describe(SHIPPED)
    assert driver.peer.spin_until(lambda: driver.change_state(CONFIGURE))


def test_nothing_of_a_calibrated_arm_is_left_to_be_prepared_in_the_loop():
    """Its stored seeds take 3 s where their kernels are not compiled yet."""
    tracker = make_tracker(NodeConfig())
    assert '_table' not in vars(tracker.solver), 'the arm of the bundle has exact branches'
    reconfigure(tracker, NodeConfig(), arm_from_urdf(ASKEW))
    assert '_table' in vars(tracker.solver)


# Parameters that change meanwhile


def test_parameters_change_at_rest_and_count_from_then_on(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    driver.solve_once()
    driver.clear()
    assert peer.set_parameter(driver.node, 'max_joint_step_rad', 0.01).successful

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(HOME + 0.1)

    driver.repeat_until_status(send, 'STEP_TOO_LARGE')
    assert peer.set_parameter(driver.node, 'max_joint_step_rad', 0.0).successful
    driver.repeat_until_status(send, 'SOLVED')


def test_parameters_do_not_change_in_motion_and_all_stays_as_it_was(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, '-p', 'velocity_scaling_factor:=0.02')
    driver = Driver(peer).connect()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(HOME + 0.3)

    assert driver.repeat(send, lambda: len(driver.trajectories) > 20)
    result = peer.set_parameter(driver.node, 'velocity_scaling_factor', 1.0)
    assert not result.successful
    assert 'the arm moves' in result.reason
    assert peer.get_parameters(driver.node, ['velocity_scaling_factor']) == [0.02]
    driver.assert_trajectories_are_sound()


def test_one_bad_value_of_a_set_leaves_all_as_before(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    driver.solve_once()
    good, bad = {'max_joint_step_rad': 0.01, 'recovery_s': 2.0}, {'velocity_scaling_factor': 2.0}
    before = peer.get_parameters(driver.node, [*good, *bad])
    for values in (good | bad, bad | good):
        assert not peer.set_parameters(driver.node, values).successful
        assert peer.get_parameters(driver.node, [*good, *bad]) == before
    driver.solve_once(HOME + 0.1)  # farther than the step that was refused
    assert peer.set_parameters(driver.node, good).successful
    assert peer.get_parameters(driver.node, [*good, *bad]) == [0.01, 2.0, 1.0]


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('max_jerk', [50.0] * 5, '5 elements given, 6 needed'),
        ('velocity_scaling_factor', 2.0, 'velocity_scaling_factor'),
        ('max_following_error_rad', float('nan'), 'out of range'),
        ('cpu_affinity', 'all', 'read-only'),
    ],
)
def test_bad_parameters_are_refused_with_the_reason(start_node, peer, name, value, reason):
    start_node('neural_ik_node')
    result = peer.set_parameter('/neural_ik', name, value)
    assert not result.successful
    assert reason in result.reason
