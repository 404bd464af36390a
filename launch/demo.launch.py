# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node with a simulated arm and a source of target poses."""

from __future__ import annotations

from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription, Substitution
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'neural_ik_ros'
VIEW_PACKAGES = {
    'robot_state_publisher': ('robot_state_publisher', 'xacro'),
    'rviz': ('robot_state_publisher', 'xacro', 'rviz2'),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and what they ask for."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_start)])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
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
            default_value=_share('config', 'neural_ik.yaml'),
            description='Parameters of the neural_ik node.',
        ),
        DeclareLaunchArgument(
            'simulated_arm_params_file',
            default_value=_share('config', 'simulated_arm.yaml'),
            description='Parameters of the simulated arm: its first joint angles, its rate.',
        ),
        DeclareLaunchArgument(
            'target_source_params_file',
            default_value=_share('config', 'target_source.yaml'),
            description='Parameters of the target source: which path, how large, how fast.',
        ),
        DeclareLaunchArgument(
            'neural_ik_view_params_file',
            default_value=_share('config', 'neural_ik_view.yaml'),
            description='Parameters of neural_ik_view: how often, how long a path.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=['true', 'false'],
            description='Take the time from /clock, in all nodes.',
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
            description='Whether the neural_ik node configures and activates itself.',
        ),
        DeclareLaunchArgument(
            'robot_state_publisher',
            default_value='false',
            choices=['true', 'false'],
            description='Publish robot_description and TF (needs robot_state_publisher, xacro).',
        ),
        DeclareLaunchArgument(
            'rviz',
            default_value='false',
            choices=['true', 'false'],
            description='Show the arm in RViz (needs rviz2); implies robot_state_publisher, view.',
        ),
        DeclareLaunchArgument(
            'view',
            default_value='false',
            choices=['true', 'false'],
            description='Publish paths and markers for RViz and Foxglove (neural_ik_view).',
        ),
    ]


def _start(context: LaunchContext) -> list[Action]:
    """Return everything that runs, with a view where it is asked for and installed."""
    view = [name for name in VIEW_PACKAGES if _value(context, name) == 'true']
    has_paths = 'true' in (_value(context, 'view'), _value(context, 'rviz'))
    missing = [
        package
        for package in sorted({package for name in view for package in VIEW_PACKAGES[name]})
        if not _is_installed(package)
    ]
    has_view = bool(view) and not missing
    return [
        RegisterEventHandler(OnProcessExit(on_exit=_end)),
        _neural_ik(),
        _node(context, 'simulated_arm', {'publish_robot_description': not has_view}),
        _node(context, 'target_source', remappings=[('target_pose', 'neural_ik/target_pose')]),
        *([_node(context, 'neural_ik_view')] if has_paths else []),
        *([_advice(missing)] if missing else []),
        *([_robot_state_publisher()] if has_view else []),
        *([_rviz()] if has_view and 'rviz' in view else []),
    ]


def _value(context: LaunchContext, argument: str) -> str:
    value: str = LaunchConfiguration(argument).perform(context)
    return value


def _share(*path: str) -> Substitution:
    return PathJoinSubstitution([FindPackageShare(PACKAGE), *path])


def _neural_ik() -> IncludeLaunchDescription:
    names = ('namespace', 'prefix', 'params_file', 'use_sim_time', 'log_level', 'autostart')
    forwarded = [(name, LaunchConfiguration(name)) for name in names]
    return IncludeLaunchDescription(
        _share('launch', 'neural_ik.launch.py'),
        launch_arguments=[*forwarded, ('respawn', 'false')],
    )


def _node(
    context: LaunchContext,
    executable: str,
    parameters: dict[str, Any] | None = None,
    remappings: list[tuple[str, str]] | None = None,
) -> Node:
    prefix = _value(context, 'prefix')
    shared = {
        'use_sim_time': LaunchConfiguration('use_sim_time'),
        **({'prefix': prefix} if prefix else {}),
    }
    return Node(
        package=PACKAGE,
        executable=executable,
        name=executable,
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration(f'{executable}_params_file'), shared, parameters or {}],
        remappings=remappings,
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
    )


def _end(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """Return what ends the demo once one of its processes has ended."""
    if context.is_shutdown:
        return []
    reason = f'{event.process_name} has ended with exit code {event.returncode}'
    return [LogInfo(msg=f'{reason}: ending the demo'), Shutdown(reason=reason)]


def _is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def _advice(missing: list[str]) -> LogInfo:
    names = ' '.join(f'ros-$ROS_DISTRO-{name.replace("_", "-")}' for name in missing)
    return LogInfo(msg=f'no view without {", ".join(missing)}: sudo apt install {names}')


def _robot_state_publisher() -> Node:
    file = _share('urdf', 'irb2400.urdf.xacro')
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
        arguments=['-d', _share('config', 'demo.rviz'), '-f', fixed_frame],
        parameters=[{'use_sim_time': LaunchConfiguration('use_sim_time')}],
        output='log',
    )
