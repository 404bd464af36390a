# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Angles on the circle, never wrapped in silence, and turns of the joints that have them."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .types import FloatArray, Joints

TAU = 2.0 * math.pi
ON_LIMIT = 5e-10  # [rad] beyond a limit; less than the tool can feel at the tolerances asked for


def angular_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the smallest ``|a - b|`` modulo a turn, elementwise, in [0, pi] rad."""
    difference = np.abs(np.asarray(a, dtype=np.float64) - b) % TAU
    smallest: FloatArray = np.minimum(difference, TAU - difference)
    return smallest


def nearest_turn(q: Joints, q_near: Joints) -> Joints:
    """Return the angles equal to ``q`` modulo a turn that lie within pi of ``q_near``."""
    q = np.asarray(q, dtype=np.float64)
    nearest: FloatArray = q - TAU * np.round((q - q_near) / TAU)
    return nearest


@compiled
def unwind_into(q: FloatArray, q_near: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
    """
    Replace each angle by its equivalent nearest to ``q_near`` inside the limits.

    :param q: Shape (6,) [rad], changed in place.
    :return: Whether every joint has an equivalent inside its limits.
    """
    is_inside = True
    for j in range(q.shape[0]):
        # Turns are counted before the angle changes, so that an angle on a limit stays on it.
        # Newton ends beside a limit as well as on it: that is no reason to turn round.
        most = np.floor((upper[j] - q[j] + ON_LIMIT) / TAU)
        least = np.ceil((lower[j] - q[j] - ON_LIMIT) / TAU)
        angle = q[j] + TAU * min(max(np.round((q_near[j] - q[j]) / TAU), least), most)
        if lower[j] - ON_LIMIT <= angle <= upper[j] + ON_LIMIT:
            angle = min(max(angle, lower[j]), upper[j])
        q[j] = angle
        is_inside = is_inside and lower[j] <= angle <= upper[j]
    return is_inside
