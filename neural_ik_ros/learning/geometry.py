# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Geometry of an arm as operations of a graph: forward kinematics, Jacobian, damped Newton."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from ..kinematics import N_JOINTS
from .representatives import fixed_transforms, wrist_in_link4, wrist_in_tool

METRES_PER_RADIAN = 0.3  # how a distance at the tool compares with a rotation
Tensor = Any  # of whatever Keras runs on, float32; n is the batch axis
MIN_HALF_TURN_COSINE = -0.9  # of 154 degrees, beyond which the rotation error shrinks
CYCLE = np.array([1, 2, 0], np.int32)
TINY = 1e-10  # under a root, so that it has a gradient at zero


class GraphArm:
    """The fixed part of an arm's forward kinematics, ready to be multiplied."""

    def __init__(self, rotations: ArrayLike, translations: ArrayLike) -> None:
        """Take what ``Arm`` has: rotations (7, 3, 3) and translations (7, 3) [m]."""
        fixed = fixed_transforms(rotations, translations)
        turn = np.zeros((3, 4, 4))  # rotation about z = cosine * [0] + sine * [1] + [2]
        turn[0, 0, 0] = turn[0, 1, 1] = turn[1, 1, 0] = turn[2, 2, 2] = turn[2, 3, 3] = 1.0
        turn[1, 0, 1] = -1.0
        links = fixed[:N_JOINTS, None] @ turn
        self._cosine, self._sine, self._rest = links.astype(np.float32).swapaxes(0, 1)
        self._tool = fixed[N_JOINTS].astype(np.float32)
        self.rotation_before_joint4 = fixed[3, :3, :3].astype(np.float32)
        self.axis6_in_tool = fixed[N_JOINTS, 2, :3].astype(np.float32)
        self.wrist_in_tool = wrist_in_tool(fixed).astype(np.float32)
        self.wrist_in_link4 = wrist_in_link4(fixed).astype(np.float32)
        self._joint1 = fixed[0].astype(np.float32)

    def frames(self, q: Tensor) -> Tensor:
        """Return the poses of the turned joints and of the tool in the base, (n, 7, 4, 4)."""
        # Not [..., None], of which LiteRT makes a slice more.
        cosine, sine = (ops.reshape(f(q), (-1, N_JOINTS, 1, 1)) for f in (ops.cos, ops.sin))
        links = self._cosine * cosine + self._sine * sine + self._rest
        first, *others = ops.unstack(links, N_JOINTS, axis=1)
        frames = [first]
        for link in others:
            frames.append(ops.matmul(frames[-1], link))
        frames.append(ops.matmul(frames[-1], ops.convert_to_tensor(self._tool)))
        return ops.stack(frames, axis=1)

    def azimuth(self, point: Tensor) -> Tensor:
        """Return where points (n, 3) of the base are about axis 1, shape (n, 1) [rad]."""
        rotation, origin = self._joint1[:3, :3], self._joint1[:3, 3]
        seen = ops.sum(rotation[:, :2].T * (point - origin)[:, None], axis=-1)
        return ops.arctan2(seen[:, 1:], seen[:, :1])


def posture_values(arm: GraphArm, frames: Tensor) -> Tensor:
    """
    Return what the signs of shoulder, elbow and wrist are taken from, shape (n, 3).

    As ``kinematics.posture`` has them, not yet compared with a border: [m], [m^2] and 1.

    :param frames: Of joints and tool, shape (n, 7, 4, 4).
    """
    axes, origins = frames[:, :6, :3, 2], frames[:, :3, :3, 3]
    link4 = frames[:, 3, :3]
    wrist = link4[:, :, 3] + applied(link4[:, :, :3], arm.wrist_in_link4)
    upper, forearm = origins[:, 2] - origins[:, 1], wrist - origins[:, 2]
    shoulder = dot(cross(axes[:, 1], axes[:, 0]), wrist - origins[:, 0])
    elbow = dot(axes[:, 1], cross(upper, forearm))
    bent = dot(axes[:, 3], cross(axes[:, 4], axes[:, 5]))
    return ops.concatenate([shoulder, elbow, bent], axis=-1)


def jacobian_transposed(frames: Tensor) -> Tensor:
    """Return ``[v w]`` of the tool for each joint, shape (n, 6, 6), base axes, [m/rad] and 1."""
    axes, arms = frames[:, :-1, :3, 2], frames[:, -1:, :3, 3] - frames[:, :-1, :3, 3]
    return ops.concatenate([cross(axes, arms), axes], axis=-1)


def rotation_from_rpy(rpy: Tensor) -> Tensor:
    """Return ``Rz(yaw) Ry(pitch) Rx(roll)``, shape (n, 3, 3), of angles (n, 3) [rad]."""
    cosine, sine = ops.cos(rpy), ops.sin(rpy)
    cr, cp, cy = (cosine[:, k : k + 1] for k in range(3))
    sr, sp, sy = (sine[:, k : k + 1] for k in range(3))
    x = [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr]
    y = [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr]
    z = [-sp, cp * sr, cp * cr]
    return ops.reshape(ops.concatenate([*x, *y, *z], axis=-1), (-1, 3, 3))


def rotation_error(rotation: Tensor, target: Tensor) -> Tensor:
    """
    Return the rotation vector (n, 3) from one rotation to another, in their common axes.

    Its length is ``2 tan(angle / 2)``, the angle where it is small, up to 154 degrees; from there
    it falls to zero at half a turn, where it has no direction.
    """
    columns = cross(ops.swapaxes(rotation, 1, 2), ops.swapaxes(target, 1, 2))  # three, as rows
    cosine = 0.5 * (ops.sum(rotation * target, axis=(1, 2)) - 1.0)
    scale = 1.0 / (1.0 + ops.maximum(cosine, MIN_HALF_TURN_COSINE))
    return ops.sum(columns, axis=1) * scale[:, None]


def chord_squared(rotation: Tensor, target: Tensor) -> Tensor:
    """Return ``(2 sin(angle / 2))^2``, shape (n, 1): the angle where it is small, 2 at most."""
    return 0.5 * ops.sum(ops.square(rotation - target), axis=(1, 2))[:, None]


def damped_step(jacobian_t: Tensor, error: Tensor, damping: Tensor) -> Tensor:
    """
    Return the step ``(J'J + damping I)^-1 J' error``, as Levenberg and Marquardt have it.

    :param jacobian_t: J', shape (n, 6, 6).
    :param error: Shape (n, 6).
    :param damping: Shape (n, 1), positive.
    :return: Shape (n, 6).
    """
    eye = np.eye(N_JOINTS, dtype=np.float32)
    normal = ops.matmul(jacobian_t, ops.swapaxes(jacobian_t, 1, 2)) + damping[..., None] * eye
    rows = ops.concatenate([normal, ops.matmul(jacobian_t, error[..., None])], axis=-1)
    # Gauss and Jordan without pivoting, which a positive definite matrix does not need: plain
    # multiplications are what every engine has, and LiteRT has no solver.
    for k in range(N_JOINTS):
        pivot_row = rows[:, k : k + 1] / rows[:, k : k + 1, k : k + 1]
        rows = rows - (rows[:, :, k : k + 1] - eye[:, k : k + 1]) * pivot_row
    return rows[:, :, N_JOINTS]


def tool_error(frames: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """
    Return the tool's error (n, 6) in base axes and its size (n, 1).

    In units of ``METRES_PER_RADIAN`` and radians.

    :param frames: Of joints and tool, shape (n, 7, 4, 4).
    :param target: Rotation and position as columns, shape (n, 3, 4 or more).
    """
    tool = frames[:, 6, :3]
    shift = (target[:, :, 3] - tool[:, :, 3]) / METRES_PER_RADIAN
    turn = rotation_error(tool[:, :, :3], target[:, :, :3])
    # The rotation error vanishes at half a turn, as it must; the size must not.
    rotation = ops.maximum(dot(turn, turn), chord_squared(tool[:, :, :3], target[:, :, :3]))
    size = ops.sqrt(dot(shift, shift) + rotation + TINY)
    return ops.concatenate([shift, turn], axis=-1), size


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Return the cross products over the last axis, shape (..., 3)."""
    product = a * ops.take(b, CYCLE, axis=-1) - ops.take(a, CYCLE, axis=-1) * b  # z, x, y
    return ops.take(product, CYCLE, axis=-1)


def applied(matrix: Tensor, vector: NDArray[np.float32]) -> Tensor:
    """Return the products (..., k) of matrices (..., k, m) with one vector (m,)."""
    # As matmul, LiteRT would make a dozen operations of it.
    return ops.sum(matrix * vector, axis=-1)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the scalar products (n, 1) of vectors (n, k)."""
    return ops.sum(a * b, axis=-1, keepdims=True)


def length(vector: Tensor) -> Tensor:
    """Return the length (n, 1) of vectors (n, k), never quite zero."""
    return ops.sqrt(dot(vector, vector) + TINY)
