# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import forward, random_joints, transform_from_xyz_rpy
from neural_ik_ros.learning.data.features import FEATURE_NAMES, features

ROUNDING = 1e-12
LOCK_ROUNDING = 1e-7  # at pitch 90 degrees the cosine of pitch is the square root of a rounding


def test_features_are_position_angles_and_joints_when_batched(arm):
    q_current = random_joints(arm, np.random.default_rng(1), 20).reshape(4, 5, 6)
    target = forward(arm, q_current[::-1])

    numbers = features(target, q_current)

    assert numbers.shape == (4, 5, 12)
    assert len(FEATURE_NAMES) == 12
    assert_allclose(numbers[..., :3], target[..., :3, 3], rtol=0)
    assert_allclose(numbers[..., 6:], q_current, rtol=0)


def test_roll_pitch_yaw_is_undone_by_transform_from_xyz_rpy(arm):
    target = forward(arm, random_joints(arm, np.random.default_rng(2), 1000))

    angles = features(target, np.zeros((1000, 6)))[:, 3:6]

    assert_allclose(transform_from_xyz_rpy(target[:, :3, 3], angles), target, atol=ROUNDING)
    assert np.abs(angles[:, 1]).max() <= np.pi / 2


def test_roll_pitch_yaw_turns_about_fixed_axes():
    about_z_after_x = transform_from_xyz_rpy([0.0, 0.0, 0.0], [np.pi / 2, 0.0, np.pi / 2])

    assert_allclose(about_z_after_x[:3, 1], [0.0, 0.0, 1.0], atol=ROUNDING)
    assert_allclose(about_z_after_x[:3, 0], [0.0, 1.0, 0.0], atol=ROUNDING)


@pytest.mark.parametrize('pitch', [np.pi / 2, -np.pi / 2])
def test_roll_pitch_yaw_still_describes_the_pose_when_in_gimbal_lock(pitch):
    locked = transform_from_xyz_rpy([0.0, 0.0, 0.0], [0.4, pitch, -1.1])

    angles = features(locked, np.zeros(6))[3:6]

    assert angles[2] == 0.0
    assert_allclose(transform_from_xyz_rpy([0.0] * 3, angles), locked, atol=LOCK_ROUNDING)
