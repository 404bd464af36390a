# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A node in a cell: base on a pedestal, a gripper, two joint state publishers."""

from __future__ import annotations

import numpy as np
import pytest
from driver import (
    ACTIVATE,
    ACTIVE,
    AUTOSTART,
    CONFIGURE,
    HOME,
    INACTIVE,
    NEAR,
    PATIENT,
    Driver,
)
from numpy.testing import assert_allclose
from std_msgs.msg import String

from neural_ik_ros.interface.description_check import add_prefix
from neural_ik_ros.kinematics import arm_from_urdf, forward
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder

URDF = (share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8')
PARTS = """
  <link name="tcp"/><link name="finger"/>
  <joint name="a" type="fixed"><parent link="tool0"/><child link="tcp"/>
    <origin xyz="0.02 0 0.2" rpy="0 0.3 0"/></joint>
  <joint name="b" type="prismatic"><parent link="tcp"/><child link="finger"/><axis xyz="0 1 0"/>
    <limit lower="0" upper="0.04" velocity="0.1" effort="1"/></joint>
"""
PEDESTAL = """
  <link name="world"/>
  <joint name="c" type="fixed"><parent link="world"/><child link="BASE"/>
    <origin xyz="0.1 0 0.8" rpy="0 0 0.5"/></joint>
"""
CELL = URDF.replace('</robot>', PARTS + PEDESTAL.replace('BASE', 'base_link') + '</robot>')
SOLVED = 1e-9  # [m] and unitless
WORLD_TCP = ('-p', 'base_frame:=world', '-p', 'tool_frame:=tcp')


@pytest.fixture
def describe(peer):
    publisher = peer.node.create_publisher(String, 'robot_description', qos.ROBOT_DESCRIPTION)
    return lambda text: publisher.publish(String(data=text))


def test_node_waits_for_the_description_and_follows_the_tool_in_the_world(
    start_node, peer, describe
):
    process = start_node('neural_ik_node', *AUTOSTART, *PATIENT, *WORLD_TCP)
    driver = Driver(peer)
    process.wait_for_output('waits for robot_description: no robot_description has been received')
    assert driver.state() == INACTIVE
    describe(CELL)
    assert peer.spin_until(lambda: driver.statuses)
    assert driver.state() == ACTIVE
    driver.connect()
    whole = arm_from_urdf(CELL, base_frame='world', tool_frame='tcp')

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_pose(forward(whole, NEAR), frame='world')

    assert driver.repeat(send, lambda: driver.solutions)
    assert driver.solutions[-1].header.frame_id == 'world'
    found = forward(whole, np.array(driver.solutions[-1].position))
    assert_allclose(found, forward(whole, NEAR), atol=SOLVED)
    assert peer.spin_until(lambda: driver.values().get('tool frame') == 'tcp')
    assert driver.values()['base frame'] == 'world'


def test_frame_that_the_description_lacks_is_told_with_those_it_has(start_node, peer, describe):
    process = start_node('neural_ik_node', *PATIENT, '-p', 'base_frame:=wrold')
    driver = Driver(peer)
    driver.go(CONFIGURE)
    describe(CELL)
    process.wait_for_output("'wrold' is not a link of the description, the nearest is 'world'")
    assert not driver.change_state(ACTIVATE)
    assert 'base, base_link, world' in process.output


def test_frame_is_refused_at_once_where_no_description_counts(start_node, peer):
    process = start_node(
        'neural_ik_node', '-p', 'tool_frame:=tcp', '-p', 'robot_description_mode:=ignore'
    )
    assert not Driver(peer).change_state(CONFIGURE)
    process.wait_for_output("not configured: tool_frame: 'tcp' is not a link")


def test_world_of_two_arms_has_no_prefix(start_node, peer, describe):
    text = add_prefix(URDF, 'left_')
    text = text.replace('</robot>', PEDESTAL.replace('BASE', 'left_base_link') + '</robot>')
    start_node(
        'neural_ik_node', *AUTOSTART, *PATIENT, '-p', 'base_frame:=world', '-p', 'prefix:=left_'
    )
    driver = Driver(peer, prefix='left_')
    describe(text)
    assert peer.spin_until(lambda: driver.statuses)
    driver.connect()
    whole = arm_from_urdf(text, base_frame='world', tool_frame='left_tool0')

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_pose(forward(whole, NEAR), frame='world')

    assert driver.repeat(send, lambda: driver.solutions)
    assert_allclose(np.array(driver.solutions[-1].position), NEAR, atol=1e-7)


def test_tool_changes_while_the_node_runs(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()
    driver.solve_once()
    assert peer.set_parameter(driver.node, 'tool', [0.0, 0.0, 0.1, 0.0, 0.0, 0.0]).successful
    target = forward(driver.arm, NEAR)
    target[:3, 3] += 0.1 * target[:3, 2]
    driver.clear()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_pose(target)

    assert driver.repeat(send, lambda: driver.solutions)
    assert_allclose(np.array(driver.solutions[-1].position), NEAR, atol=1e-7)
    assert not peer.set_parameter(driver.node, 'tool', [150.0, 0.0, 0.0, 0.0, 0.0, 0.0]).successful


def test_joint_states_of_two_drivers_are_merged(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    driver = Driver(peer).connect()

    def send() -> None:
        driver.send_joints(HOME[:3], [*driver.names[:3]])
        driver.send_joints([0.01, *HOME[3:]], ['finger', *driver.names[3:]])
        driver.send_target(NEAR)

    assert driver.repeat(send, lambda: driver.solutions)
    assert_allclose(np.array(driver.solutions[-1].position), NEAR, atol=1e-7)
