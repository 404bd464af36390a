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
    pose_error,
    quat_from_rotation,
    random_joints,
    rotation_angle,
    rotation_from_quat,
    se3_exp,
    se3_log,
    transform_from_xyz_quat,
)
from neural_ik_ros.kinematics.se3 import measure_pose_error

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


@oracles.needs_pinocchio
@given(first=twists(), second=twists())
def test_pose_error_matches_pinocchio(first, second):
    a, b = oracles.exponential(first), oracles.exponential(second)
    position, rotation = pose_error(a, b)
    offset = oracles.pinocchio.SE3(a).actInv(oracles.pinocchio.SE3(b))
    assert position == pytest.approx(np.linalg.norm(offset.translation), abs=ROUND_TRIP_TOL)
    theirs = np.linalg.norm(oracles.pinocchio.log3(offset.rotation))
    assert rotation == pytest.approx(theirs, abs=1e-6)  # theirs near pi


@pytest.mark.parametrize('angle', DIFFICULT_ANGLES)
def test_pose_error_is_distance_and_angle(angle):
    here, there = displacement(AXES[9], 0.0), displacement(AXES[9], angle)
    there[:3, 3] += [0.0, 3e-9, 4e-9]
    position, rotation = pose_error(here, there)
    assert position == pytest.approx(5e-9, rel=1e-6)
    assert rotation == pytest.approx(angle, rel=1e-14, abs=1e-15)


@given(first=twists(), second=twists())
def test_pose_error_is_that_of_the_kernel(first, second):
    a, b = oracles.exponential(first), oracles.exponential(second)
    assert_allclose(measure_pose_error(a, b, np.empty((6, 6))), pose_error(a, b), atol=1e-14)


def test_pose_error_of_a_batch_is_that_of_its_rows(arm):
    a, b = forward(arm, random_joints(arm, np.random.default_rng(4), 12)).reshape(2, 6, 4, 4)
    position, rotation = pose_error(a, b)
    assert position.shape == rotation.shape == (6,)
    assert_array_equal(
        np.stack([position, rotation], 1), [pose_error(*p) for p in zip(a, b, strict=True)]
    )
    assert_array_equal(pose_error(a, b[0])[0], pose_error(a, np.tile(b[0], (6, 1, 1)))[0])


@pytest.mark.parametrize('axis', AXES, ids=str)
@pytest.mark.parametrize('angle', DIFFICULT_ANGLES)
def test_transform_from_xyz_quat_rotates_about_the_axis(axis, angle):
    unit = axis / np.linalg.norm(axis)
    quat_xyzw = np.append(math.sin(0.5 * angle) * unit, math.cos(0.5 * angle))
    transform = transform_from_xyz_quat([0.4, -1.3, 0.7], 2.5 * quat_xyzw)  # of any norm
    assert_allclose(transform, displacement(axis, angle), rtol=0.0, atol=1e-15)
    again = quat_from_rotation(transform[:3, :3])
    if quat_xyzw[3] > 1e-9:  # else either sign is right
        assert_allclose(again, quat_xyzw, rtol=0.0, atol=1e-15)
    assert_allclose(rotation_from_quat(again), transform[:3, :3], rtol=0.0, atol=1e-15)


def test_transform_from_xyz_quat_of_a_batch_is_that_of_its_rows():
    rng = np.random.default_rng(3)
    xyz, quat_xyzw = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 3, 4))
    batch = transform_from_xyz_quat(xyz, quat_xyzw)
    rows = zip(xyz.reshape(6, 3), quat_xyzw.reshape(6, 4), strict=True)
    assert_array_equal(batch.reshape(6, 4, 4), [transform_from_xyz_quat(*row) for row in rows])


def test_transform_from_xyz_quat_of_the_zero_quaternion_is_not_a_number():
    assert np.isnan(transform_from_xyz_quat(np.zeros(3), np.zeros(4))[:3, :3]).all()


@pytest.mark.parametrize(
    ('xyz', 'quat_xyzw'), [((0.0, 0.0), (0, 0, 0, 1)), ((0, 0, 0), (0, 0, 1))]
)
def test_transform_from_xyz_quat_refuses_when_the_shape_is_wrong(xyz, quat_xyzw):
    with pytest.raises(ArrayShapeError):
        transform_from_xyz_quat(xyz, quat_xyzw)


@given(twist=twists())
def test_se3_exp_is_the_exponential(twist):
    assert_allclose(se3_exp(twist), oracles.exponential(twist), rtol=0.0, atol=ROUND_TRIP_TOL)
