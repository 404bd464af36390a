# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files promise, read without starting a process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

try:  # no importorskip: with launch_testing installed it would end the whole collection
    from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
    from launch.actions import DeclareLaunchArgument, LogInfo, RegisterEventHandler
    from launch.launch_description_sources import PythonLaunchDescriptionSource
    from launch_ros.actions import Node
except ImportError:
    LaunchContext = None

from neural_ik_ros.errors import NeuralIkError

pytestmark = pytest.mark.skipif(LaunchContext is None, reason='ROS 2 launch is not installed')

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = 'neural_ik_ros'
LAUNCH_FILES = (
    'neural_ik.launch.py',
    'demo.launch.py',
    'moveit.launch.py',
    'two_robots.launch.py',
)
DEMO = ['neural_ik_node', 'simulated_arm', 'target_source']
COMMON = {'namespace', 'prefix', 'params_file', 'use_sim_time', 'log_level', 'respawn'}


@pytest.fixture
def context(tmp_path, monkeypatch) -> LaunchContext:
    """Return a launch context that finds this package, and no other, in the ament index."""
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / PACKAGE).touch()
    (tmp_path / 'share' / PACKAGE).symlink_to(REPOSITORY, target_is_directory=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    return LaunchContext()


def load(name: str, context: LaunchContext) -> LaunchDescription:
    path = REPOSITORY / 'launch' / name
    return PythonLaunchDescriptionSource(str(path)).get_launch_description(context)


def actions_of(
    entity: LaunchDescriptionEntity, context: LaunchContext
) -> list[LaunchDescriptionEntity]:
    """Return the actions an entity comes down to, with includes resolved and no node started."""
    if isinstance(entity, Node):
        entity._perform_substitutions(context)  # here, because what surrounds it ends later
        return [entity]
    children = entity.visit(context) or []
    return [entity, *(action for child in children for action in actions_of(child, context))]


def start(name: str, context: LaunchContext, **arguments: str) -> list[LaunchDescriptionEntity]:
    context.launch_configurations.update(arguments)
    return actions_of(load(name, context), context)


def executables_of(actions: list[LaunchDescriptionEntity]) -> list[str]:
    return [action.node_executable for action in actions if isinstance(action, Node)]


def nodes_of(actions: list[LaunchDescriptionEntity]) -> list[Node]:
    nodes = [action for action in actions if isinstance(action, Node)]
    assert nodes
    return nodes


def parameters_of(node: Node) -> dict[str, object]:
    """Return the parameters that a launch file sets itself; they win over those of files."""
    values: dict[str, object] = {}
    for path, _ in node._Node__expanded_parameter_arguments:
        if Path(path).parent.name != 'config':
            content = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
            values |= next(iter(content.values()))['ros__parameters']
    return values


def arguments_of(name: str, context: LaunchContext) -> list[DeclareLaunchArgument]:
    arguments = load(name, context).get_launch_arguments()
    assert arguments
    return arguments


@pytest.mark.parametrize('name', LAUNCH_FILES)
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
    ],
)
def test_starts_the_executables_that_setup_installs(name, expected, context):
    executables = executables_of(start(name, context))
    assert executables == expected
    setup = (REPOSITORY / 'setup.py').read_text(encoding='utf-8')
    for executable in executables:
        assert f"'{executable} = {PACKAGE}." in setup


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_every_file_has_the_common_arguments(name, context):
    assert {argument.name for argument in arguments_of(name, context)} >= COMMON


def test_launch_files_of_the_folder_are_all_tested():
    assert {path.name for path in (REPOSITORY / 'launch').iterdir()} == set(LAUNCH_FILES)


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_arguments_reach_every_node(name, context):
    arguments = {'use_sim_time': 'true', 'prefix': 'cell_', 'namespace': 'cell'}
    for node in nodes_of(start(name, context, **arguments)):
        assert node.expanded_node_namespace.startswith('/cell')
        parameters = parameters_of(node)
        assert parameters['use_sim_time'] is True
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
    assert executables[3:] == ['neural_ik_view']
    setup = (REPOSITORY / 'setup.py').read_text(encoding='utf-8')
    assert f"'neural_ik_view = {PACKAGE}." in setup


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
    with pytest.raises(NeuralIkError, match=r'two names.*first.*second'):
        start('two_robots.launch.py', context, first='a', second='a')


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
    with pytest.raises(NeuralIkError, match=r'there is no package .*source its workspace'):
        start('moveit.launch.py', context, moveit_config=package)


def test_moveit_says_what_a_configuration_lacks(context, moveit_config):
    (moveit_config / 'move_group.launch.py').unlink()
    with pytest.raises(NeuralIkError, match=r'my_moveit has no launch/move_group.launch.py'):
        start('moveit.launch.py', context, moveit_config='my_moveit')
