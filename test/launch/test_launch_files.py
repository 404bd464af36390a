# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files declare and would start, without starting a process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from described import (
    PACKAGE,
    REPOSITORY,
    arguments_of,
    config_files_of,
    executables_of,
    needs_launch,
    nodes_of,
    parameters_of,
    start,
)

try:
    from launch.actions import LogInfo, RegisterEventHandler
except ImportError:
    LogInfo = None

from neural_ik_ros.errors import ConfigError

pytestmark = needs_launch
LAUNCH_FILES = (
    *('neural_ik.launch.py', 'demo.launch.py', 'two_robots.launch.py'),
    *('moveit.launch.py', 'replay.launch.py', 'cell.launch.py'),
)
MOVE_GROUP = 'move_group.launch.py'  # included by moveit.launch.py; has no node of ours
DEMO = ['neural_ik_node', 'simulated_arm', 'target_source']
COMMON = {
    *('namespace', 'prefix', 'params_file', 'use_sim_time', 'log_level', 'respawn'),
    *('autostart', 'ik_group', 'checks_following'),
}
DEMO_ARGUMENTS = {
    *('simulated_arm_params_file', 'target_source_params_file', 'path_markers_params_file'),
    *('robot_state_publisher', 'rviz', 'view'),
}


@pytest.mark.parametrize('name', [*LAUNCH_FILES, MOVE_GROUP])
def test_every_argument_is_described_and_optional(name, context):
    for argument in arguments_of(name, context):
        assert argument.description != 'no description given', argument.name
        assert argument.default_value is not None, argument.name


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_switches_offer_true_and_false(name, context):
    switches = 0
    for argument in arguments_of(name, context):
        default = ''.join(part.perform(context) for part in argument.default_value)
        if default in ('true', 'false'):
            assert argument.choices == ['true', 'false'], argument.name
            switches += 1
    assert switches >= 2


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_default_parameter_files_exist_and_have_parameters(name, context):
    files = 0
    for argument in arguments_of(name, context):
        if argument.name.endswith('params_file'):
            path = Path(''.join(part.perform(context) for part in argument.default_value))
            content = yaml.safe_load(path.read_text(encoding='utf-8'))
            assert 'ros__parameters' in str(content), path
            files += 1
    assert files >= 1


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('neural_ik.launch.py', ['neural_ik_node']),
        ('demo.launch.py', DEMO),
        ('moveit.launch.py', ['neural_ik_node']),
        ('two_robots.launch.py', [*DEMO, *DEMO]),
        ('replay.launch.py', ['neural_ik_node', 'bag_player']),
    ],
)
def test_starts_the_executables_that_setup_installs(name, expected, context):
    executables = executables_of(start(name, context))
    assert executables == expected
    setup = (REPOSITORY / 'setup.py').read_text(encoding='utf-8')
    for executable in executables:
        assert f"'{executable} = {PACKAGE}." in setup


@pytest.mark.parametrize(
    ('name', 'own'),
    [
        ('neural_ik.launch.py', set()),
        ('demo.launch.py', DEMO_ARGUMENTS),
        ('moveit.launch.py', {'moveit_config', 'move_group', 'rviz'}),
        ('cell.launch.py', {'description_file', 'controllers_file', 'starts_node'}),
        ('two_robots.launch.py', {'first', 'second', *DEMO_ARGUMENTS}),
        (
            'replay.launch.py',
            {
                *('bag', 'target_topic', 'joint_states_topic', 'rate', 'output', 'player'),
                *('lock_step', 'loop', 'controller', 'simulated_arm_params_file'),
            },
        ),
    ],
)
def test_every_file_has_the_common_arguments_and_its_own(name, own, context):
    assert {argument.name for argument in arguments_of(name, context)} == COMMON | own


@pytest.mark.parametrize(
    ('name', 'arguments', 'n_nodes', 'targets'),
    [
        ('neural_ik.launch.py', {}, 1, ''),
        ('demo.launch.py', {'view': 'true'}, 4, 'target_source.yaml'),
        ('two_robots.launch.py', {'view': 'true'}, 8, 'two_robots.yaml'),
        ('replay.launch.py', {'controller': 'true'}, 3, ''),
    ],
)
def test_every_node_reads_its_parameter_file(name, arguments, n_nodes, targets, context):
    nodes = nodes_of(start(name, context, **arguments))
    assert len(nodes) == n_nodes
    expected = {
        'neural_ik_node': ['neural_ik.yaml'],
        'simulated_arm': ['simulated_arm.yaml'],
        'target_source': [targets],
        'path_markers': ['path_markers.yaml'],
        'bag_player': [],  # everything it needs is an argument
    }
    for node in nodes:
        assert config_files_of(node) == expected[node.node_executable]


def test_launch_files_of_the_folder_are_all_tested():
    assert {path.name for path in (REPOSITORY / 'launch').iterdir()} == {
        *LAUNCH_FILES,
        MOVE_GROUP,
    }


@pytest.mark.parametrize('name', [name for name in LAUNCH_FILES if name != 'cell.launch.py'])
def test_arguments_reach_every_node(name, context):
    arguments = {'use_sim_time': 'true', 'prefix': 'cell_', 'namespace': 'cell'}
    for node in nodes_of(start(name, context, **arguments)):
        assert node.expanded_node_namespace.startswith('/cell')
        parameters = parameters_of(node)
        assert parameters['use_sim_time'] is True
        if node.node_executable != 'bag_player':  # which knows no joints
            assert parameters['prefix'].startswith('cell_')


def test_demo_gives_targets_and_namespace_to_the_node(context):
    actions = start('demo.launch.py', context, namespace='left')
    nodes = {node.node_executable: node for node in nodes_of(actions)}
    for node in nodes.values():
        assert node.expanded_node_namespace == '/left'
    source = nodes['target_source']
    assert source.expanded_remapping_rules == [('target_pose', 'neural_ik/target_pose')]


def test_demo_says_what_a_view_needs_and_runs_without_it(context):
    actions = start('demo.launch.py', context, rviz='true')
    messages = [
        ''.join(part.perform(context) for part in action.msg)
        for action in actions
        if isinstance(action, LogInfo)
    ]
    assert len(messages) == 1
    assert 'ros-$ROS_DISTRO-rviz2' in messages[0]
    assert executables_of(actions)[:3] == ['neural_ik_node', 'simulated_arm', 'target_source']
    assert len(executables_of(actions)) == 4, 'and the paths, which other viewers show as well'


def test_demo_publishes_paths_when_asked_to(context):
    executables = executables_of(start('demo.launch.py', context, view='true'))
    assert executables[3:] == ['path_markers']
    setup = (REPOSITORY / 'setup.py').read_text(encoding='utf-8')
    assert f"'path_markers = {PACKAGE}." in setup


@pytest.mark.parametrize(('respawn', 'expected'), [('false', 1), ('true', 0)])
def test_demo_ends_with_its_processes_unless_they_start_again(respawn, expected, context):
    actions = start('demo.launch.py', context, respawn=respawn)
    assert sum(isinstance(action, RegisterEventHandler) for action in actions) == expected


def test_two_robots_share_neither_namespace_nor_prefix(context):
    names = {'namespace': 'cell', 'prefix': 'c1_', 'first': 'a', 'second': 'b'}
    nodes = nodes_of(start('two_robots.launch.py', context, **names))
    places = [(node.expanded_node_namespace, parameters_of(node)['prefix']) for node in nodes]
    assert places == 3 * [('/cell/a', 'c1_a_')] + 3 * [('/cell/b', 'c1_b_')]


def test_two_robots_of_one_name_are_refused(context):
    with pytest.raises(ConfigError, match=r'two names.*first.*second'):
        start('two_robots.launch.py', context, first='a', second='a')
