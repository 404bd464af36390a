# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""GetPositionIK over DDS, where moveit_msgs is installed; and what is said where it is not."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import (
    ACTIVATE,
    ACTIVE,
    AUTOSTART,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    HOME,
    NEAR,
    PATIENT,
    Driver,
    shipped_arm,
)
from geometry_msgs.msg import TransformStamped
from numpy.testing import assert_allclose
from peers import assert_clean_exit
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from neural_ik_ros.calibration.results.calibration_file import load_calibration
from neural_ik_ros.interface.messages import pose_from_transform
from neural_ik_ros.interface.moveit_codes import MoveItCode
from neural_ik_ros.kinematics import arm_from_urdf, forward, is_within_limits, random_joints
from neural_ik_ros.ros.moveit.moveit_interfaces import GetPositionIK
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

sys.path.append(str(Path(__file__).resolve().parents[2] / 'plain'))
import fake_moveit_msgs
from moveit_bench import GRIPPER

needs_moveit = pytest.mark.skipif(GetPositionIK is None, reason='moveit_msgs is not installed')
SOLVED = 1e-9  # [m] and unitless
N_REQUESTS = 300
FAKE_TF2 = Path(__file__).parents[1] / 'fake_tf2'
SHIPPED = read_urdf(shipped_urdf())


class Caller:
    """Asks a node for joint angles, as MoveIt does."""

    def __init__(self, peer: Any, name: str = '/solve_ik') -> None:
        self.peer, self.name, self.arm = peer, name, shipped_arm()
        self.client = peer.node.create_client(GetPositionIK, name)

    def ask(self, q_target: np.ndarray, q_seed: np.ndarray = HOME, **changes: Any) -> Any:
        """Return the response to the question for the pose that ``q_target`` reaches."""
        request = GetPositionIK.Request()
        asked = request.ik_request
        asked.group_name, asked.ik_link_name = 'manipulator', 'tool0'
        asked.avoid_collisions = True
        state = asked.robot_state.joint_state
        state.name = [*self.arm.joint_names, 'finger']
        state.position = [*q_seed.tolist(), 0.02]
        asked.pose_stamped.header.frame_id = 'base_link'
        asked.pose_stamped.pose = pose_from_transform(forward(self.arm, q_target))
        for name, value in changes.items():
            setattr(asked, name, value)
        future = self.client.call_async(request)
        assert self.peer.spin_until(future.done), 'no answer'
        return future.result()

    def connect(self) -> Caller:
        assert self.peer.spin_until(self.client.service_is_ready), f'no service {self.name}'
        self.peer._meet('/neural_ik')
        return self


@pytest.fixture
def caller(peer) -> Caller:
    return Caller(peer)


@needs_moveit
def test_hundreds_of_answers_are_right(start_node, caller):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    caller.connect()
    rng, arm = np.random.default_rng(5), caller.arm
    for q_target, q_seed in zip(
        random_joints(arm, rng, N_REQUESTS), random_joints(arm, rng, N_REQUESTS), strict=True
    ):
        response = caller.ask(q_target, q_seed)
        assert response.error_code.val == MoveItCode.SUCCESS, response.error_code
        q = np.array(response.solution.joint_state.position)
        assert is_within_limits(arm, q)
        assert_allclose(forward(arm, q), forward(arm, q_target), atol=SOLVED)
    assert_clean_exit(process, process.stop())


@needs_moveit
def test_service_lives_from_configure_to_cleanup(start_node, peer, caller):
    process = start_node('neural_ik_node', *PATIENT)
    driver = Driver(peer)
    assert not caller.client.service_is_ready()
    for _ in range(2):
        driver.go(CONFIGURE)
        caller.connect()
        assert caller.ask(NEAR).error_code.val == MoveItCode.SUCCESS
        driver.go(ACTIVATE)
        assert caller.ask(NEAR).error_code.val == MoveItCode.SUCCESS
        driver.go(DEACTIVATE)
        assert caller.ask(NEAR).error_code.val == MoveItCode.SUCCESS
        driver.go(CLEANUP)
        assert peer.spin_until(lambda: not caller.client.service_is_ready())
    assert_clean_exit(process, process.stop(signal.SIGTERM))


@needs_moveit
def test_service_takes_namespace_name_and_group_from_the_node(start_node, peer):
    arguments = ('-r', '__ns:=/left', '-p', 'ik_service:=ik', '-p', 'ik_group:=arm')
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT, *arguments)
    driver, caller = Driver(peer, namespace='/left'), Caller(peer, '/left/ik')
    assert peer.spin_until(caller.client.service_is_ready)
    assert driver.state() == ACTIVE
    assert caller.ask(NEAR).error_code.val == MoveItCode.INVALID_GROUP_NAME
    assert caller.ask(NEAR, group_name='arm').error_code.val == MoveItCode.SUCCESS
    process.wait_for_output("request refused: group 'manipulator' is not 'arm'")
    assert peer.set_parameter('/left/neural_ik', 'ik_group', '').successful
    assert caller.ask(NEAR).error_code.val == MoveItCode.SUCCESS


@needs_moveit
def test_answers_follow_the_description(start_node, peer, caller):
    """A calibrated arm with a gripper: its geometry, and the pose of its fingers."""
    text = SHIPPED.replace('xyz="0 0 0.705"', 'xyz="0.0003 0 0.7051"')
    text = text.replace('</robot>', GRIPPER)
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, '-p', 'robot_description_mode:=use')
    caller.connect()
    response = caller.ask(NEAR)
    assert response.error_code.val == MoveItCode.FAILURE
    assert 'no robot_description has been received' in response.error_code.message
    publisher = peer.node.create_publisher(String, 'robot_description', qos.ROBOT_DESCRIPTION)
    publisher.publish(String(data=text))
    assert peer.spin_until(lambda: caller.ask(NEAR).error_code.val == MoveItCode.SUCCESS)
    to_fingers = arm_from_urdf(text, tool_frame='tcp')
    target = forward(to_fingers, NEAR)
    pose = GetPositionIK.Request().ik_request.pose_stamped
    pose.header.frame_id, pose.pose = 'base_link', pose_from_transform(target)
    response = caller.ask(NEAR, ik_link_name='tcp', pose_stamped=pose)
    assert response.error_code.val == MoveItCode.SUCCESS, response.error_code
    q = np.array(response.solution.joint_state.position)
    assert_allclose(forward(to_fingers, q), target, atol=SOLVED)


@needs_moveit
def test_answers_are_exact_for_a_calibrated_arm(start_node, caller, tmp_path):
    calibration = tmp_path / 'arm.yaml'
    calibration.write_text('joints: {joint_3: {xyz: [0.0004, 0.0, 0.0002]}}\n')
    start_node('neural_ik_node', *AUTOSTART, *PATIENT, '-p', f'calibration:={calibration}')
    caller.connect()
    response = caller.ask(NEAR)
    assert response.error_code.val == MoveItCode.SUCCESS, response.error_code
    q = np.array(response.solution.joint_state.position)
    arm = load_calibration(calibration).apply(SHIPPED, base_frame='base_link', tool_frame='tool0')
    assert_allclose(forward(arm, q), forward(caller.arm, NEAR), atol=SOLVED)
    assert np.abs(q - NEAR).max() > 1e-5


@needs_moveit
def test_pose_on_a_table_is_placed_by_tf_whatever_its_age(start_node, peer, caller):
    path = f'{FAKE_TF2}{os.pathsep}{os.environ["PYTHONPATH"]}'
    arguments = (*AUTOSTART, *PATIENT, '-p', 'use_tf:=true')
    start_node('neural_ik_node', *arguments, environment={'PYTHONPATH': path})
    caller.connect()
    pose = GetPositionIK.Request().ik_request.pose_stamped
    pose.header.frame_id = 'table'
    pose.pose = pose_from_transform(forward(caller.arm, NEAR))
    pose.pose.position.x -= 0.5
    response = caller.ask(NEAR, pose_stamped=pose)
    assert response.error_code.val == MoveItCode.FRAME_TRANSFORM_FAILURE
    table = TransformStamped(child_frame_id='table')
    table.header.frame_id, table.transform.translation.x = 'base_link', 0.5
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    peer.talk(TransformStamped, '/tf_static', latched).publish(table)

    def is_solved() -> bool:
        return caller.ask(NEAR, pose_stamped=pose).error_code.val == MoveItCode.SUCCESS

    assert peer.spin_until(is_solved)
    q = np.array(caller.ask(NEAR, pose_stamped=pose).solution.joint_state.position)
    assert_allclose(forward(caller.arm, q), forward(caller.arm, NEAR), atol=SOLVED)


@needs_moveit
def test_answers_are_counted_in_diagnostics(start_node, peer, caller):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer)
    caller.connect()
    for _ in range(3):
        caller.ask(NEAR)
    caller.ask(NEAR, ik_link_name='nowhere')

    def figures() -> dict[str, str]:
        values = driver.diagnostics[-1].status[0].values if driver.diagnostics else []
        return {pair.key: pair.value for pair in values}

    assert peer.spin_until(lambda: 'ik count INVALID_LINK_NAME' in figures())
    assert figures()['ik count SUCCESS'] == '3'
    assert 0.0 < float(figures()['ik p50 [ms]']) <= float(figures()['ik max [ms]'])


@needs_moveit
def test_targets_are_tracked_while_requests_come_without_end(start_node, peer, caller):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    caller.connect()
    answers = Counter()
    for _ in range(100):
        driver.send_joints(HOME)
        driver.send_target(NEAR)
        answers[caller.ask(NEAR).error_code.val] += 1
    assert answers == {MoveItCode.SUCCESS: 100}
    driver.solve_once(NEAR)
    driver.assert_trajectories_are_sound()
    assert_clean_exit(process, process.stop())


@needs_moveit
def test_service_name_that_is_none_is_reported_at_configure(start_node, peer):
    process = start_node('neural_ik_node', '-p', 'ik_service:=solve ik')
    assert not Driver(peer).change_state(CONFIGURE)
    process.wait_for_output('not configured: parameter ik_service: Invalid service name')


@needs_moveit
def test_codes_and_fields_are_those_of_moveit():
    real = GetPositionIK.Response().error_code
    for code in MoveItCode:
        assert getattr(real, code.name) == code
    pairs = (
        (fake_moveit_msgs.Request, GetPositionIK.Request),
        (fake_moveit_msgs.Response, GetPositionIK.Response),
    )
    n = sum(assert_same_fields(stand_in(), message()) for stand_in, message in pairs)
    assert n > 60


def assert_same_fields(stand_in: Any, message: Any) -> int:
    """Compare fields and, without lists' elements, theirs; return how many there were."""
    fields = [field.name for field in dataclasses.fields(stand_in)]
    assert fields == list(message.get_fields_and_field_types()), type(message)
    nested = [name for name in fields if dataclasses.is_dataclass(getattr(stand_in, name))]
    return len(fields) + sum(
        assert_same_fields(getattr(stand_in, name), getattr(message, name)) for name in nested
    )


@pytest.mark.skipif(GetPositionIK is not None, reason='moveit_msgs is installed')
def test_node_says_what_it_lacks_and_serves_targets_without_it(start_node, peer):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    driver.solve_once(NEAR)
    driver.go(DEACTIVATE, CLEANUP, CONFIGURE)
    assert process.output.count('no service solve_ik: moveit_msgs cannot be imported') == 1
    assert 'sudo apt install ros-$ROS_DISTRO-moveit-msgs' in process.output
    assert_clean_exit(process, process.stop())


def test_nothing_is_said_where_the_service_is_not_wanted(start_node, peer):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT, '-p', 'ik_service:=""')
    assert Driver(peer).state() == ACTIVE
    assert 'moveit_msgs' not in process.output
    assert_clean_exit(process, process.stop())
