# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the URDF of another arm to exact joint angles: train, load, solve."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from picture import draw

from neural_ik_ros import CurrentJoints, IkSolver
from neural_ik_ros.cli.main import main as neural_ik
from neural_ik_ros.kinematics import forward, random_joints

HERE = Path(__file__).resolve().parent
# An invented arm: no two of its last three axes meet in one point, so it has no closed form.
ARM = HERE.parents[1] / 'test' / 'learning' / 'offset_wrist.urdf'
N_TARGETS = 1000
AWAY = 0.5  # [rad] largest distance of the current joints from the solution


def main(output: Path, urdf: Path, config: Path) -> None:
    """Train into ``output/run``, print and draw how good the network is."""
    run = output / 'run'
    code = neural_ik(
        ['train', '--config', str(config), '--arm', str(urdf), '--output', str(run)]
        + (['--resume'] if run.exists() else [])  # a second start continues, or is done
        + ['--quiet']
    )
    if code != 0:
        raise SystemExit(code)

    solver = IkSolver.load(run / 'bundle')
    arm, rng = solver.arm, np.random.default_rng(70)
    q_true = random_joints(arm, rng, N_TARGETS)
    q_current = (q_true + rng.uniform(-AWAY, AWAY, q_true.shape)).clip(arm.lower, arm.upper)
    targets = forward(arm, q_true)

    without_network = IkSolver(arm, CurrentJoints())
    for name, one in (('network', solver), ('current joints', without_network)):
        solutions = one.solve_batch(targets, q_current)
        is_solved = solutions.is_solved
        reached = tools(solver, solutions.q[is_solved])
        off = np.linalg.norm(reached - targets[is_solved, :3, 3], axis=1)
        n_iterations = solutions.iterations[is_solved].mean()
        print(
            f'from the {name}: solved {is_solved.sum()} of {N_TARGETS} in '
            f'{n_iterations:.2f} iterations, off by at most {off.max():.1e} m'
        )

    distance = {
        name: np.linalg.norm(tools(solver, q) - targets[:, :3, 3], axis=1)
        for name, q in (
            ('current joints', q_current),
            ('network', solver.predictor.predict(targets, q_current)),
        )
    }
    for name, values in distance.items():
        print(f'{name} unrefined: tool off by {np.median(values):.1e} m in the median')
    history = json.loads((run / 'history.json').read_text(encoding='utf-8'))
    draw(history, distance, output / 'picture.png')


def tools(solver: IkSolver, q: np.ndarray) -> np.ndarray:
    """Return the tool positions (n, 3) [m]."""
    return forward(solver.arm, q)[:, :3, 3]


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    parser.add_argument('--arm', type=Path, default=ARM, metavar='URDF')
    parser.add_argument('--config', type=Path, default=HERE / 'small.yaml', metavar='YAML')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output, arguments.arm, arguments.config)
