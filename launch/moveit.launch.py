# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node for its service solve_ik and, if asked for, move_group and RViz."""

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
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import PushROSNamespace, SetParameter
from launch_ros.substitutions import FindPackageShare

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.ros.launching import BOOLEAN

MOVEIT_FILES = {'move_group': 'move_group.launch.py', 'rviz': 'moveit_rviz.launch.py'}


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'moveit_config',
            default_value='',
            description='Package made by the MoveIt Setup Assistant, or neural_ik_ros for its '
            'IRB2400; empty: no MoveIt.',
        ),
        DeclareLaunchArgument(
            'move_group',
            default_value='true',
            choices=BOOLEAN,
            description='Start move_group of moveit_config.',
        ),
        DeclareLaunchArgument(
            'rviz',
            default_value='false',
            choices=BOOLEAN,
            description='Start RViz of moveit_config.',
        ),
    ]
    # Declares the other arguments: namespace, prefix, params_file, ik_group ...
    neural_ik = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('neural_ik_ros'), 'launch', 'neural_ik.launch.py'])
    )
    return LaunchDescription([*arguments, neural_ik, OpaqueFunction(function=start_moveit)])


def start_moveit(context: LaunchContext) -> list[Action]:
    """Return the chosen launch files of moveit_config, in the namespace of the node."""
    given = context.launch_configurations
    files = [file for switch, file in MOVEIT_FILES.items() if given[switch] == 'true']
    if not given['moveit_config'] or not files:
        return []
    paths = [moveit_file(given['moveit_config'], file) for file in files]
    moveit = GroupAction(
        [
            PushROSNamespace(LaunchConfiguration('namespace')),
            SetParameter('use_sim_time', LaunchConfiguration('use_sim_time')),
            *(IncludeLaunchDescription(path) for path in paths),
        ]
    )
    return [moveit]


def moveit_file(package: str, file: str) -> str:
    """Return the path of a launch file of moveit_config, or say what is wrong with the package."""
    try:
        path = Path(get_package_share_directory(package)) / 'launch' / file
    except (PackageNotFoundError, ValueError) as error:  # ValueError: not even a package name
        problem = f'there is no package {package!r}'
        remedy = 'build it and source its workspace, or leave the argument empty'
        raise ConfigError('moveit_config', problem, remedy) from error
    if not path.is_file():
        problem = f'{package} has no launch/{file}'
        remedy = 'give a package made by the MoveIt Setup Assistant, or switch this part off'
        raise ConfigError('moveit_config', problem, remedy)
    return str(path)
