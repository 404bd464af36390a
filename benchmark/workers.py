# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One process per peer, as its users run it; only one works at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TypeAlias, TypeVar

import numpy as np

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import Arm, FloatArray, Joints

# Nothing here may import a peer's library, or the judges': that is left to the adapter.
from .peers import Adapter, RefusedArmError, Solve
from .problems import Problems

EXIT_TIMEOUT = 5.0  # [s] for a process to end by itself

Timed: TypeAlias = tuple[Joints, FloatArray]  # answers (n, 6), NaN for none; times (n,) [us]
Reply = TypeVar('Reply')


class PeerFailedError(NeuralIkError):
    """A peer cannot be used for an arm, or its process has ended."""

    def __init__(self, peer: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f'{peer} cannot be measured: {reason}. Leave it out.')


class Worker:
    """Client of the process of one peer, which lives as long as the context."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        # Never a fork: TensorFlow and LiteRT do not survive one.
        context = multiprocessing.get_context('spawn')
        self._pipe, self._other_end = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(self._other_end, adapter), name=adapter.name, daemon=True
        )

    @property
    def name(self) -> str:
        """Name of the peer."""
        return self.adapter.name

    @property
    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.is_alive()

    @property
    def peak_memory(self) -> float:
        """Return the largest resident memory of the running process so far [MB]."""
        # Not ru_maxrss, which is inherited from the process that starts it.
        status = Path(f'/proc/{self._process.pid}/status').read_text(encoding='ascii')
        line = next(line for line in status.splitlines() if line.startswith('VmHWM'))
        return int(line.split()[1]) / 1024

    def __enter__(self) -> Worker:
        """Start the process, with the cores and the environment of this one."""
        self._process.start()
        self._other_end.close()  # so that the end of the process is the end of the pipe
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the process, at once if the run ends in an error or by Ctrl-C."""
        if kind is not None:
            self._process.terminate()
        self.stop()

    def stop(self) -> None:
        """Close the pipe, wait, and kill a process that is still busy; may be called twice."""
        self._pipe.close()
        for insist in (self._process.terminate, self._process.kill):
            self._process.join(EXIT_TIMEOUT)
            if not self.is_alive:
                return
            insist()
        self._process.join()

    def prepare(self, problems: Problems) -> None:
        """
        Build the peer for the arm of the problems, unless it is built, and hand over the problems.

        :raises PeerFailedError: If it cannot be imported, refuses the arm, or dies of it.
        """
        if reason := self._ask(partial(_Peer.prepare, problems=problems)):
            raise PeerFailedError(self.name, reason)

    def calls(self, n: int) -> Timed:
        """
        Return answers and times of the first n problems, or all.

        :raises PeerFailedError: If the process ends meanwhile, or has ended before.
        """
        return self._ask(partial(_Peer.calls, n=n))

    def follow(self) -> Timed:
        """
        Return answers and times where each answer is the start of the next problem.

        :raises PeerFailedError: If the process ends meanwhile, or has ended before.
        """
        return self._ask(_Peer.follow)

    def _ask(self, task: Callable[[_Peer], Reply]) -> Reply:
        try:
            self._pipe.send(task)
            reply: Reply = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(EXIT_TIMEOUT)
            raise PeerFailedError(self.name, _exit_text(self._process.exitcode)) from error
        return reply


def _exit_text(exit_code: int | None) -> str:
    """Return how a process ended, as text."""
    name = f' ({signal.Signals(-exit_code).name})' if exit_code and exit_code < 0 else ''
    return f'its process ended with exit code {exit_code}{name}'


class _Peer:
    """The peer inside its process, built for one arm, with the current problems."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._built: tuple[Arm, Solve] | None = None
        self._problems: Problems | None = None

    def prepare(self, problems: Problems) -> str:
        """Return why the peer cannot be used for the arm; empty if it can."""
        self._problems = problems
        if self._built is not None and _is_same(self._built[0], problems.arm):
            return ''
        self._built = None  # frees the memory of the previous one first
        # Unpickled arrays are writable; a new Arm makes them read-only, as kernels expect them.
        arm = replace(problems.arm)
        try:
            self._built = arm, self._adapter.build(arm)
        except RefusedArmError as error:
            return error.reason
        except (ImportError, OSError) as error:
            return str(error) or type(error).__name__
        return ''

    def calls(self, n: int) -> Timed:
        """Return answers and times of the first n problems."""
        return calls(*self._ready(), n)

    def follow(self) -> Timed:
        """Return answers and times along a path."""
        return follow(*self._ready())

    def _ready(self) -> tuple[Solve, Problems]:
        if self._built is None or self._problems is None:
            raise RuntimeError(f'{self._adapter.name} was asked before it was prepared')
        return self._built[1], self._problems


def _serve(pipe: Connection, adapter: Adapter) -> None:
    """Answer until the other end of the pipe is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C goes to the client, which ends this process
    peer = _Peer(adapter)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            pipe.send(task(peer))


def _is_same(first: Arm, second: Arm) -> bool:
    """Return whether two arms have the same geometry; the problems vary nothing else."""
    return np.array_equal(first.rotations, second.rotations) and np.array_equal(
        first.translations, second.translations
    )


def calls(solve: Solve, problems: Problems, n: int) -> Timed:
    """Return answers and times of the first n problems."""
    pairs = list(zip(problems.targets[:n], problems.q_current[:n], strict=True))
    answers, times = np.full((len(pairs), 6), np.nan), np.empty(len(pairs))
    for k, (target, q_current) in enumerate(pairs):
        began = time.perf_counter_ns()
        q = solve(target, q_current)
        times[k] = 1e-3 * (time.perf_counter_ns() - began)
        if q is not None:
            answers[k] = q
    return answers, times


def follow(solve: Solve, problems: Problems) -> Timed:
    """Return answers and times of problems that begin at the first current joints."""
    n = len(problems.targets)
    answers, times = np.full((n, 6), np.nan), np.empty(n)
    q_current = problems.q_current[0].copy()
    for k, target in enumerate(problems.targets):
        began = time.perf_counter_ns()
        q = solve(target, q_current)
        times[k] = 1e-3 * (time.perf_counter_ns() - began)
        if q is not None:
            answers[k] = q
            q_current = answers[k].copy()
    return answers, times
