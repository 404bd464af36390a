# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Angles modulo 2 pi, never wrapped silently, and the turns of joints with a range above 2 pi."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .types import FloatArray, Joints

TAU = 2.0 * math.pi
LIMIT_TOL = 5e-10  # [rad] beyond a limit that counts as on it; moves the tool by less than 1e-9


def angular_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the smallest ``|a - b|`` modulo 2 pi, elementwise, in [0, pi] rad."""
    difference = np.abs(np.asarray(a, dtype=np.float64) - b) % TAU
    smallest: FloatArray = np.minimum(difference, TAU - difference)
    return smallest


def nearest_turn(q: Joints, q_near: Joints) -> Joints:
    """Return the angles equal to ``q`` modulo 2 pi that lie within pi of ``q_near``."""
    q = np.asarray(q, dtype=np.float64)
    nearest: FloatArray = q - TAU * np.round((q - q_near) / TAU)
    return nearest


@compiled
def unwind_into(
    q: FloatArray,
    q_near: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    slack: float = LIMIT_TOL,
) -> bool:
    """
    Replace each angle by its equivalent nearest to ``q_near`` inside the limits.

    :param q: Shape (6,) [rad], changed in place.
    :param slack: Angles this far beyond a limit [rad] count as inside and are moved onto it.
    :return: Whether every joint has an equivalent inside its limits.
    """
    is_inside = True
    for j in range(q.shape[0]):
        # Turns are counted before the angle changes, so that an angle on a limit stays on it.
        # The refinement may end a rounding error beyond a limit: no reason for a whole turn.
        max_turns = np.floor((upper[j] - q[j] + slack) / TAU)
        min_turns = np.ceil((lower[j] - q[j] - slack) / TAU)
        n_turns = min(max(np.round((q_near[j] - q[j]) / TAU), min_turns), max_turns)
        angle = q[j] + TAU * n_turns
        if lower[j] - slack <= angle <= upper[j] + slack:
            angle = min(max(angle, lower[j]), upper[j])
        q[j] = angle
        is_inside = is_inside and lower[j] <= angle <= upper[j]
    return is_inside
