# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arms with joint errors: forward kinematics against SciPy, inverses, derivatives, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from specimens import oracle_forward, random_joint_errors, specimen
from strategies import joints_anywhere, joints_within_limits

from neural_ik_ros.kinematics import (
    N_NODES,
    JointErrors,
    JointErrorsError,
    branches,
    commanded_joints,
    forward,
    invert,
    jacobian,
    random_joints,
    refine,
    se3_log,
    true_joints,
    true_lm_bounds,
)

ROUNDING = 1e-12  # [rad], [m]
FINITE_DIFFERENCE_TOL = 1e-7
ARM = specimen(1)


@given(q=joints_anywhere())
def test_forward_agrees_with_an_independent_implementation(q):
    assert_allclose(forward(ARM, q), oracle_forward(ARM, q), rtol=0.0, atol=ROUNDING)


@given(q=joints_anywhere())
def test_commanded_joints_inverts_true_joints(q):
    q_true = true_joints(ARM, q)
    assert 0.0 < np.abs(q_true - q).max() < 5e-3
    assert_allclose(commanded_joints(ARM, q_true), q, rtol=0.0, atol=ROUNDING)


@given(q=joints_within_limits())
def test_joint_errors_repeat_every_turn(q):
    shift = 2.0 * np.pi * np.array([1, -1, 2, -2, 1, 3])
    assert_allclose(true_joints(ARM, q + shift), true_joints(ARM, q) + shift, rtol=0.0, atol=1e-12)


@given(q=joints_within_limits())
def test_jacobian_matches_finite_differences(q):
    step, matrix = 1e-5, jacobian(ARM, q)
    for j in range(6):
        ahead, behind = q.copy(), q.copy()
        ahead[j], behind[j] = q[j] + step, q[j] - step
        tool = forward(ARM, q)
        twists = [se3_log(invert(tool) @ forward(ARM, other)) for other in (ahead, behind)]
        twist = (twists[0] - twists[1]) / (2.0 * step)
        expected = np.concatenate([tool[:3, :3] @ twist[:3], tool[:3, :3] @ twist[3:]])
        assert_allclose(matrix[:, j], expected, rtol=0.0, atol=FINITE_DIFFERENCE_TOL)


def test_refine_reaches_the_target_with_commanded_joints():
    q = random_joints(ARM, np.random.default_rng(2), 200)
    targets = forward(ARM, q)
    result = refine(ARM, q + 0.02, targets)
    found = (result.position_error < 1e-10) & (result.rotation_error < 1e-10)
    assert found.sum() >= 190  # near a limit a seed may end in a corner
    assert_allclose(forward(ARM, result.q[found]), targets[found], rtol=0.0, atol=1e-9)


def test_a_joint_on_its_limit_is_inside_the_bounds_of_true_joints():
    lower, upper = true_lm_bounds(ARM)
    for q in (ARM.lower, ARM.upper):
        q_true = true_joints(ARM, q)
        assert (q_true >= lower - ROUNDING).all()
        assert (q_true <= upper + ROUNDING).all()


def test_branches_are_commanded_joints():
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    seeds = branches(specimen(3, frame_error=0.0), forward(specimen(3, frame_error=0.0), q), q)
    assert np.abs(seeds - q).max(axis=1).min() < 1e-9


def test_an_arm_without_joint_errors_is_left_alone(arm):
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    assert_array_equal(true_joints(arm, q), q)
    assert_array_equal(commanded_joints(arm, q), q)


def zeros(**entries: float) -> np.ndarray:
    sag = np.zeros((6, 7))
    for name, value in entries.items():
        sag[int(name[1]), int(name[2])] = value
    return sag


REFUSED = {
    'nodes': ({'values': np.zeros((6, 10))}, 'finite numbers'),
    'not finite': ({'values': np.full((6, N_NODES), np.nan)}, 'finite numbers'),
    'large': ({'values': np.full((6, N_NODES), 0.03)}, 'more than 0.02'),
    'steep': ({'values': np.resize([1e-3, -1e-3], (6, N_NODES))}, 'changes by more than'),
    'before the joint': ({'sag': zeros(s21=1e-5)}, 'later point'),
    'heavy': ({'sag': zeros(s12=0.05)}, 'rad/m'),
    'no gravity': ({'gravity': np.zeros(3)}, 'no direction'),
}


@pytest.mark.parametrize(('arguments', 'words'), REFUSED.values(), ids=REFUSED)
def test_create_refuses(arguments, words):
    with pytest.raises(JointErrorsError, match=words):
        JointErrors.create(**arguments)


def test_arrays_are_read_only():
    errors = random_joint_errors(1)
    with pytest.raises(ValueError, match='read-only'):
        errors.table[0, 0, 0] = 1.0
