# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What moveit.launch.py would start, without starting a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from described import needs_launch, nodes_of, parameters_of, start

from neural_ik_ros.errors import ConfigError, ProcessError

pytestmark = needs_launch


@pytest.fixture
def moveit_config(tmp_path) -> Path:
    """Return the launch folder of a configuration as the MoveIt Setup Assistant makes it."""
    (tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages' / 'my_moveit').touch()
    folder = tmp_path / 'share' / 'my_moveit' / 'launch'
    folder.mkdir(parents=True)
    for file, executable in (('move_group', 'move_group'), ('moveit_rviz', 'rviz2')):
        (folder / f'{file}.launch.py').write_text(
            'from launch import LaunchDescription\n'
            'from launch_ros.actions import Node\n'
            'def generate_launch_description():\n'
            f"    node = Node(package='any', executable='{executable}')\n"
            '    return LaunchDescription([node])\n'
        )
    return folder


@pytest.mark.parametrize(
    ('switches', 'expected'),
    [
        ({}, ['move_group']),
        ({'rviz': 'true'}, ['move_group', 'rviz2']),
        ({'move_group': 'false', 'rviz': 'true'}, ['rviz2']),
        ({'move_group': 'false'}, []),
    ],
)
def test_moveit_starts_what_is_asked_for_in_the_same_namespace(
    switches, expected, context, moveit_config
):
    arguments = {'moveit_config': 'my_moveit', 'namespace': 'cell', **switches}
    nodes = nodes_of(start('moveit.launch.py', context, **arguments))
    assert [node.node_executable for node in nodes] == ['neural_ik_node', *expected]
    assert {node.expanded_node_namespace for node in nodes} == {'/cell'}


@pytest.mark.parametrize(('group', 'expected'), [('', {}), ('arm', {'ik_group': 'arm'})])
def test_moveit_gives_its_group_to_the_node(group, expected, context):
    (node,) = nodes_of(start('moveit.launch.py', context, ik_group=group))
    parameters = parameters_of(node)
    assert {name: parameters[name] for name in parameters if name == 'ik_group'} == expected


@pytest.mark.parametrize('package', ['no_such_package', 'no/package', '-'])
def test_moveit_says_that_there_is_no_such_configuration(package, context):
    with pytest.raises(ConfigError, match=r'there is no package .*source its workspace'):
        start('moveit.launch.py', context, moveit_config=package)


def test_moveit_says_what_a_configuration_lacks(context, moveit_config):
    (moveit_config / 'move_group.launch.py').unlink()
    with pytest.raises(ConfigError, match=r'my_moveit has no launch/move_group.launch.py'):
        start('moveit.launch.py', context, moveit_config='my_moveit')


MOVEIT_PACKAGES = (
    *('moveit_ros_move_group', 'moveit_planners_ompl', 'moveit_simple_controller_manager'),
)


@pytest.fixture
def moveit(tmp_path) -> Path:
    """Return the ament index, which has the packages of MoveIt, too."""
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    for package in MOVEIT_PACKAGES:
        (index / package).touch()
    return index


def test_own_configuration_starts_move_group_for_the_arm_of_the_package(context, moveit):
    arguments = {'moveit_config': 'neural_ik_ros', 'namespace': 'cell'}
    _, move_group = nodes_of(start('moveit.launch.py', context, **arguments))
    assert move_group.node_executable == 'move_group'
    assert move_group.expanded_node_namespace == '/cell'
    parameters = parameters_of(move_group)
    assert '<robot name="irb2400"' in parameters['robot_description']
    assert '<group name="manipulator">' in parameters['robot_description_semantic']
    name = 'robot_description_kinematics.manipulator.kinematics_solver'
    assert parameters[name].startswith('kdl')
    assert parameters['planning_pipelines'] == ['ompl']


def test_own_configuration_asks_the_service_where_that_is_wanted(context, moveit):
    (move_group,) = nodes_of(start('move_group.launch.py', context, solver='service'))
    name = 'robot_description_kinematics.manipulator.kinematics_solver'
    assert parameters_of(move_group)[name].startswith('srv_kinematics_plugin')


@pytest.mark.parametrize('package', MOVEIT_PACKAGES)
def test_without_moveit_its_configuration_says_what_to_install(package, context, moveit):
    (moveit / package).unlink()
    with pytest.raises(ProcessError, match=package.replace('_', '-')):
        start('move_group.launch.py', context)
