# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Promises of the solver over the whole workspace, its difficult corners and other arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import (
    any_joints,
    at_axis_1,
    joints_near_limits,
    joints_near_shoulder_singularity,
    joints_near_wrist_singularity,
    joints_within_limits,
    shipped_arm,
    small_moves,
    twists,
)

from neural_ik_ros.kinematics import (
    TAU,
    Arm,
    Joints,
    angular_distance,
    forward,
    invert,
    is_same_posture,
    is_within_limits,
    posture,
    random_joints,
    rotation_angle,
    smallest_singular_value,
)
from neural_ik_ros.kinematics.angles import unwind_into
from neural_ik_ros.solver import CurrentJoints, IkSolution, IkSolver, IkStatus, SolverOptions

EXACT = 1e-9  # [m], [rad] the default tolerances of the solver
FIELDS = ['q', 'q_seed', 'position_error', 'rotation_error', 'iterations', 'max_joint_step']

# Targets next to singularities that lie at the end of a curved valley when seen from afar: too
# few iterations call them unreachable.
VALLEYS = {
    'wrist 0.2 mm from axis 1': (
        [1.03816, -1.19132, 0.60364, 0.56682, 0.17417, -1.12067],
        [0.30293, -1.01622, -0.81787, 0.26553, -1.29574, 2.77203],
    ),
    'wrist a micrometre from axis 1': (
        [2.0590209374926, -0.9088438944632555, 0.15184854839631412, -3.2976, 1.0619, 0.5326],
        [3.1231, -0.4007, 0.7792, -0.3211, -1.2173, 2.2328],
    ),
    'wrist almost stretched, seen from behind': (
        [-1.77508, 0.07716, -0.83357, 0.0924, -1.6817e-08, 6.96118],
        [1.07438, -1.35385, -0.89589, -1.34592, 0.05198, -4.53076],
    ),
    'wrist almost stretched, seen from another side': (
        [-0.92565, 0.22777, 0.9614, 0.05319, 7.22685e-09, 2.20808],
        [0.05542, -1.57145, 0.70766, 0.62794, 0.07149, 1.45686],
    ),
}


def assert_reached(arm: Arm, solution: IkSolution, target: np.ndarray) -> None:
    """Measure the solution by forward kinematics; do not rely on what it reports."""
    reached = forward(arm, solution.q)
    assert np.linalg.norm(reached[:3, 3] - target[:3, 3]) <= EXACT
    assert rotation_angle((invert(reached) @ target)[:3, :3]) <= EXACT
    assert is_within_limits(arm, solution.q)


def assert_nearest_turns(arm: Arm, q: Joints, q_current: Joints) -> None:
    for turn in (-TAU, TAU):
        other = q + turn
        is_allowed = (other >= arm.lower) & (other <= arm.upper)
        is_nearer = np.abs(other - q_current) < np.abs(q - q_current) - 1e-12
        assert not (is_allowed & is_nearer).any()


@given(q=any_joints(), move=small_moves())
def test_solve_reaches_every_target_from_nearby(arm, solver, q, move):
    q_current = np.clip(q + move, arm.lower, arm.upper)
    target = forward(arm, q)
    solution = solver.solve(target, q_current)
    if is_same_posture(posture(arm, q), posture(arm, q_current)):
        assert solution.status is IkStatus.SOLVED
        assert_reached(arm, solution, target)
    else:
        assert solution.status in (IkStatus.SOLVED, IkStatus.OTHER_POSTURE)


@given(q=joints_within_limits(), q_current=joints_within_limits())
def test_solve_reaches_every_target_from_anywhere(arm, free_solver, q, q_current):
    solution = free_solver.solve(forward(arm, q), q_current)
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, q))
    assert_nearest_turns(arm, solution.q, q_current)


@given(q=joints_near_wrist_singularity(), q_current=joints_within_limits())
def test_solve_reaches_targets_near_the_wrist_singularity(arm, free_solver, q, q_current):
    solution = free_solver.solve(forward(arm, q), q_current)
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, q))


@given(q=joints_near_shoulder_singularity(), q_current=joints_within_limits())
def test_solve_reaches_targets_near_the_shoulder_singularity(arm, free_solver, q, q_current):
    solution = free_solver.solve(forward(arm, q), q_current)
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, q))


@given(q=joints_near_limits(), q_current=joints_within_limits())
def test_solve_reaches_targets_near_the_limits(arm, free_solver, q, q_current):
    solution = free_solver.solve(forward(arm, q), q_current)
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, q))


@pytest.mark.parametrize(('q', 'q_current'), VALLEYS.values(), ids=VALLEYS)
def test_solve_reaches_the_end_of_a_valley(arm, free_solver, q, q_current):
    solution = free_solver.solve(forward(arm, np.array(q)), q_current)
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, np.array(q)))


def test_solve_reaches_two_hundred_random_targets_from_random_joints(arm, free_solver):
    rng = np.random.default_rng(1)
    q, q_current = random_joints(arm, rng, 200), random_joints(arm, rng, 200)
    solved = [
        free_solver.solve(target, start).status.is_solved
        for target, start in zip(forward(arm, q), q_current, strict=True)
    ]
    assert len(solved) == 200
    assert all(solved)


@given(q_current=joints_within_limits(), target=twists().map(oracles.exponential))
def test_solve_answers_any_target_with_a_status(arm, solver, q_current, target):
    target[2, 3] += 1.0
    solution = solver.solve(target, q_current)
    assert isinstance(solution.status, IkStatus)
    if solution.status.is_solved:
        assert_reached(arm, solution, target)
        assert is_same_posture(posture(arm, solution.q), posture(arm, q_current))
    else:
        assert np.isnan(solution.q).all()


@oracles.needs_closed_form
@given(q=joints_within_limits(), q_current=joints_within_limits())
def test_solve_finds_a_closed_form_branch(arm, free_solver, q, q_current):
    target = forward(arm, q)
    solution = free_solver.solve(target, q_current)
    branches = oracles.closed_form_branches(target)
    assert len(branches) >= 2
    margin = smallest_singular_value(arm, solution.q)
    if margin > 1e-4:  # next to a singularity the branches form a curve, and closed forms pick one
        distance = angular_distance(branches, solution.q).max(axis=-1).min()
        assert distance < 1e-8 + 2.0 * EXACT / margin


@oracles.needs_closed_form
def test_solve_takes_the_smallest_step_when_the_posture_must_change(arm, free_solver):
    """Of the branches that the closed form knows, with turns nearest to the current joints."""
    rng = np.random.default_rng(4)
    count = 0
    for q, q_current in zip(
        random_joints(arm, rng, 400), random_joints(arm, rng, 400), strict=True
    ):
        branches = oracles.closed_form_branches(forward(arm, q))
        allowed = [b for b in branches if unwind_into(b, q_current, arm.lower, arm.upper)]
        signs = posture(arm, np.array(allowed)) * posture(arm, q_current)
        if (signs >= 0).all(axis=1).any() or (signs == 0).any():
            continue
        count += 1
        smallest = np.abs(np.array(allowed) - q_current).max(axis=1).min()
        solution = free_solver.solve(forward(arm, q), q_current)
        assert solution.status is IkStatus.SOLVED_OTHER_POSTURE
        assert solution.max_joint_step == pytest.approx(smallest, abs=1e-6)
    assert count > 30


@oracles.needs_closed_form
def test_solve_says_unreachable_only_when_the_closed_form_has_no_branch(arm, free_solver):
    rng = np.random.default_rng(2)
    counts = {True: 0, False: 0}
    for twist in rng.uniform(-1.0, 1.0, (150, 6)) * np.array([1.7, 1.7, 1.2, 1.8, 1.8, 1.8]):
        target = oracles.exponential(np.concatenate([np.zeros(3), twist[3:]]))
        target[:3, 3] = twist[:3] + np.array([0.0, 0.0, 1.0])
        solution = free_solver.solve(target, np.zeros(6))
        branches = oracles.closed_form_branches(target)
        # Branches lie in (-pi, pi], which is inside the limits of joints 1, 4 and 6.
        is_inside = is_within_limits(arm, branches).any()
        assert solution.status.is_solved == is_inside
        assert (solution.status is IkStatus.UNREACHABLE) == (len(branches) == 0)
        counts[bool(is_inside)] += 1
    assert min(counts.values()) > 20, counts


def test_solve_gives_the_same_answer_each_time(arm, free_solver):
    rng = np.random.default_rng(3)
    q, q_current = random_joints(arm, rng, 30), random_joints(arm, rng, 30)
    targets = forward(arm, q)
    other = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    first = [free_solver.solve(t, start) for t, start in zip(targets, q_current, strict=True)]
    # Another instance, and in another order: nothing is remembered between calls.
    second = [other.solve(targets[i], q_current[i]) for i in range(29, -1, -1)][::-1]
    assert len(first) == len(second) == 30
    for one, two in zip(first, second, strict=True):
        assert (one.status, one.seed) == (two.status, two.seed)
        for field in FIELDS:
            assert_array_equal(getattr(one, field), getattr(two, field))


def test_warm_up_changes_no_answer(arm, free_solver):
    q, q_current = random_joints(arm, np.random.default_rng(5), 2)
    warm = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    warm.warm_up()
    first = free_solver.solve(forward(arm, q), q_current)
    assert_array_equal(warm.solve(forward(arm, q), q_current).q, first.q)


@given(q=joints_within_limits(), turns=st.lists(st.integers(-2, 2), min_size=3, max_size=3))
def test_solve_does_not_see_whole_turns_of_the_target_joints(arm, solver, q, turns):
    turned = q.copy()
    turned[[0, 3, 5]] += TAU * np.array(turns)
    solution = solver.solve(forward(arm, turned), q)
    assert solution.status is IkStatus.SOLVED
    assert_allclose(solution.q, q, rtol=0.0, atol=1e-6)


def calibrated(nominal: Arm, seed: int) -> Arm:
    """A millimetre and a milliradian everywhere: no spherical wrist, no parallel axes."""
    twists_ = 1e-3 * np.random.default_rng(seed).uniform(-1.0, 1.0, (7, 6))
    offsets = np.stack([oracles.exponential(twist) for twist in twists_])
    return replace(
        nominal,
        rotations=nominal.rotations @ offsets[:, :3, :3],
        translations=nominal.translations + offsets[:, :3, 3],
    )


@given(q=joints_within_limits(), move=small_moves(), seed=st.integers(0, 1000))
def test_solve_reaches_targets_of_calibrated_arms_without_a_closed_form(q, move, seed):
    arm = calibrated(shipped_arm(), seed)
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    solution = solver.solve(forward(arm, q), np.clip(q + move, arm.lower, arm.upper))
    assert solution.status.is_solved
    assert_reached(arm, solution, forward(arm, q))


def test_solve_reaches_the_shoulder_singularity_of_calibrated_arms():
    """Seeds of the spherical wrist are a millimetre off, which there may mean any joint 1."""
    count = 0
    for seed in range(4):
        arm, rng = calibrated(shipped_arm(), seed), np.random.default_rng(seed)
        q = at_axis_1(random_joints(arm, rng, 1500), rng.uniform(-3e-3, 3e-3, 1500))
        q = q[is_within_limits(arm, q)]
        solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
        solutions = solver.solve_batch(forward(arm, q), random_joints(arm, rng, len(q)))
        assert solutions.is_solved.all()
        count += len(q)
    assert count > 4000
