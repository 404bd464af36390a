# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Validation of targets and joint states."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..kinematics import Arm, FloatArray, Transform, invert
from ..kinematics.compiled import compiled
from ..kinematics.linalg3 import triple3

RIGID_TOLERANCE = 1e-4  # largest entry of R^T R - I; a matrix typed in with 5 digits has 1e-5
MAX_PLAUSIBLE_ANGLE = 1e3  # [rad] of an encoder
REACH_MARGIN = 1e-9  # [m]


def as_float_array(values: ArrayLike) -> FloatArray:
    """Return a float64 copy of the values, or an empty array if they are not numbers."""
    try:
        return np.array(values, dtype=np.float64, order='C')
    except (OverflowError, TypeError, ValueError):
        return np.empty(0)


@compiled
def is_plausible_joint_state(q: FloatArray) -> bool:
    """Return whether the joints (6,) are finite angles of plausible size."""
    is_plausible = True
    for j in range(q.shape[0]):
        is_plausible = is_plausible and abs(q[j]) <= MAX_PLAUSIBLE_ANGLE
    return is_plausible


@compiled
def make_rigid(target: FloatArray) -> bool:
    """
    Make the rotation of a nearly rigid pose (4, 4) orthonormal in place.

    :return: Whether it was rigid within ``RIGID_TOLERANCE``; if not, it is unchanged.
    """
    for j in range(4):
        if target[3, j] != (1.0 if j == 3 else 0.0):
            return False
    defect, factor = np.empty((3, 3)), np.empty((3, 3))
    is_right_handed = triple3(target[0], target[1], target[2]) > 0.0
    is_rigid = _orthogonality_defect_into(target, defect) <= RIGID_TOLERANCE and is_right_handed
    if not is_rigid or not abs(target[0, 3]) + abs(target[1, 3]) + abs(target[2, 3]) < math.inf:
        return False
    # Newton's iteration for the polar decomposition: the defect falls 1e-4 -> 1e-8 -> 1e-16.
    for _ in range(2):
        _orthogonality_defect_into(target, defect)
        factor[:] = target[:3, :3]
        for i in range(3):
            for j in range(3):
                for k in range(3):
                    target[i, j] -= 0.5 * factor[i, k] * defect[k, j]
    return True


@compiled
def _orthogonality_defect_into(rotation: FloatArray, defect: FloatArray) -> float:
    """Write ``R^T R - I`` and return its largest absolute entry; NaN if any is."""
    largest = 0.0
    for i in range(3):
        for j in range(3):
            total = -1.0 if i == j else 0.0
            for k in range(3):
                total += rotation[k, i] * rotation[k, j]
            defect[i, j] = total
            largest = abs(total) if not abs(total) <= largest else largest
            if math.isnan(largest):
                return largest
    return largest


def reach_bound(arm: Arm) -> tuple[Transform, FloatArray]:
    """
    Return a torus that holds every tool position, a cheap proof that a target is unreachable.

    The origin of joint 2 moves on a circle about axis 1, and the tool is never farther from it
    than all later links in line.

    :return: ``transform_joint1_base`` (4, 4), in whose frame the torus lies, and (3,) [m]: radius
        of the circle, its height, and the length of the links after joint 2.
    """
    shoulder = arm.translations[1]
    length = np.linalg.norm(arm.translations[2:], axis=1).sum() + REACH_MARGIN
    bound = np.array([np.hypot(shoulder[0], shoulder[1]), shoulder[2], length])
    return invert(arm.transform_base_joint1), bound


@compiled
def is_within_reach_bound(
    transform_joint1_base: FloatArray, bound: FloatArray, target: FloatArray
) -> bool:
    """
    Return whether the position of a target (4, 4) lies in the torus of ``reach_bound``.

    :param bound: Radius and height of the circle, length of the links, (3,) [m].
    """
    t = transform_joint1_base
    x = t[0, 0] * target[0, 3] + t[0, 1] * target[1, 3] + t[0, 2] * target[2, 3] + t[0, 3]
    y = t[1, 0] * target[0, 3] + t[1, 1] * target[1, 3] + t[1, 2] * target[2, 3] + t[1, 3]
    z = t[2, 0] * target[0, 3] + t[2, 1] * target[1, 3] + t[2, 2] * target[2, 3] + t[2, 3]
    return bool(math.hypot(math.hypot(x, y) - bound[0], z - bound[1]) <= bound[2])
