# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Helpers of the launch files: missing packages, and exit codes that must not pass unnoticed."""

from __future__ import annotations

from collections.abc import Iterable

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext
from launch.action import Action
from launch.actions import ExecuteProcess, LogInfo, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited

from ..errors import ProcessError


def missing(packages: Iterable[str]) -> list[str]:
    """Return the ROS packages that are not installed, sorted."""
    return sorted({package for package in packages if not _is_installed(package)})


def apt_advice(feature: str, packages: list[str]) -> LogInfo:
    """Return an action that logs how to install the packages that a feature lacks."""
    names = ' '.join(f'ros-$ROS_DISTRO-{name.replace("_", "-")}' for name in packages)
    return LogInfo(msg=f'no {feature} without {", ".join(packages)}: sudo apt install {names}')


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
