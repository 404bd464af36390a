# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What cell.launch.py would start, and in which order, without starting a process."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from described import (
    LaunchContext,
    after_exit,
    executables_of,
    needs_launch,
    nodes_of,
    parameters_of,
    start,
)

try:
    from launch.actions import Shutdown
    from launch_ros.actions import Node
except ImportError:
    Shutdown = None

from neural_ik_ros.errors import ProcessError

INDEX = os.environ.get('AMENT_PREFIX_PATH', '')  # before the tests hide it
BIN = str(Path(sys.executable).parent)  # of the virtual environment, where xacro may be
XACRO = shutil.which('xacro', path=os.pathsep.join([BIN, os.environ['PATH']]))
pytestmark = [needs_launch, pytest.mark.skipif(XACRO is None, reason='xacro is not installed')]
FILE = 'cell.launch.py'
PACKAGES = (
    *('controller_manager', 'joint_state_broadcaster', 'joint_trajectory_controller'),
    *('robot_state_publisher', 'xacro'),
)


@pytest.fixture
def packages(tmp_path, monkeypatch) -> Path:
    """Return the ament index, which has the packages of ros2_control, too."""
    monkeypatch.setenv('PATH', BIN, prepend=os.pathsep)
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    for package in PACKAGES:
        (index / package).touch()
    return index


def parameter_file(node: Node, index: int) -> dict[str, object]:
    """Return the content of a parameter file of a node, as it is given to the process."""
    path, _ = node._Node__expanded_parameter_arguments[index]
    return yaml.safe_load(Path(path).read_text(encoding='utf-8'))


@pytest.fixture
def cell(context, packages, tmp_path, monkeypatch) -> LaunchContext:
    """Return the context in which launch finds its own grammar again, to substitute in yaml."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join([str(tmp_path), INDEX]))
    return context


def test_without_ros2_control_the_cell_says_what_to_install(context):
    with pytest.raises(ProcessError) as caught:
        start(FILE, context)
    for package in PACKAGES:
        assert f'ros-$ROS_DISTRO-{package.replace("_", "-")}' in str(caught.value)


@pytest.mark.parametrize('package', PACKAGES)
def test_only_what_lacks_is_named(package, context, packages):
    (packages / package).unlink()
    with pytest.raises(ProcessError) as caught:
        start(FILE, context)
    named = [one for one in PACKAGES if one.replace('_', '-') in str(caught.value).split('apt')[1]]
    assert named == [package]


def test_node_starts_once_the_controllers_are_active(cell):
    actions = start(FILE, cell)
    assert executables_of(actions) == ['robot_state_publisher', 'ros2_control_node', 'spawner']
    spawner = nodes_of(actions)[-1]
    words = [''.join(part.perform(cell) for part in word) for word in spawner.cmd[1:3]]
    assert words == ['joint_state_broadcaster', 'joint_trajectory_controller']
    assert executables_of(after_exit(actions, cell, 'spawner', code=0)) == ['neural_ik_node']


def test_cell_can_be_left_without_the_node(cell):
    actions = start(FILE, cell, starts_node='false')
    assert 'spawner' in executables_of(actions)
    assert not executables_of(after_exit(actions, cell, 'spawner', code=0))


def test_controllers_that_cannot_be_activated_end_the_cell(cell):
    with pytest.raises(ProcessError, match='spawner'):
        after_exit(start(FILE, cell), cell, 'spawner', code=1)


def test_cell_ends_with_its_controller_manager(cell):
    actions = start(FILE, cell)
    ended = after_exit(actions, cell, 'ros2_control_node', code=0)
    assert [type(action) for action in ended] == [Shutdown]
    with pytest.raises(ProcessError, match='ros2_control_node'):
        after_exit(actions, cell, 'ros2_control_node', code=-9)


def test_arguments_reach_every_node(cell):
    arguments = {'namespace': 'left', 'prefix': 'l_', 'use_sim_time': 'true'}
    actions = start(FILE, cell, **arguments)
    nodes = nodes_of([*actions, *after_exit(actions, cell, 'spawner', code=0)])
    assert {node.expanded_node_namespace for node in nodes} == {'/left'}
    assert len(nodes) == 4
    publisher, neural_ik = parameters_of(nodes[0]), parameters_of(nodes[3])
    manager = parameter_file(nodes[1], -1)['/**']['ros__parameters']
    for parameters in (publisher, manager, neural_ik):
        assert parameters['use_sim_time'] is True
    assert neural_ik['prefix'] == 'l_'
    assert '<joint name="l_joint_6">' in publisher['robot_description']


@pytest.mark.parametrize('prefix', ['', 'l_'])
def test_controllers_have_the_prefix_of_the_arm(prefix, cell):
    (manager,) = (
        node
        for node in nodes_of(start(FILE, cell, prefix=prefix))
        if node.node_executable == 'ros2_control_node'
    )
    joints = parameter_file(manager, 0)['/**']['joint_trajectory_controller']['ros__parameters'][
        'joints'
    ]
    assert joints == [f'{prefix}joint_{i}' for i in range(1, 7)]


def test_other_hardware_is_a_matter_of_the_description(cell, tmp_path):
    other = tmp_path / 'a cell.urdf.xacro'
    other.write_text('<robot name="other"/>', encoding='utf-8')
    publisher = nodes_of(start(FILE, cell, description_file=str(other)))[0]
    assert 'name="other"' in parameters_of(publisher)['robot_description']
