# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode

from neural_ik_ros.ros.launching import node_arguments


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*node_arguments(), OpaqueFunction(function=launch_setup)])


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
