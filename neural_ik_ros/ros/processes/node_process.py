# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs nodes of this package as child processes, and ends them reliably."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from ...share import PACKAGE_NAME

EXECUTABLES = f'{PACKAGE_NAME}.ros.executables'
STOP_TIMEOUT_S = 10.0


class NodeProcess:
    """A node; its output goes to a file, and Ctrl-C in the terminal does not reach it."""

    def __init__(
        self,
        executable: str,
        *ros_args: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Start an entry point of ``ros.executables`` with this interpreter.

        :param environment: Added to the variables of this process, which it overrides.
        """
        self.executable = executable
        self._log = log
        command = [sys.executable, '-c', self._code()]
        if ros_args:
            command += ['--ros-args', *ros_args]
        with log.open('w', encoding='utf-8') as output:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def __enter__(self) -> NodeProcess:
        """Return the running process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.end()

    def _code(self) -> str:
        """Return the Python code to run."""
        return f'from {EXECUTABLES} import {self.executable} as main; raise SystemExit(main())'

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has written so far, to stdout and stderr."""
        return self._log.read_text(encoding='utf-8', errors='replace')

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait_for_output(self, text: str, timeout_s: float) -> bool:
        """Wait for a text in the output; return whether it came before the end or the timeout."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            if not self.is_running or time.monotonic() > deadline:
                return text in self.output
            time.sleep(0.02)
        return True

    def send(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """
        Return the exit code.

        :raises subprocess.TimeoutExpired: If it does not end in time.
        """
        return self._process.wait(timeout=timeout_s)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal, or SIGKILL if it has no effect in time; return the exit code."""
        if self.is_running:
            self._process.send_signal(number)
        try:
            return self._process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def failures(processes: Sequence[NodeProcess]) -> list[str]:
    """Wait for the processes; return a line for each that failed or crashed."""
    lines = []
    for process in processes:
        code = process.wait()
        output = process.output
        if code != 0 or 'Traceback' in output or 'terminate called' in output:
            last = output.strip().splitlines()[-1:] or ['no output']
            lines.append(f'{process.executable} ended with exit code {code}: {last[0]}')
    return lines
