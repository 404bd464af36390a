# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""For tests that start launch files: they need launch_testing and this package installed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kernels import compile_kernels
from signals import takes_signals

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
READY = 'ready for irb2400'


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


class Launched:
    """A ``ros2 launch`` with a process group of its own, as a shell gives it one."""

    def __init__(self, file: str, *arguments: str, log: Path) -> None:
        self._log = log
        command = [ROS2, 'launch', PACKAGE, file, *arguments]
        with log.open('w') as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait_until_running(self, n_processes: int, *, n_ready: int) -> None:
        self._wait_until(lambda: self._is_running(n_processes, n_ready))

    def wait_for(self, text: str) -> None:
        """Wait until a process has written a text."""
        self._wait_until(lambda: text in self.said)

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def _is_running(self, n_processes: int, n_ready: int) -> bool:
        said = self.said
        pids = re.findall(r'process started with pid \[(\d+)\]', said)
        if len(pids) < n_processes or said.count(READY) < n_ready:
            return False
        return all(takes_signals(int(pid)) for pid in pids)

    def ctrl_c(self) -> int:
        """Return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=WAIT_S)


@contextlib.contextmanager
def launched(file: str, *arguments: str) -> Iterator[Launched]:
    with isolated() as folder:
        one = Launched(file, *arguments, log=folder / 'said.txt')
        try:
            yield one
        finally:
            if one.process.poll() is None:
                os.killpg(one.process.pid, signal.SIGKILL)
                one.process.wait()
