# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conventions in which sensors write orientations."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from ...kinematics import FloatArray, rotation_from_quat

AXES = 'xyz'
_TAIT_BRYAN = [''.join(axes) for axes in permutations(AXES)]
_PROPER = [a + b + a for a, b in product(AXES, AXES) if a != b]
# Small letters: about fixed axes, in this order; capitals: about the axes of the turned frame.
EULER_CONVENTIONS = (
    *_TAIT_BRYAN,
    *_PROPER,
    *(name.upper() for name in (*_TAIT_BRYAN, *_PROPER)),
)
QUATERNIONS = ('quat_xyzw', 'quat_wxyz')
ROTATION_VECTOR = 'rotation_vector'
CONVENTIONS = (*EULER_CONVENTIONS, *QUATERNIONS, ROTATION_VECTOR)

GIMBAL_LOCK = 1e-9  # cosine of the pitch


def rotations_from(numbers: FloatArray, convention: str) -> FloatArray:
    """
    Return rotation matrices (n, 3, 3) of numbers (n, 3) [rad] or (n, 4).

    :param convention: One of ``CONVENTIONS``; Euler angles in the order of their columns.
    """
    if convention == 'quat_xyzw':
        return rotation_from_quat(numbers)
    if convention == 'quat_wxyz':
        return rotation_from_quat(numbers[:, [1, 2, 3, 0]])
    if convention == ROTATION_VECTOR:
        return exponential(numbers)
    matrices = [elementary(axis, numbers[:, i]) for i, axis in enumerate(convention.lower())]
    if convention.islower():
        matrices.reverse()
    return matrices[0] @ matrices[1] @ matrices[2]


def elementary(axis: str, angles: FloatArray) -> FloatArray:
    """Return rotations (n, 3, 3) about x, y or z by angles (n,) [rad]."""
    vectors = np.zeros((len(angles), 3))
    vectors[:, AXES.index(axis)] = angles
    return exponential(vectors)


def exponential(vectors: FloatArray) -> FloatArray:
    """Return the rotations (n, 3, 3) of rotation vectors (n, 3) [rad] (Rodrigues)."""
    angles = np.linalg.norm(vectors, axis=1)[:, None, None]
    cross = skew(vectors)
    first, second = np.sinc(angles / np.pi), 0.5 * np.sinc(0.5 * angles / np.pi) ** 2
    rotations: FloatArray = np.eye(3) + first * cross + second * (cross @ cross)
    return rotations


def skew(vectors: FloatArray) -> FloatArray:
    """Return the matrices (n, 3, 3) of cross products with vectors (n, 3)."""
    matrices = np.zeros((len(vectors), 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        matrices[:, j, i], matrices[:, i, j] = vectors[:, k], -vectors[:, k]
    return matrices


def rpy_from_rotation(rotation: FloatArray) -> FloatArray:
    """Return fixed-axis roll, pitch, yaw (3,) [rad] of a rotation (3, 3), as URDF has them."""
    cosine = np.hypot(rotation[2, 1], rotation[2, 2])
    pitch = np.arctan2(-rotation[2, 0], cosine)
    if cosine < GIMBAL_LOCK:  # only roll and yaw together matter
        return np.array([0.0, pitch, np.arctan2(-rotation[0, 1], rotation[1, 1])])
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    return np.array([roll, pitch, np.arctan2(rotation[1, 0], rotation[0, 0])])
