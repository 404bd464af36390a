# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Products of small vectors and matrices for the kernels.

numba's own matrix product needs scipy, and calling BLAS costs more than nine sums.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .types import FloatArray


@compiled
def dot3(a: FloatArray, b: FloatArray) -> float:
    """Return the dot product of two vectors (3,)."""
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


@compiled
def norm3(vector: FloatArray) -> float:
    """Return the length of a vector (3,)."""
    return math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)


@compiled
def triple3(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """Return ``a . (b x c)``, the determinant of the matrix with these rows."""
    return float(
        a[0] * (b[1] * c[2] - b[2] * c[1])
        + a[1] * (b[2] * c[0] - b[0] * c[2])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )


@compiled
def tmul33_into(a: FloatArray, b: FloatArray, product: FloatArray) -> None:
    """Write ``a^T b`` of the upper left (3, 3) corners into that of ``product``."""
    for i in range(3):
        for j in range(3):
            product[i, j] = a[0, i] * b[0, j] + a[1, i] * b[1, j] + a[2, i] * b[2, j]


@compiled
def tmul33(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a^T b`` (3, 3) of the upper left (3, 3) corners."""
    product = np.empty((3, 3))
    tmul33_into(a, b, product)
    return product


@compiled
def mult33(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a b^T`` (3, 3) of the upper left (3, 3) corners."""
    product = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            product[i, j] = a[i, 0] * b[j, 0] + a[i, 1] * b[j, 1] + a[i, 2] * b[j, 2]
    return product


@compiled
def rotz_tmul33(angle: float, matrix: FloatArray) -> FloatArray:
    """Return ``Rz(angle)^T matrix`` (3, 3)."""
    cosine, sine, product = math.cos(angle), math.sin(angle), np.empty((3, 3))
    for j in range(3):
        product[0, j] = cosine * matrix[0, j] + sine * matrix[1, j]
        product[1, j] = cosine * matrix[1, j] - sine * matrix[0, j]
        product[2, j] = matrix[2, j]
    return product


@compiled
def in_parent_frame(
    rotation: FloatArray, translation: FloatArray, q: float, point: FloatArray
) -> FloatArray:
    """
    Return a point (3,) of the frame of a joint at angle ``q`` in the frame of its predecessor.

    :param rotation: Shape (3, 3), places the frame of the joint at zero, as ``Arm`` has it.
    :param translation: Shape (3,) [m].
    """
    cosine, sine = math.cos(q), math.sin(q)
    x, y = cosine * point[0] - sine * point[1], sine * point[0] + cosine * point[1]
    parent = np.empty(3)
    for i in range(3):
        r = rotation[i]
        parent[i] = translation[i] + r[0] * x + r[1] * y + r[2] * point[2]
    return parent
