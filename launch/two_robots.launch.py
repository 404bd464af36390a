# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start two robots side by side, each with its own node, simulated arm and targets."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

from neural_ik_ros.errors import ConfigError

SHARE = FindPackageShare('neural_ik_ros')


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'first',
            default_value='left',
            description='Name of the first robot: its namespace and, with _, its prefix.',
        ),
        DeclareLaunchArgument(
            'second',
            default_value='right',
            description='Name of the second robot: its namespace and, with _, its prefix.',
        ),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace around those of the robots.'
        ),
        DeclareLaunchArgument(
            'prefix', default_value='', description='Put before the prefixes of the robots.'
        ),
        DeclareLaunchArgument(
            'target_source_params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', 'two_robots.yaml']),
            description='Parameters of the target sources: which path, how large, how fast.',
        ),
    ]
    return LaunchDescription(
        [*arguments, OpaqueFunction(function=check_names), robot('first'), robot('second')]
    )


def check_names(context: LaunchContext) -> None:
    names = [context.launch_configurations[argument] for argument in ('first', 'second')]
    if names[0] == names[1]:
        raise ConfigError('robots', f'two names are needed, not {names}', 'set first and second')


def robot(name_argument: str) -> GroupAction:
    """Return the demo of one robot, which takes all other arguments as they are given."""
    name = LaunchConfiguration(name_argument)
    demo = IncludeLaunchDescription(
        PathJoinSubstitution([SHARE, 'launch', 'demo.launch.py']),
        launch_arguments={
            'namespace': PathJoinSubstitution([LaunchConfiguration('namespace'), name]),
            'prefix': [LaunchConfiguration('prefix'), name, '_'],
        }.items(),
    )
    return GroupAction([demo])  # a scope: nothing of one robot reaches the other
