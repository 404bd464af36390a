# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint limits, with and without the limit on the sum of joints 2 and 3, and random joints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from strategies import any_joints

from neural_ik_ros.kinematics import Arm, CoupledLimit, is_within_limits, random_joints
from neural_ik_ros.kinematics.limits import satisfies_coupled_limit

# The real arm's axis 3 is the sum of two joints; its range bounds the sum (field data, ABB).
COUPLED = CoupledLimit(first=1, second=2, lower=math.radians(-60.0), upper=math.radians(65.0))


@pytest.fixture(scope='module')
def coupled_arm(arm: Arm) -> Arm:
    return arm.with_coupled_limit(COUPLED)


def test_limits_are_the_published_ones(arm):
    assert_array_equal(arm.lower, [-3.1416, -1.7453, -1.0472, -3.49, -2.0944, -6.9813])
    assert_array_equal(arm.upper, [3.1416, 1.9199, 1.1345, 3.49, 2.0944, 6.9813])
    assert_array_equal(arm.velocity, [2.618, 2.618, 2.618, 6.2832, 6.2832, 7.854])


@given(q=any_joints())
def test_is_within_limits_accepts_what_lies_inside(arm, q):
    assert is_within_limits(arm, q)


def test_is_within_limits_includes_the_limits(arm):
    assert is_within_limits(arm, arm.lower)
    assert is_within_limits(arm, arm.upper)


@pytest.mark.parametrize('joint', range(6))
def test_is_within_limits_sees_each_joint(arm, joint):
    for limit, outwards in ((arm.lower, -np.inf), (arm.upper, np.inf)):
        q = np.zeros(6)
        q[joint] = np.nextafter(limit[joint], outwards)
        assert not is_within_limits(arm, q)


@pytest.mark.parametrize('joint', range(6))
@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_is_within_limits_never_accepts_what_is_not_an_angle(arm, joint, bad):
    q = np.zeros(6)
    q[joint] = bad
    assert not is_within_limits(arm, q)


def test_is_within_limits_keeps_the_margin_on_both_sides(arm):
    for limit, inwards in ((arm.lower, 1.0), (arm.upper, -1.0)):
        q = np.zeros(6)
        q[1] = limit[1] + inwards * 0.09
        assert not is_within_limits(arm, q, margin=0.1)
        assert is_within_limits(arm, q, margin=0.08)
        q[1] = limit[1] - inwards * 0.09
        assert is_within_limits(arm, q, margin=-0.1)


def test_is_within_limits_of_a_batch_is_that_of_its_rows(arm):
    q = 1.5 * random_joints(arm, np.random.default_rng(1), 60)
    batch = is_within_limits(arm, q.reshape(3, 20, 6))
    assert batch.shape == (3, 20)
    assert 0 < batch.sum() < 60, 'both answers must occur'
    assert_array_equal(batch.ravel(), [is_within_limits(arm, one) for one in q])


def test_coupled_limit_is_off_by_default(arm):
    assert arm.coupled_limit is None
    assert is_within_limits(arm, np.array([0.0, 1.0, 1.0, 0.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    ('q2', 'q3', 'is_inside'),
    [
        (0.0, 0.0, True),
        (1.0, 1.0, False),
        (1.0, -1.0, True),
        (-1.0, -0.5, False),
        (0.0, COUPLED.upper, True),
        (0.5, COUPLED.upper, False),
        (0.0, COUPLED.lower, True),
        (-0.5, COUPLED.lower, False),
        (1.9, 0.0, False),
    ],
)
def test_coupled_limit_bounds_the_sum(coupled_arm, q2, q3, is_inside):
    assert is_within_limits(coupled_arm, np.array([0.0, q2, q3, 0.0, 0.0, 0.0])) == is_inside


def test_coupled_limit_leaves_the_single_limits_in_force(coupled_arm):
    assert not is_within_limits(coupled_arm, np.array([0.0, 1.2, -1.1, 0.0, 0.0, 0.0]))


def test_coupled_limit_keeps_the_published_share_of_the_box(arm, coupled_arm):
    q = random_joints(arm, np.random.default_rng(2), 20000)
    assert is_within_limits(coupled_arm, q).mean() == pytest.approx(0.57, abs=0.01)


def test_random_joints_fill_the_limits_evenly(arm):
    q = random_joints(arm, np.random.default_rng(3), 20000)
    assert q.shape == (20000, 6)
    assert is_within_limits(arm, q).all()
    share = (q - arm.lower) / (arm.upper - arm.lower)
    for j in range(6):
        counts, _ = np.histogram(share[:, j], bins=10, range=(0.0, 1.0))
        assert np.abs(counts - 2000).max() < 250  # 5.9 sigma of a bin


def test_random_joints_satisfy_the_coupled_limit(coupled_arm):
    q = random_joints(coupled_arm, np.random.default_rng(4), 5000)
    assert q.shape == (5000, 6)
    assert is_within_limits(coupled_arm, q).all()


def test_random_joints_are_those_of_the_generator(arm):
    first, second, other = (random_joints(arm, np.random.default_rng(s), 4) for s in (5, 5, 6))
    assert_array_equal(first, second)
    assert (first != other).all()


def test_random_joints_may_be_none(arm):
    assert random_joints(arm, np.random.default_rng(7), 0).shape == (0, 6)


@given(q=any_joints())
def test_coupled_limit_contains_what_its_kernel_accepts(q):
    joints = np.array([COUPLED.first, COUPLED.second])
    accepted = satisfies_coupled_limit(q, joints, COUPLED.lower, COUPLED.upper)
    assert COUPLED.contains(q) == accepted == (COUPLED.lower <= q[1] + q[2] <= COUPLED.upper)


def test_coupled_limit_keeps_the_margin_on_both_sides():
    edges = np.zeros((2, 6))
    edges[:, 2] = COUPLED.lower, COUPLED.upper
    assert COUPLED.contains(edges).all()
    assert not COUPLED.contains(edges, margin=1e-9).any()
    assert COUPLED.contains(edges + np.eye(6)[2], margin=-1.001).all()
    assert not COUPLED.contains(np.full(6, np.nan))
