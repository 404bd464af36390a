# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Agree first, then time: interleaved rounds, every answer kept and judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from neural_ik_ros.kinematics import FloatArray, Joints, is_same_posture, posture

from .judges import EXACT_TOL, SOLVED_TOL, Judge, Verdicts
from .paths import ArmPath
from .problems import Problems
from .report.results import LeftOut, PathRow, SetRow
from .workers import PeerFailedError, Worker

N_AGREEMENT_CALLS = 20  # problems a peer is asked before it is timed
AGREEMENT_TOL = 1e-4  # [m] and [rad]
N_PROBES = 3
N_UNTIMED = 3  # calls at the beginning of a turn
MIN_CALLS_FOR_P99 = 100  # calls of a round that a 99th percentile needs


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    budget: float  # [s] for one peer on one set
    path_budget: float  # [s] for one peer on one path


@dataclass
class Observations:
    """What one peer did on one set: a list for each round, an array for each part."""

    times: dict[int, list[FloatArray]] = field(default_factory=lambda: defaultdict(list))  # [us]
    verdicts: list[Verdicts] = field(default_factory=list)
    kept: list[np.ndarray] = field(default_factory=list)
    n_asked: int = 0  # problems of a part that fit into its time
    n_problems: int = 0


class Unmeasured:
    """Peers that were not measured, in the order in which they failed."""

    def __init__(self) -> None:
        self.rows: list[LeftOut] = []

    def add(self, peer: str, where: str, reason: str) -> None:
        """Record a peer and the first line of the reason, once."""
        row = LeftOut(peer=peer, where=where, reason=reason.splitlines()[0])
        if row not in self.rows:
            self.rows.append(row)

    @contextmanager
    def recording_failure(self, peer: str, where: str) -> Iterator[None]:
        """Record the peer if it fails inside the block."""
        try:
            yield
        except PeerFailedError as error:
            self.add(peer, where, error.reason)


def agreeing_workers(
    workers: Iterable[Worker], problems: Problems, unmeasured: Unmeasured
) -> tuple[Worker, ...]:
    """Return the peers that can be imported and use the same arm, limits and frames."""
    judge, agreed = Judge(problems.arm), []
    for worker in workers:
        with unmeasured.recording_failure(worker.name, 'everywhere'):
            worker.prepare(problems)
            _require_agreement(worker, judge, problems)
            agreed.append(worker)
        if worker not in agreed:
            worker.stop()
    return tuple(agreed)


def _require_agreement(worker: Worker, judge: Judge, problems: Problems) -> None:
    q, _ = worker.calls(N_AGREEMENT_CALLS)
    verdicts = judge.verdicts(q, problems.targets[: len(q)])
    if worker.adapter.is_solver and not verdicts.is_on_target(AGREEMENT_TOL).any():
        best = f'{verdicts.position.min():.1e} m'
        raise PeerFailedError(worker.name, f'does not agree; best answer off by {best}')


def measure_set(
    name: str,
    parts: Sequence[Problems],
    workers: Sequence[Worker],
    plan: Plan,
    unmeasured: Unmeasured,
) -> tuple[list[SetRow], float]:
    """Return a row for each peer whose process survives, and the judges' largest difference."""
    seen: defaultdict[str, Observations] = defaultdict(Observations)
    budget = plan.budget / plan.rounds / len(parts)
    for part in parts:
        judge, ready = Judge(part.arm), _prepared(workers, part, name, unmeasured)
        for worker in ready:
            with unmeasured.recording_failure(worker.name, name):
                _set_budget(seen[worker.name], part, worker, budget)
        for turn in range(plan.rounds):
            for worker in _rotated(ready, turn):
                with unmeasured.recording_failure(worker.name, name):
                    _measure_round(seen[worker.name], judge, part, turn, worker)
    alive = [worker.name for worker in workers if worker.name in seen and worker.is_alive]
    verdicts = [verdicts for peer in alive for verdicts in seen[peer].verdicts]
    rows = [_set_row(name, peer, seen[peer]) for peer in alive]
    return rows, max((found.disagreement for found in verdicts), default=0.0)


def _prepared(
    workers: Sequence[Worker], problems: Problems, where: str, unmeasured: Unmeasured
) -> list[Worker]:
    """Return the peers that accept the arm, with the problems handed over."""
    ready = []
    for worker in workers:
        with unmeasured.recording_failure(worker.name, where):
            worker.prepare(problems)
            ready.append(worker)
    return ready


def _rotated(workers: list[Worker], turn: int) -> list[Worker]:
    first = turn % max(1, len(workers))
    return workers[first:] + workers[:first]


def _n_within_budget(worker: Worker, budget: float) -> int:
    """Return how many problems fit into a budget [s], at least three."""
    _, times = worker.calls(N_PROBES + 1)
    return max(N_PROBES, int(1e6 * budget / times[1:].mean())) if len(times) > 1 else N_PROBES


def _set_budget(seen: Observations, part: Problems, worker: Worker, budget: float) -> None:
    """Set how many problems of a part the peer gets, the same of each part."""
    seen.n_asked = seen.n_asked or _n_within_budget(worker, budget)
    seen.n_problems += min(seen.n_asked, len(part.targets))


def _measure_round(
    seen: Observations, judge: Judge, part: Problems, turn: int, worker: Worker
) -> None:
    """Add one round of one peer."""
    worker.calls(N_UNTIMED)  # caches hold the data of others, and first use may prepare something
    q, times = worker.calls(seen.n_asked)
    n = len(q)
    seen.times[turn].append(times)
    seen.verdicts.append(judge.verdicts(q, part.targets[:n]))
    known = np.where(np.isfinite(q), q, 0.0)
    signs = posture(part.arm, known), posture(part.arm, part.q_current[:n])
    seen.kept.append(is_same_posture(*signs))


def _set_row(name: str, peer: str, seen: Observations) -> SetRow:
    rounds = [np.concatenate(parts) for parts in seen.times.values()]
    p50 = [float(np.median(times)) for times in rounds]
    p99 = [float(np.percentile(times, 99)) for times in rounds]
    is_answer = np.concatenate([v.is_answer for v in seen.verdicts])
    solved = np.concatenate([v.is_on_target(SOLVED_TOL) for v in seen.verdicts])
    exact = np.concatenate([v.is_on_target(EXACT_TOL) for v in seen.verdicts])
    position = np.concatenate([v.position for v in seen.verdicts])[is_answer]
    rotation = np.concatenate([v.rotation for v in seen.verdicts])[is_answer]
    kept = np.concatenate(seen.kept)[solved]
    return SetRow(
        set=name,
        peer=peer,
        n_problems=seen.n_problems,
        n_calls=len(solved),
        answered=float(is_answer.mean()),
        solved=float(solved.mean()),
        exact=float(exact.mean()),
        posture_kept=float(kept.mean()) if len(kept) else 0.0,
        position_median=float(np.median(position)) if len(position) else None,
        position_max=float(position.max()) if len(position) else None,
        rotation_max=float(rotation.max()) if len(rotation) else None,
        p50_us=float(np.median(p50)),
        p50_low_us=min(p50),
        p50_high_us=max(p50),
        mean_us=float(np.median([times.mean() for times in rounds])),
        p99_us=float(np.median(p99)) if len(rounds[0]) >= MIN_CALLS_FOR_P99 else None,
    )


def measure_paths(
    paths: Mapping[str, ArmPath],
    workers: Sequence[Worker],
    plan: Plan,
    unmeasured: Unmeasured,
) -> list[PathRow]:
    """Return a row for each peer that can follow a path within the budget."""
    rows = []
    for name, path in paths.items():
        judge, n = Judge(path.arm), len(path.q)
        problems = Problems(arm=path.arm, targets=path.targets, q_current=path.q)
        rows.append(_path_row(name, 'the path itself', path, judge, path.q, None))
        for worker in _prepared(workers, problems, name, unmeasured):
            with unmeasured.recording_failure(worker.name, 'paths'):
                if _n_within_budget(worker, plan.path_budget) < n:
                    reason = f'{n} targets take more than {plan.path_budget:g} s'
                    raise PeerFailedError(worker.name, reason)
                rows.append(_path_row(name, worker.name, path, judge, *worker.follow()))
    return rows


def _path_row(
    name: str, peer: str, path: ArmPath, judge: Judge, q: Joints, times: FloatArray | None
) -> PathRow:
    is_good = judge.verdicts(q, path.targets).is_on_target(SOLVED_TOL)
    good = np.concatenate([path.q[:1], q[is_good]])
    steps, signs = np.abs(np.diff(good, axis=0)), posture(path.arm, good)
    times = np.zeros(1) if times is None else times[1:]
    p50, p99 = np.percentile(times, [50, 99])
    return PathRow(
        path=name,
        peer=peer,
        n_targets=len(q),
        failures=int((~is_good).sum()),
        max_joint_step=float(steps.max(initial=0.0)),
        posture_changes=int((~is_same_posture(signs[1:], signs[:-1])).sum()),
        p50_us=float(p50),
        p99_us=float(p99),
        max_us=float(times.max()),
    )
