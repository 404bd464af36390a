# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the node they describe."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_start)])


def _arguments() -> list[DeclareLaunchArgument]:
    default_params = PathJoinSubstitution(
        [FindPackageShare('neural_ik_ros'), 'config', 'neural_ik.yaml']
    )
    return [
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node and its topics.'
        ),
        DeclareLaunchArgument(
            'prefix',
            default_value='',
            description='Prefix of joint and frame names, e.g. left_; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'params_file', default_value=default_params, description='Parameters of the node.'
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=['true', 'false'],
            description='Take the time from /clock.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='Least severity that is logged.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=['true', 'false'],
            description='Whether the node configures and activates itself when it starts; '
            'afterwards its state is yours (ros2 lifecycle).',
        ),
        DeclareLaunchArgument(
            'respawn',
            default_value='false',
            choices=['true', 'false'],
            description='Start the node again when its process ends.',
        ),
    ]


def _start(context: LaunchContext) -> list[Action]:
    prefix = LaunchConfiguration('prefix').perform(context)
    node = LifecycleNode(
        package='neural_ik_ros',
        executable='neural_ik_node',
        name='neural_ik',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            LaunchConfiguration('params_file'),
            {
                'autostart': LaunchConfiguration('autostart'),
                'use_sim_time': LaunchConfiguration('use_sim_time'),
                **({'prefix': prefix} if prefix else {}),
            },
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'),
        respawn_delay=2.0,
        output='screen',
    )
    return [node]
