# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Forward kinematics and the geometric Jacobian of a serial chain.

Arms with joint errors: joints given to these functions are commanded ones, unless called true.
"""

from __future__ import annotations

import math

import numpy as np

from .arm import Arm, map_error, sag_derivative, sag_into
from .compiled import compiled
from .types import N_JOINTS, FloatArray, Joints, Transform, as_array

SAG_TOL = 1e-13  # [rad] change of the true joints that ends the fixed point
NEWTON_TOL = 1e-7  # [rad] step after which the next one would be below rounding
MAX_FIXED_POINT, MAX_NEWTON = 12, 8  # iterations; four and two are usual


def forward(arm: Arm, q: Joints) -> Transform:
    """
    Return ``transform_base_tool``.

    :param q: Shape (..., 6) [rad], limits are not checked.
    :return: Shape (..., 4, 4), translation in [m].
    """
    q = as_array('q', q, (N_JOINTS,))
    flat = true_joints(arm, q).reshape(-1, N_JOINTS)
    transforms = np.empty((len(flat), 4, 4))
    _forward_batch(arm.rotations, arm.translations, flat, transforms)
    return transforms.reshape(*q.shape[:-1], 4, 4)


def jacobian(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the geometric Jacobian at the tool origin, in axes of the base.

    :param q: Shape (..., 6) [rad].
    :return: Shape (..., 6, 6); rows 0-2 linear [m/rad], rows 3-5 angular [rad/rad]; for an arm
        with joint errors, of the commanded joints.
    """
    jacobians = jacobian_of_true_joints(arm, true_joints(arm, q))
    errors = arm.joint_errors
    if errors is None:
        return jacobians
    flat = as_array('q', q, (N_JOINTS,)).reshape(-1, N_JOINTS)
    tool, frames = np.empty((4, 4)), np.empty((6, N_JOINTS))
    for one, q_one in zip(jacobians.reshape(-1, 6, N_JOINTS), flat, strict=True):
        frames_into(arm.rotations, arm.translations, true_joints(arm, q_one), tool, frames)
        coupling = np.eye(N_JOINTS) - sag_derivative(frames, tool, errors)
        slopes = [map_error(errors.table[j], q_one[j])[1] for j in range(N_JOINTS)]
        one[:] = one @ np.linalg.solve(coupling, np.diag(1.0 + np.array(slopes)))
    return jacobians


def jacobian_of_true_joints(arm: Arm, q_true: Joints) -> FloatArray:
    """Return the geometric Jacobian (..., 6, 6) as ``jacobian``, by the angles the joints have."""
    q_true = as_array('q_true', q_true, (N_JOINTS,))
    flat = q_true.reshape(-1, N_JOINTS)
    jacobians = np.empty((len(flat), 6, N_JOINTS))
    _jacobian_batch(arm.rotations, arm.translations, flat, jacobians)
    return jacobians.reshape(*q_true.shape[:-1], 6, N_JOINTS)


def joint_positions(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the positions of base, joints and tool, for drawing the arm as a line.

    :param q: Shape (6,) [rad].
    :return: Shape (8, 3) [m] in the base.
    """
    transform, frames = np.empty((4, 4)), np.empty((6, N_JOINTS))
    q = true_joints(arm, as_array('q', q, (N_JOINTS,)))
    frames_into(arm.rotations, arm.translations, q, transform, frames)
    return np.vstack([np.zeros(3), frames[:3].T, transform[:3, 3]])


def true_joints(arm: Arm, q: Joints) -> Joints:
    """
    Return the angles that the joints have when they are commanded to ``q``.

    :param q: Shape (..., 6) [rad]; returned itself for an arm without joint errors.
    """
    q = as_array('q', q, (N_JOINTS,))
    return q if arm.joint_errors is None else _converted(arm, q, is_to_true=True)


def commanded_joints(arm: Arm, q_true: Joints) -> Joints:
    """
    Return the joints to command so that they have the angles ``q_true``.

    :param q_true: Shape (..., 6) [rad]; returned itself for an arm without joint errors.
    """
    q_true = as_array('q_true', q_true, (N_JOINTS,))
    return q_true if arm.joint_errors is None else _converted(arm, q_true, is_to_true=False)


def _converted(arm: Arm, q: Joints, *, is_to_true: bool) -> Joints:
    errors, converted = arm.joint_errors, np.empty_like(q)
    assert errors is not None  # noqa: S101 - the callers have looked
    _convert_batch(
        arm.rotations, arm.translations, errors.table, errors.sag, errors.gravity,
        q.reshape(-1, N_JOINTS), converted.reshape(-1, N_JOINTS), is_to_true,
    )  # fmt: skip
    return converted


@compiled
def _convert_batch(
    rotations: FloatArray,
    translations: FloatArray,
    table: FloatArray,
    sag: FloatArray,
    gravity: FloatArray,
    q: FloatArray,
    converted: FloatArray,
    is_to_true: bool,
) -> None:
    tool, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(q.shape[0]):
        if is_to_true:
            true_frames_into(
                rotations, translations, table, sag, gravity, q[i], converted[i], tool, frames
            )
        else:
            command_into(
                rotations, translations, table, sag, gravity, q[i], converted[i], tool, frames
            )


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


@compiled
def true_frames_into(  # noqa: PLR0913, PLR0917
    rotations: FloatArray,
    translations: FloatArray,
    table: FloatArray,
    sag: FloatArray,
    gravity: FloatArray,
    q: FloatArray,
    q_true: FloatArray,
    tool: FloatArray,
    frames: FloatArray,
    tolerance: float = SAG_TOL,
) -> None:
    """
    Write the true joints (6,) of commanded ones, and what ``frames_into`` writes for them.

    :param tolerance: [rad] of the true joints at which tool and frames are taken.
    :param q_true: Shape (6,), written; may be ``q``.
    """
    geared, turns = np.empty(6), np.empty(6)
    for j in range(6):
        geared[j] = q[j] + map_error(table[j], q[j])[0]
        q_true[j] = geared[j]
    for _ in range(MAX_FIXED_POINT):
        frames_into(rotations, translations, q_true, tool, frames)
        sag_into(frames, tool, sag, gravity, turns)
        change = 0.0
        for j in range(6):
            change = max(change, abs(geared[j] + turns[j] - q_true[j]))
            q_true[j] = geared[j] + turns[j]
        if change <= tolerance:
            return
    frames_into(rotations, translations, q_true, tool, frames)


@compiled
def command_into(  # noqa: PLR0913, PLR0917
    rotations: FloatArray,
    translations: FloatArray,
    table: FloatArray,
    sag: FloatArray,
    gravity: FloatArray,
    q_true: FloatArray,
    q: FloatArray,
    tool: FloatArray,
    frames: FloatArray,
) -> None:
    """
    Write the joints (6,) to command for true ones; tool and frames are overwritten.

    :param q: Shape (6,), written; may be ``q_true``.
    """
    turns = np.empty(6)
    frames_into(rotations, translations, q_true, tool, frames)
    sag_into(frames, tool, sag, gravity, turns)
    for j in range(6):
        geared = q_true[j] - turns[j]
        angle = geared
        for _ in range(MAX_NEWTON):
            error, slope = map_error(table[j], angle)
            step = (geared - angle - error) / (1.0 + slope)
            angle += step
            if abs(step) <= NEWTON_TOL:
                break
        q[j] = angle
