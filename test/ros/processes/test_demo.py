# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``neural_ik demo``: three processes, a report, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

pytest.importorskip('matplotlib')

START_S = 120.0  # the first start compiles the kernels
MARK = 'NEURAL_IK_ROS_TEST'
PICTURES = ('path.png', 'error.png', 'latency.png')
# A shell lets what it starts in the background ignore SIGINT, and its children inherit that.
CODE = (
    'import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); '
    'from neural_ik_ros.cli.main import main; sys.exit(main())'
)
EXACT = 1e-6  # [m], [rad] what the demo promises of every solution


class Demo:
    """The command as a process; it and its children carry a mark to be found by."""

    def __init__(self, output: Path, *arguments: str, environment: Mapping[str, str]) -> None:
        self.output, self.mark = output, uuid.uuid4().hex
        self._log = output.with_suffix('.log')
        with self._log.open('w') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-u', '-c', CODE, 'demo', '--output', str(output), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, MARK: self.mark, **environment},
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self._log.read_text(encoding='utf-8')

    def wait(self) -> int:
        return self._process.wait(START_S)

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait_for(self, pattern: str) -> None:
        deadline = time.monotonic() + START_S
        while not re.search(pattern, self.text):
            assert self._process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)

    def processes(self) -> dict[int, str]:
        """Return the command lines of all living processes that carry the mark."""
        found = {}
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                environment = (folder / 'environ').read_bytes()
                command = (folder / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
            except OSError:
                continue
            if f'{MARK}={self.mark}'.encode() in environment:
                found[int(folder.name)] = command
        return found

    def end(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def start_demo(tmp_path) -> Iterator[Callable[..., Demo]]:
    started = []

    def start(*arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Demo:
        output = tmp_path / f'report_{len(started)}'
        started.append(Demo(output, *arguments, environment=environment))
        return started[-1]

    yield start
    for demo in started:
        demo.end()


def assert_nothing_is_left(demo: Demo) -> None:
    assert not demo.processes()
    assert 'Traceback' not in demo.text
    for log in demo.output.glob('*.log'):
        assert 'Traceback' not in log.read_text(), log
        assert 'leaked' not in log.read_text(), log


def test_demo_tracks_a_path_and_writes_its_report(start_demo):
    demo = start_demo('--duration', '4', '--path', 'circle')
    demo.wait_for('trajectories')
    names = ' '.join(demo.processes().values())
    assert all(name in names for name in ('neural_ik_node', 'simulated_arm', 'target_source'))
    code = demo.wait()
    report = json.loads((demo.output / 'report.json').read_text())
    assert (code == 0) == (report['problems'] == []), demo.text
    assert code in (0, 1)
    assert report['n_answered'] > 200
    assert report['solution']['position_m']['max'] < EXACT
    assert report['solution']['rotation_rad']['max'] < EXACT
    # Whatever else is wrong has to do with time: this machine may be too busy for 250 Hz.
    refused = set(report['refused']) - {'STALE_TARGET', 'STALE_JOINT_STATE', 'COMMAND_OVERDUE'}
    assert not refused, demo.text
    assert report['limit_use']['position'] <= 1.0
    for name in ('rejected', 'position_violations', 'not_finite'):
        assert report['violations'][name] == 0
    for name in PICTURES:
        assert (demo.output / name).read_bytes().startswith(b'\x89PNG')
    assert 'pose to trajectory [ms]' in demo.text
    assert 'through an empty relay [ms]' in demo.text
    assert_nothing_is_left(demo)


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_demo_ends_its_processes_when_it_is_reported_to_end(start_demo, number, code):
    demo = start_demo('--duration', '60')
    demo.wait_for(r'trajectories \d')
    assert len(demo.processes()) == 4
    demo.send(number)
    assert demo.wait() == code
    assert_nothing_is_left(demo)


def test_demo_fails_and_ends_when_the_arm_crashes(start_demo):
    demo = start_demo('--duration', '60')
    demo.wait_for(r'trajectories \d')
    arms = [pid for pid, command in demo.processes().items() if 'simulated_arm' in command]
    assert len(arms) == 1
    os.kill(arms[0], signal.SIGKILL)
    assert demo.wait() == 1
    assert demo.text.splitlines()[-1] == f'neural_ik: simulated_arm: ended; see {demo.output}.'
    assert_nothing_is_left(demo)
