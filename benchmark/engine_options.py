# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Effect of weight types, batch size, threads and cores on the network; about a minute."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.learning.bundle.card import MODEL, NETWORK
from neural_ik_ros.learning.bundle.engines import LiteRtEngine
from neural_ik_ros.learning.bundle.network_seed import NetworkSeed
from neural_ik_ros.learning.bundle.storage import Bundle, load_bundle
from neural_ik_ros.learning.data.features import features
from neural_ik_ros.learning.evaluation.markdown import markdown_table
from neural_ik_ros.solver import IkSolver

from .problems import Problems, reachable_sets

CHUNKS = (16, 64, 256)  # rows of one call
N_ROUNDS, N_CALLS = 40, 100
N_TARGETS = 2048
BUSY_LOOP = 'while True: pass'

Key = TypeVar('Key', bound=Hashable)
Times = Callable[[], FloatArray]  # [us] of each call, or of each row of a batch


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to run the network."""

    times: Times
    cores: tuple[int, ...]  # that the process may use


def main() -> None:
    """Print a table for each kind of option."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=N_ROUNDS, help=f'default {N_ROUNDS}')
    rounds = parser.parse_args().rounds
    bundle, cores = load_bundle(None), tuple(sorted(os.sched_getaffinity(0)))
    models, sets = _models(bundle), reachable_sets(bundle.arm, N_TARGETS)
    print(_weights(models, sets['near'], sets['far'], cores[-1:], rounds), end='\n\n')
    near, model = sets['near'], models['float32']
    one = _single(LiteRtEngine(model), near)
    cases = {
        'free, 1 thread': Case(times=one, cores=cores),
        'free, 2 threads': Case(
            times=_single(LiteRtEngine(model, n_threads=2), near), cores=cores
        ),
        'held on one core': Case(times=one, cores=cores[-1:]),
    }
    print(_table('idle machine', interleaved(cases, rounds)), end='\n\n')
    with _busy_core(cores[0]):
        print(_table('a busy process on another core', interleaved(cases, rounds)))


def _models(bundle: Bundle) -> dict[str, bytes]:
    """Return the served network, and the trained one converted with smaller weights."""
    import tensorflow as tf

    from neural_ik_ros.learning.network.model_files import litert_converter, network_from_bytes

    models = {'float32': bundle.files[MODEL]}
    for name, types in (('float16', [tf.float16]), ('int8', [])):
        converter = litert_converter(network_from_bytes(bundle.files[NETWORK]))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = types
        models[name] = converter.convert()
    return models


def _weights(
    models: Mapping[str, bytes], near: Problems, far: Problems, core: tuple[int, ...], rounds: int
) -> str:
    """Return times and the quality of the seeds for each type of weights."""
    cases = {}
    for name, model in models.items():
        cases[name, 1] = Case(times=_single(LiteRtEngine(model), near), cores=core)
        for n in CHUNKS:
            times = _rows(LiteRtEngine(model, chunk=n), near, n)
            cases[name, n] = Case(times=times, cores=core)
    found, lines = interleaved(cases, rounds), []
    for name, model in models.items():
        solver = IkSolver(far.arm, NetworkSeed(LiteRtEngine(model)))
        solutions = solver.solve_batch(far.targets, far.q_current)
        share, iterations = (solutions.seed_codes == 0).mean(), solutions.iterations.mean()
        times_us = [f'{found[name, n][0]:.1f}' for n in (1, *CHUNKS)]
        quality = f'{100.0 * share:.1f} %', f'{iterations:.2f}'
        lines.append((name, f'{len(model) / 1000:.0f}', *times_us, *quality))
    rows = [f'row of {n} [us]' for n in CHUNKS]
    header = ('weights', 'kB', 'one call [us]', *rows, 'far: solved from it', 'iterations')
    return markdown_table(header, lines)


def _table(title: str, found: Mapping[str, tuple[float, float]]) -> str:
    lines = [(name, f'{p50:.1f}', f'{p99:.1f}') for name, (p50, p99) in found.items()]
    return markdown_table((title, 'p50 [us]', 'p99 [us]'), lines)


def _single(engine: LiteRtEngine, problems: Problems) -> Times:
    rows = features(problems.targets, problems.q_current).astype(np.float32)

    def times() -> FloatArray:
        found = np.empty(N_CALLS)
        for k in range(N_CALLS):
            began = time.perf_counter_ns()
            engine.run(rows[k : k + 1])
            found[k] = 1e-3 * (time.perf_counter_ns() - began)
        return found

    return times


def _rows(engine: LiteRtEngine, problems: Problems, n: int) -> Times:
    rows = features(problems.targets[:n], problems.q_current[:n]).astype(np.float32)

    def times() -> FloatArray:
        began = time.perf_counter_ns()
        engine.run(rows)
        return np.array([1e-3 * (time.perf_counter_ns() - began) / n])

    return times


def interleaved(cases: Mapping[Key, Case], rounds: int) -> dict[Key, tuple[float, float]]:
    """Return the medians over the rounds of each case's p50 and p99 [us]."""
    found: dict[Key, list[FloatArray]] = {name: [] for name in cases}
    before = os.sched_getaffinity(0)
    try:
        for _ in range(rounds + 1):
            for name, case in cases.items():
                os.sched_setaffinity(0, case.cores)
                found[name].append(np.percentile(case.times(), [50, 99]))
    finally:
        os.sched_setaffinity(0, before)
    # The first round includes what is prepared at first use.
    medians = {name: np.median(rows[1:], axis=0) for name, rows in found.items()}
    return {name: (float(p50), float(p99)) for name, (p50, p99) in medians.items()}


@contextmanager
def _busy_core(core: int) -> Iterator[None]:
    """Keep one core busy with another process inside the block."""
    process = subprocess.Popen([sys.executable, '-c', BUSY_LOOP])  # noqa: S603
    try:
        os.sched_setaffinity(process.pid, {core})
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == '__main__':
    main()
