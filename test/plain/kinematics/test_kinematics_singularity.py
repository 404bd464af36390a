# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest singular value, and the determinant, against numpy on pinocchio's Jacobian."""

from __future__ import annotations

import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from strategies import any_joints, joints_within_limits

from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    Joints,
    jacobian,
    random_joints,
    smallest_singular_value,
)

MEASURE_TOL = 1e-12  # rounding of determinant and singular values of a matrix of order one
ZERO_TOL = 1e-15  # what is left of an exact zero after the chain's roundings


def manipulability(arm: Arm, q: Joints) -> FloatArray:
    """Return Yoshikawa's measure (1985), which for six joints is the Jacobian's determinant."""
    return np.abs(np.linalg.det(jacobian(arm, q)))


@oracles.needs_pinocchio
@given(q=any_joints())
def test_manipulability_is_yoshikawas_measure(arm, q):
    singular_values = np.linalg.svd(oracles.pinocchio_jacobian(q), compute_uv=False)
    measure = manipulability(arm, q)
    assert measure >= 0.0
    assert measure == pytest.approx(np.prod(singular_values), rel=1e-9, abs=MEASURE_TOL)


@oracles.needs_pinocchio
@given(q=any_joints())
def test_smallest_singular_value_matches_numpy_on_pinocchio(arm, q):
    expected = np.linalg.svd(oracles.pinocchio_jacobian(q), compute_uv=False).min()
    assert smallest_singular_value(arm, q) == pytest.approx(expected, abs=MEASURE_TOL)


@given(q=joints_within_limits())
def test_singularity_measures_vanish_when_joint_5_is_zero(arm, q):
    q[4] = 0.0
    assert manipulability(arm, q) < ZERO_TOL
    assert smallest_singular_value(arm, q) < ZERO_TOL


@given(q=joints_within_limits(), exponent=st.floats(-6.0, -2.0))
def test_manipulability_falls_with_the_sine_of_joint_5(arm, q, exponent):
    """The determinant has the sine as a factor, whatever the other joints do."""
    near, far = q.copy(), q.copy()
    near[4], far[4] = 10.0**exponent, 0.5 * math.pi
    expected = manipulability(arm, far) * math.sin(near[4])
    assert manipulability(arm, near) == pytest.approx(expected, rel=1e-6, abs=MEASURE_TOL)


def test_smallest_singular_value_is_well_above_zero_in_an_easy_place(arm):
    q = np.array([0.0, 0.2, 0.1, 0.0, 1.2, 0.0])
    assert 0.1 < smallest_singular_value(arm, q) < 1.0


def test_smallest_singular_value_of_a_batch_is_that_of_its_rows(arm):
    q = random_joints(arm, np.random.default_rng(1), 6)
    batch = smallest_singular_value(arm, q.reshape(2, 3, 6))
    assert batch.shape == (2, 3)
    assert_array_equal(batch.ravel(), [smallest_singular_value(arm, one) for one in q])
