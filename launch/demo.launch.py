# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node with a simulated arm and a source of target poses."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import OpaqueFunction
from launch.substitutions import Command, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from neural_ik_ros.ros import launching

VIEW_PACKAGES = {
    'robot_state_publisher': ('robot_state_publisher', 'xacro'),
    'rviz': ('robot_state_publisher', 'xacro', 'rviz2'),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and what they ask for."""
    arguments = [
        *launching.arguments(*launching.COMMON, 'autostart'),
        *launching.arguments('simulated_arm_params_file', 'target_source_params_file'),
        launching.switch(
            'robot_state_publisher',
            'Publish robot_description and TF (needs robot_state_publisher, xacro).',
        ),
        launching.switch(
            'rviz', 'Show the arm in RViz (needs rviz2); implies robot_state_publisher, view.'
        ),
        *launching.arguments('view', 'neural_ik_view_params_file'),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    """Return everything that runs, with a view where it is asked for and installed."""
    view = [name for name in VIEW_PACKAGES if launching.is_on(context, name)]
    has_paths = launching.is_on(context, 'view') or launching.is_on(context, 'rviz')
    missing = launching.missing(package for name in view for package in VIEW_PACKAGES[name])
    has_view = bool(view) and not missing
    node = launching.node
    return [
        *launching.end_together(context, 'the demo'),
        launching.neural_ik(context),
        node(context, 'simulated_arm', publish_robot_description=not has_view),
        node(context, 'target_source', remappings=[('target_pose', 'neural_ik/target_pose')]),
        *([node(context, 'path_markers')] if has_paths else []),
        *([launching.advice('view', missing)] if missing else []),
        *([_robot_state_publisher()] if has_view else []),
        *([_rviz()] if has_view and 'rviz' in view else []),
    ]


def _robot_state_publisher() -> Node:
    file = launching.share('urdf', 'irb2400.urdf.xacro')
    urdf = Command(['xacro ', file, ' prefix:=', LaunchConfiguration('prefix')])
    return Node(
        package='robot_state_publisher',
        executable='robot_state_publisher',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            {
                'robot_description': ParameterValue(urdf, value_type=str),
                'use_sim_time': LaunchConfiguration('use_sim_time'),
            }
        ],
        output='screen',
    )


def _rviz() -> Node:
    fixed_frame = [LaunchConfiguration('prefix'), 'base_link']
    return Node(
        package='rviz2',
        executable='rviz2',
        namespace=LaunchConfiguration('namespace'),
        arguments=['-d', launching.share('config', 'demo.rviz'), '-f', fixed_frame],
        parameters=[{'use_sim_time': LaunchConfiguration('use_sim_time')}],
        output='log',
    )
