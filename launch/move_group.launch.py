# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start move_group for the IRB2400 of this package, for moveit.launch.py or beside a cell."""

from __future__ import annotations

from pathlib import Path

import yaml
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from neural_ik_ros.errors import ProcessError
from neural_ik_ros.ros.launching import BOOLEAN, apt_install, missing
from neural_ik_ros.urdf_file import read_urdf

SHARE = FindPackageShare('neural_ik_ros')
PACKAGES = ('moveit_ros_move_group', 'moveit_planners_ompl', 'moveit_simple_controller_manager')
SOLVERS = {'kdl': 'kinematics_kdl.yaml', 'service': 'kinematics.yaml'}


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=BOOLEAN,
            description='Take the time from /clock.',
        ),
        DeclareLaunchArgument(
            'solver',
            default_value='kdl',
            choices=list(SOLVERS),
            description='Inverse kinematics of move_group: its own, or the service solve_ik, '
            'with which move_group of Jazzy as released hangs (docs/moveit.md).',
        ),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start_move_group)])


def start_move_group(context: LaunchContext) -> list[Action]:
    """Return move_group, or end launch with a reason where it is not installed."""
    lacking = missing(PACKAGES)
    if lacking:
        problem = f'cannot be started without {", ".join(lacking)}'
        raise ProcessError('move_group', problem, apt_install(lacking))
    share = Path(SHARE.perform(context))
    moveit = share / 'config' / 'moveit'
    solver = SOLVERS[LaunchConfiguration('solver').perform(context)]
    kinematics = yaml.safe_load((moveit / solver).read_text(encoding='utf-8'))
    semantics = (moveit / 'irb2400.srdf').read_text(encoding='utf-8')
    move_group = Node(
        package='moveit_ros_move_group',
        executable='move_group',
        parameters=[
            PathJoinSubstitution([SHARE, 'config', 'moveit', 'move_group.yaml']),
            {
                'robot_description': read_urdf(share / 'urdf' / 'irb2400.urdf'),
                'robot_description_semantic': semantics,
                'robot_description_kinematics': kinematics,
                'use_sim_time': LaunchConfiguration('use_sim_time'),
            },
        ],
        output='screen',
    )
    return [move_group]
