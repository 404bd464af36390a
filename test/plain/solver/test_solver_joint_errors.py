# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arms with joint errors: exact for an independent model, limits and steps of commanded joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from specimens import oracle_forward, specimen

from neural_ik_ros.kinematics import Arm, CoupledLimit, forward, pose_error, random_joints
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions

EXACT = 1e-9  # [m], [rad] the default tolerances of the solver
FREE = SolverOptions(allow_other_posture=True)
SEEDS = range(3)
# Frames that meet as drawn have branches in closed form, those that miss have not.
FRAME_ERRORS = {'spherical wrist': 0.0, 'calibrated wrist': 1e-3}


def made(seed: int, frame_error: float) -> Arm:
    return specimen(seed, frame_error=frame_error)


@pytest.mark.parametrize('frame_error', FRAME_ERRORS.values(), ids=FRAME_ERRORS)
@pytest.mark.parametrize('seed', SEEDS)
def test_solutions_are_exact_for_an_independent_model(seed, frame_error):
    arm, rng = made(seed, frame_error), np.random.default_rng(seed)
    targets = forward(arm, random_joints(arm, rng, 60))
    solutions = IkSolver(arm, CurrentJoints(), FREE).solve_batch(
        targets, random_joints(arm, rng, 60)
    )
    assert solutions.is_solved.sum() == 60
    reached = np.array([oracle_forward(arm, q) for q in solutions.q])
    position, rotation = pose_error(reached, targets)
    assert position.max() <= EXACT
    assert rotation.max() <= EXACT
    nominal, _ = pose_error(forward(replace(arm, joint_errors=None), solutions.q), targets)
    assert nominal.min() > 1e-6, 'the joint errors must matter'


@pytest.mark.parametrize('seed', SEEDS)
def test_commanded_joints_on_a_limit_are_found(seed):
    """The true joints there lie beyond the limits of the commanded ones."""
    arm, rng = made(seed, 1e-3), np.random.default_rng(seed)
    q = random_joints(arm, rng, 60)
    joints, side = rng.integers(1, 5, 60), rng.integers(0, 2, 60)
    q[np.arange(60), joints] = np.where(side == 1, arm.upper[joints], arm.lower[joints])
    near = np.clip(q + rng.uniform(-0.02, 0.02, q.shape), arm.lower, arm.upper)
    solutions = IkSolver(arm, CurrentJoints(), FREE).solve_batch(forward(arm, q), near)
    assert solutions.is_solved.sum() == 60
    assert (solutions.q >= arm.lower).all()
    assert (solutions.q <= arm.upper).all()


def test_joint_step_is_that_of_commanded_joints():
    arm = made(1, 1e-3)
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    solution = IkSolver(arm, CurrentJoints(), FREE).solve(forward(arm, q), q)
    assert solution.status is IkStatus.SOLVED
    assert solution.max_joint_step < EXACT


def test_coupled_limit_is_that_of_commanded_joints():
    """A pose whose commanded sum is on the limit, and one that is 1e-6 rad beyond it."""
    arm = made(2, 1e-3)
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    for excess, expected in ((-1e-6, True), (1e-6, False)):
        limit = CoupledLimit(first=1, second=2, lower=-1.0, upper=0.6 - excess)
        solver = IkSolver(arm.with_coupled_limit(limit), CurrentJoints())
        assert solver.solve(forward(arm, q), q).status.is_solved is expected


def test_turns_of_commanded_joints_are_nearest():
    arm = made(1, 1e-3)
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    current = q + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 2.0 * np.pi])
    solution = IkSolver(arm, CurrentJoints(), FREE).solve(forward(arm, q), current)
    np.testing.assert_allclose(solution.q, current, rtol=0.0, atol=EXACT)


def test_nearest_pose_uses_commanded_joints():
    arm = made(1, 1e-3)
    target = forward(arm, np.array([0.3, 1.0, -0.9, 0.5, 0.8, 0.6]))
    target[:3, 3] *= 1.6
    nearest = IkSolver(arm, CurrentJoints()).nearest(target, np.zeros(6))
    position, _ = pose_error(oracle_forward(arm, nearest.q), target)
    assert position == pytest.approx(nearest.position_error, abs=1e-9)


@pytest.mark.parametrize('frame_error', FRAME_ERRORS.values(), ids=FRAME_ERRORS)
@pytest.mark.parametrize('seed', SEEDS)
def test_branches_are_exact_and_the_first_is_what_the_solver_returns(seed, frame_error):
    """Also on a straight wrist, where solutions form a curve, and with joints on their limits."""
    arm, rng = made(seed, frame_error), np.random.default_rng(seed)
    solver = IkSolver(arm, CurrentJoints(), FREE)
    q = random_joints(arm, rng, 15)
    q[:5, 4] = 0.0
    joints = rng.integers(1, 5, 5)
    q[np.arange(10, 15), joints] = arm.upper[joints]
    for target, current in zip(forward(arm, q), random_joints(arm, rng, 15), strict=True):
        found = [one for one in solver.branches(target, current) if one.status.is_solved]
        reached = np.array([oracle_forward(arm, one.q) for one in found])
        errors = pose_error(reached, np.tile(target, (len(found), 1, 1)))
        assert np.max(errors) <= EXACT
        joints_found = np.array([one.q for one in found])
        assert ((joints_found >= arm.lower) & (joints_found <= arm.upper)).all()
        step = solver.solve(target, current).max_joint_step
        assert found[0].max_joint_step == pytest.approx(step, abs=1e-6)


@pytest.mark.parametrize('seed', SEEDS)
def test_path_of_commanded_joints_is_continuous(seed):
    arm = made(seed, 1e-3)
    start = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    q = np.linspace(start, start + 0.2, 8)
    path = IkSolver(arm, CurrentJoints()).solve_path(forward(arm, q), start)
    assert path.is_continuous
    np.testing.assert_allclose(path.q, q, rtol=0.0, atol=1e-7)
