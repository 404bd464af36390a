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

BOOLEAN = ['true', 'false']


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of all nodes and topics.'
        ),
        DeclareLaunchArgument(
            'prefix',
            default_value='',
            description='Prefix of joint and frame names, e.g. left_; empty: as in the files.',
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=PathJoinSubstitution(
                [FindPackageShare('neural_ik_ros'), 'config', 'neural_ik.yaml']
            ),
            description='Parameters of the neural_ik node.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=BOOLEAN,
            description='Take the time from /clock, in all nodes.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='Lowest severity that is logged.',
        ),
        DeclareLaunchArgument(
            'respawn',
            default_value='false',
            choices=BOOLEAN,
            description='Restart a node when its process ends.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=BOOLEAN,
            description='Configure and activate the neural_ik node when it starts; after that, '
            'its state is yours (ros2 lifecycle).',
        ),
        DeclareLaunchArgument(
            'checks_following',
            default_value='true',
            choices=BOOLEAN,
            description='End the motion of an arm that does not follow; '
            'false for joint states from a bag.',
        ),
        DeclareLaunchArgument(
            'ik_group',
            default_value='',
            description='Planning group that solve_ik serves; empty: as in params_file.',
        ),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=launch_setup)])


def launch_setup(context: LaunchContext) -> list[Action]:
    # What is empty must not override params_file, which no substitution can express.
    given = context.launch_configurations
    overrides: dict[str, str | float] = {
        name: given[name] for name in ('prefix', 'ik_group') if given[name]
    }
    if given['checks_following'] == 'false':
        overrides['max_following_error_rad'] = 0.0
    neural_ik = LifecycleNode(
        package='neural_ik_ros',
        executable='neural_ik_node',
        name='neural_ik',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            LaunchConfiguration('params_file'),
            {
                'use_sim_time': LaunchConfiguration('use_sim_time'),
                'autostart': LaunchConfiguration('autostart'),
                **overrides,
            },
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'),
        respawn_delay=2.0,
        output='screen',
    )
    return [neural_ik]
