# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the neural_ik node."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import OpaqueFunction

from neural_ik_ros.ros import launching


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the node they describe."""
    arguments = launching.arguments(*launching.COMMON, 'autostart')
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    return [launching.neural_ik(context)]
