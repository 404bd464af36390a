# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tool errors of a real arm: solved with nominal geometry, and with its calibration."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from picture import draw

from neural_ik_ros import IkSolver, pose_error
from neural_ik_ros.kinematics import forward, random_joints

CALIBRATION = Path(__file__).with_name('my_arm.yaml')
N_TARGETS = 2000
NEAR = 0.1  # [rad] distance of the arm from the solution


def main(output: Path) -> None:
    """Print the results, and draw them to ``output/picture.png``."""
    nominal = IkSolver.load()
    calibrated = IkSolver.load(calibration=CALIBRATION)  # the same network, this arm's geometry

    rng = np.random.default_rng(4)
    arm = calibrated.arm  # the real one
    q_current = random_joints(arm, rng, N_TARGETS)
    q_true = (q_current + rng.uniform(-NEAR, NEAR, q_current.shape)).clip(arm.lower, arm.upper)
    targets = forward(arm, q_true)

    errors = {}
    for name, solver in (('nominal', nominal), ('calibrated', calibrated)):
        solutions = solver.solve_batch(targets, q_current)
        is_solved = solutions.is_solved
        # By forward kinematics, whatever the solver reports.
        reached = forward(arm, solutions.q[is_solved])
        position, rotation = pose_error(reached, targets[is_solved])
        errors[name] = position
        print(
            f'{name:10} solved {is_solved.sum()} of {N_TARGETS}; tool off by '
            f'{np.median(position):.1e} m, {np.median(rotation):.1e} rad in the median, '
            f'at most {position.max():.1e} m; '
            f'{solutions.iterations[is_solved].mean():.2f} iterations'
        )
    draw(errors, output / 'picture.png')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output)
