# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Is the question a question? Targets and joint states before any solving."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..kinematics import Arm, FloatArray, Transform, invert
from ..kinematics.compiled import compiled

RIGID_TOLERANCE = 1e-4  # how far R^T R may be from the identity; a typed-in matrix has 1e-5
LARGEST_ANGLE = 1e3  # [rad] an encoder that has turned farther is not believed
REACH_MARGIN = 1e-9  # [m]


def numbers(values: ArrayLike) -> FloatArray:
    """Return a copy of the values, or an empty array if they are not numbers."""
    try:
        return np.array(values, dtype=np.float64, order='C')
    except (OverflowError, TypeError, ValueError):
        return np.empty(0)


@compiled
def is_joint_state(q: FloatArray) -> bool:
    """Return whether the joints (6,) are finite angles that an encoder could tell."""
    is_believed = True
    for j in range(q.shape[0]):
        is_believed = is_believed and abs(q[j]) <= LARGEST_ANGLE
    return is_believed


@compiled
def make_rigid(target: FloatArray) -> bool:
    """Make the rotation of a pose (4, 4) orthonormal in place; return whether it nearly was."""
    for j in range(4):
        if target[3, j] != (1.0 if j == 3 else 0.0):
            return False
    excess, factor = np.empty((3, 3)), np.empty((3, 3))
    is_rigid = _excess_into(target, excess) <= RIGID_TOLERANCE and _determinant(target) > 0.0
    if not is_rigid or not abs(target[0, 3]) + abs(target[1, 3]) + abs(target[2, 3]) < math.inf:
        return False
    # Newton's iteration for the nearest rotation: 1e-4 -> 1e-8 -> 1e-16.
    for _ in range(2):
        _excess_into(target, excess)
        factor[:] = target[:3, :3]
        for i in range(3):
            for j in range(3):
                for k in range(3):
                    target[i, j] -= 0.5 * factor[i, k] * excess[k, j]
    return True


@compiled
def _excess_into(rotation: FloatArray, excess: FloatArray) -> float:
    """Write ``R^T R - I`` and return its largest entry; NaN if any is."""
    largest = 0.0
    for i in range(3):
        for j in range(3):
            total = -1.0 if i == j else 0.0
            for k in range(3):
                total += rotation[k, i] * rotation[k, j]
            excess[i, j] = total
            largest = abs(total) if not abs(total) <= largest else largest
            if math.isnan(largest):
                return largest
    return largest


@compiled
def _determinant(rotation: FloatArray) -> float:
    r = rotation
    return float(
        r[0, 0] * (r[1, 1] * r[2, 2] - r[1, 2] * r[2, 1])
        + r[0, 1] * (r[1, 2] * r[2, 0] - r[1, 0] * r[2, 2])
        + r[0, 2] * (r[1, 0] * r[2, 1] - r[1, 1] * r[2, 0])
    )


class Reach:
    """A ball around the shoulder that holds every tool position; cheap proof of the impossible."""

    def __init__(self, arm: Arm) -> None:
        """Measure the arm: the sum of its links after joint 2, and where joint 2 can be."""
        shoulder = arm.translations[1]
        self.transform_joint1_base: Transform = invert(arm.transform_base_joint1)
        self.ball: FloatArray = np.array(
            [
                np.hypot(shoulder[0], shoulder[1]),
                shoulder[2],
                np.linalg.norm(arm.translations[2:], axis=1).sum() + REACH_MARGIN,
            ]
        )

    def contains(self, position: FloatArray) -> bool:
        """Return whether the position (3,) [m] in the base is not provably out of reach."""
        target = np.eye(4)
        target[:3, 3] = position
        return bool(is_in_reach(self.transform_joint1_base, self.ball, target))


@compiled
def is_in_reach(transform_joint1_base: FloatArray, ball: FloatArray, target: FloatArray) -> bool:
    """
    Return whether a target (4, 4) is not provably out of reach.

    :param ball: Radius of the circle on which joint 2 lies, its height, length of the arm, [m].
    """
    t = transform_joint1_base
    x = t[0, 0] * target[0, 3] + t[0, 1] * target[1, 3] + t[0, 2] * target[2, 3] + t[0, 3]
    y = t[1, 0] * target[0, 3] + t[1, 1] * target[1, 3] + t[1, 2] * target[2, 3] + t[1, 3]
    z = t[2, 0] * target[0, 3] + t[2, 1] * target[1, 3] + t[2, 2] * target[2, 3] + t[2, 3]
    return bool(math.hypot(math.hypot(x, y) - ball[0], z - ball[1]) <= ball[2])
