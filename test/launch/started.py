# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""For tests that start launch files: they need launch_testing and this package installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kernels import compile_kernels

try:
    import launch_testing
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix
    from launch import LaunchDescription
    from launch.actions import IncludeLaunchDescription, SetLaunchConfiguration
    from launch.launch_description_sources import PythonLaunchDescriptionSource
    from launch_ros.substitutions import FindPackageShare
    from launch_testing.actions import ReadyToTest
except ImportError:
    launch_testing = None

PACKAGE = 'neural_ik_ros'
ROS2 = shutil.which('ros2')
BAGS = Path(__file__).resolve().parents[1] / 'plain' / 'replay' / 'bags'
REFERENCE = {'bag': str(BAGS / 'reference'), 'params_file': str(BAGS / 'reference.yaml')}
WAIT_S = 60.0  # machines are shared


def why_not() -> str:
    """Return why launch files cannot be started here, empty if they can."""
    if launch_testing is None:
        return 'launch_testing or launch_ros is not installed'
    try:
        prefix = Path(get_package_prefix(PACKAGE))
    except (PackageNotFoundError, OSError):
        return f'{PACKAGE} is not built with colcon and sourced'
    scripts = prefix / 'lib' / PACKAGE
    return '' if scripts.is_dir() else f'{scripts} is missing: not built with colcon'


def why_no_ros2() -> str:
    """Return why ``ros2 launch`` cannot start them here, empty if it can."""
    return why_not() or ('' if ROS2 else 'ros2 is not installed')


def description(file: str, **arguments: str) -> LaunchDescription:
    """Return a launch file of the installed package, to be tested as soon as it is started."""
    path = [FindPackageShare(PACKAGE), f'/launch/{file}']
    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items())
    )
    patience = SetLaunchConfiguration('sigterm_timeout', '60')  # on busy machines
    return LaunchDescription([patience, include, ReadyToTest()])


@contextlib.contextmanager
def isolated() -> Iterator[Path]:
    """Yield a folder while processes that start see each other and nobody else."""
    from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain

    compile_kernels()
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder, reserved_domain() as domain_id:
        os.environ.update(isolated_environment(Path(folder), domain_id))
        yield Path(folder)
        os.environ.clear()
        os.environ.update(before)
