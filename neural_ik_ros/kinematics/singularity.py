# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Distance of an arm from its singularities."""

from __future__ import annotations

import math

import numpy as np

from .arm import Arm
from .chain import jacobian_of_true_joints, true_joints
from .compiled import compiled
from .types import FloatArray, Joints

MAX_SWEEPS = 12  # four are usual
ORTHOGONAL_COSINE = 1e-9  # between two rows; a singular value is off by its square


def smallest_singular_value(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the smallest singular value of the Jacobian, one metre weighted as one radian.

    The Jacobian is that of the true joints where the arm has joint errors.
    Near a singularity it is proportional to the sine of the angle to it (wrist), or to the
    distance from it [m], by a factor that depends on the other joints, mostly well below one.

    :param q: Shape (..., 6) [rad].
    :return: Shape (...).
    """
    jacobians = jacobian_of_true_joints(arm, true_joints(arm, q))
    values = np.empty(jacobians.shape[:-2])
    _smallest_singular_values_into(jacobians.reshape(-1, 6, 6), values.reshape(-1))
    return values


@compiled
def _smallest_singular_values_into(jacobians: FloatArray, values: FloatArray) -> None:
    for i in range(jacobians.shape[0]):
        values[i] = smallest_singular_value_of(jacobians[i])


@compiled
def smallest_singular_value_of(matrix: FloatArray) -> float:
    """
    Return the smallest singular value of a matrix (6, 6), which is overwritten.

    One-sided Jacobi rotations: accurate for tiny values too (Demmel & Veselic, 1992).
    """
    for _ in range(MAX_SWEEPS):
        is_done = True
        for i in range(5):
            for j in range(i + 1, 6):
                is_done = _orthogonalise(matrix[i], matrix[j]) and is_done
        if is_done:
            break
    smallest = math.inf
    for i in range(6):
        squared = 0.0
        for k in range(6):
            squared += matrix[i, k] * matrix[i, k]
        smallest = min(smallest, squared)
    return math.sqrt(smallest)


@compiled
def null_direction_into(rows: FloatArray, direction: FloatArray) -> None:
    """
    Write the unit vector (6,) that the matrix of ``smallest_singular_value_of`` maps to the least.

    :param rows: What that function left of its matrix: orthogonal rows. The shortest may be all
        rounding, so its direction is taken from the other five.
    """
    norms, shortest = np.empty(6), 0
    for i in range(6):
        norms[i] = 0.0
        for k in range(6):
            norms[i] += rows[i, k] * rows[i, k]
        shortest = i if norms[i] < norms[shortest] else shortest
    axis, most = 0, -1.0
    for k in range(6):
        left = 1.0
        for i in range(6):
            left -= rows[i, k] * rows[i, k] / norms[i] if i != shortest else 0.0
        axis, most = (k, left) if left > most else (axis, most)
    total = 0.0
    for j in range(6):
        direction[j] = 1.0 if j == axis else 0.0
        for i in range(6):
            if i != shortest:
                direction[j] -= rows[i, j] * rows[i, axis] / norms[i]
        total += direction[j] * direction[j]
    for j in range(6):
        direction[j] /= math.sqrt(total)


@compiled
def _orthogonalise(a: FloatArray, b: FloatArray) -> bool:
    """Rotate two rows (6,) so that they are orthogonal; return whether they already were."""
    aa, bb, ab = 0.0, 0.0, 0.0
    for k in range(6):
        aa += a[k] * a[k]
        bb += b[k] * b[k]
        ab += a[k] * b[k]
    if ab * ab <= ORTHOGONAL_COSINE * ORTHOGONAL_COSINE * aa * bb:
        return True
    zeta = 0.5 * (bb - aa) / ab
    tangent = math.copysign(1.0, zeta) / (abs(zeta) + math.sqrt(1.0 + zeta * zeta))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    for k in range(6):
        a[k], b[k] = cosine * a[k] - sine * b[k], sine * a[k] + cosine * b[k]
    return False
