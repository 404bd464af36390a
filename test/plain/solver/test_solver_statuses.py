# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each status reached on purpose, and the evidence that comes with it."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import oracles
import pytest
from numpy.testing import assert_array_equal

from neural_ik_ros.kinematics import (
    Arm,
    CoupledLimit,
    Transform,
    forward,
    invert,
    is_within_limits,
    posture,
    random_joints,
    rotation_angle,
    smallest_singular_value,
)
from neural_ik_ros.solver import CurrentJoints, IkSolution, IkSolver, IkStatus, SolverOptions

EVIDENCE_TOL = 1e-15  # [m], [rad] the same computation in another order
FRONT = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])  # wrist centre in front of axis 1
BACK = np.array([0.0, -1.6, 1.0, 0.0, 0.5, 0.0])  # and behind it
BEYOND_LIMITS = {
    'joint 2': [0.2, 2.3, 0.5, 0.3, 0.6, 0.1],
    'joint 3 upper': [0.2, 0.3, 1.4, 0.3, 0.6, 0.1],
    'joint 3 lower': [0.2, 1.0, -1.3, 0.3, 0.6, 0.1],
    'joint 5': [0.0, 0.3, 0.0, 0.0, 2.5, 0.0],
}


def solver_with(arm: Arm, **options: object) -> IkSolver:
    return IkSolver(arm, CurrentJoints(), SolverOptions(**options))


def pose(position: list[float], tool_z: list[float]) -> Transform:
    """Return a target at ``position`` whose tool points along ``tool_z``."""
    transform = np.eye(4)
    z = np.array(tool_z) / np.linalg.norm(tool_z)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    transform[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    transform[:3, 3] = position
    return transform


def assert_no_command(solution: IkSolution, status: IkStatus) -> None:
    assert solution.status is status
    assert not solution.status.is_solved
    assert_array_equal(solution.q, np.full(6, np.nan))
    assert solution.reason == status.value


def assert_evidence_is_true(
    arm: Arm, solution: IkSolution, target: Transform, q_current: np.ndarray
) -> None:
    offset = invert(forward(arm, solution.q)) @ target
    distance = np.linalg.norm(forward(arm, solution.q)[:3, 3] - target[:3, 3])
    assert solution.position_error == pytest.approx(distance, abs=EVIDENCE_TOL)
    angle = rotation_angle(offset[:3, :3])
    assert solution.rotation_error == pytest.approx(angle, abs=EVIDENCE_TOL)
    assert solution.max_joint_step == np.abs(solution.q - q_current).max()
    margin = smallest_singular_value(arm, solution.q)
    assert solution.smallest_singular_value == pytest.approx(margin, abs=EVIDENCE_TOL)
    assert is_within_limits(arm, solution.q)


def test_status_sentences_are_all_different():
    sentences = [status.value for status in IkStatus]
    assert len(sentences) == len(set(sentences)) == 11
    assert all(sentence == sentence.strip().rstrip('.') for sentence in sentences)


def test_status_is_solved_only_where_a_command_comes_with_it():
    solved = {status for status in IkStatus if status.is_solved}
    assert solved == {IkStatus.SOLVED, IkStatus.SOLVED_OTHER_POSTURE}


def test_solve_keeps_the_posture_of_the_current_joints(arm, solver):
    solution = solver.solve(forward(arm, FRONT), FRONT + 0.1)
    assert solution.status is IkStatus.SOLVED
    assert solution.q == pytest.approx(FRONT, abs=1e-8)
    assert_evidence_is_true(arm, solution, forward(arm, FRONT), FRONT + 0.1)


def test_solve_takes_no_step_when_the_arm_is_there(arm, solver):
    solution = solver.solve(forward(arm, FRONT), FRONT)
    assert solution.status is IkStatus.SOLVED
    assert solution.iterations == 0
    assert_array_equal(solution.q, FRONT)


def test_solve_refuses_another_posture_by_default(arm, solver):
    solution = solver.solve(forward(arm, FRONT), BACK)
    assert_no_command(solution, IkStatus.OTHER_POSTURE)


def test_solve_changes_the_posture_when_allowed(arm, free_solver):
    solution = free_solver.solve(forward(arm, FRONT), BACK)
    assert solution.status is IkStatus.SOLVED_OTHER_POSTURE
    assert posture(arm, solution.q)[0] == 1
    assert posture(arm, BACK)[0] == -1
    assert_evidence_is_true(arm, solution, forward(arm, FRONT), BACK)


def test_solve_prefers_the_present_posture_when_another_is_allowed(arm, free_solver):
    """Both wrist postures reach the target; the arm need not flip its wrist."""
    rng = np.random.default_rng(1)
    count = 0
    for q in random_joints(arm, rng, 100):
        if 0 in posture(arm, q):
            continue
        count += 1
        solution = free_solver.solve(forward(arm, q), np.clip(q + 0.02, arm.lower, arm.upper))
        assert solution.status is IkStatus.SOLVED
        assert_array_equal(posture(arm, solution.q), posture(arm, q))
    assert count > 80


@pytest.mark.parametrize(
    'position', [[3.0, 0.0, 1.0], [0.0, 0.0, 3.0], [0.0, -1.9, 0.6], [1e6, 0.0, 0.0]]
)
def test_solve_knows_what_is_unreachable_without_a_step(solver, position):
    solution = solver.solve(pose(position, [1.0, 0.0, 0.1]), FRONT)
    assert_no_command(solution, IkStatus.UNREACHABLE)
    assert solution.iterations == 0


def test_solve_finds_that_an_orientation_is_unreachable(solver):
    """The position is in reach, but with the tool pointing back the wrist centre is not."""
    target = pose([1.5, 0.0, 0.9], [-1.0, 0.0, 0.0])
    solution = solver.solve(target, FRONT)
    assert_no_command(solution, IkStatus.UNREACHABLE)
    assert solution.iterations > 0
    forwards = solver.solve(pose([1.5, 0.0, 0.9], [1.0, 0.0, 0.01]), FRONT)
    assert forwards.status is IkStatus.SOLVED


@oracles.needs_closed_form
@pytest.mark.parametrize('q', BEYOND_LIMITS.values(), ids=BEYOND_LIMITS)
def test_solve_finds_what_is_outside_the_limits(arm, free_solver, q):
    target = forward(arm, np.array(q))
    branches = oracles.closed_form_branches(target)
    assert len(branches) >= 4
    assert not is_within_limits(arm, branches).any(), 'the closed form must agree'
    solution = free_solver.solve(target, np.clip(q, arm.lower, arm.upper))
    assert_no_command(solution, IkStatus.OUTSIDE_LIMITS)


def test_solve_satisfies_the_coupled_limit_of_its_options(arm, free_solver):
    limit = CoupledLimit(first=1, second=2, lower=math.radians(-60), upper=math.radians(65))
    coupled = solver_with(arm, coupled_limit=limit, allow_other_posture=True)
    q = np.array([0.2, 0.7, 0.9, 0.3, 0.6, 0.1])
    assert free_solver.solve(forward(arm, q), q).status is IkStatus.SOLVED
    assert_no_command(coupled.solve(forward(arm, q), q), IkStatus.OUTSIDE_LIMITS)
    inside = np.array([0.2, 0.7, 0.3, 0.3, 0.6, 0.1])
    assert coupled.solve(forward(arm, inside), q).status is IkStatus.SOLVED


def test_solve_refuses_to_come_near_a_singularity_when_asked(arm):
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.01, 0.2])
    careful = solver_with(arm, min_singular_value=0.01)
    solution = careful.solve(forward(arm, q), q + 0.01)
    assert_no_command(solution, IkStatus.NEAR_SINGULARITY)
    assert 0.0 < solution.smallest_singular_value < 0.01
    easy = np.array([0.3, 0.2, 0.1, 0.4, 0.9, 0.2])
    assert careful.solve(forward(arm, easy), easy + 0.01).status is IkStatus.SOLVED


def test_solve_accepts_singularities_by_default(arm, solver):
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.0, 0.2])
    solution = solver.solve(forward(arm, q), q)
    assert solution.status is IkStatus.SOLVED
    assert solution.smallest_singular_value < EVIDENCE_TOL


@pytest.mark.parametrize(('most', 'status'), [(0.11, 'SOLVED'), (0.09, 'STEP_TOO_LARGE')])
def test_solve_refuses_steps_that_are_larger_than_allowed(arm, most, status):
    solution = solver_with(arm, max_joint_step=most).solve(forward(arm, FRONT), FRONT + 0.1)
    assert solution.status is IkStatus[status]
    assert solution.max_joint_step == pytest.approx(0.1, abs=1e-8)
    assert np.isnan(solution.q).all() == (status != 'SOLVED')


def test_solve_counts_the_step_of_every_joint(arm):
    careful = solver_with(arm, max_joint_step=0.3)
    for j in range(6):
        moved = FRONT.copy()
        moved[j] += 0.4 if j != 1 else -0.4
        solution = careful.solve(forward(arm, moved), FRONT)
        assert_no_command(solution, IkStatus.STEP_TOO_LARGE)


@pytest.mark.parametrize('budget', [1, 2])
def test_solve_stops_when_the_iteration_budget_is_spent(arm, budget):
    hurried = solver_with(arm, iteration_budget=budget, max_iterations=2)
    solution = hurried.solve(forward(arm, FRONT), BACK)
    assert_no_command(solution, IkStatus.ITERATION_LIMIT)
    assert solution.iterations >= budget


def test_solve_never_spends_much_more_than_the_budget(arm):
    """The budget is checked after each stage."""
    rng = np.random.default_rng(2)
    hurried = solver_with(arm, iteration_budget=100)
    targets, q_current = forward(arm, random_joints(arm, rng, 50)), random_joints(arm, rng, 50)
    spent = [
        hurried.solve(target, start).iterations
        for target, start in zip(targets, q_current, strict=True)
    ]
    assert len(spent) == 50
    assert max(spent) < 100 + 30 * 24


def test_refused_solutions_carry_no_number_that_could_be_commanded(arm, solver):
    refused = [
        solver.solve(forward(arm, FRONT), BACK),
        solver.solve(pose([3.0, 0.0, 1.0], [1.0, 0.0, 0.0]), FRONT),
        solver.solve(np.zeros((4, 4)), FRONT),
        solver.solve(np.eye(4), np.full(6, np.nan)),
        solver_with(arm, max_joint_step=0.01).solve(forward(arm, FRONT), FRONT + 0.1),
    ]
    assert len({solution.status for solution in refused}) == 5
    for solution in refused:
        assert np.isnan(solution.q).all()
        assert solution.q.shape == (6,)


def test_solution_is_frozen_plain_data(arm, solver):
    solution = solver.solve(forward(arm, FRONT), FRONT)
    assert {field.name for field in fields(solution)} == {
        'status', 'q', 'q_seed', 'seed', 'position_error', 'rotation_error', 'iterations',
        'max_joint_step', 'smallest_singular_value', 'changes_posture', 'measured_arm',
    }  # fmt: skip
    with pytest.raises(AttributeError):
        solution.status = IkStatus.SOLVED
