# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import signal

import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from numpy.testing import assert_allclose
from peers import assert_clean_exit
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from neural_ik_ros.interface.messages import fill_time
from neural_ik_ros.kinematics import arm_from_urdf
from neural_ik_ros.ros.nodes.simulated_arm import SimulatedArmConfig
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder

TOPIC = 'joint_trajectory_controller/joint_trajectory'
NAMES = [f'joint_{i}' for i in range(1, 7)]
HOME = np.array(SimulatedArmConfig().initial_joints)
GOAL = HOME + np.array([0.1, -0.1, 0.1, 0.2, -0.2, 0.3])
MOVE_NS = 300_000_000
EXACT = 1e-12  # [rad], the last point is held as it came


def move_to(q: np.ndarray, names: list[str] = NAMES) -> JointTrajectory:
    """Return a trajectory with one point, to which the controller goes on a straight line."""
    point = JointTrajectoryPoint(positions=q.tolist())
    fill_time(point.time_from_start, MOVE_NS)
    return JointTrajectory(joint_names=names, points=[point])


def values_of(message: DiagnosticArray) -> dict[str, str]:
    return {item.key: item.value for item in message.status[0].values}


def test_arm_follows_a_trajectory_to_its_end(start_node, peer):
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    publisher = peer.talk(JointTrajectory, TOPIC, qos.TRAJECTORY_OUT)
    assert peer.spin_until(lambda: len(states) > 5)
    assert list(states[-1].name) == NAMES
    assert_allclose(states[-1].position, HOME, atol=EXACT)
    publisher.publish(move_to(GOAL))
    assert peer.spin_until(lambda: np.abs(states[-1].position - GOAL).max() < EXACT)
    peer.spin_for(0.1)
    assert_allclose(states[-1].velocity, 0.0, atol=EXACT)
    stamps = [s.header.stamp.sec * 10**9 + s.header.stamp.nanosec for s in states]
    assert (np.diff(stamps) > 0).all()
    speeds = np.array([s.velocity[5] for s in states])
    assert np.median(speeds[speeds > 0.0]) == pytest.approx(1.0, rel=0.1), '0.3 rad in 0.3 s'


def test_arm_reports_a_rejected_trajectory_and_does_not_move(start_node, peer):
    process = start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    reports = peer.listen(DiagnosticArray, '/diagnostics')
    publisher = peer.talk(JointTrajectory, TOPIC, qos.TRAJECTORY_OUT)
    publisher.publish(move_to(GOAL[:5], NAMES[:5]))
    assert peer.spin_until(lambda: reports and values_of(reports[-1])['rejected'] == '1')
    assert '5 joint names' in reports[-1].status[0].message
    assert reports[-1].status[0].level == b'\x01'
    assert 'trajectory rejected: 5 joint names' in process.output
    peer.spin_for(0.2)
    assert_allclose(states[-1].position, HOME, atol=0.0)


def test_arm_counts_what_would_break_its_limits_and_stays_inside(start_node, peer):
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    reports = peer.listen(DiagnosticArray, '/diagnostics')
    publisher = peer.talk(JointTrajectory, TOPIC, qos.TRAJECTORY_OUT)
    publisher.publish(move_to(np.array([*HOME[:4], 2.5, HOME[5]])))
    assert peer.spin_until(
        lambda: reports and int(values_of(reports[-1])['position_violations']) > 0
    )
    arm = arm_from_urdf((share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8'))
    assert peer.spin_until(lambda: states[-1].position[4] == arm.upper[4])
    assert max(state.position[4] for state in states) == arm.upper[4]


def test_arm_with_an_inactive_controller_drops_trajectories_until_it_is_activated(
    start_node, peer
):
    start_node('simulated_arm', '-p', 'starts_active:=false')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    reports = peer.listen(DiagnosticArray, '/diagnostics')
    publisher = peer.talk(JointTrajectory, TOPIC, qos.TRAJECTORY_OUT)
    assert peer.spin_until(lambda: len(states) > 5)
    publisher.publish(move_to(GOAL))
    assert peer.spin_until(lambda: reports and values_of(reports[-1])['dropped'] == '1')
    assert_allclose(states[-1].position, HOME, atol=0.0)
    assert peer.call(Trigger, 'simulated_arm/activate', Trigger.Request()).success
    peer.spin_for(0.2)
    assert_allclose(states[-1].position, HOME, atol=0.0, err_msg='what was dropped is forgotten')
    publisher.publish(move_to(GOAL))
    assert peer.spin_until(lambda: np.abs(states[-1].position - GOAL).max() < EXACT)
    publisher.publish(move_to(HOME))
    peer.spin_for(0.1)
    assert peer.call(Trigger, 'simulated_arm/deactivate', Trigger.Request()).success
    peer.spin_for(0.1)
    q = np.array(states[-1].position)
    peer.spin_for(0.5)
    assert_allclose(states[-1].position, q, atol=0.0, err_msg='it holds where it was')
    assert np.abs(q - HOME).max() > 0.01


def test_arm_publishes_its_description_to_late_subscribers(start_node, peer):
    start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    assert peer.spin_until(lambda: states)
    texts = peer.listen(String, 'robot_description', qos.ROBOT_DESCRIPTION)
    assert peer.spin_until(lambda: texts)
    assert arm_from_urdf(texts[0].data).joint_names == tuple(NAMES)


def test_arm_has_its_prefix_and_namespace(start_node, peer):
    start_node('simulated_arm', '-r', '__ns:=/cell', '-p', 'prefix:=left_', '-p', 'rate_hz:=50')
    states = peer.listen(JointState, '/cell/joint_states', qos.JOINT_STATES_IN)
    texts = peer.listen(String, '/cell/robot_description', qos.ROBOT_DESCRIPTION)
    publisher = peer.talk(JointTrajectory, f'/cell/{TOPIC}', qos.TRAJECTORY_OUT)
    names = [f'left_{name}' for name in NAMES]
    assert peer.spin_until(lambda: states and texts)
    assert list(states[0].name) == names
    assert list(arm_from_urdf(texts[0].data, prefix='left_').joint_names) == names
    publisher.publish(move_to(GOAL, names))
    assert peer.spin_until(lambda: np.abs(states[-1].position - GOAL).max() < EXACT)


def test_arm_publishes_no_description_when_reported_so(start_node, peer):
    process = start_node('simulated_arm', '-p', 'publish_robot_description:=false')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    assert peer.spin_until(lambda: states), process.output
    assert peer.node.count_publishers('robot_description') == 0


def test_arm_refuses_to_change_a_parameter_while_running(start_node, peer):
    start_node('simulated_arm')
    result = peer.set_parameter('simulated_arm', 'rate_hz', 100.0)
    assert not result.successful
    assert 'read-only' in result.reason


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('times', [1, 3])
def test_arm_ends_cleanly_when_signalled(start_node, peer, number, times):
    process = start_node('simulated_arm')
    states = peer.listen(JointState, 'joint_states', qos.JOINT_STATES_IN)
    assert peer.spin_until(lambda: states)
    for _ in range(times - 1):
        process.send(number)
    assert_clean_exit(process, process.stop(number))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_arm_ends_cleanly_when_signalled_while_it_starts(start_node, number):
    process = start_node('simulated_arm')
    process.wait_until_it_takes_signals()
    assert_clean_exit(process, process.stop(number))
    assert process.output == ''


@pytest.mark.parametrize(
    ('argument', 'reason'),
    [
        ('rate_hz:=0.0', 'rate_hz'),
        ('rate_hz:=fast', "'fast' is not of type float"),
        ('initial_joints:=[0.0, 0.0, 0.0, 0.0, 0.0]', '5 elements given, 6 needed'),
        ('initial_joints:=[0.0, 0.0, 2.0, 0.0, 0.0, 0.0]', 'outside the limits'),
        ('initial_joints:=[0.0, 0.0, .nan, 0.0, 0.0, 0.0]', 'nan is not a finite number'),
        ('urdf:=/no/such.urdf', 'No such file or directory; give the path'),
        ('publish_robot_description:=1', 'BOOL'),
    ],
)
def test_arm_refuses_bad_parameters_in_one_line(start_node, argument, reason):
    process = start_node('simulated_arm', '-p', argument)
    assert process.wait() == 1
    lines = process.output.splitlines()
    assert len(lines) == 1, process.output
    assert reason in lines[0]
    assert '; correct it' in lines[0] or '; give the path' in lines[0], 'the remedy'


def test_yaml_has_the_defaults_of_the_dataclass():
    text = (share_folder() / 'config' / 'simulated_arm.yaml').read_text(encoding='utf-8')
    in_yaml = yaml.safe_load(text)['/**']['simulated_arm']['ros__parameters']
    defaults = dataclasses.asdict(SimulatedArmConfig())
    assert in_yaml == {k: list(v) if isinstance(v, tuple) else v for k, v in defaults.items()}


def test_yaml_is_accepted_by_the_node(start_node, peer):
    path = share_folder() / 'config' / 'simulated_arm.yaml'
    start_node('simulated_arm', '--params-file', str(path), '-r', '__ns:=/cell')
    states = peer.listen(JointState, '/cell/joint_states', qos.JOINT_STATES_IN)
    assert peer.spin_until(lambda: states)
