# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms: inverse, logarithm, errors, and conversions from angles and quaternions."""

from __future__ import annotations

import math
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .compiled import compiled
from .linalg3 import tmul33_into
from .types import FloatArray, Transform, as_array

Number = TypeVar('Number', float, FloatArray)
Columns: TypeAlias = tuple[
    tuple[Number, Number, Number], tuple[Number, Number, Number], tuple[Number, Number, Number]
]


def invert(transform_a_b: Transform) -> Transform:
    """
    Return ``transform_b_a``, the same displacement seen from the other frame.

    Exact for rigid transforms; cheaper and better conditioned than a matrix inverse.

    :param transform_a_b: Pose of b in a, shape (..., 4, 4), translation in [m].
    :return: Pose of a in b, shape (..., 4, 4), translation in [m].
    :raises ArrayShapeError: If the last two axes are not (4, 4).
    """
    transform_a_b = as_array('transform_a_b', transform_a_b, (4, 4))
    rotation_b_a = transform_a_b[..., :3, :3].swapaxes(-1, -2)
    transform_b_a = np.zeros_like(transform_a_b)
    transform_b_a[..., :3, :3] = rotation_b_a
    transform_b_a[..., :3, 3:] = -rotation_b_a @ transform_a_b[..., :3, 3:]
    transform_b_a[..., 3, 3] = 1.0
    return transform_b_a


def se3_log(transform: Transform) -> FloatArray:
    """
    Return the twist ``[v, w]`` whose exponential is the transform (Lynch & Park 2017, 3.3.3).

    Accurate from exactly zero to rotations of pi, where the axis has either sign.

    :param transform: Shape (..., 4, 4), translation in [m].
    :return: Shape (..., 6), linear part [m] first, then the rotation vector [rad].
    """
    transform = as_array('transform', transform, (4, 4))
    flat = transform.reshape(-1, 4, 4)
    twists = np.empty((len(flat), 6))
    log_batch(flat, twists)
    return twists.reshape(*transform.shape[:-2], 6)


def se3_exp(twist: ArrayLike) -> Transform:
    """
    Return the displacement of a constant body twist in a unit of time (Lynch & Park 2017, 3.3.3).

    :param twist: Shape (6,), ``[v, w]``: [m] first, then the rotation vector [rad].
    :return: Shape (4, 4), translation in [m].
    """
    v, w = np.split(as_array('twist', twist, (6,)), 2)
    angle = math.sqrt(float(w @ w))
    cross_w = np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])
    if angle < 1e-4:  # the series, where the quotients lose their digits
        a, b, c = 1.0 - angle**2 / 6.0, 0.5 - angle**2 / 24.0, 1.0 / 6.0 - angle**2 / 120.0
    else:
        a, b = math.sin(angle) / angle, 2.0 * (math.sin(0.5 * angle) / angle) ** 2
        c = (1.0 - a) / angle**2
    squared = cross_w @ cross_w
    transform = np.eye(4)
    transform[:3, :3] += a * cross_w + b * squared
    transform[:3, 3] = v + b * (cross_w @ v) + c * (squared @ v)
    return transform


def pose_error(transform_a: Transform, transform_b: Transform) -> tuple[FloatArray, FloatArray]:
    """
    Return the distance and the angle between two poses of one frame.

    :param transform_a: Shape (..., 4, 4), translation in [m].
    :param transform_b: Shape (..., 4, 4), leading axes that broadcast.
    :return: Position error [m] and rotation error [rad], each of the leading shape.
    """
    a = as_array('transform_a', transform_a, (4, 4))
    b = as_array('transform_b', transform_b, (4, 4))
    position: FloatArray = np.linalg.norm(a[..., :3, 3] - b[..., :3, 3], axis=-1)
    return position, rotation_angle(a[..., :3, :3].swapaxes(-1, -2) @ b[..., :3, :3])


def rotation_angle(rotation: FloatArray) -> FloatArray:
    """
    Return the angle of the rotation in [0, pi] rad.

    Uses atan2 of sine and cosine: exact near zero, where acos of the trace loses eight digits.

    :param rotation: Shape (..., 3, 3).
    :return: Shape (...), [rad].
    """
    rotation = as_array('rotation', rotation, (3, 3))
    axis = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        axis=-1,
    )
    trace = np.trace(rotation, axis1=-2, axis2=-1)
    angle: FloatArray = np.arctan2(np.linalg.norm(axis, axis=-1), trace - 1.0)
    return angle


def rotation_from_rpy(rpy: ArrayLike) -> FloatArray:
    """
    Return ``Rz(yaw) Ry(pitch) Rx(roll)``, the fixed-axis convention of URDF.

    :param rpy: Roll, pitch, yaw, shape (..., 3), [rad].
    :return: Shape (..., 3, 3).
    """
    angles = as_array('rpy', rpy, (3,))
    cr, cp, cy = np.moveaxis(np.cos(angles), -1, 0)
    sr, sp, sy = np.moveaxis(np.sin(angles), -1, 0)
    rows = (
        (cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        (sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        (-sp, cp * sr, cp * cr),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def transform_from_xyz_rpy(xyz: ArrayLike, rpy: ArrayLike) -> Transform:
    """
    Return the pose with this position and these fixed-axis angles, as a URDF origin gives them.

    :param xyz: Shape (..., 3), [m].
    :param rpy: Roll, pitch, yaw, shape (..., 3), [rad].
    :return: Shape (..., 4, 4).
    """
    return _rigid(rotation_from_rpy(rpy), xyz)


def _rigid(rotation: FloatArray, xyz: ArrayLike) -> Transform:
    transform = np.zeros((*rotation.shape[:-2], 4, 4))
    transform[..., :3, :3] = rotation
    transform[..., :3, 3] = as_array('xyz', xyz, (3,))
    transform[..., 3, 3] = 1.0
    return transform


def rotation_from_quat(quat_xyzw: ArrayLike) -> FloatArray:
    """
    Return the rotation matrix of a quaternion of any norm but zero.

    :param quat_xyzw: Shape (..., 4).
    :return: Shape (..., 3, 3); NaN for the zero quaternion.
    """
    x, y, z, w = np.moveaxis(as_array('quat_xyzw', quat_xyzw, (4,)), -1, 0)
    with np.errstate(divide='ignore', invalid='ignore'):
        columns = rotation_columns(x, y, z, w)
    return np.stack([np.stack(column, axis=-1) for column in columns], axis=-1)


def transform_from_xyz_quat(xyz: ArrayLike, quat_xyzw: ArrayLike) -> Transform:
    """
    Return the pose with this position and this orientation.

    :param xyz: Shape (..., 3), [m].
    :param quat_xyzw: Quaternion of any norm but zero, shape (..., 4).
    :return: Shape (..., 4, 4).
    """
    return _rigid(rotation_from_quat(quat_xyzw), xyz)


def rotation_columns(x: Number, y: Number, z: Number, w: Number) -> Columns[Number]:
    """
    Return the columns of the rotation matrix of a quaternion, for numbers or arrays.

    Plain numbers save 20 us for one pose, which counts in the callback of a target.
    """
    s = 2.0 / (x * x + y * y + z * z + w * w)
    return (
        (1.0 - s * (y * y + z * z), s * (x * y + z * w), s * (x * z - y * w)),
        (s * (x * y - z * w), 1.0 - s * (x * x + z * z), s * (y * z + x * w)),
        (s * (x * z + y * w), s * (y * z - x * w), 1.0 - s * (x * x + y * y)),
    )


def quat_from_rotation(rotation: FloatArray) -> tuple[float, float, float, float]:
    """
    Return the unit quaternion ``(x, y, z, w)`` of a rotation matrix (3, 3), with ``w >= 0``.

    Divides by the largest component (Shepperd 1978), so it is accurate for every angle.
    """
    (m00, m01, m02), (m10, m11, m12), (m20, m21, m22) = rotation.tolist()
    # Rows of 4 q q^T; the row with the largest diagonal is the best conditioned.
    rows = (
        (1.0 + m00 - m11 - m22, m10 + m01, m02 + m20, m21 - m12),
        (m10 + m01, 1.0 - m00 + m11 - m22, m21 + m12, m02 - m20),
        (m02 + m20, m21 + m12, 1.0 - m00 - m11 + m22, m10 - m01),
        (m21 - m12, m02 - m20, m10 - m01, 1.0 + m00 + m11 + m22),
    )
    row = max(enumerate(rows), key=lambda item: item[1][item[0]])[1]
    norm = math.copysign(math.hypot(*row), row[3])
    x, y, z, w = row
    return x / norm, y / norm, z / norm, w / norm


@compiled
def measure_pose_error(
    transform_a: FloatArray, transform_b: FloatArray, scratch: FloatArray
) -> tuple[float, float]:
    """Return the distance [m] and the angle [rad] between two poses, as ``pose_error``."""
    squared = 0.0
    for i in range(3):
        squared += (transform_a[i, 3] - transform_b[i, 3]) ** 2
    tmul33_into(transform_a, transform_b, scratch)
    return math.sqrt(squared), rotation_vector_into(scratch, scratch[3])


@compiled
def log_batch(transforms: FloatArray, twists: FloatArray) -> None:
    """Write the logarithm of each transform (n, 4, 4) into ``twists`` (n, 6)."""
    for i in range(transforms.shape[0]):
        log_into(transforms[i], twists[i])


@compiled
def log_into(transform: FloatArray, twist: FloatArray) -> None:
    """Write the logarithm of one transform (4, 4) into ``twist`` (6,)."""
    angle = rotation_vector_into(transform, twist[3:])
    wx, wy, wz = twist[3], twist[4], twist[5]
    px, py, pz = transform[0, 3], transform[1, 3], transform[2, 3]
    # v = (I - W/2 + c W^2) p; near zero c is taken from its series.
    if angle < 1e-4:
        c = 1.0 / 12.0 + angle * angle / 720.0
    else:
        c = 1.0 / (angle * angle) - 0.5 / (angle * math.tan(0.5 * angle))
    ax, ay, az = wy * pz - wz * py, wz * px - wx * pz, wx * py - wy * px
    twist[0] = px - 0.5 * ax + c * (wy * az - wz * ay)
    twist[1] = py - 0.5 * ay + c * (wz * ax - wx * az)
    twist[2] = pz - 0.5 * az + c * (wx * ay - wy * ax)


@compiled
def rotation_vector_into(rotation: FloatArray, vector: FloatArray) -> float:
    """Write the rotation vector of ``rotation[:3, :3]``; return its angle in [0, pi] rad."""
    x = 0.5 * (rotation[2, 1] - rotation[1, 2])
    y = 0.5 * (rotation[0, 2] - rotation[2, 0])
    z = 0.5 * (rotation[1, 0] - rotation[0, 1])
    sine = math.sqrt(x * x + y * y + z * z)
    cosine = 0.5 * (rotation[0, 0] + rotation[1, 1] + rotation[2, 2] - 1.0)
    angle = math.atan2(sine, cosine)
    if cosine > -0.9:
        scale = 1.0 + sine * sine / 6.0 if sine < 1e-4 and cosine > 0.0 else angle / sine
        vector[0], vector[1], vector[2] = scale * x, scale * y, scale * z
        return angle
    # Near pi the sine vanishes: the axis comes from the symmetric part instead.
    k = 0
    for i in range(1, 3):
        if rotation[i, i] > rotation[k, k]:
            k = i
    norm = 0.0
    for i in range(3):
        vector[i] = 0.5 * (rotation[i, k] + rotation[k, i]) - (cosine if i == k else 0.0)
        norm += vector[i] * vector[i]
    sign = 1.0 if x * vector[0] + y * vector[1] + z * vector[2] >= 0.0 else -1.0
    for i in range(3):
        vector[i] *= sign * angle / math.sqrt(norm)
    return angle
