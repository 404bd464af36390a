# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node with its service solve_ik, and move_group if it is asked for."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import PushROSNamespace, SetParameter

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.ros import launching

FILES = {'move_group': 'move_group.launch.py', 'rviz': 'moveit_rviz.launch.py'}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and what they ask for."""
    arguments = [
        *launching.arguments(*launching.COMMON, 'autostart'),
        DeclareLaunchArgument(
            'ik_group',
            default_value='',
            description='Planning group that solve_ik answers for; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'moveit_config',
            default_value='',
            description='Package that the MoveIt Setup Assistant has made; empty: no MoveIt.',
        ),
        launching.switch('move_group', 'Start move_group of moveit_config.', is_on=True),
        launching.switch('rviz', 'Start RViz of moveit_config.'),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    group = launching.value(context, 'ik_group')
    node = launching.neural_ik(context, **({'ik_group': group} if group else {}))
    return [node, *_moveit(context)]


def _moveit(context: LaunchContext) -> list[Action]:
    """Return what is to be started of a generated configuration, in the same namespace."""
    package = launching.value(context, 'moveit_config')
    files = [file for switch, file in FILES.items() if launching.is_on(context, switch)]
    if not package or not files:
        return []
    return [
        GroupAction(
            [
                PushROSNamespace(LaunchConfiguration('namespace')),
                SetParameter('use_sim_time', LaunchConfiguration('use_sim_time')),
                *(IncludeLaunchDescription(_path(package, file)) for file in files),
            ]
        )
    ]


def _path(package: str, file: str) -> str:
    try:
        path = Path(get_package_share_directory(package)) / 'launch' / file
    except (PackageNotFoundError, ValueError) as error:  # not there, or no name of a package
        raise NeuralIkError(
            f'moveit_config: there is no package {package!r}. Build it and source its workspace, '
            'or leave the argument empty.'
        ) from error
    if not path.is_file():
        raise NeuralIkError(
            f'moveit_config: {package} has no launch/{file}. Give a package that the MoveIt Setup '
            'Assistant has made, or switch this part off.'
        )
    return str(path)
