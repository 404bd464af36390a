# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Solve rate, seeds and time of ``IkSolver.solve``, with and without the network."""

from __future__ import annotations

import argparse
import platform
import time
from collections import Counter

import numpy as np

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import (
    Joints,
    Transform,
    forward,
    invert,
    is_within_limits,
    random_joints,
    rotation_angle,
)
from neural_ik_ros.learning.dataset import DataConfig, unseen_set
from neural_ik_ros.solver import CurrentJoints, IkSolution, SolverOptions
from neural_ik_ros.solver import IkSolver as SolverCore

EXACT = 1e-9  # [m], [rad]


def main() -> None:
    """Print one row for each problem set and predictor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-n', type=int, default=10_000, help='targets a set (default 10000)')
    n = parser.parse_args().n
    options = SolverOptions(allow_other_posture=True)
    with_network = IkSolver.load(options=options)
    arm = with_network.arm
    solvers = {
        'network': with_network,
        'current': SolverCore(arm, CurrentJoints(), options),
    }
    config = DataConfig(n_test=n, seed=7)
    near, far = unseen_set(arm, config, 'near'), unseen_set(arm, config, 'far')
    rng = np.random.default_rng(7)
    anywhere = random_joints(arm, rng, n), random_joints(arm, rng, n)
    problems = {
        'near': (near.transform_base_tool, near.q_current),
        'far': (far.transform_base_tool, far.q_current),
        'any': (forward(arm, anywhere[0]), anywhere[1]),
    }
    print(f'{n} targets a set, {platform.machine()}, Python {platform.python_version()}\n')
    print(
        '| set | first seed | solved | posture kept | Newton steps | p50 us | p99 us | found by |'
    )
    print('|---|---|---|---|---|---|---|---|')
    for problem, (targets, starts) in problems.items():
        for name, solver in solvers.items():
            print(f'| {problem} | {name} | {row(solver, targets, starts)} |', flush=True)


def row(solver: SolverCore, targets: Transform, starts: Joints) -> str:
    """Return the cells of one row; answers are judged again, not believed."""
    solver.warm_up()
    solutions, times_us = [], []
    for target, start in zip(targets, starts, strict=True):
        began = time.perf_counter_ns()
        solutions.append(solver.solve(target, start))
        times_us.append(1e-3 * (time.perf_counter_ns() - began))
    is_good = np.array(
        [is_reached(solver, *pair) for pair in zip(solutions, targets, strict=True)]
    )
    kept = np.array([solution.status.name == 'SOLVED' for solution in solutions])
    steps = np.mean([solution.iterations for solution in solutions])
    seeds = Counter(solution.seed for solution in solutions)
    p50, p99 = np.percentile(times_us, [50, 99])
    found_by = ', '.join(
        f'{seed} {100.0 * k / len(targets):.1f} %' for seed, k in seeds.most_common()
    )
    cells = (f'{100.0 * is_good.mean():.3f} %', f'{100.0 * kept.mean():.2f} %', f'{steps:.1f}')
    return ' | '.join((*cells, f'{p50:.0f}', f'{p99:.0f}', found_by))


def is_reached(solver: SolverCore, solution: IkSolution, target: Transform) -> bool:
    """Return whether forward kinematics confirms the answer."""
    if not solution.status.is_solved or not is_within_limits(solver.arm, solution.q):
        return False
    offset = invert(target) @ forward(solver.arm, solution.q)
    return bool(np.linalg.norm(offset[:3, 3]) <= EXACT and rotation_angle(offset[:3, :3]) <= EXACT)


if __name__ == '__main__':
    main()
