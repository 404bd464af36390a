# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Share of reachable targets that are solved, and whether the others get the right status."""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import Arm, forward, is_within_limits, pose_error
from neural_ik_ros.solver import CurrentJoints, IkSolutions, IkStatus, SolverOptions

from .problems import Problems, calibrated_problems, expected_status, random_poses, reachable_sets

CHUNK = 50_000
OPTIONS = SolverOptions(allow_other_posture=True)
HEADER = ('set', 'first seed', 'targets', 'solved', 'posture kept', 'worst [m]', 'worst [rad]',
          'iterations', 'CPU us', 'found by')  # fmt: skip


def main() -> None:
    """Print one row for each problem set and predictor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-n', type=int, default=10_000, help='targets a set (default 10000)')
    parser.add_argument('--arms', type=int, default=20, help='calibrated arms (default 20)')
    parser.add_argument(
        '--sets', nargs='+', metavar='NAME', help='only these and calibrated arms, no refusals'
    )
    arguments = parser.parse_args()
    network = IkSolver.load(options=OPTIONS)
    arm, predictors = network.arm, (network.predictor, CurrentJoints())
    sets = reachable_sets(arm, arguments.n)
    if unknown := set(arguments.sets or ()) - set(sets):
        parser.error(f'unknown: {", ".join(sorted(unknown))}; choose from {", ".join(sets)}')
    print(f'| {" | ".join(HEADER)} |\n|{"---|" * len(HEADER)}')
    for name in arguments.sets or sets:
        problems = sets[name]
        for predictor in predictors:
            report(name, IkSolver(arm, predictor, OPTIONS), problems)
    for seed in range(arguments.arms):
        problems = calibrated_problems(arm, seed, arguments.n)
        report(f'calibrated {seed}', IkSolver(problems.arm, predictors[0], OPTIONS), problems)
    if arguments.sets is None:
        compare_statuses(IkSolver(arm, predictors[0], OPTIONS), arm, arguments.n)


def report(name: str, solver: IkSolver, problems: Problems) -> None:
    """Print the row of one set; solutions are measured again by forward kinematics."""
    solver.warm_up()
    solved, kept, iterations, began = 0, 0, 0, time.process_time()
    found_by: Counter[str] = Counter()
    worst = np.zeros(2)
    targets = problems.targets
    for start in range(0, len(targets), CHUNK):
        rows = slice(start, start + CHUNK)
        solutions = solver.solve_batch(targets[rows], problems.q_current[rows])
        is_good, errors = verified(solver.arm, solutions, targets[rows])
        solved, worst = solved + int(is_good.sum()), np.maximum(worst, errors)
        kept += solutions.statuses.count(IkStatus.SOLVED)
        iterations += int(solutions.iterations.sum())
        found_by.update(solutions.seed_names[code] for code in solutions.seed_codes if code >= 0)
    n, cpu_us = len(targets), 1e6 * (time.process_time() - began) / len(targets)
    seeds = ', '.join(f'{seed} {100.0 * k / n:.1f} %' for seed, k in found_by.most_common())
    cells = (name, solver.predictor.name, n, f'{100.0 * solved / n:.4f} %',
             f'{100.0 * kept / n:.3f} %', f'{worst[0]:.1e}', f'{worst[1]:.1e}',
             f'{iterations / n:.1f}', f'{cpu_us:.0f}', seeds)  # fmt: skip
    print(f'| {" | ".join(map(str, cells))} |', flush=True)


def verified(
    arm: Arm, solutions: IkSolutions, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which solutions forward kinematics confirms, and the largest errors of all solved."""
    is_solved = solutions.is_solved
    q = np.where(is_solved[:, None], solutions.q, 0.0)
    position, rotation = pose_error(forward(arm, q), targets)
    is_good = is_solved & is_within_limits(arm, q) & (position <= 1e-9) & (rotation <= 1e-9)
    return is_good, np.array([position[is_solved].max(), rotation[is_solved].max()])


def compare_statuses(solver: IkSolver, arm: Arm, n: int) -> None:
    """Compare statuses with all branches of the arm, and time single calls."""
    counts: Counter[str] = Counter()
    times_us: dict[str, list[float]] = {}
    for target in random_poses(n):
        began = time.perf_counter_ns()
        status = solver.solve(target, np.zeros(6)).status
        times_us.setdefault(status.name, []).append(1e-3 * (time.perf_counter_ns() - began))
        expected = expected_status(arm, target)
        counts[f'{status.name.replace("_OTHER_POSTURE", "")} as {expected.name}'] += 1
    print(f'\nstatuses of {n} random poses, actual as expected: {dict(counts)}')
    for name, times in times_us.items():
        p50, p99 = np.percentile(times, [50, 99])
        print(f'{name}: {len(times)} targets, p50 {p50:.0f} us, p99 {p99:.0f} us')


if __name__ == '__main__':
    main()
