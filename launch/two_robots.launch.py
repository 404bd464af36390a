# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start two robots side by side, each with its own node, simulated arm and targets."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, GroupAction, OpaqueFunction

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.ros import launching

SHARED = (
    *('params_file', 'simulated_arm_params_file', 'target_source_params_file'),
    *('neural_ik_view_params_file', 'use_sim_time', 'log_level', 'respawn', 'autostart', 'view'),
)
ROBOTS = {'first': 'left', 'second': 'right'}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the two robots."""
    names = [
        DeclareLaunchArgument(
            argument,
            default_value=robot,
            description=f'Name of the {argument} robot: its namespace and, with _, its prefix.',
        )
        for argument, robot in ROBOTS.items()
    ]
    shared = launching.arguments(
        'namespace', 'prefix', *SHARED, target_source_params_file='two_robots.yaml'
    )
    return LaunchDescription([*names, *shared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    names = [launching.value(context, argument) for argument in ROBOTS]
    if len(set(names)) < len(names):
        raise NeuralIkError(f'two names are needed, not {names}: set {" and ".join(ROBOTS)}.')
    return [_robot(context, name) for name in names]


def _robot(context: LaunchContext, name: str) -> GroupAction:
    """Return the demo of one robot; nothing of it reaches the other."""
    around, prefix = (launching.value(context, argument) for argument in ('namespace', 'prefix'))
    namespace = '/'.join(part for part in (around.rstrip('/'), name) if part)
    demo = launching.include(
        'demo.launch.py', SHARED, namespace=namespace, prefix=f'{prefix}{name}_'
    )
    return GroupAction([demo])
