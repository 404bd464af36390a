# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Geometry of an arm as operations of a graph: forward kinematics, Jacobian, damped Newton.

The batch is the last axis here: an engine works on long rows of memory, and a vector of three
numbers is none. Vectors are matrices of one column and slices keep their axes, since LiteRT takes
slices that do not, stacks and gathers on a slow path, number by number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from ...kinematics import N_JOINTS
from ...kinematics.wrist import wrist_centre_in_link4, wrist_centre_in_tool
from .representatives import fixed_transforms

METRES_PER_RADIAN = 0.3  # how a distance at the tool compares with a rotation
Tensor = Any  # of whatever Keras runs on, float32; n is the batch axis
MIN_HALF_TURN_COSINE = -0.9  # of 154 degrees, beyond which the rotation error shrinks
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
        # The tool turns with joint 6: one link more in place of a product more.
        links = np.concatenate([links, links[-1:] @ fixed[N_JOINTS]])
        self._cosine, self._sine, self._rest = _constants(links.swapaxes(0, 1))
        self._forearm = _constants(fixed[3, :3, :3])
        self._axis6_in_tool = _constants(fixed[N_JOINTS, 2, :3])
        self._wrist_in_tool = _constants(wrist_centre_in_tool(rotations, translations))
        self._wrist_in_link4 = _constants(wrist_centre_in_link4(rotations, translations))
        self._joint1 = _constants(fixed[0])

    def frames(self, q: Tensor) -> Tensor:
        """Return turned joints and tool in the base, shape (7, 3, 4, n), of q (6, n) [rad]."""
        angles = ops.reshape(ops.concatenate([q, q[-1:]], axis=0), (N_JOINTS + 1, 1, 1, -1))
        links = self._cosine * ops.cos(angles) + self._sine * ops.sin(angles) + self._rest
        frames = [links[:1, :3]]
        for k in range(1, N_JOINTS + 1):
            before = ops.reshape(frames[min(k, N_JOINTS - 1) - 1], (3, 4, 1, -1))
            frames.append(ops.reshape(ops.sum(before * links[k : k + 1], axis=1), (1, 3, 4, -1)))
        return ops.concatenate(frames, axis=0)

    def azimuth(self, point: Tensor) -> Tensor:
        """Return where points (3, 1, n) of the base are about axis 1, shape (1, n) [rad]."""
        seen = seen_from(self._joint1[:3, :2], point - self._joint1[:3, 3:])
        return ops.reshape(ops.arctan2(seen[1:], seen[:1]), (1, -1))

    def wrist_of_tool(self, tool: Tensor) -> Tensor:
        """Return the wrist (3, 1, n) [m] that goes with a tool (3, 4, n)."""
        return tool[:, 3:] + _applied(tool[:, :3], self._wrist_in_tool)

    def wrist_of_link4(self, link4: Tensor) -> Tensor:
        """Return the wrist (3, 1, n) [m] that goes with the frame of joint 4 (3, 4, n)."""
        return link4[:, 3:] + _applied(link4[:, :3], self._wrist_in_link4)

    def forearm(self, link3: Tensor) -> Tensor:
        """Return the rotation (3, 3, n) of link 4 with joint 4 at zero, of that of link 3."""
        return ops.sum(ops.reshape(link3, (3, 3, 1, -1)) * self._forearm, axis=1)

    def axis6(self, rotation: Tensor) -> Tensor:
        """Return axis 6 (k, 1, n) where the tool's rotation (k, 3, n) is seen from."""
        return _applied(rotation, self._axis6_in_tool)


def _constants(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return constants with a batch axis of one."""
    return values.astype(np.float32)[..., None]


def _applied(matrix: Tensor, vector: NDArray[np.float32]) -> Tensor:
    """Return the products (k, 1, n) of matrices (k, m, n) with one vector (m, 1)."""
    return ops.sum(matrix * vector, axis=1, keepdims=True)


def frame_of(frames: Tensor, k: int) -> Tensor:
    """Return one of the frames (7, 3, 4, n), shape (3, 4, n)."""
    return ops.reshape(frames[k : k + 1], (3, 4, -1))


def seen_from(frames: Tensor, columns: Tensor) -> Tensor:
    """Return columns (3, j, n) in the axes of frames (..., 3, i, n), shape (..., i, j, n)."""
    axes = ops.reshape(frames, (*frames.shape[:-1], 1, -1))
    return ops.sum(axes * ops.reshape(columns, (3, 1, columns.shape[1], -1)), axis=-4)


def posture_values(arm: GraphArm, frames: Tensor) -> Tensor:
    """
    Return what the signs of shoulder, elbow and wrist are taken from, shape (3, n).

    As ``kinematics.posture`` has them, not yet compared with a border: [m], [m^2] and 1.

    :param frames: Of joints and tool, shape (7, 3, 4, n).
    """
    link1, link2, link4 = (frame_of(frames, k) for k in (0, 1, 3))
    wrist, elbow = arm.wrist_of_link4(link4), frame_of(frames, 2)[:, 3:]
    first = [link1[:, 2:3], elbow - link2[:, 3:]]
    second = [wrist - link1[:, 3:], wrist - elbow]
    axes = ([frame_of(frames, k)[:, 2:3]] for k in (4, 5))
    return ops.concatenate([_triples(link2, first, second), _triples(link4, *axes)], axis=0)


def _triples(frame: Tensor, first: list[Tensor], second: list[Tensor]) -> Tensor:
    """Return ``z . (a x b)``, shape (k, n), of a frame (3, 4, n) and k pairs of (3, 1, n)."""
    k = len(first)
    seen = seen_from(frame[:, :2], ops.concatenate([*first, *second], axis=1))
    xa, xb, ya, yb = seen[:1, :k], seen[:1, k:], seen[1:, :k], seen[1:, k:]
    return ops.reshape(xa * yb - ya * xb, (k, -1))


def jacobian_transposed(frames: Tensor) -> Tensor:
    """Return ``[v w]`` of the tool for each joint, shape (6, 6, n), base axes, [m/rad] and 1."""
    x, y, z = (frames[:-1, :, k : k + 1] for k in range(3))
    arms = frames[-1:, :, 3:] - frames[:-1, :, 3:]
    # z x arm, seen from the link itself: no shuffling.
    along_x, along_y = (ops.sum(axis * arms, axis=1, keepdims=True) for axis in (x, y))
    columns = ops.concatenate([along_x * y - along_y * x, z], axis=1)
    return ops.reshape(columns, (N_JOINTS, 6, -1))


def rotation_from_rpy(rpy: Tensor) -> Tensor:
    """Return ``Rz(yaw) Ry(pitch) Rx(roll)``, shape (3, 3, n), of angles (3, n) [rad]."""
    cosine, sine = ops.cos(rpy), ops.sin(rpy)
    cr, cp, cy = (cosine[k : k + 1] for k in range(3))
    sr, sp, sy = (sine[k : k + 1] for k in range(3))
    x = [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr]
    y = [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr]
    z = [-sp, cp * sr, cp * cr]
    return ops.reshape(ops.concatenate([*x, *y, *z], axis=0), (3, 3, -1))


def rotation_error(rotation: Tensor, target: Tensor) -> Tensor:
    """
    Return the rotation vector (3, n) from one rotation (3, 3, n) to another, in their common axes.

    Its length is ``2 tan(angle / 2)``, the angle where it is small, up to 154 degrees; from there
    it falls to zero at half a turn, where it has no direction.
    """
    products = ops.reshape(target, (3, 1, 3, -1)) * rotation  # target[i, k] rotation[j, k]
    between = ops.reshape(ops.sum(products, axis=2), (9, -1))
    twice = [between[i : i + 1] - between[j : j + 1] for i, j in ((7, 5), (2, 6), (3, 1))]
    cosine = 0.5 * (between[:1] + between[4:5] + between[8:] - 1.0)
    scale = 1.0 / (1.0 + ops.maximum(cosine, MIN_HALF_TURN_COSINE))
    return ops.concatenate(twice, axis=0) * scale


def chord_squared(rotation: Tensor, target: Tensor) -> Tensor:
    """Return ``(2 sin(angle / 2))^2``, shape (1, n): the angle's square, at most 4."""
    return 0.5 * ops.reshape(ops.sum(ops.square(rotation - target), axis=(0, 1)), (1, -1))


def damped_step(jacobian_t: Tensor, error: Tensor, damping: Tensor) -> Tensor:
    """
    Return the step ``(J'J + damping I)^-1 J' error``, as Levenberg and Marquardt have it.

    :param jacobian_t: J', shape (6, 6, n).
    :param error: Shape (6, n).
    :param damping: Shape (1, n), positive.
    :return: Shape (6, n).
    """
    eye = np.eye(N_JOINTS, dtype=np.float32)[..., None]
    pairs = ops.reshape(jacobian_t, (N_JOINTS, 1, 6, -1)) * jacobian_t
    normal = ops.sum(pairs, axis=2) + damping * eye
    right = ops.sum(jacobian_t * error, axis=1, keepdims=True)
    rows = ops.concatenate([normal, right], axis=1)
    # Gauss and Jordan without pivoting, which a positive definite matrix does not need: plain
    # multiplications are what every engine has, and LiteRT has no solver.
    for k in range(N_JOINTS):
        pivot_row = rows[k : k + 1] / rows[k : k + 1, k : k + 1]
        rows = rows - (rows[:, k : k + 1] - eye[:, k : k + 1]) * pivot_row
    return ops.reshape(rows[:, N_JOINTS:], (N_JOINTS, -1))


def tool_error(frames: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """
    Return the tool's error (6, n) in base axes and its size (1, n).

    In units of ``METRES_PER_RADIAN`` and radians.

    :param frames: Of joints and tool, shape (7, 3, 4, n).
    :param target: Rotation and position as columns, shape (3, 4 or more, n).
    """
    tool = frame_of(frames, N_JOINTS)
    shift = ops.reshape(target[:, 3:4] - tool[:, 3:], (3, -1)) / METRES_PER_RADIAN
    turn = rotation_error(tool[:, :3], target[:, :3])
    # The rotation error vanishes at half a turn, as it must; the size must not.
    rotation = ops.maximum(dot(turn, turn), chord_squared(tool[:, :3], target[:, :3]))
    size = ops.sqrt(dot(shift, shift) + rotation + TINY)
    return ops.concatenate([shift, turn], axis=0), size


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the scalar products (1, n) of vectors (k, n) or (k, 1, n)."""
    return ops.reshape(ops.sum(a * b, axis=0), (1, -1))


def length(vector: Tensor) -> Tensor:
    """Return the length (1, n) of vectors (k, n) or (k, 1, n), never quite zero."""
    return ops.sqrt(dot(vector, vector) + TINY)
