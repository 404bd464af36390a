# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Candidates that take turns to answer one stream of poses, their latencies and ledgers."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ledger import Ledger, Observations, Times, make_ledger

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.interface.statistics import Percentiles
from neural_ik_ros.ros.nodes.recorder import RecordedTopic, Recorder
from neural_ik_ros.ros.processes.node_process import NodeProcess
from neural_ik_ros.simulation.demo_report import match_stamps

REPOSITORY = Path(__file__).resolve().parents[2]
WARM_S, START_S, POLL_S = 2.0, 60.0, 0.05
MIN_ANSWERS = 10  # before it is warm
MARGIN_NS = 50_000_000  # at the end: the answers to the last poses may still be on their way
TO_NODE = ('-r', 'target_pose:=/neural_ik/target_pose')
# Python that leaves the type of a probed node in the name Node.
NEURAL_IK_NODE = (
    'from neural_ik_ros.ros.node.node import NeuralIkNode\nNode = probed(NeuralIkNode)'
)
RELAY_NODE = (
    'from neural_ik_ros.ros.nodes.baseline_relay import BaselineRelay\n'
    'Node = probed(BaselineRelay)'
)
# This folder comes last, to hide no module.
IMPORT_PROBE = f"""
import sys
sys.path.append({str(Path(__file__).parent)!r})
from probe import MarkedSource, probed, run, run_probed
"""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A node that answers poses: one of this package, of another checkout, or of a script."""

    name: str  # of its log
    node: str = NEURAL_IK_NODE  # Python that makes Node
    arguments: tuple[str, ...] = ()
    prelude: str = ''  # Python to be run before
    checkout: Path = REPOSITORY
    is_relay: bool = False  # answers as the relay does, without solutions and observers


class ScriptProcess(NodeProcess):
    """A process that runs Python text with the probe at hand."""

    def __init__(
        self, name: str, script: str, *arguments: str, log: Path, checkout: Path = REPOSITORY
    ) -> None:
        self._script = f'{IMPORT_PROBE}{script}'
        super().__init__(name, *arguments, log=log, environment={'PYTHONPATH': str(checkout)})

    def _code(self) -> str:
        return self._script


class CandidateProcess(ScriptProcess):
    """A candidate with a probe, in a process of its own."""

    def __init__(self, candidate: Candidate, log: Path) -> None:
        self._observations = log.with_suffix('.npz')
        path, is_observed = str(self._observations), not candidate.is_relay
        end = f'raise SystemExit(run_probed(Node, {path!r}, is_observed={is_observed}))'
        script = f'{candidate.prelude}\n{candidate.node}\n{end}'
        super().__init__(
            candidate.name, script, *candidate.arguments, log=log, checkout=candidate.checkout
        )

    def observations(self) -> Observations:
        """Return what the probe has recorded, once the process has ended."""
        return Observations.load(self._observations)


@dataclass
class Results:
    """Latencies [ms] of one candidate, and the fates of the poses of its turns."""

    latency_ms: list[np.ndarray] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    def percentiles(self) -> np.ndarray:
        """Return median and 99th percentile, each a median over the turns, and the maximum."""
        turns = [Percentiles.of(one) for one in self.latency_ms]
        medians = [np.median([getattr(one, name) for one in turns]) for name in ('p50', 'p99')]
        return np.array([*medians, max(one.max for one in turns)])


class Comparison:
    """Lets candidates take turns to answer a stream of poses."""

    def __init__(self, folder: Path, recorder: Recorder, rate_hz: float, turn_s: float) -> None:
        self._folder, self._recorder = folder, recorder
        self._rate_hz, self._turn_s, self._n = rate_hz, turn_s, 0

    def run(self, candidates: dict[str, Candidate], n_turns: int) -> dict[str, Results]:
        """Return the results of each candidate, by its name."""
        results = {name: Results() for name in candidates}
        rate = ('-p', f'rate_hz:={self._rate_hz}', '-p', 'settle_s:=0.0')
        source = 'raise SystemExit(run(MarkedSource))'
        with contextlib.ExitStack() as stack:
            stack.enter_context(NodeProcess('simulated_arm', log=self._log('simulated_arm')))
            log = self._log('target_source')
            stack.enter_context(ScriptProcess('target_source', source, *rate, *TO_NODE, log=log))
            for _ in range(n_turns):
                for name, candidate in candidates.items():
                    with CandidateProcess(candidate, self._log(candidate.name)) as process:
                        self._take_turn(candidate, process, results[name])
                    results[name].ledger += self._ledger(candidate, process)
        return results

    def _log(self, name: str) -> Path:
        self._n += 1
        return self._folder / f'{self._n}_{name}.log'

    def _take_turn(
        self, candidate: Candidate, process: CandidateProcess, results: Results
    ) -> None:
        recorded = self._recorder.recorded
        answers = ('relayed',) if candidate.is_relay else ('trajectories', 'solutions')
        self._record(POLL_S)  # drop what earlier candidates sent
        for name in answers:
            recorded[name].clear()
        deadline = time.monotonic() + START_S
        while min(len(recorded[name].data) for name in answers) < MIN_ANSWERS:
            self._record(POLL_S)
            if time.monotonic() > deadline:
                raise TimeoutError(f'{candidate.name} does not answer: {self._folder}')
        self._record(WARM_S)
        for track in recorded.values():
            track.clear()
        self._record(self._turn_s)
        self._record(2 * POLL_S)
        latency_ms = latencies(recorded, is_relay=candidate.is_relay)
        if len(latency_ms) == 0:
            raise RuntimeError(f'{candidate.name} stopped answering: {process.output}')
        results.latency_ms.append(latency_ms)

    def _ledger(self, candidate: Candidate, process: CandidateProcess) -> Ledger:
        """Return the fates of the poses of the turn that was recorded last."""
        recorded = self._recorder.recorded
        trajectories = recorded['relayed' if candidate.is_relay else 'trajectories']
        sent_ns = np.array(recorded['targets'].sent_ns)
        # What came while recording began or ended may be recorded in part.
        is_whole = (sent_ns > sent_ns[0] + MARGIN_NS) & (sent_ns < sent_ns[-1] - MARGIN_NS)
        stamps = stamps_of(recorded['targets'])[is_whole]
        return make_ledger(stamps, np.sort(trajectories.sent_ns), process.observations())

    def _record(self, duration_s: float) -> None:
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            time.sleep(POLL_S)
            self._recorder.poll()


def latencies(recorded: dict[str, RecordedTopic], *, is_relay: bool) -> np.ndarray:
    """
    Return the times [ms] from poses sent to trajectories received.

    The trajectories of the node have no stamp; each is followed by the solution that has.
    """
    targets = recorded['targets']
    stamps = stamps_of(targets)
    sent = np.array(targets.sent_ns)
    last = int(sent.searchsorted(sent[-1] - MARGIN_NS))
    answers = recorded['relayed' if is_relay else 'solutions']
    answered = stamps_of(answers)
    rows, of_target = match_stamps(stamps, answered)
    keep = of_target < last
    rows, of_target = rows[keep], of_target[keep]
    if is_relay:
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
