# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Solve one target, read the evidence, see refusals, then verify 2000 solutions yourself."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from picture import draw

from neural_ik_ros import IkSolver, pose_error, transform_from_xyz_rpy
from neural_ik_ros.kinematics import forward, is_within_limits, random_joints

N_TARGETS = 2000
NEAR = 0.1  # [rad] distance of the arm from the solution, as when it follows a path


def main(output: Path) -> None:
    """Print the results, and draw them to ``output/picture.png``."""
    solver = IkSolver.load()
    q_current = np.array([0.0, 0.3, 0.3, 0.0, 1.0, 0.0])  # [rad]

    target = transform_from_xyz_rpy([0.9, 0.4, 0.9], [0.0, math.pi, 0.0])  # tool points down
    solution = solver.solve(target, q_current)
    print(f'{solution.status.name}: {solution.reason}')
    print('joints [rad]:', solution.q.round(4))
    print(f'off by {solution.position_error:.1e} m and {solution.rotation_error:.1e} rad')

    for what, unsolvable in (
        ('3 m away', transform_from_xyz_rpy([3.0, 0.0, 1.0], [0.0, 0.0, 0.0])),
        ('below the floor plate', transform_from_xyz_rpy([0.0, 0.0, -0.6], [0.0, math.pi, 0.0])),
        ('not a number', np.full((4, 4), math.nan)),
    ):
        refused = solver.solve(unsolvable, q_current)
        print(f'{what}: {refused.status.name}, {refused.reason}; joints {refused.q}')

    # Many at once. The targets are made from joints, so each of them has a solution.
    rng = np.random.default_rng(1)
    q_near = random_joints(solver.arm, rng, N_TARGETS)
    q_true = q_near + rng.uniform(-NEAR, NEAR, q_near.shape)
    q_true = q_true.clip(solver.arm.lower, solver.arm.upper)
    targets = forward(solver.arm, q_true)
    solutions = solver.solve_batch(targets, q_near)

    # Verify: where is the tool, and are the joints within their limits?
    is_solved = solutions.is_solved
    proposed = tool_errors(solver, solutions.q_seed[is_solved], targets[is_solved])
    exact = tool_errors(solver, solutions.q[is_solved], targets[is_solved])
    n_inside = is_within_limits(solver.arm, solutions.q[is_solved]).sum()
    print(f'solved {is_solved.sum()} of {N_TARGETS}, {n_inside} of them within the joint limits')
    print(f'network alone: median {np.median(proposed):.1e} m, largest {proposed.max():.1e} m')
    print(f'as solved:     median {np.median(exact):.1e} m, largest {exact.max():.1e} m')

    draw(solver.arm, q_current, solution.q, proposed, exact, output / 'picture.png')


def tool_errors(solver: IkSolver, q: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return how far the tool (n,) [m] is from its target, by forward kinematics."""
    return pose_error(forward(solver.arm, q), targets)[0]


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output)
