# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Logarithm, angle and inverse of rigid displacements, from exactly zero to exactly pi."""

from __future__ import annotations

import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from strategies import twists, unit_vectors

from neural_ik_ros.kinematics import (
    ArrayShapeError,
    FloatArray,
    Transform,
    forward,
    invert,
    random_joints,
    rotation_angle,
    se3_log,
)

ROUND_TRIP_TOL = 1e-13  # [m], [rad]: rounding of the series exponential and of the logarithm
DIFFICULT_ANGLES = [
    0.0,
    1e-300,
    1e-12,
    1e-9,
    0.99e-4,  # both sides of the switch between series and quotient
    1.01e-4,
    0.5 * math.pi,
    math.acos(-0.9) - 1e-9,  # both sides of the switch to the symmetric part
    math.acos(-0.9) + 1e-9,
    math.pi - 1e-6,
    math.pi - 1e-9,
    math.pi,
]
AXES = [
    *np.eye(3),
    *-np.eye(3),
    *(np.array(signs) / math.sqrt(3.0) for signs in [(1, 1, 1), (-1, 1, 1), (-1, -1, 1)]),
    np.array([0.6, 0.0, -0.8]),
    np.array([1e-9, 1.0, -1e-9]),
]


def about_axis(axis: FloatArray, angle: float) -> FloatArray:
    """Return the rotation (3, 3) by Rodrigues' formula, exact at an angle of exactly pi."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine = 0.0 if angle == math.pi else math.sin(angle)
    return np.eye(3) + sine * cross + 2.0 * math.sin(0.5 * angle) ** 2 * (cross @ cross)


def displacement(axis: FloatArray, angle: float) -> Transform:
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = about_axis(axis, angle), [0.4, -1.3, 0.7]
    return transform


@pytest.mark.parametrize('axis', AXES, ids=str)
@pytest.mark.parametrize('angle', DIFFICULT_ANGLES)
def test_se3_log_is_undone_by_the_exponential(axis, angle):
    transform = displacement(axis, angle)
    twist = se3_log(transform)
    assert np.isfinite(twist).all()
    assert_allclose(oracles.exponential(twist), transform, rtol=0.0, atol=ROUND_TRIP_TOL)


@pytest.mark.parametrize('axis', AXES, ids=str)
@pytest.mark.parametrize('angle', DIFFICULT_ANGLES)
def test_se3_log_turns_by_the_angle_about_the_axis(axis, angle):
    vector = se3_log(displacement(axis, angle))[3:]
    expected = angle * axis / np.linalg.norm(axis)
    if angle == math.pi and vector @ expected < 0.0:
        expected = -expected  # half a turn is the same either way round
    assert_allclose(vector, expected, rtol=0.0, atol=ROUND_TRIP_TOL)


@given(twist=twists())
def test_se3_log_is_undone_by_the_exponential_everywhere(twist):
    transform = oracles.exponential(twist)
    again = oracles.exponential(se3_log(transform))
    assert_allclose(again, transform, rtol=0.0, atol=ROUND_TRIP_TOL)


@given(twist=twists(largest_angle=3.0))
def test_se3_log_undoes_the_exponential(twist):
    logarithm = se3_log(oracles.exponential(twist))
    assert_allclose(logarithm, twist, rtol=0.0, atol=1e-12)  # 1 / sin(3.0) = 7 times rounding


@oracles.needs_pinocchio
@given(twist=twists(largest_angle=3.0))
def test_se3_log_matches_pinocchio(twist):
    transform = oracles.exponential(twist)
    theirs = oracles.pinocchio.log6(transform).vector
    assert_allclose(se3_log(transform), theirs, rtol=0.0, atol=1e-10)  # theirs near 1e-4 rad


def test_se3_log_of_a_translation_is_the_translation():
    transform = np.eye(4)
    transform[:3, 3] = [1.0, -2.0, 3.0]
    assert_array_equal(se3_log(transform), [1.0, -2.0, 3.0, 0.0, 0.0, 0.0])


def test_se3_log_of_a_batch_is_that_of_its_rows(arm):
    transforms = forward(arm, random_joints(arm, np.random.default_rng(1), 6))
    batch = se3_log(transforms.reshape(2, 3, 4, 4))
    assert batch.shape == (2, 3, 6)
    assert_array_equal(batch.reshape(6, 6), [se3_log(one) for one in transforms])


@pytest.mark.parametrize('axis', AXES, ids=str)
@pytest.mark.parametrize('angle', DIFFICULT_ANGLES)
def test_rotation_angle_is_exact(axis, angle):
    measured = rotation_angle(about_axis(axis, angle))
    assert measured == pytest.approx(angle, rel=1e-14, abs=1e-15)


@given(axis=unit_vectors())
def test_rotation_angle_keeps_its_digits_when_tiny(axis):
    measured = rotation_angle(about_axis(axis, 1e-9))
    assert measured == pytest.approx(1e-9, rel=1e-6)  # acos of the trace would return 0 or 2e-8


def test_rotation_angle_of_a_batch_is_that_of_its_rows():
    rotations = np.stack([about_axis(AXES[0], angle) for angle in DIFFICULT_ANGLES])
    batch = rotation_angle(rotations.reshape(2, 6, 3, 3))
    assert batch.shape == (2, 6)
    assert_array_equal(batch.ravel(), [rotation_angle(one) for one in rotations])


@given(twist=twists())
def test_invert_gives_the_inverse(twist):
    transform = oracles.exponential(twist)
    assert_allclose(invert(transform) @ transform, np.eye(4), rtol=0.0, atol=ROUND_TRIP_TOL)
    assert_array_equal(invert(transform)[3], [0.0, 0.0, 0.0, 1.0])


def test_invert_of_a_batch_is_that_of_its_rows(arm):
    transforms = forward(arm, random_joints(arm, np.random.default_rng(2), 6))
    batch = invert(transforms.reshape(3, 2, 4, 4)).reshape(6, 4, 4)
    assert_array_equal(batch, [invert(one) for one in transforms])
    assert len(batch) == 6


@pytest.mark.parametrize(
    ('function', 'shape'),
    [
        (invert, (3, 3)),
        (invert, (4,)),
        (invert, (4, 3)),
        (se3_log, (6,)),
        (se3_log, (2, 3, 3)),
        (rotation_angle, (4, 4)),
        (rotation_angle, (3,)),
    ],
)
def test_rigid_functions_refuse_when_the_shape_is_wrong(function, shape):
    with pytest.raises(ArrayShapeError, match='pass an array of shape'):
        function(np.zeros(shape))
