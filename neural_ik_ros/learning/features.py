# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The twelve numbers the network is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..kinematics import FloatArray, Joints, Transform, as_array, rotation_from_rpy

FEATURE_VERSION = 1  # raised whenever the meaning of a number below changes
FEATURE_NAMES = (
    *('x', 'y', 'z'),
    *('roll', 'pitch', 'yaw'),
    *(f'q_current_{joint}' for joint in range(1, 7)),
)
N_FEATURES = len(FEATURE_NAMES)
GIMBAL_LOCK_COSINE = 1e-9  # below it roll and yaw turn about the same axis and only roll is used


def features(transform_base_tool: Transform, q_current: Joints) -> FloatArray:
    """
    Return position, fixed-axis roll, pitch, yaw, and the current joints.

    The rotation is ``Rz(yaw) Ry(pitch) Rx(roll)``, as in URDF; roll and yaw lie in [-pi, pi],
    pitch in [-pi/2, pi/2]. Batch axes of the two arguments must agree.

    :param transform_base_tool: Target, shape (..., 4, 4), translation in [m].
    :param q_current: Shape (..., 6) [rad].
    :return: Shape (..., 12): x y z [m], roll pitch yaw [rad], q_current [rad].
    """
    numbers = np.empty((*q_current.shape[:-1], N_FEATURES))
    numbers[..., :3] = transform_base_tool[..., :3, 3]
    numbers[..., 3:6] = roll_pitch_yaw(transform_base_tool)
    numbers[..., 6:] = q_current
    return numbers


def transform_from_xyz_rpy(xyz: ArrayLike, rpy: ArrayLike) -> Transform:
    """
    Return the pose with this position and these fixed-axis angles, as a URDF origin gives them.

    :param xyz: Shape (..., 3), [m].
    :param rpy: Roll, pitch, yaw, shape (..., 3), [rad].
    :return: Shape (..., 4, 4).
    """
    rotation = rotation_from_rpy(rpy)
    transform = np.zeros((*rotation.shape[:-2], 4, 4))
    transform[..., :3, :3] = rotation
    transform[..., :3, 3] = as_array('xyz', xyz, (3,))
    transform[..., 3, 3] = 1.0
    return transform


def roll_pitch_yaw(transform: Transform) -> FloatArray:
    """
    Return the fixed-axis angles of the rotation part; yaw is zero at pitch +-pi/2.

    :param transform: Shape (..., 4, 4) or (..., 3, 3).
    :return: Shape (..., 3), [rad].
    """
    r00, r10, r20 = transform[..., 0, 0], transform[..., 1, 0], transform[..., 2, 0]
    cosine = np.hypot(r00, r10)  # of pitch
    is_locked = cosine < GIMBAL_LOCK_COSINE
    angles = np.empty((*cosine.shape, 3))
    angles[..., 0] = np.where(
        is_locked,
        np.arctan2(-transform[..., 1, 2], transform[..., 1, 1]),
        np.arctan2(transform[..., 2, 1], transform[..., 2, 2]),
    )
    angles[..., 1] = np.arctan2(-r20, cosine)
    angles[..., 2] = np.where(is_locked, 0.0, np.arctan2(r10, r00))
    return angles
