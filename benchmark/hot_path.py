# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cost of one solve relative to the network alone: ratios of medians, interleaved in one run."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import forward, random_joints, refine
from neural_ik_ros.learning.data.features import features

BLOCK = 200  # consecutive calls of one kind
N_TARGETS = 2000
COLD_START = """
import time; began = time.perf_counter()
from neural_ik_ros import IkSolver
import numpy as np
solver = IkSolver.load()
solver.solve(np.eye(4), np.zeros(6)); solver.warm_up()
seconds = time.perf_counter() - began
memory = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))
print(seconds, int(memory.split()[1]) / 1024)
"""


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=60, help='blocks of 200 calls of each kind')
    rounds = parser.parse_args().rounds
    solver = IkSolver.load()
    solver.warm_up()
    arm, rng = solver.arm, np.random.default_rng(1)
    q = random_joints(arm, rng, N_TARGETS)
    q_current = np.clip(q + rng.uniform(-0.1, 0.1, q.shape), arm.lower, arm.upper)
    targets = forward(arm, q)
    rows = features(targets, q_current).astype(np.float32)
    engine = solver.predictor.engine
    p50, p99 = interleaved(
        {
            'network': lambda i: engine.run(rows[i : i + 1]),
            'propose': lambda i: solver.predictor.predict(targets[i], q_current[i]),
            'solve': lambda i: solver.solve(targets[i], q_current[i]),
        },
        rounds,
    )
    print(f'network alone {p50["network"]:.1f} us, solve {p50["solve"]:.1f} us')
    print(f'solve / network, p50: {p50["solve"] / p50["network"]:.2f}')
    print(f'solve p99 / p50: {p99["solve"] / p50["solve"]:.2f}')
    print(f'network p99 / p50: {p99["network"] / p50["network"]:.2f}')
    throughput(solver, targets, q_current)
    start_s, memory_mb = map(float, run(COLD_START).split()[-2:])
    print(f'import, load, first answer, warm-up: {start_s:.2f} s, {memory_mb:.0f} MB resident')
    print(f'this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB')


def interleaved(
    calls: dict[str, Callable[[int], object]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the medians over the rounds of each call's p50 and p99 [us]."""
    figures: dict[str, list[np.ndarray]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times = np.empty(BLOCK)
            for i in range(BLOCK):
                began = time.perf_counter_ns()
                call(i)
                times[i] = 1e-3 * (time.perf_counter_ns() - began)
            figures[name].append(np.percentile(times, [50, 99]))
    medians = {name: np.median(rows, axis=0) for name, rows in figures.items()}
    return {k: float(v[0]) for k, v in medians.items()}, {
        k: float(v[1]) for k, v in medians.items()
    }


def throughput(solver: IkSolver, targets: np.ndarray, q_current: np.ndarray) -> None:
    """Print the cost of a row of a batch, of its network, and of one iteration."""
    costs: dict[str, list[float]] = {'batch': [], 'network': [], 'iteration': []}
    n_iterations = int(refine(solver.arm, q_current, targets).iterations.sum())
    for _ in range(9):
        for name, call, n in (
            ('batch', lambda: solver.solve_batch(targets, q_current), len(targets)),
            ('network', lambda: solver.predictor.predict(targets, q_current), len(targets)),
            ('iteration', lambda: refine(solver.arm, q_current, targets), n_iterations),
        ):
            began = time.process_time()
            call()
            costs[name].append(1e6 * (time.process_time() - began) / n)
    batch, network, iteration = (float(np.median(costs[name])) for name in costs)
    print(
        f'batch {batch:.1f} us a row ({1e6 / batch:.0f} solves/s), of it network {network:.1f} us'
    )
    print(f'iteration {iteration:.2f} us')


def run(code: str) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, '-c', code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == '__main__':
    main()
