# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Contestants that take turns to answer one stream of poses, their latencies and accounts."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from accounts import Account, Times, Witnessed, account

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.ros.nodes.recorder import RecordedTopic, Recorder
from neural_ik_ros.ros.processes.node_process import NodeProcess
from neural_ik_ros.simulation.demo_report import match_stamps

REPOSITORY = Path(__file__).resolve().parents[2]
WARM_S, START_S, POLL_S = 2.0, 60.0, 0.05
FEWEST_ANSWERS = 10  # before it is warm
STRAGGLERS_NS = 50_000_000  # the answers to the last poses may still be on their way
# To be run before contestants and the source; this folder comes last, to hide no module.
WITNESS = f'import sys; sys.path.append({str(Path(__file__).parent)!r}); import witness'
TO_NODE = ('-r', 'target_pose:=/neural_ik/target_pose')


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """Whoever answers poses: a node of this package or of another checkout, or a script."""

    executable: str
    arguments: tuple[str, ...] = ()
    script: str = ''  # to be run instead
    prelude: str = ''  # to be run before
    checkout: Path = REPOSITORY
    is_node: bool = True  # else it answers as the relay does


class ContestantProcess(NodeProcess):
    """A contestant in a process of its own."""

    def __init__(self, contestant: Contestant, log: Path, *, is_witnessed: bool = False) -> None:
        self._contestant, self._is_witnessed = contestant, is_witnessed
        self._written = log.with_suffix('.npz')
        environment = {'PYTHONPATH': str(contestant.checkout)}
        super().__init__(
            contestant.executable, *contestant.arguments, log=log, environment=environment
        )

    def _code(self) -> str:
        one, parts = self._contestant, [self._contestant.prelude]
        if self._is_witnessed:
            install = f'witness.install({str(self._written)!r}, is_node={one.is_node})'
            parts += [WITNESS, install]
        return '\n'.join([*parts, one.script or super()._code()])

    def witnessed(self) -> Witnessed:
        """Return what was seen in the process, once it has ended."""
        return Witnessed.load(self._written)


@dataclass
class Figures:
    """Latencies [ms] of one contestant, and what became of the poses of its turns."""

    latency_ms: list[np.ndarray] = field(default_factory=list)
    account: Account = field(default_factory=Account)

    def percentiles(self) -> np.ndarray:
        """Return median, 99th percentile and largest: medians over the turns, but the largest."""
        rows = np.array([np.percentile(one, [50, 99, 100]) for one in self.latency_ms])
        return np.array([*np.median(rows[:, :2], axis=0), rows[:, 2].max()])


class Contest:
    """Contestants that take turns to answer a stream of poses."""

    def __init__(self, folder: Path, recorder: Recorder, rate_hz: float, turn_s: float) -> None:
        self._folder, self._recorder = folder, recorder
        self._rate_hz, self._turn_s, self._n = rate_hz, turn_s, 0

    def run(self, contestants: dict[str, Contestant], n_turns: int) -> dict[str, Figures]:
        """Return the figures of each contestant, by its name."""
        figures = {name: Figures() for name in contestants}
        with contextlib.ExitStack() as stack:
            self._start(stack, Contestant(executable='simulated_arm'))
            rate = ('-p', f'rate_hz:={self._rate_hz}', '-p', 'settle_s:=0.0')
            source = Contestant(
                executable='target_source',
                arguments=(*rate, *TO_NODE),
                prelude=f'{WITNESS}\nwitness.mark()',
            )
            self._start(stack, source)
            for _ in range(n_turns):
                for name, contestant in contestants.items():
                    with contextlib.ExitStack() as turn:
                        process = self._start(turn, contestant, is_witnessed=True)
                        self._take_turn(contestant, process, figures[name])
                    figures[name].account += self._account(contestant, process)
        return figures

    def _start(
        self, stack: contextlib.ExitStack, contestant: Contestant, *, is_witnessed: bool = False
    ) -> ContestantProcess:
        self._n += 1
        log = self._folder / f'{self._n}_{contestant.executable}.log'
        process = ContestantProcess(contestant, log, is_witnessed=is_witnessed)
        stack.enter_context(process)
        return process

    def _take_turn(
        self, contestant: Contestant, process: ContestantProcess, figures: Figures
    ) -> None:
        recorded = self._recorder.recorded
        answers = ('trajectories', 'solutions') if contestant.is_node else ('relayed',)
        self._record(POLL_S)  # what others left behind
        for name in answers:
            recorded[name].clear()
        deadline = time.monotonic() + START_S
        while min(len(recorded[name].data) for name in answers) < FEWEST_ANSWERS:
            self._record(POLL_S)
            if time.monotonic() > deadline:
                raise TimeoutError(f'{contestant.executable} does not answer: {self._folder}')
        self._record(WARM_S)
        for track in recorded.values():
            track.clear()
        self._record(self._turn_s)
        self._record(2 * POLL_S)
        latency_ms = latencies(recorded, is_node=contestant.is_node)
        if len(latency_ms) == 0:
            raise RuntimeError(f'{contestant.executable} stopped to answer: {process.output}')
        figures.latency_ms.append(latency_ms)

    def _account(self, contestant: Contestant, process: ContestantProcess) -> Account:
        """Return what became of the poses of the turn that was recorded last."""
        recorded = self._recorder.recorded
        trajectories = recorded['trajectories' if contestant.is_node else 'relayed']
        sent_ns = np.array(recorded['targets'].sent_ns)
        # What came while recording began or ended may be recorded in part.
        is_whole = (sent_ns > sent_ns[0] + STRAGGLERS_NS) & (sent_ns < sent_ns[-1] - STRAGGLERS_NS)
        stamps = stamps_of(recorded['targets'])[is_whole]
        return account(stamps, np.sort(trajectories.sent_ns), process.witnessed())

    def _record(self, duration_s: float) -> None:
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            time.sleep(POLL_S)
            self._recorder.poll()


def latencies(recorded: dict[str, RecordedTopic], *, is_node: bool) -> np.ndarray:
    """
    Return the times [ms] from poses sent to trajectories received.

    The trajectories of the node have no stamp; each is followed by the solution that has.
    """
    targets = recorded['targets']
    stamps = stamps_of(targets)
    sent = np.array(targets.sent_ns)
    last = int(sent.searchsorted(sent[-1] - STRAGGLERS_NS))
    answers = recorded['solutions' if is_node else 'relayed']
    answered = stamps_of(answers)
    rows, of_target = match_stamps(stamps, answered)
    keep = of_target < last
    rows, of_target = rows[keep], of_target[keep]
    if not is_node:
        received = np.array(answers.received_ns)[rows]
    else:
        commands = recorded['trajectories']
        at = np.searchsorted(commands.sent_ns, np.array(answers.sent_ns)[rows]) - 1
        is_own = (at >= 0) & (np.array(commands.sent_ns)[at] > sent[of_target])
        received, of_target = np.array(commands.received_ns)[at[is_own]], of_target[is_own]
    latency_ms: np.ndarray = 1e-6 * (received - sent[of_target])
    return latency_ms


def stamps_of(track: RecordedTopic) -> Times:
    """Return the stamps of all messages (n,)."""
    return np.array([ns_from_time(one.header.stamp) for one in track.messages()])
