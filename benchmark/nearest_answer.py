# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Is the nearest answer taken? Jumps and refusals where an answer near the current joints exists.

Current joints are drawn around known answers, in the families where a choice by posture, by turns
or by rounding goes wrong. A jump moves some joint by ``JUMP`` more than the known answer does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import Arm, Joints, forward, is_within_limits, pose_error
from neural_ik_ros.kinematics import random_joints as random_inside
from neural_ik_ros.solver import CurrentJoints, IkSolutions, SolverOptions

SPREADS = (0.05, 0.1, 0.2)  # [rad] of the current joints around the known answer, each joint
JUMP = 0.5  # [rad]
SEED = 11
SHOULDER = 0.1  # [m] of the wrist centre from axis 1
HEADER = ('family', 'spread [rad]', 'first seed', 'targets', 'jumps', 'refusals', 'wrong')

Family = Callable[[Arm, np.random.Generator, int, float], Joints]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of one family."""

    targets: int
    jumps: int
    refusals: int
    wrong: int  # off the target by more than the tolerances, or outside the limits


def anywhere(arm: Arm, rng: np.random.Generator, n: int, spread: float) -> Joints:
    """Return known answers anywhere within the limits."""
    del spread
    return random_inside(arm, rng, n)


def at_shoulder(arm: Arm, rng: np.random.Generator, n: int, spread: float) -> Joints:
    """Return known answers of the IRB2400 whose wrist centre is on axis 1 or close to it."""
    del spread
    q = random_inside(arm, rng, 4 * n)
    distance = rng.choice([-1.0, 1.0], len(q)) * 10.0 ** rng.uniform(
        -12.0, np.log10(SHOULDER), len(q)
    )
    a = 0.705 + 0.135 * np.cos(q[:, 2]) - 0.755 * np.sin(q[:, 2])
    b = 0.755 * np.cos(q[:, 2]) + 0.135 * np.sin(q[:, 2])
    q[:, 1] = np.arcsin((distance - 0.1) / np.hypot(a, b)) - np.arctan2(b, a)
    return q[is_within_limits(arm, q)][:n]


def at_wrist(arm: Arm, rng: np.random.Generator, n: int, spread: float) -> Joints:
    """Return known answers with joint 5 near zero, so that current joints lie on both sides."""
    q = random_inside(arm, rng, n)
    tiny = rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-12.0, -2.0, n)
    q[:, 4] = np.where(rng.random(n) < 0.5, tiny, rng.uniform(-spread, spread, n))
    return q


def straight_at_turn_end(arm: Arm, rng: np.random.Generator, n: int, spread: float) -> Joints:
    """Return known answers with a straight wrist and joint 4 or 6, or both, near its end."""
    q = random_inside(arm, rng, n)
    q[:, 4] = rng.choice([0.0, 1e-12, -1e-11, 1e-9], n)
    which = rng.integers(0, 3, n)
    for joint, skipped in ((3, 1), (5, 0)):
        inwards = rng.uniform(0.0, spread, n)
        at_end = np.where(
            rng.random(n) < 0.5, arm.lower[joint] + inwards, arm.upper[joint] - inwards
        )
        q[:, joint] = np.where(which == skipped, q[:, joint], at_end)
    return q


def on_limit(arm: Arm, rng: np.random.Generator, n: int, spread: float) -> Joints:
    """Return known answers with at least one joint exactly on its limit."""
    del spread
    q = random_inside(arm, rng, n)
    is_on = rng.random(q.shape) < 0.2
    is_on[np.arange(n), rng.integers(0, 6, n)] = True
    return np.where(is_on, np.where(rng.random(q.shape) < 0.5, arm.lower, arm.upper), q)


FAMILIES: Mapping[str, Family] = {
    'random': anywhere,
    'shoulder': at_shoulder,
    'wrist': at_wrist,
    'straight wrist, end of turn': straight_at_turn_end,
    'on a limit': on_limit,
}


def problems(arm: Arm, family: str, spread: float, n: int) -> tuple[Joints, Joints]:
    """Return known answers (n, 6) of a family and current joints within ``spread`` of them."""
    rng = np.random.default_rng(SEED)
    q = FAMILIES[family](arm, rng, n, spread)
    return q, np.clip(q + rng.uniform(-spread, spread, q.shape), arm.lower, arm.upper)


def tally(solver: IkSolver, q: Joints, q_current: Joints) -> Tally:
    """Solve for the poses of known answers ``q`` and count what went wrong."""
    targets = forward(solver.arm, q)
    solutions: IkSolutions = solver.solve_batch(targets, q_current)
    is_solved = solutions.is_solved
    found = np.where(is_solved[:, None], solutions.q, q)
    excess = np.abs(found - q_current).max(axis=1) - np.abs(q - q_current).max(axis=1)
    position, rotation = pose_error(forward(solver.arm, found), targets)
    is_good = (position <= solver.options.position_tolerance) & is_within_limits(solver.arm, found)
    is_good &= rotation <= solver.options.rotation_tolerance
    return Tally(
        targets=len(q),
        jumps=int((excess > JUMP).sum()),
        refusals=int((~is_solved).sum()),
        wrong=int((~is_good).sum()),
    )


def main() -> None:
    """Print one row for each family, spread and order of seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-n', type=int, default=20_000, help='targets a row (default 20000)')
    parser.add_argument('--urdf', type=Path, help='another arm, without the shoulder family')
    parser.add_argument('--tolerance', type=float, default=1e-9, help='[m], [rad] (default 1e-9)')
    arguments = parser.parse_args()
    options = SolverOptions(
        position_tolerance=arguments.tolerance, rotation_tolerance=arguments.tolerance
    )
    if arguments.urdf is not None:
        solvers = [IkSolver.from_urdf(arguments.urdf, options=options)]
    else:
        network = IkSolver.load(options=options)
        solvers = [network, IkSolver(network.arm, CurrentJoints(), options)]
    print(f'| {" | ".join(HEADER)} |\n|{"---|" * len(HEADER)}')
    for family in FAMILIES:
        if arguments.urdf is not None and family == 'shoulder':
            continue
        for spread in SPREADS:
            for solver in solvers:
                count = tally(solver, *problems(solver.arm, family, spread, arguments.n))
                cells = (family, spread, solver.predictor.name, count.targets, count.jumps,
                         count.refusals, count.wrong)  # fmt: skip
                print(f'| {" | ".join(map(str, cells))} |', flush=True)


if __name__ == '__main__':
    main()
