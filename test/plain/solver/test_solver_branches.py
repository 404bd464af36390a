# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All branches, judged; the next one where a caller rejects an answer; solvers in threads."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracles
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import TAU, Joints, forward, is_within_limits, random_joints
from neural_ik_ros.solver import Branch, CurrentJoints, IkSolver, IkStatus, SolverOptions

Q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])


def accepted(branches: tuple[Branch, ...]) -> Joints:
    return np.array([one.q for one in branches if one.status.is_solved]).reshape(-1, 6)


@oracles.needs_closed_form
def test_branches_are_those_of_the_oracle_with_all_their_turns(arm, free_solver):
    rng, n_outside = np.random.default_rng(1), 0
    turns = TAU * np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing='ij'), axis=-1).reshape(-1, 3)
    for q in random_joints(arm, rng, 60):
        target = forward(arm, q)
        found = free_solver.branches(target)
        known = oracles.closed_form_branches(target)
        expected = known[:, None].repeat(len(turns), axis=1)
        expected[..., [0, 3, 5]] += turns
        expected = expected.reshape(-1, 6)
        expected = expected[is_within_limits(arm, expected)]
        inside = accepted(found)
        assert len(inside) == len(expected) >= 2
        for one in expected:
            assert np.abs(inside - one).max(axis=1).min() < 1e-6
        n_outside += len(found) - len(inside)
        for branch in found:
            assert branch.position_error <= 1e-9
            assert branch.rotation_error <= 1e-9
            assert is_within_limits(arm, branch.q) == branch.status.is_solved
            assert branch.status.is_solved or branch.status is IkStatus.OUTSIDE_LIMITS
    assert n_outside > 100


def test_the_first_branch_is_the_answer_and_the_others_follow_the_rule(arm, solver):
    rng, statuses = np.random.default_rng(2), set()
    q, q_current = random_joints(arm, rng, 200), random_joints(arm, rng, 200)
    q_current[::2] = np.clip(q[::2] + rng.uniform(-0.2, 0.2, (100, 6)), arm.lower, arm.upper)
    q[::4, 4] = 0.0  # a curve of solutions
    for target, start in zip(forward(arm, q), q_current, strict=True):
        solution, found = solver.solve(target, start), solver.branches(target, start)
        statuses |= {branch.status for branch in found}
        assert found[0].status is solution.status or not solution.status.is_solved
        if solution.status.is_solved:
            assert_allclose(found[0].q, solution.q, rtol=0.0, atol=1e-6)
            assert found[0].max_joint_step == pytest.approx(solution.max_joint_step, abs=1e-6)
        is_accepted = [branch.status.is_solved for branch in found]
        assert is_accepted == sorted(is_accepted, reverse=True)
    assert statuses == {IkStatus.SOLVED, IkStatus.OTHER_POSTURE, IkStatus.OUTSIDE_LIMITS}


def test_branches_name_every_reason(arm):
    careful = IkSolver(
        arm, CurrentJoints(), SolverOptions(max_joint_step=1.0, min_singular_value=0.3)
    )
    reasons = {branch.reason for branch in careful.branches(forward(arm, Q), Q + 0.01)}
    assert IkStatus.STEP_TOO_LARGE.value in reasons
    assert IkStatus.OUTSIDE_LIMITS.value in reasons
    straight = Q.copy()
    straight[4] = 0.01
    statuses = {branch.status for branch in careful.branches(forward(arm, straight), straight)}
    assert IkStatus.NEAR_SINGULARITY in statuses


def test_branches_of_what_cannot_be_solved_are_empty(arm, solver):
    assert solver.branches(np.full((4, 4), np.nan)) == ()
    assert solver.branches(forward(arm, Q), np.full(6, 40.0)) == ()
    far = forward(arm, Q)
    far[0, 3] = 5.0
    assert solver.branches(far) == ()


def test_a_rejected_answer_is_followed_by_the_next(arm, free_solver):
    target, asked = forward(arm, Q), []

    def is_valid(q: Joints) -> bool:
        asked.append(q)
        return len(asked) > 3

    solution = free_solver.solve(target, Q, is_valid=is_valid)
    order = accepted(free_solver.branches(target, Q))
    assert solution.status.is_solved
    assert_allclose(np.array(asked), order[:4], rtol=0.0, atol=1e-7)
    assert_allclose(solution.q, order[3], rtol=0.0, atol=1e-7)
    assert_allclose(forward(arm, solution.q), target, rtol=0.0, atol=2e-9)
    assert solution.max_joint_step == np.abs(solution.q - Q).max()


def test_an_accepted_answer_is_asked_for_once(arm, free_solver):
    asked = []
    solution = free_solver.solve(forward(arm, Q), Q, is_valid=lambda q: asked.append(q) is None)
    assert len(asked) == 1
    assert_array_equal(asked[0], solution.q)


def test_nothing_valid_is_a_status(arm, free_solver):
    solution = free_solver.solve(forward(arm, Q), Q, is_valid=lambda _: False)
    assert solution.status is IkStatus.REJECTED
    assert np.isnan(solution.q).all()


class Stateful:
    """Keeps its input while it works, as interpreters do."""

    name = 'network'

    def predict(self, transform_base_tool: np.ndarray, q_current: Joints) -> Joints:
        self.kept = q_current + 0.01
        for _ in range(200):
            np.sin(self.kept)
        return self.kept


def test_a_solver_serves_several_threads(arm):
    solver, rng = IkSolver(arm, Stateful()), np.random.default_rng(4)
    q = random_joints(arm, rng, 400)
    q_current = np.clip(q + rng.uniform(-0.1, 0.1, q.shape), arm.lower, arm.upper)
    targets = forward(arm, q)
    expected = [solver.solve(*one) for one in zip(targets, q_current, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(solver.solve, targets, q_current))
    assert [one.status for one in found] == [one.status for one in expected]
    assert_array_equal([one.q_seed for one in found], [one.q_seed for one in expected])
    assert_array_equal([one.q for one in found], [one.q for one in expected])


def test_a_solver_can_be_pickled(arm):
    options = SolverOptions(max_joint_step=0.3, allow_other_posture=True)
    solver = IkSolver(arm, Stateful(), options)
    other = pickle.loads(pickle.dumps(solver))
    assert other.options == options
    assert other.seed_sources == solver.seed_sources
    assert_array_equal(
        other.solve(forward(arm, Q), Q + 0.1).q, solver.solve(forward(arm, Q), Q + 0.1).q
    )
