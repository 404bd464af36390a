# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Levenberg-Marquardt: exact, quadratic, inside the limits, and always finite."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import (
    SEED_RANGE,
    any_joints,
    joints_anywhere,
    joints_near_wrist_singularity,
    joints_within_limits,
    small_moves,
    twists,
)

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import (
    Arm,
    ArrayShapeError,
    Joints,
    Transform,
    angular_distance,
    forward,
    invert,
    random_joints,
    refine,
    rotation_angle,
)

REACHED = 1e-10  # [m] and [rad] the default tolerances of refine
MEASURE_TOL = 1e-14  # [m], [rad] two ways of measuring the same error
BRANCH_TOL = 1e-7  # [rad] tolerance of the pose divided by the smallest singular values tested
BOUNDED = [1, 2, 4]  # joints with less than a turn, which the refinement must keep inside


def near_seeds(arm: Arm, q: Joints, rng: np.random.Generator, spread: float) -> Joints:
    return np.clip(q + rng.uniform(-spread, spread, q.shape), arm.lower, arm.upper)


def pose_errors(arm: Arm, q: Joints, target: Transform) -> tuple[np.ndarray, np.ndarray]:
    offset = invert(forward(arm, q)) @ target
    return np.linalg.norm(offset[..., :3, 3], axis=-1), rotation_angle(offset[..., :3, :3])


def test_refine_reaches_every_target_from_near_seeds(arm):
    rng = np.random.default_rng(1)
    q = random_joints(arm, rng, 1000)
    result = refine(arm, near_seeds(arm, q, rng, SEED_RANGE), forward(arm, q))
    is_reached = (result.position_error <= REACHED) & (result.rotation_error <= REACHED)
    assert is_reached.shape == (1000,)
    assert is_reached.all()


@given(q=any_joints(), move=small_moves())
def test_refine_reaches_the_target_from_a_near_seed(arm, q, move):
    target = forward(arm, q)
    result = refine(arm, np.clip(q + move, arm.lower, arm.upper), target)
    position_error, rotation_error = pose_errors(arm, result.q, target)
    assert position_error <= 2.0 * REACHED
    assert rotation_error <= 2.0 * REACHED


@given(q=joints_near_wrist_singularity(), move=small_moves())
def test_refine_reaches_the_target_near_the_wrist_singularity(arm, q, move):
    result = refine(arm, np.clip(q + move, arm.lower, arm.upper), forward(arm, q))
    assert result.position_error <= REACHED
    assert result.rotation_error <= REACHED
    assert result.iterations <= 30


def test_refine_needs_few_steps_from_near_seeds(arm):
    """Quadratic: 0.1 -> 1e-2 -> 1e-4 -> 1e-8 -> done; more only next to singularities."""
    rng = np.random.default_rng(2)
    q = random_joints(arm, rng, 1000)
    iterations = refine(arm, near_seeds(arm, q, rng, SEED_RANGE), forward(arm, q)).iterations
    assert np.median(iterations) <= 4
    assert np.percentile(iterations, 95) <= 6


def test_refine_squares_the_error_with_each_step(arm):
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.9, -0.5])
    seed = q + 0.1 * np.array([1, -1, 1, -1, 1, -1])
    errors = []
    for steps in range(5):
        result = refine(arm, seed, forward(arm, q), max_iterations=steps)
        errors.append(float(np.hypot(result.position_error, result.rotation_error)))
    assert errors[0] > 0.05
    assert len(errors) == 5
    for before, after in pairwise(errors):
        assert after <= 1.0 * before**2 + MEASURE_TOL


@given(q=joints_within_limits(), q_seed=joints_anywhere())
def test_refine_stays_inside_the_limits_of_bounded_joints(arm, q, q_seed):
    result = refine(arm, q_seed, forward(arm, q))
    assert (result.q[BOUNDED] >= arm.lower[BOUNDED]).all()
    assert (result.q[BOUNDED] <= arm.upper[BOUNDED]).all()


@given(q_seed=joints_within_limits(), offset=twists())
def test_refine_stays_inside_the_limits_when_the_target_is_out_of_reach(arm, q_seed, offset):
    target = oracles.exponential(offset)
    target[:3, 3] += [5.0, 0.0, 0.0]
    result = refine(arm, q_seed, target)
    assert result.position_error > 0.1
    assert (result.q[BOUNDED] >= arm.lower[BOUNDED]).all()
    assert (result.q[BOUNDED] <= arm.upper[BOUNDED]).all()


@pytest.mark.parametrize('joint', BOUNDED)
def test_refine_goes_beyond_a_limit_only_when_unlimited(arm, joint):
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.9, -0.5])
    q[joint] = arm.upper[joint] + 0.2
    seed = q.copy()
    seed[joint] = arm.upper[joint] - 0.1
    limited = refine(arm, seed, forward(arm, q))
    unlimited = refine(arm, seed, forward(arm, q), is_limited=False)
    assert limited.q[joint] <= arm.upper[joint]
    assert max(limited.position_error, limited.rotation_error) > 1e-3
    assert_allclose(unlimited.q, q, rtol=0.0, atol=1e-9)


def test_refine_finds_targets_with_joints_on_their_limits(arm):
    rng = np.random.default_rng(3)
    q = random_joints(arm, rng, 600)
    for k, j in enumerate(BOUNDED * 2):
        q[100 * k : 100 * (k + 1), j] = (arm.lower if k < 3 else arm.upper)[j]
    result = refine(arm, near_seeds(arm, q, rng, SEED_RANGE), forward(arm, q))
    is_reached = (result.position_error <= REACHED) & (result.rotation_error <= REACHED)
    assert is_reached.shape == (600,)
    assert is_reached.all()


@given(
    q_seed=st.lists(st.floats(-1e12, 1e12), min_size=6, max_size=6).map(np.array),
    target=twists().map(oracles.exponential),
)
def test_refine_returns_numbers_when_given_numbers(arm, q_seed, target):
    for is_limited in (True, False):
        result = refine(arm, q_seed, target, is_limited=is_limited)
        assert np.isfinite(result.q).all()
        assert np.isfinite([result.position_error, result.rotation_error]).all()


@pytest.mark.parametrize('distance', [1e3, 1e9, 1e100])
def test_refine_returns_numbers_when_the_target_is_very_far(arm, distance):
    target = np.eye(4)
    target[:3, 3] = distance
    result = refine(arm, np.full(6, 0.3), target)
    assert np.isfinite(result.q).all()
    assert result.position_error > 0.1 * distance


@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_refine_of_a_bad_seed_reports_no_success_and_spoils_no_other_row(arm, bad):
    q = random_joints(arm, np.random.default_rng(4), 3)
    seeds = q + 0.01
    clean = refine(arm, seeds, forward(arm, q))
    seeds[1] = bad
    spoilt = refine(arm, seeds, forward(arm, q))
    assert not spoilt.position_error[1] <= REACHED
    assert_array_equal(spoilt.q[[0, 2]], clean.q[[0, 2]])


def test_refine_reports_the_errors_of_forward_kinematics(arm):
    rng = np.random.default_rng(5)
    q = random_joints(arm, rng, 200)
    targets = forward(arm, q)
    result = refine(arm, near_seeds(arm, q, rng, SEED_RANGE), targets, max_iterations=1)
    position_error, rotation_error = pose_errors(arm, result.q, targets)
    assert_allclose(result.rotation_error, rotation_error, rtol=0.0, atol=1e-12)
    # The logarithm's linear part is the distance only up to half the angle.
    is_small = rotation_error < 0.02
    assert is_small.sum() > 150
    assert_allclose(result.position_error[is_small], position_error[is_small], rtol=0.01)


def test_refine_takes_no_step_when_the_seed_is_the_answer(arm):
    q = random_joints(arm, np.random.default_rng(6), 50)
    result = refine(arm, q, forward(arm, q))
    assert_array_equal(result.iterations, np.zeros(50))
    assert_array_equal(result.q, q)


@pytest.mark.parametrize('most', [0, 1, 7])
def test_refine_takes_no_more_steps_than_allowed(arm, most):
    rng = np.random.default_rng(7)
    q, seeds = random_joints(arm, rng, 100), random_joints(arm, rng, 100)
    iterations = refine(arm, seeds, forward(arm, q), max_iterations=most).iterations
    assert iterations.max() == most


def test_refine_stops_at_the_tolerances_asked_for(arm):
    rng = np.random.default_rng(8)
    q = random_joints(arm, rng, 200)
    seeds = near_seeds(arm, q, rng, SEED_RANGE)
    loose = refine(arm, seeds, forward(arm, q), position_tolerance=1e-3, rotation_tolerance=1e-3)
    exact = refine(arm, seeds, forward(arm, q))
    assert loose.position_error.max() <= 1e-3
    assert loose.rotation_error.max() <= 1e-3
    assert loose.iterations.sum() < exact.iterations.sum()


def test_refine_of_a_batch_is_that_of_its_rows(arm):
    rng = np.random.default_rng(9)
    q = random_joints(arm, rng, 12)
    seeds, targets = near_seeds(arm, q, rng, 0.5), forward(arm, q)
    batch = refine(arm, seeds.reshape(3, 4, 6), targets.reshape(3, 4, 4, 4))
    rows = [refine(arm, seed, target) for seed, target in zip(seeds, targets, strict=True)]
    assert len(rows) == 12
    assert_array_equal(batch.q.reshape(12, 6), [row.q for row in rows])
    assert_array_equal(batch.iterations.ravel(), [row.iterations for row in rows])
    assert rows[0].position_error.shape == ()


def test_refine_leaves_its_arguments_alone(arm):
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.9, -0.5])
    seed, target = q + 0.1, forward(arm, q)
    before = seed.copy(), target.copy()
    refine(arm, seed, target)
    assert_array_equal(seed, before[0])
    assert_array_equal(target, before[1])


def test_refine_refuses_when_seeds_and_targets_differ_in_number(arm):
    """The kernel reads one target per seed unchecked: with fewer it would read beyond them."""
    with pytest.raises((NeuralIkError, ValueError)):
        refine(arm, np.zeros((5, 6)), np.tile(np.eye(4), (3, 1, 1)))


def test_refine_refuses_when_the_shape_is_wrong(arm):
    with pytest.raises(ArrayShapeError, match='q_seed'):
        refine(arm, np.zeros(5), np.eye(4))
    with pytest.raises(ArrayShapeError, match='transform_base_tool'):
        refine(arm, np.zeros(6), np.eye(3))


@oracles.needs_closed_form
def test_refine_ends_in_a_closed_form_branch(arm):
    rng = np.random.default_rng(10)
    q, seeds = random_joints(arm, rng, 300), random_joints(arm, rng, 300)
    targets = forward(arm, q)
    result = refine(arm, seeds, targets)
    is_reached = (result.position_error <= REACHED) & (result.rotation_error <= REACHED)
    assert is_reached.sum() > 100
    for found, target in zip(result.q[is_reached], targets[is_reached], strict=True):
        branches = oracles.closed_form_branches(target)
        assert len(branches) > 0, 'a reachable pose must have a branch'
        assert angular_distance(branches, found).max(axis=-1).min() < BRANCH_TOL
