# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the tool of a real arm stands: commanded by the drawing, and by its calibration."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from picture import draw

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import forward, random_joints, rotation_angle

CALIBRATION = Path(__file__).with_name('my_arm.yaml')
N_TARGETS = 2000
NEAR = 0.1  # [rad] the arm is so near to the answer


def main(output: Path) -> None:
    """Print what comes out, and draw it to ``output/picture.png``."""
    nominal = IkSolver.load()
    calibrated = IkSolver.load(calibration=CALIBRATION)  # the same network, this arm's geometry

    rng = np.random.default_rng(4)
    arm = calibrated.arm  # the one that stands in the cell
    q_current = random_joints(arm, rng, N_TARGETS)
    q_true = (q_current + rng.uniform(-NEAR, NEAR, q_current.shape)).clip(arm.lower, arm.upper)
    targets = forward(arm, q_true)

    errors = {}
    for name, solver in (('nominal', nominal), ('calibrated', calibrated)):
        solutions = solver.solve_batch(targets, q_current)
        is_solved = solutions.is_solved
        reached = forward(arm, solutions.q[is_solved])  # whatever the solver believes
        off = np.linalg.norm(reached[:, :3, 3] - targets[is_solved, :3, 3], axis=1)
        turned = rotation_angle(reached[:, :3, :3] @ targets[is_solved, :3, :3].swapaxes(1, 2))
        errors[name] = off
        print(
            f'{name:10} solved {is_solved.sum()} of {N_TARGETS}; tool off by '
            f'{np.median(off):.1e} m, {np.median(turned):.1e} rad in the median, '
            f'at most {off.max():.1e} m; {solutions.iterations[is_solved].mean():.2f} iterations'
        )
    draw(errors, output / 'picture.png')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output)
