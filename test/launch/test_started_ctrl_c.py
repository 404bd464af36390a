# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each launch file with ``ros2 launch``, and a Ctrl-C at the terminal while everything runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import started
from signals import takes_signals

pytestmark = pytest.mark.skipif(bool(started.why_no_ros2()), reason=started.why_no_ros2())

READY = 'ready for irb2400'
SLOWLY = ('rate:=0.1',)  # so that it still plays


class Launched:
    """A ``ros2 launch`` with a process group of its own, as a shell gives it one."""

    def __init__(self, file: str, *arguments: str, log: Path) -> None:
        self._log = log
        command = [started.ROS2, 'launch', started.PACKAGE, file, *arguments]
        with log.open('w') as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait_until_running(self, n_processes: int, *, n_ready: int) -> None:
        deadline = time.monotonic() + started.WAIT_S
        while not self._is_running(n_processes, n_ready):
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
        return self.process.wait(timeout=started.WAIT_S)


@contextlib.contextmanager
def launched(file: str, *arguments: str) -> Iterator[Launched]:
    with started.isolated() as folder:
        one = Launched(file, *arguments, log=folder / 'said.txt')
        try:
            yield one
        finally:
            if one.process.poll() is None:
                os.killpg(one.process.pid, signal.SIGKILL)
                one.process.wait()


@pytest.mark.parametrize(
    ('file', 'n_processes', 'n_ready'),
    [
        ('neural_ik.launch.py', 1, 1),
        ('demo.launch.py', 3, 1),
        ('moveit.launch.py', 1, 1),
        ('replay.launch.py', 2, 1),
        ('two_robots.launch.py', 6, 2),
    ],
)
def test_ctrl_c_ends_launch_and_all_processes_cleanly(file, n_processes, n_ready, tmp_path):
    output = tmp_path / 'out'
    bag = [f'{name}:={value}' for name, value in started.REFERENCE.items()]
    replay = [*bag, *SLOWLY, f'output:={output}'] if file == 'replay.launch.py' else []
    with launched(file, *replay) as one:
        one.wait_until_running(n_processes, n_ready=n_ready)
        assert one.ctrl_c() == 0, one.said
        assert one.said.count('process has finished cleanly') == n_processes, one.said
        assert 'Traceback' not in one.said
    assert not list(tmp_path.iterdir()), 'half a replay'
