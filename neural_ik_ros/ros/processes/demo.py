# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the demo: starts the processes, reports progress, ends them and returns the record."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import ProcessError
from ..nodes.recorder import RecordedTopic, Recorder, running_recorder
from .isolation import isolated_environment, reserved_domain
from .node_process import NodeProcess, failures

START_TIMEOUT_S = 120.0  # the first start compiles the kernels
BASELINE_S = 5.0
SETTLE_S = 0.5  # DDS discovery may delay the first answers
POLL_S = 0.02
TARGET_REMAP = ('-r', 'target_pose:=/neural_ik/target_pose')


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Path, duration and rate of the demo, and the folder of the logs."""

    folder: Path
    path: str = 'lemniscate'
    duration_s: float = 20.0
    rate_hz: float = 250.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemoRecord:
    """The recorded messages, and processes that failed."""

    recorded: dict[str, RecordedTopic]
    failures: list[str]  # a line for each process that did not end well


def run_demo(options: DemoOptions, show: Callable[[str], None]) -> DemoRecord:
    """
    Run source, node and arm, then the same targets through an empty relay; return the record.

    :param show: Called about once a second with a line of progress.
    :raises ProcessError: If a process does not start, or ends early.
    """
    with contextlib.ExitStack() as stack:
        domain_id = stack.enter_context(reserved_domain())
        environment = isolated_environment(options.folder, domain_id)
        os.environ.update(environment)
        recorder = stack.enter_context(running_recorder())
        return _Session(options, recorder, show).run(stack)


class _Session:
    """One run of the demo; the exit stack ends every process."""

    def __init__(
        self, options: DemoOptions, recorder: Recorder, show: Callable[[str], None]
    ) -> None:
        self._options, self._recorder, self._show = options, recorder, show

    def run(self, stack: contextlib.ExitStack) -> DemoRecord:
        options, recorded = self._options, self._recorder.recorded
        self._show('starting the node and the simulated arm (the first start compiles kernels)')
        arm = self._start(stack, 'simulated_arm')
        node = self._start(stack, 'neural_ik_node', '-p', 'autostart:=true')
        self._wait_until(lambda: len(recorded['diagnostics'].data) > 1 and _is_ready(node), node)
        source = self._start(
            stack,
            'target_source',
            *('-p', f'path:={options.path}', '-p', f'rate_hz:={options.rate_hz}'),
            *('-p', 'wait_for_subscribers:=2', *TARGET_REMAP),
        )
        self._wait_until(lambda: bool(recorded['trajectories'].data), node)
        self._record_live(options.duration_s, source, arm, node)
        node.end()
        self._show(f'the same targets through an empty relay, {BASELINE_S:.0f} s')
        relay = self._start(stack, 'baseline_relay', '-r', '~/target_pose:=/neural_ik/target_pose')
        self._wait_until(lambda: bool(recorded['relayed'].data), relay)
        self._record(SETTLE_S)
        recorded['relayed'].clear()
        self._record_live(BASELINE_S, source, arm, relay)
        processes = [source, relay, arm, node]
        for process in processes:
            process.end()
        self._record(0.2)
        return DemoRecord(recorded=recorded, failures=failures(processes))

    def _start(self, stack: contextlib.ExitStack, name: str, *ros_args: str) -> NodeProcess:
        log = self._options.folder / f'{name}.log'
        return stack.enter_context(NodeProcess(name, *ros_args, log=log))

    def _wait_until(self, is_done: Callable[[], bool], process: NodeProcess) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_done():
            self._record(0.05)
            self._require_running(process)
            if time.monotonic() > deadline:
                raise self._failed(process, 'did not answer')

    def _require_running(self, *processes: NodeProcess) -> None:
        for process in processes:
            if not process.is_running:
                raise self._failed(process, 'ended')

    def _failed(self, process: NodeProcess, problem: str) -> ProcessError:
        return ProcessError(process.executable, problem, f'see {self._options.folder}')

    def _record_live(self, duration_s: float, *processes: NodeProcess) -> None:
        start = time.monotonic()
        while (elapsed_s := time.monotonic() - start) < duration_s:
            before = {name: len(topic.data) for name, topic in self._recorder.recorded.items()}
            self._record(min(1.0, duration_s - elapsed_s))
            self._require_running(*processes)
            after = {name: len(topic.data) for name, topic in self._recorder.recorded.items()}
            self._show(
                f'{min(elapsed_s + 1.0, duration_s):5.1f} s   '
                + '   '.join(
                    f'{name} {after[name]} (+{after[name] - before[name]})'
                    for name in ('targets', 'solutions', 'trajectories', 'relayed')
                    if after[name]
                )
            )

    def _record(self, duration_s: float) -> None:
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            time.sleep(POLL_S)
            self._recorder.poll()


def _is_ready(node: NodeProcess) -> bool:
    return 'ready for' in node.output
