# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Forward kinematics and Jacobian against judges that others wrote."""

from __future__ import annotations

import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from strategies import any_joints, joints_anywhere

from neural_ik_ros.kinematics import (
    Arm,
    ArrayShapeError,
    FloatArray,
    Joints,
    forward,
    invert,
    jacobian,
    joint_positions,
    random_joints,
    se3_log,
)

FORWARD_TOL = 1e-12  # [m] and unitless: two implementations, a dozen roundings of 1e-16 each
DIFFERENCE_STEP = 1e-5  # [rad] central differences: error about step^2 and 1e-16 / step
FINITE_DIFFERENCE_TOL = 1e-9


def numeric_jacobian(arm: Arm, q: Joints) -> FloatArray:
    """Return the Jacobian (6, 6) by central differences of the tool pose, on the manifold."""
    columns = []
    for j in range(6):
        move = np.zeros(6)
        move[j] = DIFFERENCE_STEP
        before, after = forward(arm, q - move), forward(arm, q + move)
        linear = (after[:3, 3] - before[:3, 3]) / (2.0 * DIFFERENCE_STEP)
        turn = np.eye(4)
        turn[:3, :3] = after[:3, :3] @ before[:3, :3].T
        angular = se3_log(turn)[3:] / (2.0 * DIFFERENCE_STEP)
        columns.append(np.concatenate([linear, angular]))
    return np.stack(columns, axis=1)


@oracles.needs_pinocchio
@given(q=joints_anywhere())
def test_forward_matches_pinocchio(arm, q):
    transform = forward(arm, q)
    assert np.isfinite(transform).all()
    assert_allclose(transform, oracles.pinocchio_forward(q), rtol=0.0, atol=FORWARD_TOL)


@oracles.needs_closed_form
def test_forward_matches_the_published_opw_parameters(arm):
    q = random_joints(arm, np.random.default_rng(1), 500)
    transforms = forward(arm, q)
    assert transforms.shape == (500, 4, 4)
    assert np.isfinite(transforms).all()
    assert_allclose(transforms, oracles.closed_form_forward(q), rtol=0.0, atol=FORWARD_TOL)


def test_forward_of_all_zero_joints_is_the_published_pose(arm):
    transform = forward(arm, np.zeros(6))
    assert_allclose(transform[:3, 3], [0.940, 0.0, 1.455], rtol=0.0, atol=FORWARD_TOL)
    assert_allclose(transform[:3, 2], [1.0, 0.0, 0.0], rtol=0.0, atol=FORWARD_TOL)


@given(q=joints_anywhere())
def test_forward_is_rigid(arm, q):
    rotation = forward(arm, q)[:3, :3]
    assert_allclose(rotation.T @ rotation, np.eye(3), rtol=0.0, atol=1e-14)
    assert np.linalg.det(rotation) > 0.0


@given(q=joints_anywhere())
def test_forward_does_not_see_whole_turns(arm, q):
    turned = q + 2.0 * math.pi * np.array([1, -1, 2, -2, 1, -1])
    assert_allclose(forward(arm, turned), forward(arm, q), rtol=0.0, atol=FORWARD_TOL)


def test_forward_reaches_no_farther_than_published(arm):
    q = random_joints(arm, np.random.default_rng(2), 20000)
    radial = np.hypot(*np.moveaxis(forward(arm, q)[:, :2, 3], 1, 0))
    assert 1.60 < radial.max() <= 1.657  # [m] largest radial reach of tool0


@oracles.needs_pinocchio
@given(q=joints_anywhere())
def test_jacobian_matches_pinocchio(arm, q):
    ours = jacobian(arm, q)
    assert np.isfinite(ours).all()
    assert_allclose(ours, oracles.pinocchio_jacobian(q), rtol=0.0, atol=FORWARD_TOL)


@given(q=any_joints())
def test_jacobian_matches_finite_differences(arm, q):
    ours = jacobian(arm, q)
    assert_allclose(ours, numeric_jacobian(arm, q), rtol=0.0, atol=FINITE_DIFFERENCE_TOL)


@given(q=any_joints())
def test_jacobian_has_unit_axes(arm, q):
    axes = jacobian(arm, q)[3:]
    assert_allclose(np.linalg.norm(axes, axis=0), np.ones(6), rtol=0.0, atol=FORWARD_TOL)


@pytest.mark.parametrize('function', [forward, jacobian])
@pytest.mark.parametrize('leading', [(0,), (1,), (7,), (2, 3), (2, 0)])
def test_forward_and_jacobian_of_a_batch_are_those_of_its_rows(arm, function, leading):
    n = math.prod(leading)
    q = random_joints(arm, np.random.default_rng(3), n)
    batch = function(arm, q.reshape(*leading, 6))
    assert batch.shape[: len(leading)] == leading
    rows = batch.reshape(n, *batch.shape[len(leading) :])
    assert len(rows) == n
    for one, row in zip(q, rows, strict=True):
        assert_array_equal(function(arm, one), row)


@pytest.mark.parametrize('function', [forward, jacobian])
def test_forward_and_jacobian_leave_their_argument_alone(arm, function):
    q = random_joints(arm, np.random.default_rng(4), 3)
    before = q.copy()
    function(arm, q)
    assert_array_equal(q, before)


@pytest.mark.parametrize('function', [forward, jacobian])
def test_forward_and_jacobian_accept_any_memory_layout(arm, function):
    q = random_joints(arm, np.random.default_rng(5), 8)
    strided, transposed = np.repeat(q, 2, axis=0)[::2], np.asfortranarray(q)
    assert_array_equal(function(arm, strided), function(arm, q))
    assert_array_equal(function(arm, transposed), function(arm, q))


@pytest.mark.parametrize('function', [forward, jacobian])
@pytest.mark.parametrize('shape', [(), (5,), (7,), (6, 1), (3, 5)])
def test_forward_and_jacobian_refuse_when_the_shape_is_wrong(arm, function, shape):
    with pytest.raises(ArrayShapeError, match=r'q has shape .* pass an array of shape'):
        function(arm, np.zeros(shape))


def test_forward_of_nan_is_not_a_number_and_spoils_no_other_row(arm):
    q = random_joints(arm, np.random.default_rng(6), 3)
    clean = forward(arm, q)
    q[1, 3] = math.nan
    spoilt = forward(arm, q)
    assert np.isnan(spoilt[1]).any()
    assert_array_equal(spoilt[[0, 2]], clean[[0, 2]])


@given(q=any_joints())
def test_forward_and_invert_close_the_loop(arm, q):
    transform = forward(arm, q)
    loop = transform @ invert(transform)
    assert_allclose(loop, np.eye(4), rtol=0.0, atol=FORWARD_TOL)


@given(q=joints_anywhere())
def test_joint_positions_run_from_the_base_to_the_tool_along_links_of_fixed_length(arm, q):
    points = joint_positions(arm, q)
    assert points.shape == (8, 3)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    links = [0.0, math.hypot(0.1, 0.615), 0.705, 0.135, 0.755, 0.0, 0.085]
    assert_allclose(lengths, links, rtol=0.0, atol=FORWARD_TOL)
    assert_array_equal(points[0], np.zeros(3))
    assert_array_equal(points[-1], forward(arm, q)[:3, 3])
