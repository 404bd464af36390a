# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dense paths: solved all the way, in small steps, through singularities and whole turns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    Joints,
    Transform,
    angular_distance,
    forward,
    random_joints,
)
from neural_ik_ros.solver import CurrentJoints, IkSolution, IkSolver, IkStatus, SolverOptions

START = np.array([0.3, 0.2, 0.1, 0.4, 0.7, -0.5])
REACHED = 1e-9  # [m], [rad]
JUMP = 0.1  # [rad] nothing on a dense path comes near this, a flipped wrist is pi


def followed(solver: IkSolver, targets: Transform, q: Joints) -> list[IkSolution]:
    """Return the solutions along a path, each from where the last one left the arm."""
    solutions = []
    for target in targets:
        solution = solver.solve(target, q)
        solutions.append(solution)
        q = solution.q if solution.status.is_solved else q
    return solutions


def largest_steps(solutions: Sequence[IkSolution]) -> FloatArray:
    """Return the largest step of each joint (6,) [rad] along a path that must be solved."""
    assert all(solution.status is IkStatus.SOLVED for solution in solutions)
    assert max(solution.position_error for solution in solutions) <= REACHED
    assert max(solution.rotation_error for solution in solutions) <= REACHED
    steps: FloatArray = np.abs(np.diff([solution.q for solution in solutions], axis=0)).max(axis=0)
    return steps


def moved(transform: Transform, offsets: FloatArray) -> Transform:
    """Return the pose moved by each offset (n, 3) [m] in axes of the base."""
    targets = np.tile(transform, (len(offsets), 1, 1))
    targets[:, :3, 3] += offsets
    return targets


def along_joints(arm: Arm, q: Joints, move: Joints, n: int) -> Transform:
    return forward(arm, q + np.linspace(0.0, 1.0, n)[:, None] * move)


@pytest.mark.parametrize('direction', [*np.eye(3), *-np.eye(3), (0.6, 0.0, -0.8)], ids=str)
def test_solve_follows_a_straight_line_in_small_steps(arm, solver, direction):
    offsets = np.linspace(0.0, 0.15, 151)[:, None] * direction
    solutions = followed(solver, moved(forward(arm, START), offsets), START)
    assert len(solutions) == 151
    assert largest_steps(solutions).max() < 0.01  # a millimetre at a time


@pytest.mark.parametrize('plane', [(0, 1), (0, 2), (1, 2)])
def test_solve_follows_a_circle_and_comes_back(arm, solver, plane):
    angle = np.linspace(0.0, 2.0 * math.pi, 361)
    offsets = np.zeros((361, 3))
    offsets[:, plane[0]], offsets[:, plane[1]] = np.sin(angle), 1.0 - np.cos(angle)
    solutions = followed(solver, moved(forward(arm, START), 0.1 * offsets), START)
    assert len(solutions) == 361
    assert largest_steps(solutions).max() < 0.02
    assert_allclose(solutions[-1].q, START, rtol=0.0, atol=1e-7)


@pytest.mark.parametrize('n', [41, 81, 82, 401])
def test_solve_passes_straight_through_the_wrist_singularity(arm, solver, n):
    """Joint 5 goes from 0.4 through exactly zero (odd n) to -0.4; joints 4 and 6 need not move."""
    q = START.copy()
    q[4] = 0.4
    targets = along_joints(arm, q, np.array([0.1, 0.0, 0.0, 0.0, -0.8, 0.0]), n)
    solutions = followed(solver, targets, q)
    steps = largest_steps(solutions)
    assert len(solutions) == n
    assert steps[[3, 5]].max() < 0.01
    assert steps[4] == pytest.approx(0.8 / (n - 1), rel=0.1)
    assert solutions[-1].q[4] == pytest.approx(-0.4, abs=1e-3)


@pytest.mark.parametrize('direction', [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)], ids=str)
def test_solve_crosses_the_singular_zero_pose_along_a_line(arm, solver, direction):
    offsets = np.linspace(-0.1, 0.1, 201)[:, None] * direction
    targets = moved(forward(arm, np.zeros(6)), offsets)
    start = solver.solve(targets[0], np.array([0.0, 0.0, 0.0, 0.0, 0.2, 0.0]))
    solutions = followed(solver, targets, start.q)
    assert len(solutions) == 201
    assert largest_steps(solutions).max() < 0.01


def test_solve_turns_the_tool_at_the_singularity_without_a_jump(arm, solver):
    """At q5 = 0 joints 4 and 6 share the turn: any split is right, a jump is not."""
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.0, -0.5])
    targets = along_joints(arm, q, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 2.0]), 201)
    solutions = followed(solver, targets, q)
    assert len(solutions) == 201
    assert largest_steps(solutions).max() < 0.02
    assert solutions[-1].q[[3, 5]].sum() == pytest.approx(q[[3, 5]].sum() + 2.0, abs=1e-6)


@pytest.mark.parametrize('seed', range(4))
def test_solve_follows_joint_paths_that_pass_near_singularities(arm, solver, seed):
    rng = np.random.default_rng(seed)
    q = random_joints(arm, rng, 1)[0] * 0.8
    q[4] = 0.05
    move = 0.1 * rng.uniform(-1.0, 1.0, 6)
    move[4] = -0.1
    solutions = followed(solver, along_joints(arm, q, move, 101), q)
    assert len(solutions) == 101
    assert largest_steps(solutions).max() < JUMP


def test_solve_turns_joint_6_through_all_its_turns(arm, solver):
    limit = math.radians(395.0)
    q = START.copy()
    q[5] = -limit
    targets = along_joints(arm, q, np.array([0, 0, 0, 0, 0, 2.0 * limit]), 401)
    solutions = followed(solver, targets, q)
    assert len(solutions) == 401
    assert largest_steps(solutions)[5] == pytest.approx(2.0 * limit / 400, rel=1e-3)
    assert solutions[-1].q[5] == pytest.approx(limit, abs=1e-6)


def test_solve_turns_joint_4_beyond_half_a_turn(arm, solver):
    limit = math.radians(198.0)
    q = START.copy()
    q[3] = -limit
    targets = along_joints(arm, q, np.array([0, 0, 0, 2.0 * limit, 0, 0]), 301)
    solutions = followed(solver, targets, q)
    assert len(solutions) == 301
    assert largest_steps(solutions).max() < 0.03
    assert solutions[-1].q[3] == pytest.approx(limit, abs=1e-6)


@pytest.mark.parametrize('joint', [0, 3, 5])
def test_solve_refuses_to_spin_back_a_turn_at_the_end_of_a_joint(arm, joint):
    """Beyond its limit the joint would have to go back by a whole turn."""
    careful = IkSolver(arm, CurrentJoints(), SolverOptions(max_joint_step=JUMP))
    q = START.copy()
    q[joint] = arm.upper[joint] - 0.03
    move = np.zeros(6)
    move[joint] = 0.06
    solutions = followed(careful, along_joints(arm, q, move, 7), q)
    statuses = [solution.status for solution in solutions]
    assert statuses[:4] == [IkStatus.SOLVED] * 4
    assert statuses[4:] == [IkStatus.STEP_TOO_LARGE] * 3
    assert all(np.isnan(solution.q).all() for solution in solutions[4:])


def test_solve_keeps_joint_1_on_its_side_of_the_seam(arm, solver):
    """Joint 1 at +pi and at -pi is the same place; the arm stays where it is."""
    for side in (-1.0, 1.0):
        q = START.copy()
        q[0] = side * math.pi
        for nearby in (side * (math.pi - 1e-3), side * math.pi):
            target_q = q.copy()
            target_q[0] = nearby
            solution = solver.solve(forward(arm, target_q), q)
            assert solution.status is IkStatus.SOLVED
            assert solution.q[0] == pytest.approx(nearby, abs=1e-8)


def test_solve_stays_on_its_branch_when_targets_are_noisy(arm, solver):
    rng = np.random.default_rng(1)
    noise = 1e-3 * rng.standard_normal((300, 3))
    solutions = followed(solver, moved(forward(arm, START), noise), START)
    assert len(solutions) == 300
    assert largest_steps(solutions).max() < JUMP
    assert angular_distance(solutions[-1].q, START).max() < JUMP


@pytest.mark.parametrize('joint', [0, 3, 5])
def test_solve_does_not_turn_round_at_a_limit(arm, joint):
    """Refinement may end a rounding error beyond a limit: no reason for a whole turn."""
    rng = np.random.default_rng(joint)
    solver = IkSolver(arm, CurrentJoints())
    steps = []
    for _ in range(100):
        q = 0.3 * random_joints(arm, rng, 1)[0]
        q[4] = 0.9
        q[joint] = arm.upper[joint] if rng.integers(2) else arm.lower[joint]
        start = np.clip(q + rng.uniform(-0.01, 0.01, 6), arm.lower, arm.upper)
        solution = solver.solve(forward(arm, q), start)
        assert solution.status is IkStatus.SOLVED
        steps.append(solution.max_joint_step)
    assert len(steps) == 100
    assert max(steps) < 0.1
