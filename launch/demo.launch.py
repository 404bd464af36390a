# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node with a simulated arm and a source of target poses."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration, OrSubstitution, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from neural_ik_ros.ros.launching import BOOLEAN, apt_advice, missing, robot_state_publisher

SHARE = FindPackageShare('neural_ik_ros')
XACRO_FILE = PathJoinSubstitution([SHARE, 'urdf', 'irb2400.urdf.xacro'])


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'simulated_arm_params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', 'simulated_arm.yaml']),
            description='Parameters of the simulated arm: its initial joint angles, its rate.',
        ),
        DeclareLaunchArgument(
            'target_source_params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', 'target_source.yaml']),
            description='Parameters of the target source: which path, how large, how fast.',
        ),
        DeclareLaunchArgument(
            'robot_state_publisher',
            default_value='false',
            choices=BOOLEAN,
            description='Publish robot_description and TF (needs robot_state_publisher, xacro).',
        ),
        DeclareLaunchArgument(
            'rviz',
            default_value='false',
            choices=BOOLEAN,
            description='Show the arm in RViz (needs rviz2); implies robot_state_publisher, view.',
        ),
        DeclareLaunchArgument(
            'view',
            default_value='false',
            choices=BOOLEAN,
            description='Publish paths and markers for RViz and Foxglove (path_markers).',
        ),
        DeclareLaunchArgument(
            'path_markers_params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', 'path_markers.yaml']),
            description='Parameters of path_markers: how often, how long a path.',
        ),
    ]
    # Declares the other arguments: namespace, prefix, params_file, use_sim_time ...
    neural_ik = IncludeLaunchDescription(
        PathJoinSubstitution([SHARE, 'launch', 'neural_ik.launch.py'])
    )
    end_with_first = RegisterEventHandler(
        OnProcessExit(on_exit=end_demo), condition=UnlessCondition(LaunchConfiguration('respawn'))
    )
    others = OpaqueFunction(function=launch_setup)
    return LaunchDescription([*arguments, neural_ik, end_with_first, others])


def end_demo(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """End all processes once one has ended."""
    if context.is_shutdown:
        return []
    reason = f'{event.process_name} has ended with exit code {event.returncode}'
    return [LogInfo(msg=f'{reason}: ending the demo'), Shutdown(reason=reason)]


def launch_setup(context: LaunchContext) -> list[Action]:
    given = context.launch_configurations
    wants_rviz = given['rviz'] == 'true'
    wants_display = wants_rviz or given['robot_state_publisher'] == 'true'
    packages = ['robot_state_publisher', 'xacro', *(['rviz2'] if wants_rviz else [])]
    lacking = missing(packages) if wants_display else []
    has_display = wants_display and not lacking
    return [
        *simulation(given['prefix'], publish_robot_description=not has_display),
        *([apt_advice('view', lacking)] if lacking else []),
        *([robot_state_publisher(XACRO_FILE)] if has_display else []),
        *([rviz()] if has_display and wants_rviz else []),
    ]


def simulation(prefix: str, *, publish_robot_description: bool) -> list[Node]:
    """Return the nodes of this package; an empty prefix does not override their files."""
    options = {
        'package': 'neural_ik_ros',
        'namespace': LaunchConfiguration('namespace'),
        'ros_arguments': ['--log-level', LaunchConfiguration('log_level')],
        'respawn': LaunchConfiguration('respawn'),
        'respawn_delay': 2.0,
        'output': 'screen',
    }
    common = {
        'use_sim_time': LaunchConfiguration('use_sim_time'),
        **({'prefix': prefix} if prefix else {}),
    }
    simulated_arm = Node(
        executable='simulated_arm',
        name='simulated_arm',
        parameters=[
            LaunchConfiguration('simulated_arm_params_file'),
            {**common, 'publish_robot_description': publish_robot_description},
        ],
        **options,
    )
    target_source = Node(
        executable='target_source',
        name='target_source',
        parameters=[LaunchConfiguration('target_source_params_file'), common],
        remappings=[('target_pose', 'neural_ik/target_pose')],
        **options,
    )
    path_markers = Node(
        executable='path_markers',
        name='path_markers',
        parameters=[LaunchConfiguration('path_markers_params_file'), common],
        condition=IfCondition(
            OrSubstitution(LaunchConfiguration('view'), LaunchConfiguration('rviz'))
        ),
        **options,
    )
    return [simulated_arm, target_source, path_markers]


def rviz() -> Node:
    fixed_frame = [LaunchConfiguration('prefix'), 'base_link']
    config = PathJoinSubstitution([SHARE, 'config', 'demo.rviz'])
    return Node(
        package='rviz2',
        executable='rviz2',
        namespace=LaunchConfiguration('namespace'),
        arguments=['-d', config, '-f', fixed_frame],
        parameters=[{'use_sim_time': LaunchConfiguration('use_sim_time')}],
        output='log',
    )
