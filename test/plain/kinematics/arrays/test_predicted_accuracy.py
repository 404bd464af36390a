# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy predicted from an uncertainty: its derivatives, its quantiles, its coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from specimens import specimen

from neural_ik_ros.kinematics import (
    N_ANGLES,
    N_TWISTS,
    Arm,
    Uncertainty,
    UncertaintyError,
    forward,
    invert,
    predicted_accuracy,
    random_joints,
    se3_exp,
    se3_log,
    tool_covariance,
    transform_from_xyz_rpy,
)
from neural_ik_ros.kinematics.arrays.predicted_accuracy import parameter_columns

STEP = 1e-6  # [m], [rad] of central differences
DIFFERENCE_TOL = 1e-8
TOOL = transform_from_xyz_rpy([0.02, -0.1, 0.25], [0.3, 1.0, -0.4])
RESIDUAL = np.array([5e-5, 1e-4])


def uncertainty(factor=None, *, map_sd: float = 0.0, covered=None) -> Uncertainty:
    return Uncertainty(
        factor=np.zeros((N_TWISTS, N_TWISTS)) if factor is None else factor,
        map_sds=np.full((6, N_ANGLES), map_sd),
        residual=RESIDUAL,
        covered=np.ones((6, N_ANGLES), bool) if covered is None else covered,
    )


def moved_pose(arm: Arm, q, k: int, step: float):
    """Pose of the tool with one parameter off, without the columns under test."""
    twist = np.zeros(6)
    twist[k % 6] = step
    small, frame = se3_exp(twist), k // 6
    if frame in (0, 7):
        return small @ forward(arm, q) if frame == 0 else forward(arm, q) @ small
    rotations, translations = arm.rotations.copy(), arm.translations.copy()
    i = frame - 1
    translations[i] += rotations[i] @ small[:3, 3]
    rotations[i] = rotations[i] @ small[:3, :3]
    return forward(replace(arm, rotations=rotations, translations=translations), q)


def test_columns_match_finite_differences(arm):
    q = random_joints(arm, np.random.default_rng(1), 3)
    columns = parameter_columns(arm, q)
    for i, joints in enumerate(q):
        for k in range(N_TWISTS):
            poses = [moved_pose(arm, joints, k, sign * STEP) for sign in (1.0, -1.0)]
            shift = (poses[0][:3, 3] - poses[1][:3, 3]) / (2.0 * STEP)
            turn = np.eye(4)
            turn[:3, :3] = poses[0][:3, :3] @ poses[1][:3, :3].T
            expected = np.concatenate([shift, se3_log(turn)[3:] / (2.0 * STEP)])
            assert_allclose(columns[i, :, k], expected, rtol=0.0, atol=DIFFERENCE_TOL)


@pytest.mark.parametrize('seed', range(4))
def test_share_of_errors_within_the_quantiles_is_what_they_say(arm, seed):
    """Half of 40,000 drawn errors within the median, 95 % within the other; to 2 % of them."""
    rng = np.random.default_rng(seed)
    factor = np.diag(10.0 ** rng.uniform(-6.0, -3.5, N_TWISTS))
    arm = replace(arm, uncertainty=uncertainty(factor, map_sd=3e-5))
    q = random_joints(arm, rng, 1)[0]
    expected = predicted_accuracy(arm, q)
    covariance = tool_covariance(arm, arm.uncertainty, q[None])[0]
    errors = rng.multivariate_normal(np.zeros(6), covariance, 40_000)
    positions, turns = (np.linalg.norm(errors[:, k : k + 3], axis=1) for k in (0, 3))
    assert abs((positions < expected.position_median).mean() - 0.5) < 0.02
    assert abs((positions < expected.position_p95).mean() - 0.95) < 0.02
    assert abs((turns < expected.rotation_median).mean() - 0.5) < 0.02
    assert abs((turns < expected.rotation_p95).mean() - 0.95) < 0.02


def test_uncertain_map_turns_the_tool_about_the_axis_of_its_joint():
    arm = specimen(3)
    known = uncertainty(map_sd=1e-4)
    q = random_joints(arm, np.random.default_rng(0), 1)
    rotation = tool_covariance(arm, known, q)[0, 3:, 3:] - RESIDUAL[1] ** 2 * np.eye(3)
    assert np.trace(rotation) == pytest.approx(6.0 * 1e-8)


def test_accuracy_at_a_tool_is_that_of_the_tip_carried_there(arm):
    rng = np.random.default_rng(0)
    factor = 1e-4 * np.tril(rng.normal(size=(N_TWISTS, N_TWISTS)))
    tip = replace(arm, uncertainty=replace(uncertainty(factor), residual=np.zeros(2)))
    tool = tip.with_tool(TOOL)
    q = random_joints(arm, rng, 5)
    at_tip = tool_covariance(tip, tip.uncertainty, q)
    at_tool = tool_covariance(tool, tool.uncertainty, q)
    for k, joints in enumerate(q):
        x, y, z = forward(tool, joints)[:3, 3] - forward(tip, joints)[:3, 3]
        lever = np.eye(6)
        lever[:3, 3:] = -np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        assert_allclose(at_tool[k], lever @ at_tip[k] @ lever.T, rtol=1e-9, atol=1e-20)
    back = tool.with_tool(invert(TOOL))
    assert_allclose(back.uncertainty.factor, factor, rtol=0.0, atol=1e-15)


def test_nothing_is_claimed_outside_the_measured_angles(arm):
    covered = np.ones((6, N_ANGLES), bool)
    covered[[1, 4], :10] = False  # 0 to 30 degrees
    arm = replace(arm, uncertainty=uncertainty(covered=covered))
    inside = predicted_accuracy(arm, np.full(6, np.radians(-10.0)))
    assert inside.uncovered == ()
    assert inside.position_median > 0.0
    outside = predicted_accuracy(arm, np.radians([5.0, 10.0, 5.0, 5.0, -331.0, 5.0]))
    assert outside.uncovered == ('joint_2', 'joint_5')
    numbers = (outside.position_median, outside.position_p95, outside.rotation_p95)
    assert np.isnan(numbers).all()


def test_nothing_is_predicted_without_a_calibration_or_an_answer(arm):
    assert predicted_accuracy(arm, np.zeros(6)) is None
    known = replace(arm, uncertainty=uncertainty())
    assert predicted_accuracy(known, np.full(6, np.nan)) is None


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'factor': np.zeros((3, 3))}, 'factor must be finite'),
        ({'factor': np.full((N_TWISTS, N_TWISTS), np.nan)}, 'factor must be finite'),
        ({'map_sds': np.full((6, N_ANGLES), -1e-6)}, 'negative'),
        ({'residual': np.array([np.nan, 1e-4])}, 'residual must be finite'),
        ({'residual': np.array([-1e-5, 1e-4])}, 'negative'),
    ],
)
def test_what_is_no_uncertainty_is_refused(changes, problem):
    with pytest.raises(UncertaintyError, match=problem):
        replace(uncertainty(), **changes)
