# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The files of config/ros2_control agree with the arm, and with one another."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lxml import etree
from numpy.testing import assert_array_equal
from strategies import REPOSITORY

from neural_ik_ros.kinematics import arm_from_urdf

try:
    import xacro
except ImportError:
    xacro = None

pytestmark = pytest.mark.skipif(xacro is None, reason='xacro is not installed')
CONFIG = REPOSITORY / 'config'
MOCK = CONFIG / 'ros2_control' / 'irb2400_mock.urdf.xacro'


def expanded(path: Path, prefix: str = '') -> etree._Element:
    text = xacro.process_file(str(path), mappings={'prefix': prefix}).toprettyxml()
    return etree.fromstring(text.encode())


def parameters(name: str) -> dict[str, object]:
    text = (CONFIG / 'ros2_control' / 'controllers.yaml').read_text(encoding='utf-8')
    return yaml.safe_load(text)['/**'][name]['ros__parameters']


@pytest.mark.parametrize('prefix', ['', 'left_'])
def test_mock_hardware_is_the_arm_of_the_package(arm, prefix):
    robot = expanded(MOCK, prefix)
    described = arm_from_urdf(etree.tostring(robot, encoding='unicode'), prefix=prefix)
    assert_array_equal(described.rotations, arm.rotations)
    assert_array_equal(described.translations, arm.translations)
    assert_array_equal(described.upper, arm.upper)
    controlled = [joint.get('name') for joint in robot.iterfind('ros2_control/joint')]
    assert controlled == [prefix + name for name in arm.joint_names]
    assert robot.find('ros2_control/hardware/plugin').text == 'mock_components/GenericSystem'


def test_mock_hardware_starts_where_the_simulated_arm_does():
    text = (CONFIG / 'simulated_arm.yaml').read_text(encoding='utf-8')
    initial = yaml.safe_load(text)['/**']['simulated_arm']['ros__parameters']['initial_joints']
    values = expanded(MOCK).iterfind('ros2_control/joint/state_interface/param')
    assert [float(value.text) for value in values] == initial


def test_controllers_claim_what_the_hardware_has():
    controller = parameters('joint_trajectory_controller')
    for joint in expanded(MOCK).iterfind('ros2_control/joint'):
        for kind in ('command', 'state'):
            has = [one.get('name') for one in joint.iterfind(f'{kind}_interface')]
            assert has == controller[f'{kind}_interfaces']


def test_manager_knows_every_controller():
    text = (CONFIG / 'ros2_control' / 'controllers.yaml').read_text(encoding='utf-8')
    manager = parameters('controller_manager')
    known = {name for name, value in manager.items() if isinstance(value, dict)}
    assert known == set(yaml.safe_load(text)['/**']) - {'controller_manager'}
    assert len(known) == 2
