# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start ros2_control with joint_trajectory_controller and then, on top, the neural_ik node."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile
from launch_ros.substitutions import FindPackageShare

from neural_ik_ros.errors import ProcessError
from neural_ik_ros.ros.launching import (
    apt_install,
    missing,
    node_arguments,
    on_success,
    robot_state_publisher,
)

SHARE = FindPackageShare('neural_ik_ros')
ROS2_CONTROL = PathJoinSubstitution([SHARE, 'config', 'ros2_control'])
CONTROLLERS = ('joint_state_broadcaster', 'joint_trajectory_controller')
PACKAGES = ('controller_manager', *CONTROLLERS, 'robot_state_publisher', 'xacro')
MANAGER_TIMEOUT_S = '60'  # hardware may take its time to connect; by default there is no end


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'description_file',
            default_value=PathJoinSubstitution([ROS2_CONTROL, 'irb2400_mock.urdf.xacro']),
            description='Description of the cell with its ros2_control tag; xacro, takes prefix.',
        ),
        DeclareLaunchArgument(
            'controllers_file',
            default_value=PathJoinSubstitution([ROS2_CONTROL, 'controllers.yaml']),
            description='Parameters of the controller manager and of its controllers.',
        ),
        DeclareLaunchArgument(
            'starts_node',
            default_value='true',
            choices=['true', 'false'],
            description='Start the neural_ik node, too.',
        ),
    ]
    return LaunchDescription(
        [
            *node_arguments(),
            *arguments,
            OpaqueFunction(function=check_packages),
            robot_state_publisher(LaunchConfiguration('description_file')),
            *controllers(),
        ]
    )


def check_packages(_context: LaunchContext) -> None:
    """End launch with a reason where there is no ros2_control."""
    lacking = missing(PACKAGES)
    if lacking:
        problem = f'cannot be started without {", ".join(lacking)}'
        raise ProcessError('cell', problem, apt_install(lacking))


def controllers() -> list[Node | RegisterEventHandler]:
    """
    Return ros2_control; the neural_ik node follows once the controllers are active.

    Launch ends with the controller manager, and if the controllers cannot be activated.
    """
    options = {
        'package': 'controller_manager',
        'namespace': LaunchConfiguration('namespace'),
        'ros_arguments': ['--log-level', LaunchConfiguration('log_level')],
        'output': 'screen',
    }
    manager = Node(
        executable='ros2_control_node',
        parameters=[
            ParameterFile(LaunchConfiguration('controllers_file'), allow_substs=True),
            {'use_sim_time': LaunchConfiguration('use_sim_time')},
        ],
        **options,
    )
    spawner = Node(
        executable='spawner',
        arguments=[*CONTROLLERS, '--controller-manager-timeout', MANAGER_TIMEOUT_S],
        **options,
    )
    neural_ik = IncludeLaunchDescription(
        PathJoinSubstitution([SHARE, 'launch', 'neural_ik.launch.py']),
        condition=IfCondition(LaunchConfiguration('starts_node')),
    )
    end = Shutdown(reason='the controller manager has ended')
    return [
        manager,
        on_success(manager, [end], 'ros2_control_node'),
        spawner,
        on_success(spawner, [neural_ik], 'spawner'),
    ]
