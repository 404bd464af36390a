# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The last three joints of a branch: how axes 4, 5 and 6 turn the tool into place."""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import FloatArray

EXACT_SLACK = 1e-7  # [m], [rad] this near to a singularity a joint may stand anywhere
TURNS = 6  # directions tried for a joint that may stand anywhere
MAX_WRISTS = 2 * (1 + TURNS)


@compiled
def wrists_into(
    rotations: FloatArray,
    target: FloatArray,
    q: tuple[float, float, float],
    q_near: FloatArray,
    slack: float,
    seeds: FloatArray,
    count: int,
) -> int:
    """Write the two ways in which joints 4 to 6 turn the tool, after the first three joints."""
    wanted = _times_transposed(target, rotations[6])
    for i in range(3):
        wanted = _unturned(q[i], _transposed_times(rotations[i], wanted))
    wanted = _transposed_times(rotations[3], wanted)
    a, b = rotations[4, 2], rotations[5, :, 2]  # axis 4 and axis 6, seen from axis 5
    square = wanted[0, 2] ** 2 + wanted[1, 2] ** 2 - a[2] ** 2 - b[2] ** 2
    sine = math.sqrt(max(square + 2.0 * wanted[2, 2] * a[2] * b[2], 0.0))
    bend = math.atan2(sine, wanted[2, 2] - a[2] * b[2])
    straight = math.atan2(a[1], a[0]) - math.atan2(b[1], b[0])
    for sign in (1.0, -1.0):
        q5 = straight + sign * bend
        # What joint 6 must still do, seen before joint 4: the columns are those of the wrist.
        middle = _transposed_times(_unturned(q5, rotations[4].T), np.eye(3))
        middle = _times_transposed(middle, np.ascontiguousarray(rotations[5].T))
        q4 = math.atan2(wanted[1, 2], wanted[0, 2]) - math.atan2(middle[1, 2], middle[0, 2])
        count = _push(seeds, count, (*q, q4, q5, _last_turn(middle, q4, wanted)))
        if math.hypot(middle[0, 2], middle[1, 2]) >= slack:
            continue
        rest = _last_turn(middle, q_near[3], wanted) - q_near[5]  # joints 4 and 6 share the turn
        rest -= 2.0 * math.pi * np.round(rest / (2.0 * math.pi))
        q4 = q_near[3] + 0.5 * math.copysign(rest, rest * middle[2, 2])
        for _ in range(1 if slack == EXACT_SLACK else TURNS):
            seed = (*q, q4, q5, _last_turn(middle, q4, wanted))
            count, q4 = _push(seeds, count, seed), q4 + 2.0 * math.pi / TURNS
    return count


@compiled
def _push(seeds: FloatArray, count: int, q: tuple[float, ...]) -> int:
    for j in range(6):
        seeds[count, j] = q[j]
    return count + 1


@compiled
def _last_turn(middle: FloatArray, q4: float, wanted: FloatArray) -> float:
    """Return joint 6 when joints 4 and 5 are given."""
    turn = _transposed_times(middle, _unturned(q4, wanted))
    return math.atan2(turn[1, 0], turn[0, 0])


@compiled
def _unturned(angle: float, matrix: FloatArray) -> FloatArray:
    """Return ``Rz(angle)^T matrix``."""
    cosine, sine, product = math.cos(angle), math.sin(angle), np.empty((3, 3))
    for j in range(3):
        product[0, j] = cosine * matrix[0, j] + sine * matrix[1, j]
        product[1, j] = cosine * matrix[1, j] - sine * matrix[0, j]
        product[2, j] = matrix[2, j]
    return product


@compiled
def _transposed_times(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a^T b`` (3, 3); numba's own product needs scipy."""
    product = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            product[i, j] = a[0, i] * b[0, j] + a[1, i] * b[1, j] + a[2, i] * b[2, j]
    return product


@compiled
def _times_transposed(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a b^T`` (3, 3) of the upper left corners."""
    product = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            product[i, j] = a[i, 0] * b[j, 0] + a[i, 1] * b[j, 1] + a[i, 2] * b[j, 2]
    return product
