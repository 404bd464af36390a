# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Validation of targets and joint states."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..kinematics import Arm, ArrayShapeError, ClosedForm, FloatArray, Transform, as_array, invert
from ..kinematics.compiled import compiled
from ..kinematics.linalg3 import dot3, triple3

RIGID_TOLERANCE = 1e-4  # largest entry of R^T R - I; a matrix typed in with 5 digits has 1e-5
MAX_LIMIT_EXCESS = 0.5  # [rad] of the current joints beyond their limits
REACH_MARGIN = 1e-9  # [m]
FLOAT64 = np.dtype(np.float64)
AXIS_MARGIN = 4.0  # times the distance of the axes from the wrist centre, fitted at one pose


def own_copy(
    name: str, values: ArrayLike, trailing: tuple[int, ...], leading: str = ''
) -> FloatArray:
    """
    Return values as a new float64 array of exactly this shape.

    :param leading: Letter of one axis before the trailing ones, if there is one.
    :raises ArrayShapeError: If they have another shape.
    :raises ArrayTypeError: If they are no real numbers.
    """
    if type(values) is np.ndarray and values.dtype is FLOAT64 and values.shape == trailing:
        if leading:  # (6,) is no batch of joints
            raise ArrayShapeError(name, values.shape, trailing, leading)
        return values.copy()  # the usual case, quickly
    array = as_array(name, values, trailing, leading)
    if array.ndim != len(trailing) + len(leading):
        raise ArrayShapeError(name, array.shape, trailing, leading)
    return array.copy()


@compiled
def is_plausible_joint_state(q: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
    """
    Return whether the joints (6,) are finite and within their limits, or not far beyond.

    Encoders and soft limits differ by a little; angles in degrees, or of another arm, by much.
    """
    is_plausible = True
    for j in range(q.shape[0]):
        excess = max(lower[j] - q[j], q[j] - upper[j])
        is_plausible = is_plausible and excess <= MAX_LIMIT_EXCESS
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


def wrist_reach(arm: Arm, closed_form: ClosedForm) -> FloatArray:
    """
    Return the least and the largest distance (2,) [m] of the wrist centre from joint 2.

    Each with a margin for axes that miss one another; 0 and infinite without a wrist centre.
    """
    if not closed_form.is_known:
        return np.array([0.0, math.inf])
    upper_arm = float(np.linalg.norm(arm.translations[2]))
    forearm = float(np.linalg.norm(closed_form.wrist[0]))
    margin = AXIS_MARGIN * closed_form.axis_distance + REACH_MARGIN
    return np.array([abs(upper_arm - forearm) - margin, upper_arm + forearm + margin])


@compiled
def is_within_wrist_reach(
    transform_joint1_base: FloatArray,
    bound: FloatArray,
    reach: FloatArray,
    wrist: FloatArray,
    target: FloatArray,
) -> bool:
    """
    Return whether the wrist centre of a target (4, 4) can be where the target puts it.

    :param bound: As of ``is_within_reach_bound``.
    :param reach: Least and largest distance from joint 2, (2,) [m].
    :param wrist: Wrist centre in the tool, (3,) [m].
    """
    centre, in_joint1, t = np.empty(3), np.empty(3), transform_joint1_base
    for i in range(3):
        centre[i] = target[i, 3] + dot3(target[i, :3], wrist)
    for i in range(3):
        in_joint1[i] = t[i, 3] + dot3(t[i, :3], centre)
    radius, height = math.hypot(in_joint1[0], in_joint1[1]), in_joint1[2] - bound[1]
    is_near_enough = math.hypot(radius - bound[0], height) <= reach[1]
    return bool(is_near_enough and math.hypot(radius + bound[0], height) >= reach[0])


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
