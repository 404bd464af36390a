# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Agree first, then time: interleaved rounds, every answer kept and judged."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neural_ik_ros.kinematics import Arm, FloatArray, Joints, is_same_posture, posture

from .judges import EXACT, USUAL, Judge, Verdicts
from .paths import ArmPath
from .peers import Adapter, RefusedArmError, Solve
from .problems import Problems
from .results import LeftOut, PathRow, SetRow

N_AGREEING = 20  # problems a peer is asked before it is timed
AGREED = 1e-4  # [m] and [rad]
N_PROBES = 3
MANY = 100  # calls of a round that a 99th percentile needs


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
    n_problems: int = 0


class Unmeasured:
    """Peers that were not measured, in the order in which they failed."""

    def __init__(self) -> None:
        self.rows: list[LeftOut] = []

    def add(self, peer: str, where: str, reason: object) -> None:
        """Note a peer and the first line of the reason, once."""
        line = (str(reason).splitlines() or [type(reason).__name__])[0]
        row = LeftOut(peer=peer, where=where, reason=line)
        if row not in self.rows:
            self.rows.append(row)


def agreeing(
    adapters: Sequence[Adapter], problems: Problems, unmeasured: Unmeasured
) -> tuple[Adapter, ...]:
    """Return the peers that can be imported and mean the same arm, limits and frames."""
    judge, agreed = Judge(problems.arm), []
    for adapter in adapters:
        try:
            solve = adapter.build(problems.arm)
        except (ImportError, OSError, RefusedArmError) as error:
            unmeasured.add(adapter.name, 'everywhere', error)
            continue
        q, _ = calls(solve, problems, N_AGREEING)
        verdicts = judge.verdicts(q, problems.targets[: len(q)])
        if adapter.is_solver and not verdicts.is_on_target(AGREED).any():
            best = f'{verdicts.position.min():.1e} m'
            unmeasured.add(
                adapter.name, 'everywhere', f'does not agree; best answer off by {best}'
            )
            continue
        agreed.append(adapter)
    return tuple(agreed)


def calls(solve: Solve, problems: Problems, n: int) -> tuple[Joints, FloatArray]:
    """Return the answers (k, 6), NaN for none, and times (k,) [us] for the first n problems."""
    pairs = list(zip(problems.targets[:n], problems.q_current[:n], strict=True))
    answers, times = np.full((len(pairs), 6), np.nan), np.empty(len(pairs))
    for k, (target, q_current) in enumerate(pairs):
        began = time.perf_counter_ns()
        q = solve(target, q_current)
        times[k] = 1e-3 * (time.perf_counter_ns() - began)
        if q is not None:
            answers[k] = q
    return answers, times


def measure_set(
    name: str,
    parts: Sequence[Problems],
    adapters: Sequence[Adapter],
    plan: Plan,
    unmeasured: Unmeasured,
) -> tuple[list[SetRow], float]:
    """Return a row for each peer, and the largest difference between the judges."""
    seen: dict[str, Observations] = {}
    counts: dict[str, int] = {}
    for part in parts:
        judge, solves = Judge(part.arm), _built(adapters, part.arm, name, unmeasured)
        for peer, solve in solves.items():
            if peer not in counts:
                counts[peer] = _affordable(solve, part, plan.budget / plan.rounds / len(parts))
                seen[peer] = Observations()
            seen[peer].n_problems += min(counts[peer], len(part.targets))
            calls(solve, part, 1)  # whatever is prepared at first use is not timed
        names = list(solves)
        for turn in range(plan.rounds):
            for peer in names[turn % len(names) :] + names[: turn % len(names)]:
                q, times = calls(solves[peer], part, counts[peer])
                _observe(seen[peer], judge, part, turn, q, times)
    rows = [_row(name, peer, seen[peer]) for peer in seen]
    return rows, max(v.disagreement for found in seen.values() for v in found.verdicts)


def _built(
    adapters: Sequence[Adapter], arm: Arm, where: str, unmeasured: Unmeasured
) -> dict[str, Solve]:
    solves = {}
    for adapter in adapters:
        try:
            solves[adapter.name] = adapter.build(arm)
        except RefusedArmError as error:
            unmeasured.add(adapter.name, where, error.reason)
    return solves


def _affordable(solve: Solve, problems: Problems, budget: float) -> int:
    """Return how many problems fit into a budget [s], at least three."""
    _, times = calls(solve, problems, N_PROBES + 1)
    return max(N_PROBES, int(1e6 * budget / times[1:].mean())) if len(times) > 1 else N_PROBES


def _observe(
    seen: Observations, judge: Judge, part: Problems, turn: int, q: Joints, times: FloatArray
) -> None:
    n = len(q)
    seen.times[turn].append(times)
    seen.verdicts.append(judge.verdicts(q, part.targets[:n]))
    known = np.where(np.isfinite(q), q, 0.0)
    signs = posture(part.arm, known), posture(part.arm, part.q_current[:n])
    seen.kept.append(is_same_posture(*signs))


def _row(name: str, peer: str, seen: Observations) -> SetRow:
    rounds = [np.concatenate(parts) for parts in seen.times.values()]
    p50 = [float(np.median(times)) for times in rounds]
    p99 = [float(np.percentile(times, 99)) for times in rounds]
    is_answer = np.concatenate([v.is_answer for v in seen.verdicts])
    solved = np.concatenate([v.is_on_target(USUAL) for v in seen.verdicts])
    exact = np.concatenate([v.is_on_target(EXACT) for v in seen.verdicts])
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
        p99_us=float(np.median(p99)) if len(rounds[0]) >= MANY else None,
    )


def measure_paths(
    paths: Mapping[str, ArmPath],
    adapters: Sequence[Adapter],
    plan: Plan,
    unmeasured: Unmeasured,
) -> list[PathRow]:
    """Return a row for each peer that can follow a path within the budget."""
    rows = []
    for name, path in paths.items():
        judge, solves = Judge(path.arm), _built(adapters, path.arm, name, unmeasured)
        rows.append(_followed(name, 'the path itself', path, judge, path.q, None))
        for peer, solve in solves.items():
            n = len(path.q)
            problems = Problems(arm=path.arm, targets=path.targets, q_current=path.q)
            if _affordable(solve, problems, plan.path_budget) < n:
                unmeasured.add(peer, 'paths', f'{n} targets take more than {plan.path_budget:g} s')
                continue
            q, times = _follow(solve, path)
            rows.append(_followed(name, peer, path, judge, q, times))
    return rows


def _follow(solve: Solve, path: ArmPath) -> tuple[Joints, FloatArray]:
    """Return the answers (n, 6), NaN for none, each the start of the next, and times [us]."""
    answers, times = np.full(path.q.shape, np.nan), np.empty(len(path.q))
    q_current = path.q[0].copy()
    for k, target in enumerate(path.targets):
        began = time.perf_counter_ns()
        q = solve(target, q_current)
        times[k] = 1e-3 * (time.perf_counter_ns() - began)
        if q is not None:
            answers[k] = q
            q_current = answers[k].copy()
    return answers, times


def _followed(
    name: str, peer: str, path: ArmPath, judge: Judge, q: Joints, times: FloatArray | None
) -> PathRow:
    is_good = judge.verdicts(q, path.targets).is_on_target(USUAL)
    good = np.concatenate([path.q[:1], q[is_good]])
    steps, signs = np.abs(np.diff(good, axis=0)), posture(path.arm, good)
    times = np.zeros(1) if times is None else times[1:]
    p50, p99 = np.percentile(times, [50, 99])
    return PathRow(
        path=name,
        peer=peer,
        n_targets=len(q),
        failures=int((~is_good).sum()),
        largest_step=float(steps.max(initial=0.0)),
        posture_changes=int((~is_same_posture(signs[1:], signs[:-1])).sum()),
        p50_us=float(p50),
        p99_us=float(p99),
        max_us=float(times.max()),
    )
