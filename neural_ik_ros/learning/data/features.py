# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The input of the network: twelve numbers from target pose and current joints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kinematics import N_JOINTS, FloatArray, Joints, Transform, as_array
from ...kinematics.compiled import compiled

FEATURE_VERSION = 1  # raised whenever the meaning of a feature changes
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
    transforms = as_array('transform_base_tool', transform_base_tool, (4, 4))
    q_current = as_array('q_current', q_current, (N_JOINTS,))
    numbers = np.empty((*q_current.shape[:-1], N_FEATURES))
    features_into(
        transforms.reshape(-1, 4, 4),
        q_current.reshape(-1, N_JOINTS),
        numbers.reshape(-1, N_FEATURES),
    )
    return numbers


@compiled
def features_into(
    transforms: Transform, q_current: Joints, numbers: NDArray[np.floating[Any]]
) -> None:
    """Write the features of targets (n, 4, 4) and joints (n, 6) into ``numbers`` (n, 12)."""
    for i in range(numbers.shape[0]):
        for j in range(3):
            numbers[i, j] = transforms[i, j, 3]
        _roll_pitch_yaw_into(transforms[i], numbers[i, 3:6])
        for j in range(6):
            numbers[i, 6 + j] = q_current[i, j]


@compiled
def _roll_pitch_yaw_into(rotation: FloatArray, angles: NDArray[np.floating[Any]]) -> None:
    """Write the fixed-axis angles of a rotation; yaw is zero at pitch +-pi/2."""
    r = rotation
    cosine = math.hypot(r[0, 0], r[1, 0])  # of pitch
    angles[1] = math.atan2(-r[2, 0], cosine)
    if cosine < GIMBAL_LOCK_COSINE:
        angles[0], angles[2] = math.atan2(-r[1, 2], r[1, 1]), 0.0
    else:
        angles[0], angles[2] = math.atan2(r[2, 1], r[2, 2]), math.atan2(r[1, 0], r[0, 0])
