# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rule of acceptance.py: near answers first, whatever proposed them and however they turn."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from strategies import REPOSITORY, any_joints, shipped_arm, small_moves

from neural_ik_ros.kinematics import (
    TAU,
    Arm,
    ClosedForm,
    CoupledLimit,
    Joints,
    Transform,
    forward,
    is_within_limits,
    posture,
    random_joints,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions
from neural_ik_ros.solver.acceptance import NEAR_STEP

sys.path.insert(0, str(REPOSITORY))  # the benchmark is not installed

from benchmark.nearest_answer import FAMILIES, JUMP, SPREADS, problems

N_EACH = 300
# From a bag and from public reports: current joints, and a near answer in another posture.
NEAR_BUT_ANOTHER_POSTURE = {
    'shoulder': ([0.3, -0.448, -0.6, 0.4, -0.8, 0.2], {1: -0.529}),
    'wrist': ([0.3, 0.2, 0.1, 0.4, 0.06, 0.2], {4: -0.06}),
    'both': ([0.3, -0.448, -0.6, 0.4, 0.06, 0.2], {1: -0.529, 4: -0.06}),
}


class Wild:
    """Proposes joints anywhere, so that another branch is found first."""

    name = 'network'

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        rng = np.random.default_rng(int(1e6 * abs(q_current).sum()) % 2**32)
        return random_joints(shipped_arm(), rng, q_current.size // 6).reshape(q_current.shape)


def solvers(arm: Arm, **options: object) -> list[IkSolver]:
    """The current joints alone, and before and after a predictor that means no good."""
    return [
        IkSolver(arm, CurrentJoints(), SolverOptions(**options)),
        IkSolver(arm, Wild(), SolverOptions(**options)),
        IkSolver(arm, Wild(), SolverOptions(current_joints_first=True, **options)),
    ]


def all_answers(arm: Arm, target: Transform) -> Joints:
    """Every branch of the oracle at every turn inside the limits."""
    turns = TAU * np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing='ij'), axis=-1).reshape(-1, 3)
    found = oracles.closed_form_branches(target)[:, None].repeat(len(turns), axis=1)
    found[..., [0, 3, 5]] += turns
    found = found.reshape(-1, 6)
    return found[is_within_limits(arm, found)]


@pytest.mark.parametrize('case', NEAR_BUT_ANOTHER_POSTURE)
def test_a_near_answer_is_taken_whatever_its_posture(arm, case):
    now, change = NEAR_BUT_ANOTHER_POSTURE[case]
    q = np.array(now)
    q[list(change)] = list(change.values())
    assert (posture(arm, q) * posture(arm, np.array(now)) < 0).any()
    for solver in solvers(arm):
        solution = solver.solve(forward(arm, q), now)
        assert solution.status is IkStatus.SOLVED
        assert solution.changes_posture
        assert_allclose(solution.q, q, rtol=0.0, atol=1e-7)


@oracles.needs_pinocchio
@pytest.mark.parametrize('spread', SPREADS)
@pytest.mark.parametrize('family', FAMILIES)
def test_an_answer_near_the_current_joints_is_neither_left_nor_refused(arm, family, spread):
    q, q_current = problems(arm, family, spread, N_EACH)
    targets = np.array([oracles.pinocchio_forward(one) for one in q])
    known = np.abs(q - q_current).max(axis=1)
    for solver in solvers(arm):
        solutions = solver.solve_batch(targets, q_current)
        assert solutions.is_solved.all()
        assert (np.abs(solutions.q - q_current).max(axis=1) <= known + JUMP).all()
        assert is_within_limits(arm, solutions.q, margin=-1e-9).all()
        for solution, target in zip(solutions, targets, strict=True):
            reached = oracles.pinocchio_forward(solution.q)
            assert np.abs(reached - target).max() <= 2e-9


@oracles.needs_closed_form
@given(q=any_joints(), move=small_moves(0.6))
def test_no_answer_of_the_oracle_comes_before_the_one_taken(arm, q, move):
    q_current = np.clip(q + move, arm.lower, arm.upper)
    target = forward(arm, q)
    answers = all_answers(arm, target)
    for solver in solvers(arm, allow_other_posture=True):
        solution = solver.solve(target, q_current)
        assert solution.status.is_solved
        if not len(answers):  # the oracle loses branches next to singularities
            return
        steps = np.abs(answers - q_current).max(axis=1)
        if steps.min() <= NEAR_STEP - 1e-3 or solution.max_joint_step <= NEAR_STEP:
            assert solution.max_joint_step <= steps.min() + 1e-3
            continue
        is_kept = (posture(arm, answers) * posture(arm, q_current) >= 0).all(axis=1)
        best = steps[is_kept].min() if is_kept.any() else steps.min()
        assert solution.max_joint_step <= best + 1e-3 or not solution.changes_posture


@given(q=any_joints(), far=st.integers(0, 10**6))
def test_what_found_an_answer_has_no_influence(arm, q, far):
    q_current = random_joints(arm, np.random.default_rng(far), 1)[0]
    for options in ({}, {'allow_other_posture': True}):
        first, *others = [
            solver.solve(forward(arm, q), q_current) for solver in solvers(arm, **options)
        ]
        for other in others:
            assert other.status is first.status
            assert other.max_joint_step == pytest.approx(
                first.max_joint_step, abs=0.02, nan_ok=True
            )


@pytest.mark.parametrize('joint', [3, 5])
@pytest.mark.parametrize('side', [-1.0, 1.0])
@pytest.mark.parametrize('turn', [0.02, 0.15, 0.4])
def test_a_straight_wrist_shares_a_turn_inside_the_limits(arm, joint, side, turn):
    """Joints 4 and 6 have one axis there; if one is at its end, the other takes the rest."""
    limit = arm.upper[joint] if side > 0 else arm.lower[joint]
    q_current = np.array([0.0, 0.3, 0.3, 0.0, 0.0, 0.0])
    q_current[joint] = limit - side * 0.05
    target_q = q_current.copy()
    target_q[8 - joint] += side * turn
    for solver in solvers(arm):
        solution = solver.solve(forward(arm, target_q), q_current)
        assert solution.status is IkStatus.SOLVED
        expected = max(0.5 * turn, turn - 0.05)  # half each, or what the end of the range leaves
        assert solution.max_joint_step == pytest.approx(expected, abs=1e-6)
        assert is_within_limits(arm, solution.q)


@pytest.mark.parametrize('tolerance', [1e-9, 1e-7, 1e-5, 1e-4])
def test_a_joint_on_its_limit_does_not_turn_round(arm, tolerance):
    """However large the remainder is that the refinement may leave."""
    for family in ('on a limit', 'straight wrist, end of turn'):
        q, q_current = problems(arm, family, 0.05, N_EACH)
        for solver in solvers(arm, position_tolerance=tolerance, rotation_tolerance=tolerance):
            solutions = solver.solve_batch(forward(arm, q), q_current)
            assert solutions.is_solved.all()
            assert solutions.max_joint_step.max() <= 0.05 + JUMP
            assert is_within_limits(arm, solutions.q, margin=-1e-9).all()


def test_a_joint_on_the_coupled_limit_stays_there(arm):
    limit = CoupledLimit(first=1, second=2, lower=-1.0, upper=1.0)
    rng = np.random.default_rng(6)
    q = random_joints(arm.with_coupled_limit(limit), rng, 100)
    q[:, 2] = np.clip(1.0 - q[:, 1], -0.9, 1.0)
    q[:, 1] = 1.0 - q[:, 2]
    for solver in solvers(arm, coupled_limit=limit):
        solutions = solver.solve_batch(forward(arm, q), q)
        assert solutions.is_solved.all()
        assert solutions.max_joint_step.max() < 0.1


@pytest.mark.parametrize('lateral', [0.0, 0.15])
def test_what_is_settled_early_is_what_the_rule_takes_of_all_branches(arm, lateral):
    """Wide limits let the elbow bend both ways; with an offset the shoulder's sides come close."""
    lower, upper, translations = arm.lower.copy(), arm.upper.copy(), arm.translations.copy()
    lower[[1, 2, 4]], upper[[1, 2, 4]] = -3.0, 3.0
    translations[2, 2] += lateral
    wide = replace(arm, lower=lower, upper=upper, translations=translations)
    assert ClosedForm.from_arm(wide).is_exact
    rng, n_early = np.random.default_rng(7), 0
    q, q_current = random_joints(wide, rng, 400), random_joints(wide, rng, 400)
    near = q[:200] + rng.uniform(-0.6, 0.6, (200, 6))
    q_current[:200] = np.clip(near, lower, upper)
    for options in (SolverOptions(), SolverOptions(allow_other_posture=True)):
        solver = IkSolver(wide, CurrentJoints(), options)
        for target, start in zip(forward(wide, q), q_current, strict=True):
            solution, first = solver.solve(target, start), solver.branches(target, start)[0]
            assert first.status.is_solved == solution.status.is_solved
            n_early += solution.seed == 'current'
            if solution.status.is_solved:
                assert solution.max_joint_step == pytest.approx(first.max_joint_step, abs=1e-5)
    assert n_early > 300


def test_another_posture_within_max_joint_step_is_taken_before_a_far_one(arm):
    """``max_joint_step`` sets answers aside before the rule chooses."""
    rng, count = np.random.default_rng(3), 0
    q, q_current = random_joints(arm, rng, 300), random_joints(arm, rng, 300)
    free, strict = (
        IkSolver(
            arm, CurrentJoints(), SolverOptions(allow_other_posture=True, max_joint_step=most)
        )
        for most in (math.inf, 2.0)
    )
    for target, start in zip(forward(arm, q), q_current, strict=True):
        judged = free.branches(target, start)
        steps = [branch.max_joint_step for branch in judged if branch.status.is_solved]
        solution = strict.solve(target, start)
        assert solution.status.is_solved == (min(steps) <= 2.0)
        is_far = not solution.status.is_solved
        assert not is_far or solution.status is IkStatus.STEP_TOO_LARGE
        count += free.solve(target, start).max_joint_step > 2.0 and solution.status.is_solved
    assert count > 5
