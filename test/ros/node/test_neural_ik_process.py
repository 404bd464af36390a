# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The process of the node: parameters, names, neighbours that crash, and the end."""

from __future__ import annotations

import dataclasses
import signal

import numpy as np
import pytest
from driver import AUTOSTART, FAR, HOME, PATIENT, UNCONFIGURED, Driver
from peers import NodeProcess, assert_clean_exit
from rcl_interfaces.srv import DescribeParameters
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder

EXACT = 1e-9  # [m], [rad] between a target and the tool at its solution
QUIET_S = 0.3  # silence that counts as the end of a 250 Hz stream
TO_NODE = ('-r', 'target_pose:=/neural_ik/target_pose')


# The end


@pytest.mark.parametrize(
    ('number', 'times'), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGINT, 2)]
)
def test_node_brakes_and_ends_cleanly_when_signalled_in_motion(start_node, peer, number, times):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(FAR)

    assert driver.repeat(send, driver.is_fast)
    for _ in range(times - 1):
        process.send(number)
    assert_clean_exit(process, process.stop(number))
    assert driver.peer.spin_until(driver.has_braked), 'it brakes'
    driver.assert_trajectories_are_sound()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_node_ends_cleanly_when_signalled_while_it_starts(start_node, number):
    process = start_node('neural_ik_node', *AUTOSTART)
    process.wait_until_it_takes_signals()
    assert_clean_exit(process, process.stop(number))


def test_node_ends_cleanly_when_signalled_unconfigured(start_node, peer):
    process = start_node('neural_ik_node')
    assert Driver(peer).state() == UNCONFIGURED
    assert_clean_exit(process, process.stop())


# Neighbours


def test_node_reports_an_arm_that_crashed_and_serves_it_when_it_is_back(start_node, peer):
    node = start_node('neural_ik_node', *AUTOSTART, '-p', 'target_timeout_s:=30.0')
    arm = start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    driver = Driver(peer).connect()
    assert peer.spin_until(lambda: states)
    home = np.array(states[-1].position)
    driver.repeat_until_status(lambda: driver.send_target(home), 'SOLVED')
    arm.send(signal.SIGKILL)
    driver.repeat_until_status(lambda: driver.send_target(home), 'STALE_JOINT_STATE')
    assert 'the last joint state is too old' in driver.statuses[-1].message
    refusal = 'target refused: the last joint state is too old'
    assert driver.repeat(lambda: driver.send_target(home), lambda: refusal in node.output)
    assert node.is_running
    start_node('simulated_arm')
    driver.repeat_until_status(lambda: driver.send_target(home), 'SOLVED')
    assert_clean_exit(node, node.stop())


def test_node_goes_quiet_when_the_sender_crashes_and_serves_the_next_one(start_node, peer):
    node = start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    driver = Driver(peer)
    settings = ('-p', 'settle_s:=0.0', '-p', 'path:=line', '-p', 'speed_m_s:=0.5')
    source = start_node('target_source', *settings, *TO_NODE)

    def is_moving() -> bool:
        return bool(states) and np.abs(states[-1].velocity).max() > 0.1

    assert peer.spin_until(is_moving)
    source.send(signal.SIGKILL)

    def is_quiet() -> bool:
        n_trajectories = len(driver.trajectories)
        peer.spin_for(QUIET_S)
        return len(driver.trajectories) == n_trajectories

    assert peer.spin_until(is_quiet)
    assert peer.spin_until(lambda: np.abs(states[-1].velocity).max() == 0.0)
    driver.assert_trajectories_are_sound()
    assert node.is_running
    driver.clear()
    start_node('target_source', *settings, *TO_NODE)
    assert peer.spin_until(lambda: driver.solutions)
    assert_clean_exit(node, node.stop())


# Parameters


@pytest.mark.parametrize(
    ('argument', 'reason'),
    [
        ('rate_hz:=0.0', 'rate_hz'),
        ('rate_hz:=fast', "'fast' is not of type float"),
        ('target_timeout_s:=-1.0', 'target_timeout_s'),
        ('velocity_scaling_factor:=1.5', 'velocity_scaling_factor'),
        ('velocity_scale:=0.5', 'velocity_scale: was renamed to velocity_scaling_factor; correct'),
        ('max_jerk:=[50.0, 50.0]', '2 elements given, 6 needed'),
        ('max_acceleration:=[5.0, 5.0, 5.0, 5.0, 5.0, 0.0]', 'max_acceleration'),
        ('max_acceleration:=[5.0, 5.0, 5.0, 5.0, 5.0, .nan]', 'nan is not a finite number'),
        ('autostart:=1', 'BOOL'),
    ],
)
def test_node_refuses_bad_parameters_in_one_line(start_node, argument, reason):
    process = start_node('neural_ik_node', '-p', argument)
    assert process.wait() == 1
    lines = process.output.splitlines()
    assert len(lines) == 1, process.output
    assert reason in lines[0]
    assert '; correct it' in lines[0]


BAD_FILES = {
    'missing': None,
    'garbage': b'\x00\xff{{{',
    'no parameters': b'neural_ik: 5\n',
    'a list': b'- 1\n- 2\n',
    'a billion laughs': b'a: &a [x, x]\n'
    + b''.join(b'%c: &%c [*%c, *%c]\n' % (c + 1, c + 1, c, c) for c in range(97, 121)),
    'huge': b'/**:\n  ros__parameters:\n' + b'    x: 1\n' * 2_000_000,
}


@pytest.mark.parametrize('name', BAD_FILES)
def test_node_refuses_a_bad_parameter_file_at_once(start_node, tmp_path, name):
    path = tmp_path / 'parameters.yaml'
    if BAD_FILES[name] is not None:
        path.write_bytes(BAD_FILES[name])
    process = start_node('neural_ik_node', '--params-file', str(path))
    assert process.wait() == 1
    assert 'Traceback' not in process.output
    assert str(path) in process.output


def test_coupled_limit_that_cannot_be_obeyed_leaves_the_node_unconfigured(start_node, peer):
    process = start_node(
        'neural_ik_node',
        *AUTOSTART,
        *('-p', 'coupled_limit_enabled:=true', '-p', 'coupled_limit_lower_rad:=5.0'),
        *('-p', 'coupled_limit_upper_rad:=6.0'),
    )
    assert Driver(peer).state() == UNCONFIGURED
    assert 'not configured' in process.output
    assert 'coupled limit' in process.output
    assert_clean_exit(process, process.stop())


@pytest.fixture(scope='module')
def idle_node(tmp_path_factory):
    """An unconfigured node with the parameters of the file in config/."""
    log = tmp_path_factory.mktemp('node') / 'neural_ik_node.log'
    path = share_folder() / 'config' / 'neural_ik.yaml'
    arguments = ('--params-file', str(path), '-r', '__ns:=/cell')
    with NodeProcess('neural_ik_node', *arguments, log=log) as process:
        yield process


def test_node_has_the_parameters_of_its_dataclass_when_started_with_the_file(idle_node, peer):
    names = [field.name for field in dataclasses.fields(NodeConfig)]
    values = peer.get_parameters('/cell/neural_ik', names)
    for name, value in zip(names, values, strict=True):
        default = getattr(NodeConfig(), name)
        assert tuple(value) == default if isinstance(default, tuple) else value == default, name
    assert idle_node.is_running


def test_node_describes_its_parameters(idle_node, peer):
    names = [field.name for field in dataclasses.fields(NodeConfig)]
    request = DescribeParameters.Request(names=names)
    response = peer.call(DescribeParameters, '/cell/neural_ik/describe_parameters', request)
    described = {one.name: one for one in response.descriptors}
    assert list(described) == names
    assert all(one.description for one in described.values())
    rate = described['rate_hz']
    assert rate.description == 'Commands between targets [Hz]'
    assert rate.floating_point_range[0].from_value == 1.0
    assert rate.floating_point_range[0].to_value == 1000.0
    assert 'elements from' in described['max_jerk'].additional_constraints


@pytest.mark.parametrize(('name', 'value'), [('rate_hz', 100.0), ('bundle', '/tmp/other')])
def test_node_refuses_to_change_a_parameter_while_running(idle_node, peer, name, value):
    result = peer.set_parameter('/cell/neural_ik', name, value)
    assert not result.successful
    assert 'read-only' in result.reason


def test_node_accepts_whole_numbers_where_it_needs_floats(start_node, peer):
    whole = ('-p', 'rate_hz:=100', '-p', 'max_jerk:=[50, 50, 50, 50, 50, 50]')
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, *whole)
    driver = Driver(peer).connect()
    driver.solve_once(FAR)
    stamps = [ns_from_time(one.header.stamp) for one in driver.trajectories]
    assert np.median(np.diff(stamps)) == pytest.approx(10_000_000, rel=0.2)


def test_node_takes_quality_of_service_from_parameters(start_node, peer):
    override = 'qos_overrides./neural_ik/target_pose.subscription.reliability:=reliable'
    start_node('neural_ik_node', *AUTOSTART, '-p', override)
    node = peer.node
    topic = '/neural_ik/target_pose'
    assert peer.spin_until(lambda: node.get_subscriptions_info_by_topic(topic))
    profile = node.get_subscriptions_info_by_topic(topic)[0].qos_profile
    assert profile.reliability == qos.TRAJECTORY_OUT.reliability
