# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Predictors good and bad, and the table of stored seeds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import (
    TAU,
    Arm,
    ClosedForm,
    Joints,
    Transform,
    branches,
    forward,
    is_within_limits,
    nearest_turn,
    posture,
    random_joints,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions
from neural_ik_ros.solver.seeds import SeedTable

N_TARGETS = 40
SOLVED_TOL = 1e-8  # [rad] far from singularities
STORED = 24
N_COMPARED = 1000
SAME_STEP = 1e-3  # [rad] at a singularity joints 4 and 6 may share their turn a little otherwise


@dataclass
class Predictor:
    """A predictor that returns what the test wants."""

    answer: Callable[[Transform, Joints], Joints]
    name: str = 'network'

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        return self.answer(transform_base_tool, q_current)


def nearest_branch(arm: Arm, target: Transform, q_current: Joints) -> Joints:
    """Return the branch whose largest move from the current joints is the smallest."""
    found = nearest_turn(branches(arm, target, q_current), q_current)
    is_there = is_within_limits(arm, found)
    found = found[is_there] if is_there.any() else found
    return found[np.abs(found - q_current).max(axis=1).argmin()]


def nearest_branches(arm: Arm) -> Predictor:
    def answer(targets: Transform, q_current: Joints) -> Joints:
        pairs = zip(targets, q_current, strict=True)
        return np.array([nearest_branch(arm, target, q) for target, q in pairs])

    return Predictor(answer)


def constant(value: float) -> Predictor:
    return Predictor(lambda _, q_current: np.full(q_current.shape, value))


@pytest.mark.parametrize('garbage', [math.nan, math.inf, -math.inf, 1e300, 1e12, 1e5, -777.0, 3.0])
def test_solve_does_not_need_a_sane_predictor(arm, free_solver, garbage):
    lost = IkSolver(arm, constant(garbage), SolverOptions(allow_other_posture=True))
    rng = np.random.default_rng(1)
    q, q_current = random_joints(arm, rng, N_TARGETS), random_joints(arm, rng, N_TARGETS)
    count = 0
    for target, start in zip(forward(arm, q), q_current, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            solution = lost.solve(target, start)
        assert solution.status.is_solved
        assert solution.status is free_solver.solve(target, start).status
        assert_allclose(forward(arm, solution.q), target, rtol=0.0, atol=1e-8)
        assert is_within_limits(arm, solution.q)
        count += 1
    assert count == N_TARGETS


@pytest.mark.parametrize('garbage', [math.nan, math.inf, 1e300])
def test_solve_falls_back_to_the_current_joints_when_the_predictor_fails(arm, garbage):
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    solution = IkSolver(arm, constant(garbage)).solve(forward(arm, q), q + 0.05)
    assert solution.status is IkStatus.SOLVED
    assert solution.seed == 'current'
    assert_allclose(solution.q, q, rtol=0.0, atol=SOLVED_TOL)


@pytest.mark.parametrize('joint', range(6))
def test_solve_survives_one_joint_that_is_not_a_number(arm, joint):
    def nearly(_: Transform, q_current: Joints) -> Joints:
        proposal = np.array(q_current)
        proposal[..., joint] = math.nan
        return proposal

    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    solution = IkSolver(arm, Predictor(nearly)).solve(forward(arm, q), q + 0.05)
    assert solution.status is IkStatus.SOLVED
    assert np.isfinite(solution.q).all()


def test_solve_names_the_source_of_the_seed(arm):
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    oracle = Predictor(lambda _, q_current: np.broadcast_to(q + 0.01, q_current.shape))
    solution = IkSolver(arm, oracle).solve(forward(arm, q), q + 0.1)
    assert solution.seed == 'network'
    assert_array_equal(solution.q_seed, q + 0.01)
    assert solution.iterations <= 4


def test_solve_measures_the_answer_after_unwinding_it(arm):
    """A hundred thousand turns cost digits; the reported error must include that."""
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    turns = 1e5 * TAU * np.array([1, 0, 0, 1, 0, 1])
    far = Predictor(lambda _, q_current: np.broadcast_to(q + turns, q_current.shape))
    target = forward(arm, q)
    solution = IkSolver(arm, far).solve(target, q + 0.01)
    assert solution.seed == 'network'
    distance = np.linalg.norm(forward(arm, solution.q)[:3, 3] - target[:3, 3])
    assert distance > 1e-12, 'without a loss of digits this proves nothing'
    assert solution.position_error == pytest.approx(distance, abs=1e-15)


def test_solve_accepts_single_precision_proposals(arm):
    rough = Predictor(lambda _, q_current: np.asarray(q_current, np.float32))
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    solution = IkSolver(arm, rough).solve(forward(arm, q), q + 0.1)
    assert solution.status is IkStatus.SOLVED
    assert_allclose(solution.q, q, rtol=0.0, atol=SOLVED_TOL)


def test_solve_leaves_the_proposal_alone(arm):
    kept = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1]) + 0.1
    before = kept.copy()
    keeper = Predictor(lambda _, q_current: kept.reshape(q_current.shape))
    solution = IkSolver(arm, keeper).solve(forward(arm, kept - 0.1), kept)
    assert solution.status is IkStatus.SOLVED
    assert_array_equal(kept, before)


def test_solve_tries_the_current_joints_before_it_jumps(arm, solver):
    """A predictor that proposes another branch must not make the arm turn its wrist over."""
    flip = np.array([0.0, 0.0, 0.0, math.pi, 0.0, -math.pi])

    def flipped(_: Transform, q_current: Joints) -> Joints:
        return q_current * np.array([1, 1, 1, 1, -1, 1]) + flip

    q = np.array([0.3, 0.5, 0.0, 0.2, 0.01, 0.1])  # on the boundary of the wrist: both sides agree
    solution = IkSolver(arm, Predictor(flipped)).solve(forward(arm, q), q + 0.005)
    assert solution.status is IkStatus.SOLVED
    assert solution.max_joint_step < 0.1


@pytest.mark.parametrize('slide', [0.01, 0.2, -1.0, 3.0])
def test_solve_keeps_joints_4_and_6_at_the_wrist_singularity(arm, slide):
    """Any split of the turn is exact there; the one nearest to the current joints is wanted."""
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.0, 0.1])
    along = slide * np.array([0.0, 0.0, 0.0, 1.0, 0.0, -1.0])
    slid = Predictor(lambda _, q_current: np.broadcast_to(q + along, q_current.shape))
    q_current = q + np.array([0.001, 0.0, 0.0, 0.002, 0.0, 0.004])
    solution = IkSolver(arm, slid).solve(forward(arm, q), q_current)
    assert solution.status is IkStatus.SOLVED
    assert solution.max_joint_step < 0.005


@pytest.mark.parametrize('slide', [0.5, -0.8])
def test_solve_shares_the_turn_when_the_singular_target_is_far(arm, slide):
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.0, 0.1])
    q_current = np.array([1.5, -0.3, 0.4, 0.2 - slide, 0.8, 0.1 - slide])
    solution = IkSolver(arm, constant(math.nan)).solve(forward(arm, q), q_current)
    assert solution.status is IkStatus.SOLVED
    steps = solution.q - q_current
    assert steps[3] == pytest.approx(slide, abs=0.3)
    assert steps[5] == pytest.approx(slide, abs=0.3)


def test_solve_tries_the_current_joints_first_when_configured(arm):
    def never(_: Transform, q_current: Joints) -> Joints:
        raise AssertionError('the predictor was called')

    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    direct = IkSolver(arm, Predictor(never), SolverOptions(current_joints_first=True))
    solution = direct.solve(forward(arm, q), q + 0.05)
    assert (solution.status, solution.seed) == (IkStatus.SOLVED, 'current')
    assert_allclose(solution.q, q, rtol=0.0, atol=SOLVED_TOL)


@pytest.mark.parametrize('spread', [0.1, 6.0])
def test_current_joints_first_gives_the_solutions_of_the_predictor_first(arm, spread):
    """On a posture boundary both sides count as kept; the nearer one is taken either way."""
    rng = np.random.default_rng(5)
    q = random_joints(arm, rng, N_COMPARED)
    # On either side of the boundary of the wrist, and anywhere.
    q[::2, 4] = rng.uniform(-0.05, 0.05, len(q[::2]))
    q_current = np.clip(q + rng.uniform(-spread, spread, q.shape), arm.lower, arm.upper)
    good, targets = nearest_branches(arm), forward(arm, q)
    one = IkSolver(arm, good).solve_batch(targets, q_current)
    other = IkSolver(arm, good, SolverOptions(current_joints_first=True)).solve_batch(
        targets, q_current
    )
    assert other.seed_names == ('current', 'branch', 'network')
    assert other.seed_codes.max() < 2, 'the predictor was called all the same'
    assert_array_equal(other.status_codes, one.status_codes)
    assert_allclose(other.max_joint_step, one.max_joint_step, rtol=0.0, atol=SAME_STEP)


def test_solve_tries_the_predictor_last_when_the_current_joints_fail(arm, offset_arm):
    """Where branches are known, they are quicker than a network and find every solution."""
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    oracle = Predictor(lambda _, q_current: np.broadcast_to(q + 0.01, q_current.shape))
    options = SolverOptions(current_joints_first=True, allow_other_posture=True, max_iterations=3)
    far = np.array([-2.0, -1.0, 0.5, 2.0, 1.5, -3.0])
    for one, seed in ((arm, 'branch'), (offset_arm, 'network')):
        solution = IkSolver(one, oracle, options).solve(forward(one, q), far)
        assert solution.seed == seed
        assert solution.iterations >= 3  # in vain


def test_solve_works_without_restarts(arm):
    lean = IkSolver(arm, CurrentJoints(), SolverOptions(n_restarts=0))
    q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
    assert lean.solve(forward(arm, q), q + 0.1).status is IkStatus.SOLVED


@pytest.fixture(scope='module')
def offset_arm(arm) -> Arm:
    """No branches are known of it: the wrist's axes miss one another by 30 cm."""
    translations = arm.translations.copy()
    translations[4] += [0.0, 0.3, 0.0]
    offset = replace(arm, translations=translations)
    assert not ClosedForm.from_arm(offset).is_known
    return offset


@pytest.mark.parametrize('n_restarts', [1, 2, 3, 7, 100])
def test_solve_works_with_any_number_of_restarts(offset_arm, n_restarts):
    options = SolverOptions(n_restarts=n_restarts, allow_other_posture=True)
    rng = np.random.default_rng(2)
    solver = IkSolver(offset_arm, constant(math.nan), options)
    q = random_joints(offset_arm, rng, 10)
    targets = forward(offset_arm, q)
    solved = [solver.solve(target, q[0] + 0.1).status.is_solved for target in targets]
    assert len(solved) == 10
    assert sum(solved) >= 5


def test_solve_reaches_random_targets_without_branches(offset_arm):
    solver = IkSolver(offset_arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    rng = np.random.default_rng(3)
    q, q_current = random_joints(offset_arm, rng, 100), random_joints(offset_arm, rng, 100)
    solutions = solver.solve_batch(forward(offset_arm, q), q_current)
    assert len(solutions) == 100
    assert solutions.is_solved.sum() >= 97  # stored seeds promise nothing
    assert {solution.seed for solution in solutions} >= {'current', 'restart'}


@pytest.mark.parametrize(
    ('height', 'status'),
    [
        (2.17, IkStatus.OUTSIDE_LIMITS),
        (2.3, IkStatus.ITERATION_LIMIT),
        (2.5, IkStatus.UNREACHABLE),
    ],
)
def test_solve_classifies_failures_without_branches(offset_arm, height, status):
    """
    Straight up joint 3 is beyond its limit; higher no joints reach the target.

    Not before the links in line are too short is that proven.
    """
    target = forward(offset_arm, np.array([0.3, 0.0, -1.5, 0.2, 0.1, 0.0]))
    target[2, 3] = height
    solution = IkSolver(offset_arm, CurrentJoints()).solve(target, np.zeros(6))
    assert solution.status is status


def test_sources_end_with_longer_refinement_of_stored_seeds(offset_arm):
    solver = IkSolver(offset_arm, CurrentJoints(), SolverOptions())
    names = solver.solve_batch(np.eye(4)[None], np.zeros((1, 6))).seed_names
    assert names == ('current', 'restart', 'restart_long')


def test_current_joints_predict_the_current_joints():
    q = np.arange(12.0).reshape(2, 6)
    assert_array_equal(CurrentJoints().predict(np.zeros((2, 4, 4)), q), q)
    assert CurrentJoints().name == 'current'


@pytest.fixture(scope='module')
def table(arm) -> SeedTable:
    return SeedTable(arm)


@pytest.mark.parametrize('n', [1, 2, 4, STORED])
def test_nearest_returns_as_many_as_asked_for(arm, table, n):
    seeds = table.nearest(forward(arm, np.full(6, 0.3)), np.ones(3, np.int8), n)
    assert seeds.shape == (n, 6)
    assert np.isfinite(seeds).all()


def test_nearest_puts_the_wanted_posture_first(arm, table):
    q = np.array([0.4, 0.3, 0.2, 0.1, 0.5, 0.2])
    signs = posture(arm, q)
    agrees = (posture(arm, table.nearest(forward(arm, q), signs, STORED)) * signs >= 0).all(axis=1)
    assert agrees[: STORED - STORED // 4].all()
    assert not agrees[STORED - STORED // 4 :].any()


def test_nearest_seeds_are_near(arm, table):
    """Compared with as many drawn at random."""
    rng = np.random.default_rng(3)
    near, drawn = [], []
    for q in random_joints(arm, rng, 30):
        target = forward(arm, q)
        seeds = table.nearest(target, posture(arm, q), 4)
        near.append(np.linalg.norm(forward(arm, seeds[0])[:3, 3] - target[:3, 3]))
        other = forward(arm, random_joints(arm, rng, 1)[0])
        drawn.append(np.linalg.norm(other[:3, 3] - target[:3, 3]))
    assert len(near) == 30
    assert np.median(near) < 0.3 * np.median(drawn)


def test_seed_tables_of_one_arm_are_equal(arm, table):
    target, signs = forward(arm, np.full(6, 0.3)), np.ones(3, np.int8)
    other = SeedTable(arm)
    assert_array_equal(other.nearest(target, signs, STORED), table.nearest(target, signs, STORED))
