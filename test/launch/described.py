# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a launch file declares and would start, without starting a process."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

try:  # no importorskip: with launch_testing installed it would end the whole collection
    from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
    from launch.actions import DeclareLaunchArgument, ExecuteProcess, RegisterEventHandler
    from launch.events.process import ProcessExited
    from launch.launch_description_sources import PythonLaunchDescriptionSource
    from launch_ros.actions import Node
except ImportError:
    LaunchContext = None

needs_launch = pytest.mark.skipif(LaunchContext is None, reason='ROS 2 launch is not installed')
REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = 'neural_ik_ros'
NEEDED = {'replay.launch.py': {'bag': '/a/bag'}}  # arguments without which nothing starts


def load(name: str, context: LaunchContext) -> LaunchDescription:
    path = REPOSITORY / 'launch' / name
    return PythonLaunchDescriptionSource(str(path)).get_launch_description(context)


def actions_of(
    entity: LaunchDescriptionEntity, context: LaunchContext
) -> list[LaunchDescriptionEntity]:
    """Return the actions that an entity would run, with includes resolved and nothing started."""
    condition = getattr(entity, 'condition', None)
    if condition is not None and not condition.evaluate(context):
        return []
    if isinstance(entity, Node):
        entity._perform_substitutions(context)  # here, because what surrounds it ends later
    if isinstance(entity, ExecuteProcess):
        return [entity]
    children = entity.visit(context) or []
    return [entity, *(action for child in children for action in actions_of(child, context))]


def start(name: str, context: LaunchContext, **arguments: str) -> list[LaunchDescriptionEntity]:
    context.launch_configurations.update({**NEEDED.get(name, {}), **arguments})
    return actions_of(load(name, context), context)


def executables_of(actions: list[LaunchDescriptionEntity]) -> list[str]:
    return [action.node_executable for action in actions if isinstance(action, Node)]


def nodes_of(actions: list[LaunchDescriptionEntity]) -> list[Node]:
    nodes = [action for action in actions if isinstance(action, Node)]
    assert nodes
    return nodes


def config_files_of(node: Node) -> list[str]:
    """Return the names of the parameter files of ``config/`` that a node reads."""
    paths = [Path(path) for path, _ in node._Node__expanded_parameter_arguments]
    return [path.name for path in paths if path.parent.name == 'config']


def parameters_of(node: Node) -> dict[str, object]:
    """Return the parameters set by a launch file itself; they override those of files."""
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


def commands_of(actions: list[LaunchDescriptionEntity], context: LaunchContext) -> list[list[str]]:
    """Return the arguments of each process that is not a node, without its program."""
    return [
        [''.join(part.perform(context) for part in word) for word in action.cmd[1:]]
        for action in actions
        if isinstance(action, ExecuteProcess) and not isinstance(action, Node)
    ]


def after_exit(
    actions: list[LaunchDescriptionEntity],
    context: LaunchContext,
    executable: str,
    *,
    code: int,
) -> list[LaunchDescriptionEntity]:
    """Return the actions that would run once a node among the actions has ended with a code."""
    (node,) = (one for one in nodes_of(actions) if one.node_executable == executable)
    event = ProcessExited(
        action=node, name=executable, cmd=[], cwd=None, env=None, pid=1, returncode=code
    )
    handlers = [one.event_handler for one in actions if isinstance(one, RegisterEventHandler)]
    started = [one.handle(event, context) for one in handlers if one.matches(event)]
    assert started, f'nobody cares about the end of {executable}'
    return [action for some in started for one in some for action in actions_of(one, context)]
