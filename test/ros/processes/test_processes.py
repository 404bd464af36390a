# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that end when they are told to, or are ended."""

from __future__ import annotations

import signal
import time

import pytest

from neural_ik_ros.ros.processes import node_process
from neural_ik_ros.ros.processes.node_process import NodeProcess, failures

WAIT_S = 20.0
OBEDIENT = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print('ready', flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print('ready', flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    """Start Python code in place of a node."""
    started = []

    def start_code(code: str, **options: object) -> NodeProcess:
        class Process(NodeProcess):
            def _code(self) -> str:
                return code

        log = tmp_path / f'{len(started)}.log'
        started.append(Process('subject', log=log, **options))
        return started[-1]

    yield start_code
    for process in started:
        if process.is_running:
            process.send(signal.SIGKILL)
            process.wait()


def test_end_returns_the_exit_code(start):
    process = start(OBEDIENT)
    assert process.wait_for_output('ready', WAIT_S)
    assert process.end() == 0
    assert not process.is_running
    assert process.end() == 0, 'to end it twice does no harm'


def test_end_kills_what_does_not_satisfy(start, monkeypatch):
    monkeypatch.setattr(node_process, 'STOP_TIMEOUT_S', 0.2)
    process = start(STUBBORN)
    assert process.wait_for_output('ready', WAIT_S)
    assert process.end() == -signal.SIGKILL


def test_context_ends_its_process_when_something_goes_wrong(start):
    process = start(OBEDIENT)
    assert process.wait_for_output('ready', WAIT_S)
    with pytest.raises(KeyError), process:
        raise KeyError
    assert not process.is_running


def test_wait_for_output_gives_up_when_the_process_ends(start):
    process = start('print("hello")')
    started = time.monotonic()
    assert not process.wait_for_output('goodbye', WAIT_S)
    assert time.monotonic() - started < WAIT_S
    assert process.wait_for_output('hello', WAIT_S)


def test_environment_is_added_to_that_of_this_process(start, monkeypatch):
    monkeypatch.setenv('FROM_HERE', 'one')
    code = 'import os; print(os.environ["FROM_HERE"], os.environ["ADDED"])'
    process = start(code, environment={'ADDED': 'two'})
    assert process.wait() == 0
    assert process.output == 'one two\n'


@pytest.mark.parametrize(
    ('code', 'complaint'),
    [
        ('print("fine")', ''),
        ('raise SystemExit(3)', 'exit code 3: no output'),
        ('print("last words"); raise SystemExit(1)', 'exit code 1: last words'),
        ('import os; os.abort()', 'exit code -6'),
        ('print("Traceback (most recent call last):")', 'exit code 0: Traceback'),
    ],
)
def test_complaints_are_made_of_each_bad_end(start, code, complaint):
    process = start(code)
    process.wait()
    lines = failures([process])
    assert len(lines) == bool(complaint)
    assert not complaint or complaint in lines[0]
    assert not complaint or lines[0].startswith('subject ended')
