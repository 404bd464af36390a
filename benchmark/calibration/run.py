# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Print the tables of docs/calibration.md.

The UR10 series are found in the folder ``NEURAL_IK_ROS_DATA``/ur10_accuracy; without it their
tables are left out. ``OMP_NUM_THREADS=1`` helps on a machine that is busy.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from neural_ik_ros.calibration.data.measurements import Measurements, joined
from neural_ik_ros.calibration.data.table_file import load_format, read_table
from neural_ik_ros.calibration.fit.accuracy import accuracy_of, residuals_elsewhere
from neural_ik_ros.calibration.fit.geometry_fit import Noise, fit_geometry, fit_setup
from neural_ik_ros.calibration.fit.identify import identify
from neural_ik_ros.calibration.results.planning import Conditions, plan_measurement
from neural_ik_ros.kinematics import (
    Arm,
    JointErrors,
    arm_from_urdf,
    forward,
    pose_error,
    predicted_accuracy,
    random_joints,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

from .specimens import in_sockets, judged_forward, measure, specimen

HERE = Path(__file__).resolve().parent
VARIABLE = 'NEURAL_IK_ROS_DATA'
TRAIN_SHARE, MAX_TRAIN, MAX_TEST = 0.7, 2000, 3000
N_FEW = 120  # measured poses
COUNTS = (60, 120, 250, 500, 1000)
SENSOR_NOISE = 2e-5  # [m], [rad] of the simulated sensor
N_TIMED, N_ROUNDS = 20_000, 15
SOCKETS = np.array([[1.0, 0.3, 0.6], [0.9, -0.5, 1.1], [0.7, 0.6, 1.3]])  # [m] in the base
UNSEEN_SOCKETS = np.array([[0.8, 0.1, 0.9]])
N_IN_SOCKET = 60


def series() -> dict[str, Measurements]:
    """Return the UR10 series by letter, none without the data."""
    folder = Path(os.environ.get(VARIABLE, '')) / 'ur10_accuracy'
    files = sorted(folder.glob('ipa_ur10_*.csv')) if VARIABLE in os.environ else []
    table = load_format(HERE / 'ur10_series.yaml')
    return {file.name[9]: read_table(file, table) for file in files}


def error(arm: Arm, rows: Measurements) -> str:
    """Return mean, 95 % and largest error of an arm at poses it was not fitted to."""
    found = accuracy_of(residuals_elsewhere(arm, rows))
    return f'{1e3 * found.mean:.3f} / {1e3 * found.p95:.3f} / {1e3 * found.max:.2f}'


def geometry_of(nominal: Arm, rows: Measurements) -> Arm:
    """Return the arm with its geometry fitted, what every open tool does."""
    return fit_geometry(nominal, rows, fit_setup(nominal, rows)).arm


def held_out(nominal: Arm, data: dict[str, Measurements], rng: np.random.Generator) -> None:
    """Print errors at random held-out poses of each series."""
    print(
        '| Series | train, test | nominal | geometry | full [mm] | full [deg] | harmonics | time |'
    )
    print('|---|---|---|---|---|---|---|---|')
    for name, rows in data.items():
        order = rng.permutation(len(rows))
        n = min(MAX_TRAIN, int(TRAIN_SHARE * len(rows)))
        train = rows.take(np.sort(order[:n]))
        test = rows.take(np.sort(order[n : n + MAX_TEST]))
        start = time.process_time()
        found = identify(nominal, train)
        seconds = time.process_time() - start
        turn = accuracy_of(residuals_elsewhere(found.arm, test)).mean_rotation
        print(
            f'| {name} | {n}, {len(test)} | {error(nominal, test)} | '
            f'{error(geometry_of(nominal, train), test)} | {error(found.arm, test)} | '
            f'{np.degrees(turn):.4f} | {found.choice.n_harmonics} | {seconds:.1f} s |'
        )


def predictions(nominal: Arm, data: dict[str, Measurements]) -> None:
    """Print predicted against measured accuracy at held-out poses of each series."""
    print(
        '| Series | poses | covered | median predicted / measured [mm] | within the 95 % | '
        'rotation [mdeg] | within the 95 % | median outside coverage [mm] |\n' + 8 * '|---' + '|'
    )
    for few in (False, True):
        for name, rows in data.items():
            order = np.random.default_rng(0).permutation(len(rows))
            n = N_FEW if few else min(MAX_TRAIN, int(TRAIN_SHARE * len(rows)))
            arm = identify(nominal, rows.take(np.sort(order[:n]))).arm
            test = rows.take(np.sort(order[n : n + MAX_TEST]))
            residuals = residuals_elsewhere(arm, test)
            positions, turns = (np.linalg.norm(residuals[:, k : k + 3], axis=1) for k in (0, 3))
            found = [predicted_accuracy(arm, q) for q in test.q]
            said = np.array([
                [one.position_median, one.position_p95, one.rotation_median, one.rotation_p95]
                for one in found if one is not None
            ])  # fmt: skip
            known = np.isfinite(said[:, 0])
            median, p95, turn, turn_p95 = said[known].T
            print(
                f'| {name} | {n} | {100 * known.mean():.1f} % | {1e3 * np.median(median):.3f} / '
                f'{1e3 * np.median(positions[known]):.3f} | '
                f'{100 * (positions[known] <= p95).mean():.1f} % | '
                f'{1e3 * np.degrees(np.median(turn)):.1f} / '
                f'{1e3 * np.degrees(np.median(turns[known])):.1f} | '
                f'{100 * (turns[known] <= turn_p95).mean():.1f} % | '
                f'{1e3 * np.median(positions[~known]):.3f} |'
            )


def campaigns(nominal: Arm, data: dict[str, Measurements], rng: np.random.Generator) -> None:
    """Print errors of each series for calibrations from the others."""
    parts = {
        name: rows.take(np.sort(rng.permutation(len(rows))[:MAX_TRAIN]))
        for name, rows in data.items()
    }
    print('| From | to | nominal | geometry | full [mm] |\n|---|---|---|---|---|')
    for count in (2, 1):
        for chosen in combinations(parts, count):
            train = joined([parts[name] for name in chosen])
            found, geometry = identify(nominal, train), geometry_of(nominal, train)
            for name in sorted(set(parts) - set(chosen)):
                test = parts[name]
                print(
                    f'| {", ".join(chosen)} | {name} | {error(nominal, test)} | '
                    f'{error(geometry, test)} | {error(found.arm, test)} |'
                )


def fewer_poses(nominal: Arm, rows: Measurements, rng: np.random.Generator) -> None:
    """Print errors by the number of measured poses."""
    order = rng.permutation(len(rows))
    test = rows.take(np.sort(order[COUNTS[-1] + 300 :]))
    print('| Poses | geometry | full [mm] |\n|---|---|---|')
    for n in COUNTS:
        train = rows.take(np.sort(order[:n]))
        full = identify(nominal, train).arm
        print(f'| {n} | {error(geometry_of(nominal, train), test)} | {error(full, test)} |')


def simulated(nominal: Arm, n: int, rng: np.random.Generator) -> None:
    """Print errors of calibrated specimens at poses all over, planned and random."""
    print('| Specimen | poses | nominal | geometry | full [mm] | expected |')
    print('|---|---|---|---|---|---|')
    noise = Noise(position=SENSOR_NOISE, rotation=SENSOR_NOISE)
    plan = plan_measurement(nominal, n, np.random.default_rng(0), Conditions(), noise)
    for seed in range(3):
        arm = specimen(nominal, seed)
        test = measure(arm, random_joints(nominal, rng, 1000), 0.0, rng)
        for name, q in (('planned', plan.q), ('random', random_joints(nominal, rng, n))):
            rows = measure(arm, q, SENSOR_NOISE, rng)
            full = identify(nominal, rows).arm
            expected = f'{1e3 * plan.full_error:.3f}' if name == 'planned' else '-'
            print(
                f'| {seed} | {n} {name} | {error(nominal, test)} | '
                f'{error(geometry_of(nominal, rows), test)} | {error(full, test)} | {expected} |'
            )


def sockets(nominal: Arm, rng: np.random.Generator) -> None:
    """Print errors of specimens calibrated with a ball in pairs of sockets and no sensor."""
    print('| Specimen | at | nominal | geometry | full [mm] |\n|---|---|---|---|---|')
    whole = specimen(nominal, 5)
    for name, arm in (('frames', replace(whole, joint_errors=None)), ('frames, maps, sag', whole)):
        rows = in_sockets(arm, SOCKETS, N_IN_SOCKET, rng)
        geometry, full = geometry_of(nominal, rows), identify(nominal, rows).arm
        tests = {
            'unseen sockets': in_sockets(arm, UNSEEN_SOCKETS, N_IN_SOCKET, rng),
            'poses all over': measure(arm, random_joints(nominal, rng, 500), 0.0, rng),
        }
        for where, test in tests.items():
            print(
                f'| {name} | {where} | {error(nominal, test)} | {error(geometry, test)} | '
                f'{error(full, test)} |'
            )


def exact(nominal: Arm, n_arms: int, n_targets: int) -> None:
    """Print how many targets of specimens are solved, judged by an independent implementation."""
    solved, position, rotation = 0, 0.0, 0.0
    for seed in range(n_arms):
        arm, rng = specimen(nominal, 100 + seed), np.random.default_rng(seed)
        solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
        for start in range(0, n_targets, 20_000):
            n = min(20_000, n_targets - start)
            targets = judged_forward(arm, random_joints(arm, rng, n))
            answers = solver.solve_batch(targets, random_joints(arm, rng, n))
            good = answers.is_solved
            errors = pose_error(judged_forward(arm, answers.q[good]), targets[good])
            solved += int(((errors[0] <= 1e-9) & (errors[1] <= 1e-9)).sum())
            position, rotation = max(position, errors[0].max()), max(rotation, errors[1].max())
    print(
        f'{solved} of {n_arms * n_targets} solved to 1e-9 m and 1e-9 rad; largest error of an '
        f'answer {position:.1e} m, {rotation:.1e} rad'
    )


def cost(nominal: Arm) -> None:
    """Print the time of a solve with joint errors beside the same arm without, CPU time."""
    arm, rng = specimen(nominal, 7), np.random.default_rng(0)
    errors = arm.joint_errors or JointErrors.create()
    arms = {
        'frames': replace(arm, joint_errors=None),
        'frames and maps': replace(arm, joint_errors=JointErrors.create(errors.values)),
        'frames, maps and sag': arm,
    }
    q = random_joints(nominal, rng, N_TIMED)
    near = np.clip(q + rng.uniform(-0.05, 0.05, q.shape), nominal.lower, nominal.upper)
    options = SolverOptions(allow_other_posture=True)
    solvers = {name: IkSolver(one, CurrentJoints(), options) for name, one in arms.items()}
    targets = {name: forward(one, q) for name, one in arms.items()}
    best = dict.fromkeys(arms, np.inf)
    for _ in range(N_ROUNDS):
        for name, solver in solvers.items():
            start = time.process_time()
            solver.solve_batch(targets[name], near)
            best[name] = min(best[name], time.process_time() - start)
    print('| Arm | time of a solve | ratio |\n|---|---|---|')
    for name, seconds in best.items():
        print(f'| {name} | {1e6 * seconds / N_TIMED:.2f} us | {seconds / best["frames"]:.2f} |')


def main() -> None:
    """Print the tables that are asked for, by default all."""
    parts = (
        'held-out',
        'predicted',
        'campaigns',
        'fewer',
        'simulated',
        'sockets',
        'exact',
        'cost',
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('parts', nargs='*', choices=[*parts, []], help='default: all')
    parser.add_argument('--targets', type=int, default=100_000, help='of each of ten specimens')
    args = parser.parse_args()
    wanted, data = args.parts or parts, series()
    ur10 = arm_from_urdf(read_urdf(HERE / 'ur10.urdf'))
    irb2400, rng = arm_from_urdf(read_urdf(shipped_urdf())), np.random.default_rng(0)
    if not data:
        print(f'{VARIABLE} is not set: the tables of the UR10 are left out')
    steps = {
        'held-out': lambda: held_out(ur10, data, rng) if data else None,
        'predicted': lambda: predictions(ur10, data) if data else None,
        'campaigns': lambda: campaigns(ur10, data, rng) if data else None,
        'fewer': lambda: fewer_poses(ur10, data['C'], rng) if data else None,
        'simulated': lambda: simulated(irb2400, 300, rng),
        'sockets': lambda: sockets(irb2400, rng),
        'exact': lambda: exact(irb2400, 10, args.targets),
        'cost': lambda: cost(irb2400),
    }
    for part in wanted:
        print(f'\n## {part}\n', flush=True)
        steps[part]()


if __name__ == '__main__':
    main()
