# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Forward kinematics and the geometric Jacobian of a serial chain."""

from __future__ import annotations

import math

import numpy as np

from .arm import Arm
from .compiled import compiled
from .types import N_JOINTS, FloatArray, Joints, Transform, as_array


def forward(arm: Arm, q: Joints) -> Transform:
    """
    Return ``transform_base_tool``.

    :param q: Shape (..., 6) [rad], limits are not checked.
    :return: Shape (..., 4, 4), translation in [m].
    """
    q = as_array('q', q, (N_JOINTS,))
    flat = q.reshape(-1, N_JOINTS)
    transforms = np.empty((len(flat), 4, 4))
    _forward_batch(arm.rotations, arm.translations, flat, transforms)
    return transforms.reshape(*q.shape[:-1], 4, 4)


def jacobian(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the geometric Jacobian at the tool origin, in axes of the base.

    :param q: Shape (..., 6) [rad].
    :return: Shape (..., 6, 6); rows 0-2 linear [m/rad], rows 3-5 angular [rad/rad].
    """
    q = as_array('q', q, (N_JOINTS,))
    flat = q.reshape(-1, N_JOINTS)
    jacobians = np.empty((len(flat), 6, N_JOINTS))
    _jacobian_batch(arm.rotations, arm.translations, flat, jacobians)
    return jacobians.reshape(*q.shape[:-1], 6, N_JOINTS)


def joint_positions(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the positions of base, joints and tool, for drawing the arm as a line.

    :param q: Shape (6,) [rad].
    :return: Shape (8, 3) [m] in the base.
    """
    transform, frames = np.empty((4, 4)), np.empty((6, N_JOINTS))
    frames_into(arm.rotations, arm.translations, as_array('q', q, (N_JOINTS,)), transform, frames)
    return np.vstack([np.zeros(3), frames[:3].T, transform[:3, 3]])


@compiled
def _forward_batch(
    rotations: FloatArray, translations: FloatArray, q: FloatArray, transforms: FloatArray
) -> None:
    frames = np.empty((6, 6))
    for i in range(q.shape[0]):
        frames_into(rotations, translations, q[i], transforms[i], frames)


@compiled
def _jacobian_batch(
    rotations: FloatArray, translations: FloatArray, q: FloatArray, jacobians: FloatArray
) -> None:
    transform = np.empty((4, 4))
    for i in range(q.shape[0]):
        frames_into(rotations, translations, q[i], transform, jacobians[i])
        jacobian_from_frames(transform, jacobians[i])


@compiled
def frames_into(
    rotations: FloatArray,
    translations: FloatArray,
    q: FloatArray,
    transform: FloatArray,
    frames: FloatArray,
) -> None:
    """
    Write the tool pose, and each joint's origin (rows 0-2) and axis (rows 3-5), in the base.

    :param q: Shape (6,) [rad].
    :param transform: Shape (4, 4), written.
    :param frames: Shape (6, 6), one column a joint, written.
    """
    px, py, pz = 0.0, 0.0, 0.0
    xx, xy, xz = 1.0, 0.0, 0.0  # columns of the accumulated rotation
    yx, yy, yz = 0.0, 1.0, 0.0
    zx, zy, zz = 0.0, 0.0, 1.0
    for i in range(7):
        a, b, c = translations[i, 0], translations[i, 1], translations[i, 2]
        px += xx * a + yx * b + zx * c
        py += xy * a + yy * b + zy * c
        pz += xz * a + yz * b + zz * c
        r = rotations[i]
        ux = xx * r[0, 0] + yx * r[1, 0] + zx * r[2, 0]
        uy = xy * r[0, 0] + yy * r[1, 0] + zy * r[2, 0]
        uz = xz * r[0, 0] + yz * r[1, 0] + zz * r[2, 0]
        vx = xx * r[0, 1] + yx * r[1, 1] + zx * r[2, 1]
        vy = xy * r[0, 1] + yy * r[1, 1] + zy * r[2, 1]
        vz = xz * r[0, 1] + yz * r[1, 1] + zz * r[2, 1]
        wx = xx * r[0, 2] + yx * r[1, 2] + zx * r[2, 2]
        wy = xy * r[0, 2] + yy * r[1, 2] + zy * r[2, 2]
        wz = xz * r[0, 2] + yz * r[1, 2] + zz * r[2, 2]
        if i < 6:
            frames[0, i], frames[1, i], frames[2, i] = px, py, pz
            frames[3, i], frames[4, i], frames[5, i] = wx, wy, wz
            cosine, sine = math.cos(q[i]), math.sin(q[i])
        else:
            cosine, sine = 1.0, 0.0
        xx, xy, xz = cosine * ux + sine * vx, cosine * uy + sine * vy, cosine * uz + sine * vz
        yx, yy, yz = cosine * vx - sine * ux, cosine * vy - sine * uy, cosine * vz - sine * uz
        zx, zy, zz = wx, wy, wz
    transform[0, 0], transform[1, 0], transform[2, 0], transform[3, 0] = xx, xy, xz, 0.0
    transform[0, 1], transform[1, 1], transform[2, 1], transform[3, 1] = yx, yy, yz, 0.0
    transform[0, 2], transform[1, 2], transform[2, 2], transform[3, 2] = zx, zy, zz, 0.0
    transform[0, 3], transform[1, 3], transform[2, 3], transform[3, 3] = px, py, pz, 1.0


@compiled
def jacobian_from_frames(transform: FloatArray, frames: FloatArray) -> None:
    """Replace the joint frames of ``frames_into`` by the Jacobian at the tool, in place."""
    for j in range(6):
        x = transform[0, 3] - frames[0, j]
        y = transform[1, 3] - frames[1, j]
        z = transform[2, 3] - frames[2, j]
        a, b, c = frames[3, j], frames[4, j], frames[5, j]
        frames[0, j], frames[1, j], frames[2, j] = b * z - c * y, c * x - a * z, a * y - b * x
