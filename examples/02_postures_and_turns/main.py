# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One tool pose in four postures, and a tool that turns on after its joint reaches the limit."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from picture import draw

from neural_ik_ros import IkSolver, SolverOptions, transform_from_xyz_rpy
from neural_ik_ros.kinematics import branches, is_within_limits, nearest_turn, posture

UP_AND_OVER = transform_from_xyz_rpy([0.5, 0.0, 1.9], [0.0, 1.9, 0.0])
N_STEPS = 1000  # of one degree


def main(output: Path) -> None:
    """Print the results, and draw them to ``output/picture.png``."""
    solver = IkSolver.load()
    postures = all_postures(solver)
    keep_the_posture(solver, postures)
    angles, joint_6, n_refused = turn_the_tool()
    print(f'joint_6 from {joint_6[0]:.2f} to {np.nanmax(joint_6):.2f} rad; then', end=' ')
    print(f'{n_refused} targets STEP_TOO_LARGE, because it would have to turn back by a turn')
    draw(solver.arm, postures, angles, joint_6, output / 'picture.png')


def all_postures(solver: IkSolver) -> list[np.ndarray]:
    """Return all solutions of one pose within the limits: what the solver chooses from."""
    seeds = nearest_turn(branches(solver.arm, UP_AND_OVER, np.zeros(6)), np.zeros(6))
    found = []
    for q in seeds[is_within_limits(solver.arm, seeds)]:
        shoulder, elbow, wrist = posture(solver.arm, q)
        print(f'shoulder {shoulder:+}, elbow {elbow:+}, wrist {wrist:+}: {q.round(3)}')
        found.append(q)
    return found


def keep_the_posture(solver: IkSolver, postures: list[np.ndarray]) -> None:
    """The solution keeps the posture of the arm; another one needs permission."""
    for q in postures:
        q_current = q + 0.05
        solution = solver.solve(UP_AND_OVER, q_current)
        print(f'from there: {solution.status.name}, off by {np.abs(solution.q - q).max():.0e} rad')

    behind = transform_from_xyz_rpy([-0.5, 0.0, 1.5], [0.0, 1.571, 0.0])  # over its shoulder
    q_front = np.array([0.0, 0.3, 0.3, 0.0, 1.0, 0.0])
    allowed = IkSolver.load(options=SolverOptions(allow_other_posture=True))
    print('behind the arm, asked from the front:', solver.solve(behind, q_front).status.name)
    print('the same, allowed to change:', allowed.solve(behind, q_front).status.name)


def turn_the_tool() -> tuple[np.ndarray, np.ndarray, int]:
    """Return tool angles [rad], joint_6 [rad] (NaN where refused), and the number refused."""
    careful = IkSolver.load(options=SolverOptions(max_joint_step=0.5))
    q = np.array([0.0, 0.3, 0.3, 0.0, 1.0, -6.9])  # joint_6 near its lower limit
    angles = np.radians(np.arange(float(N_STEPS)))
    joint_6 = np.full(N_STEPS, math.nan)
    start = 6.9  # [rad] so that the first target is where the tool is
    for i, angle in enumerate(angles):
        target = transform_from_xyz_rpy([1.0, 0.0, 0.9], [0.0, math.pi, start - angle])
        solution = careful.solve(target, q)
        if solution.status.is_solved:
            q = solution.q  # current joints for the next target
            joint_6[i] = q[5]
    return angles, joint_6, int(np.isnan(joint_6).sum())


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output)
