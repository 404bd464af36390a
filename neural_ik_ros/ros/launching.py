# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files share: their arguments, and nodes started with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, Substitution
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

from ..errors import NeuralIkError
from ..share import PACKAGE_NAME

RESPAWN_DELAY_S = 2.0
LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal']
# What every launch file of this package takes, in this order.
COMMON = ('namespace', 'prefix', 'params_file', 'use_sim_time', 'log_level', 'respawn')
TEXTS = {
    'namespace': ('', 'Namespace of all nodes and topics.'),
    'prefix': ('', 'Prefix of joint and frame names, e.g. left_; empty: as in the files.'),
}
FILES = {
    'params_file': ('neural_ik.yaml', 'Parameters of the neural_ik node.'),
    'simulated_arm_params_file': (
        'simulated_arm.yaml',
        'Parameters of the simulated arm: its first joint angles, its rate.',
    ),
    'target_source_params_file': (
        'target_source.yaml',
        'Parameters of the target source: which path, how large, how fast.',
    ),
    'neural_ik_view_params_file': (
        'path_markers.yaml',
        'Parameters of path_markers: how often, how long a path.',
    ),
}
SWITCHES = {
    'use_sim_time': (False, 'Take the time from /clock, in all nodes.'),
    'autostart': (
        True,
        'Whether the neural_ik node configures and activates itself when it starts; '
        'afterwards its state is yours (ros2 lifecycle).',
    ),
    'respawn': (False, 'Start a node again when its process ends.'),
    'view': (False, 'Publish paths and markers for RViz and Foxglove (path_markers).'),
}


def arguments(*names: str, **defaults: str) -> list[DeclareLaunchArgument]:
    """
    Return arguments that several launch files have.

    :param names: Of ``TEXTS``, ``FILES``, ``SWITCHES``, and ``log_level``.
    :param defaults: Of these, where they differ; a file is one of ``config/``.
    """
    return [_argument(name, defaults.get(name)) for name in names]


def _argument(name: str, default: str | None) -> DeclareLaunchArgument:
    if name in TEXTS:
        usual, description = TEXTS[name]
        value = usual if default is None else default
        return DeclareLaunchArgument(name, default_value=value, description=description)
    if name in FILES:
        file, description = FILES[name]
        path = share('config', file if default is None else default)
        return DeclareLaunchArgument(name, default_value=path, description=description)
    if name in SWITCHES:
        is_on, description = SWITCHES[name]
        return switch(name, description, is_on=is_on if default is None else default == 'true')
    description = 'Least severity that is logged.'
    return choice('log_level', description, LOG_LEVELS, default=default or 'info')


def switch(name: str, description: str, *, is_on: bool = False) -> DeclareLaunchArgument:
    """Return an argument that is true or false."""
    default = 'true' if is_on else 'false'
    return choice(name, description, ['true', 'false'], default=default)


def choice(
    name: str, description: str, choices: list[str], *, default: str
) -> DeclareLaunchArgument:
    """Return an argument with so many values."""
    return DeclareLaunchArgument(
        name, default_value=default, choices=choices, description=description
    )


def value(context: LaunchContext, argument: str) -> str:
    """Return what an argument is set to."""
    text: str = LaunchConfiguration(argument).perform(context)
    return text


def is_on(context: LaunchContext, argument: str) -> bool:
    """Return whether a switch is set."""
    return value(context, argument) == 'true'


def share(*path: str) -> Substitution:
    """Return the path of a file of this package."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE_NAME), *path])


def neural_ik(context: LaunchContext, **parameters: Any) -> LifecycleNode:
    """Return the node ``neural_ik`` as the arguments want it; ``autostart`` is one of them."""
    autostart = {'autostart': LaunchConfiguration('autostart')}
    return LifecycleNode(
        executable='neural_ik_node',
        name='neural_ik',
        **_options(context, 'params_file', {**autostart, **parameters}),
    )


def node(
    context: LaunchContext,
    executable: str,
    *,
    remappings: Iterable[tuple[str, str]] = (),
    ends: bool = False,
    **parameters: Any,
) -> Node:
    """
    Return another node of this package, with ``<executable>_params_file`` if there is one.

    :param ends: Whether it ends by itself when it has done its work; then it never starts again.
    """
    options = _options(context, f'{executable}_params_file', parameters)
    return Node(
        executable=executable,
        name=executable,
        remappings=list(remappings),
        **{**options, **({'respawn': False} if ends else {})},
    )


def _options(
    context: LaunchContext, params_file: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    prefix, has_file = value(context, 'prefix'), params_file in FILES
    shared = {
        'use_sim_time': LaunchConfiguration('use_sim_time'),
        **({'prefix': prefix} if prefix else {}),
    }
    return {
        'package': PACKAGE_NAME,
        'namespace': LaunchConfiguration('namespace'),
        'parameters': [
            *([LaunchConfiguration(params_file)] if has_file else []),
            {**shared, **parameters},
        ],
        'ros_arguments': ['--log-level', LaunchConfiguration('log_level')],
        'respawn': LaunchConfiguration('respawn'),
        'respawn_delay': RESPAWN_DELAY_S,
        'output': 'screen',
    }


def command(*words: Any) -> ExecuteProcess:
    """Return ``neural_ik`` with arguments, as a process."""
    executable = ExecutableInPackage(executable='neural_ik', package=PACKAGE_NAME)
    return ExecuteProcess(cmd=[executable, *words], output='screen')


def then(process: ExecuteProcess, next_actions: list[Action], what: str) -> RegisterEventHandler:
    """
    Return the handler that goes on when a process has ended well.

    Otherwise launch ends with exit code 1.

    :param what: The process has done, for the reason.
    """

    def go_on(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        if event.returncode != 0:
            raise NeuralIkError(f'{what} failed with exit code {event.returncode}; see above.')
        return next_actions

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=go_on))


def include(file: str, names: Iterable[str], **changes: Any) -> IncludeLaunchDescription:
    """Return another launch file of this package with arguments of this one, some changed."""
    forwarded = {name: LaunchConfiguration(name) for name in names}
    return IncludeLaunchDescription(
        share('launch', file), launch_arguments=list({**forwarded, **changes}.items())
    )


def end_together(context: LaunchContext, what: str) -> list[Action]:
    """Return what ends everything once one process has ended, unless that is to start again."""
    if is_on(context, 'respawn'):
        return []

    def end(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        reason = f'{event.process_name} has ended with exit code {event.returncode}'
        return [LogInfo(msg=f'{reason}: ending {what}'), Shutdown(reason=reason)]

    return [RegisterEventHandler(OnProcessExit(on_exit=end))]


def missing(packages: Iterable[str]) -> list[str]:
    """Return which ROS packages are not installed."""
    return sorted({package for package in packages if not _is_installed(package)})


def advice(what: str, packages: list[str]) -> LogInfo:
    """Return the one line about what is missing for something."""
    names = ' '.join(f'ros-$ROS_DISTRO-{name.replace("_", "-")}' for name in packages)
    return LogInfo(msg=f'no {what} without {", ".join(packages)}: sudo apt install {names}')


def _is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True
