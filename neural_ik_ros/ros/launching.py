# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What launch files share: arguments, missing packages, exit codes that must not go unnoticed."""

from __future__ import annotations

from collections.abc import Iterable

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    LogInfo,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from ..errors import ProcessError

BOOLEAN = ['true', 'false']


def node_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments of every launch file that starts the neural_ik node."""
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


def robot_state_publisher(xacro_file: SomeSubstitutionsType) -> Node:
    """Return the node that publishes a description, given the arguments namespace and prefix."""
    urdf = Command(['xacro "', xacro_file, '" prefix:=', LaunchConfiguration('prefix')])
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


def missing(packages: Iterable[str]) -> list[str]:
    """Return the ROS packages that are not installed, sorted."""
    return sorted({package for package in packages if not _is_installed(package)})


def apt_install(packages: Iterable[str]) -> str:
    """Return the command that installs ROS packages."""
    names = (f'ros-$ROS_DISTRO-{package.replace("_", "-")}' for package in packages)
    return f'sudo apt install {" ".join(names)}'


def apt_advice(feature: str, packages: list[str]) -> LogInfo:
    """Return an action that logs how to install the packages that a feature lacks."""
    return LogInfo(msg=f'no {feature} without {", ".join(packages)}: {apt_install(packages)}')


def on_success(process: ExecuteProcess, actions: list[Action], name: str) -> RegisterEventHandler:
    """
    Return a handler that runs actions once a process has exited with code 0.

    With any other code, launch ends with exit code 1.

    :param name: Of the process, for the error message.
    """

    def on_exit(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        if event.returncode != 0:
            raise ProcessError(name, f'failed with exit code {event.returncode}', 'see above')
        return actions

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit))


def _is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True
