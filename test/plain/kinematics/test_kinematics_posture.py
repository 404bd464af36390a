# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Signs of shoulder, elbow and wrist."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import any_joints, joints_anywhere, joints_within_limits

from neural_ik_ros.kinematics import (
    Arm,
    Joints,
    forward,
    is_same_posture,
    jacobian,
    posture,
    posture_code,
    random_joints,
)
from neural_ik_ros.kinematics.posture import BOUNDARY_SINE, code_from_signs

PATH_STEPS = 2000  # of up to 0.01 rad: a boundary is 0.1 wide and cannot be stepped over


def flipped_wrist(q: Joints) -> Joints:
    """Return the joints with the wrist turned over: the same tool pose."""
    turn = np.array([0.0, 0.0, 0.0, math.pi, 0.0, -math.pi])
    return q * np.array([1.0, 1.0, 1.0, 1.0, -1.0, 1.0]) + turn


def arm_with_shifted_origins(arm: Arm, shifts: np.ndarray) -> Arm:
    """Return the same arm described with each joint's origin moved along the joint's axis."""
    translations = arm.translations.copy()
    for i, shift in enumerate(shifts):
        translations[i] += shift * arm.rotations[i][:, 2]
        translations[i + 1, 2] -= shift
    return replace(arm, translations=translations)


@pytest.mark.parametrize(
    ('q', 'signs'),
    [
        ([0.0, 0.0, 0.0, 0.0, -0.5, 0.0], [1, 1, 1]),  # axes x, y and a little up: right-handed
        ([0.0, 0.0, 0.0, 0.0, 0.5, 0.0], [1, 1, -1]),
        ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1, 1, 0]),
        ([0.0, -1.6, 1.0, 0.0, -0.5, 0.0], [-1, 1, 1]),
        ([0.0, 0.8, -2.0, 0.0, -0.5, 0.0], [1, -1, 1]),  # beyond the limit of joint 3
    ],
)
def test_posture_of_known_joints(arm, q, signs):
    assert_array_equal(posture(arm, np.array(q)), signs)


def test_posture_within_limits_occurs_in_four_kinds(arm):
    """The elbow of this arm cannot be stretched within its limits."""
    signs = posture(arm, random_joints(arm, np.random.default_rng(1), 5000))
    strict = {tuple(row) for row in signs.tolist() if 0 not in row}
    assert strict == {(1, 1, 1), (1, 1, -1), (-1, 1, 1), (-1, 1, -1)}


@given(q=joints_anywhere())
def test_posture_sign_product_is_that_of_the_determinant(arm, q):
    signs = posture(arm, q)
    assume(signs.all())
    assert np.prod(signs) == np.sign(np.linalg.det(jacobian(arm, q)))


@oracles.needs_closed_form
@given(q=any_joints())
def test_posture_distinguishes_the_closed_form_branches(arm, q):
    branches = oracles.closed_form_branches(forward(arm, q))
    strict = [tuple(row) for row in posture(arm, branches).tolist() if 0 not in row]
    assert len(branches) >= 2
    assert len(strict) == len(set(strict)), 'two branches with the same posture'


@given(q=joints_within_limits())
def test_posture_flips_only_the_wrist_when_the_wrist_flips(arm, q):
    before, after = posture(arm, q), posture(arm, flipped_wrist(q))
    assert_array_equal(after[:2], before[:2])
    assert after[2] == -before[2]
    assert_allclose(forward(arm, flipped_wrist(q)), forward(arm, q), rtol=0.0, atol=1e-12)


@given(q=joints_within_limits(), q1=st.floats(-3.0, 3.0), q6=st.floats(-6.0, 6.0))
def test_posture_does_not_depend_on_joints_1_and_6(arm, q, q1, q6):
    turned = np.array([q1, *q[1:5], q6])
    assert_array_equal(posture(arm, turned), posture(arm, q))


@pytest.mark.parametrize('seed', range(6))
def test_posture_changes_only_through_a_boundary(arm, seed):
    rng = np.random.default_rng(seed)
    start, end = rng.uniform(-3.0, 3.0, (2, 6))
    share = np.linspace(0.0, 1.0, PATH_STEPS)[:, None]
    signs = posture(arm, start + share * (end - start)).astype(int)
    assert (np.ptp(signs, axis=0) == 2).any(), 'a path without a change proves nothing'
    assert np.abs(np.diff(signs, axis=0)).max() == 1


@pytest.mark.parametrize('side', [-1.0, 1.0])
def test_posture_wrist_boundary_is_as_wide_as_it_says(arm, side):
    edge = math.asin(BOUNDARY_SINE)
    q = np.array([0.3, 0.2, 0.1, 0.7, side * (edge - 1e-6), 0.4])
    assert posture(arm, q)[2] == 0
    q[4] = side * (edge + 1e-6)
    assert posture(arm, q)[2] == -side


@pytest.mark.parametrize('side', [-1.0, 1.0])
@pytest.mark.parametrize('shift', [0.0, 2.0])
def test_posture_elbow_boundary_is_as_wide_as_it_says(arm, side, shift):
    """Seen along axis 3, wherever on it the joint has its origin."""
    described = arm_with_shifted_origins(arm, np.array([0.0, 0.0, 0.0, shift, -shift, 0.0]))
    described = arm_with_shifted_origins(described, np.array([0.0, shift, 0.5 * shift, 0, 0, 0]))
    stretched = math.atan2(0.135, 0.755) - 0.5 * math.pi
    edge = math.asin(BOUNDARY_SINE)
    q = np.array([0.3, 0.2, stretched + side * (edge - 1e-6), 0.7, 0.6, 0.4])
    assert posture(described, q)[1] == 0
    q[2] = stretched + side * (edge + 1e-6)
    assert posture(described, q)[1] == side


@given(q=any_joints(), shifts=st.lists(st.floats(-1.0, 1.0), min_size=6, max_size=6))
def test_posture_ignores_where_on_its_axis_a_joint_has_its_origin(arm, q, shifts):
    shifted = arm_with_shifted_origins(arm, np.array(shifts))
    assert_allclose(forward(shifted, q), forward(arm, q), rtol=0.0, atol=1e-12)
    assume(abs(abs(math.sin(q[4])) - BOUNDARY_SINE) > 1e-6)
    assume(abs(q[4]) > 1e-3)  # axes 4 and 6 in line: the wrist centre is lost in rounding
    same = posture(shifted, q) == posture(arm, q)
    is_off_boundary = np.abs(_shoulder_distance(arm, q) - BOUNDARY_SINE) > 1e-6
    assert same[1:].all()
    assert same[0] or not is_off_boundary


def _shoulder_distance(arm: Arm, q: Joints) -> float:
    """Return how far the wrist centre is from axis 1, as axis 2 sees it, [m]."""
    transform = forward(arm, q)
    wrist = transform[:3, 3] - 0.085 * transform[:3, 2]
    return abs(wrist[0] * math.cos(q[0]) + wrist[1] * math.sin(q[0]))


def test_posture_of_a_batch_is_that_of_its_rows(arm):
    q = random_joints(arm, np.random.default_rng(2), 12)
    batch = posture(arm, q.reshape(3, 4, 6))
    assert batch.shape == (3, 4, 3)
    assert batch.dtype == np.int8
    assert_array_equal(batch.reshape(12, 3), [posture(arm, one) for one in q])


@pytest.mark.parametrize(
    ('a', 'b', 'is_same'),
    [
        ([1, 1, 1], [1, 1, 1], True),
        ([1, 1, 1], [1, 1, -1], False),
        ([1, 1, 1], [-1, 1, 1], False),
        ([1, 1, 0], [1, 1, -1], True),
        ([1, 1, 0], [1, 1, 1], True),
        ([0, 0, 0], [-1, 1, -1], True),
        ([0, 1, 1], [0, -1, 1], False),
    ],
)
def test_is_same_posture_lets_a_boundary_agree_with_both_sides(a, b, is_same):
    assert is_same_posture(np.array(a, np.int8), np.array(b, np.int8)) == is_same
    assert is_same_posture(np.array(b, np.int8), np.array(a, np.int8)) == is_same


def test_code_from_signs_has_a_bit_for_shoulder_elbow_and_wrist():
    signs = np.array([[-1, -1, -1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0, 1, 1]], np.int8)
    assert_array_equal(code_from_signs(signs), [0, 1, 2, 4, 7])


@given(q=any_joints())
def test_posture_code_is_that_of_the_signs_without_boundaries(arm, q):
    signs = posture(arm, q)
    differs = posture_code(arm, q) ^ code_from_signs(signs)
    assert differs & code_from_signs(np.where(signs == 0, 0, -1).astype(np.int8)) == differs
    assert posture_code(arm, np.tile(q, (2, 3, 1))).shape == (2, 3)
