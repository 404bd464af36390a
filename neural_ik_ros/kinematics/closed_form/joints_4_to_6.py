# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joints 4 to 6 of a branch: they orient the tool once joints 1 to 3 are known."""

from __future__ import annotations

import math

import numpy as np

from ..angles import TAU
from ..compiled import compiled
from ..linalg3 import mult33, rotz_tmul33, tmul33
from ..types import FloatArray

FREE_JOINT_TOL_EXACT = (
    1e-7  # [m], [rad] this near to a singularity a joint is free: any angle will do
)
N_FREE_ANGLES = 6  # angles tried for a free joint
MAX_WRIST_SOLUTIONS = 2 * (1 + N_FREE_ANGLES)


@compiled
def wrist_joints_into(
    rotations: FloatArray,
    target: FloatArray,
    q: tuple[float, float, float],
    q_near: FloatArray,
    free_joint_tol: float,
    seeds: FloatArray,
    count: int,
) -> int:
    """
    Append joints 4 to 6 for both signs of joint 5, and for joint 4 free; return the new count.

    :param q: Joints 1 to 3 [rad].
    :param q_near: Shape (6,) [rad], for joint 4 where axes 4 and 6 are in line.
    :param seeds: Shape (MAX_BRANCHES, 6) [rad], of which ``count`` rows are taken.
    """
    wanted = mult33(target, rotations[6])
    for i in range(3):
        wanted = rotz_tmul33(q[i], tmul33(rotations[i], wanted))
    wanted = tmul33(rotations[3], wanted)  # Rz(q4) R4 Rz(q5) R5 Rz(q6)
    a, b = rotations[4, 2], rotations[5, :, 2]  # axis 4 and axis 6 in the frame of joint 5
    square = wanted[0, 2] ** 2 + wanted[1, 2] ** 2 - a[2] ** 2 - b[2] ** 2
    sine = math.sqrt(max(square + 2.0 * wanted[2, 2] * a[2] * b[2], 0.0))
    bend = math.atan2(sine, wanted[2, 2] - a[2] * b[2])
    straight = math.atan2(a[1], a[0]) - math.atan2(b[1], b[0])
    for sign in (1.0, -1.0):
        q5 = straight + sign * bend
        middle = tmul33(rotz_tmul33(q5, rotations[4].T), np.eye(3))  # R4 Rz(q5)
        middle = mult33(middle, np.ascontiguousarray(rotations[5].T))  # R4 Rz(q5) R5
        q4 = math.atan2(wanted[1, 2], wanted[0, 2]) - math.atan2(middle[1, 2], middle[0, 2])
        count = _append(seeds, count, (*q, q4, q5, _joint6(middle, q4, wanted)))
        if math.hypot(middle[0, 2], middle[1, 2]) >= free_joint_tol:
            continue
        # Axes 4 and 6 are in line: each joint takes half of the rotation still missing.
        missing = _joint6(middle, q_near[3], wanted) - q_near[5]
        missing -= TAU * np.round(missing / TAU)
        q4 = q_near[3] + 0.5 * math.copysign(missing, missing * middle[2, 2])
        for _ in range(1 if free_joint_tol == FREE_JOINT_TOL_EXACT else N_FREE_ANGLES):
            seed = (*q, q4, q5, _joint6(middle, q4, wanted))
            count, q4 = _append(seeds, count, seed), q4 + TAU / N_FREE_ANGLES
    return count


@compiled
def _append(seeds: FloatArray, count: int, q: tuple[float, ...]) -> int:
    for j in range(6):
        seeds[count, j] = q[j]
    return count + 1


@compiled
def _joint6(middle: FloatArray, q4: float, wanted: FloatArray) -> float:
    """Return joint 6 [rad] for given joints 4 and 5, ``middle`` being ``R4 Rz(q5) R5``."""
    rotation = tmul33(middle, rotz_tmul33(q4, wanted))
    return math.atan2(rotation[1, 0], rotation[0, 0])
