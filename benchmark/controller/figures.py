# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures of a recorded motion: use of the limits, delay, and error of the path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neural_ik_ros.kinematics import Arm, FloatArray, forward
from neural_ik_ros.motion import MotionLimits


def acceleration_use(times: FloatArray, q: FloatArray, limits: MotionLimits) -> FloatArray:
    """Return the largest acceleration over its limit, of any joint, at each update (n - 2,)."""
    steps = np.diff(times)[:, None]
    qd = np.diff(q, axis=0) / steps
    qdd = np.diff(qd, axis=0) / (0.5 * (steps[1:] + steps[:-1]))
    use: FloatArray = (np.abs(qdd) / limits.acceleration).max(axis=1)
    return use


def speed_use(times: FloatArray, q: FloatArray, limits: MotionLimits) -> float:
    """Return the largest speed of any joint over its limit."""
    qd = np.diff(q, axis=0) / np.diff(times)[:, None]
    return float((np.abs(qd) / limits.velocity).max())


def tool_positions(arm: Arm, q: FloatArray) -> FloatArray:
    """Return the positions (n, 3) [m] of the tool."""
    positions: FloatArray = forward(arm, q)[:, :3, 3]
    return positions


def delay_and_error(
    times: FloatArray, tool: FloatArray, path: Callable[[FloatArray], FloatArray]
) -> tuple[float, float]:
    """
    Return the delay [s] that fits best, and the 99th percentile of what is left [m].

    ``tool`` (n, 3) [m] belongs to ``times`` (n,) [s]; ``path`` returns positions (n, 3) for times.
    """

    def errors(delay_s: float) -> FloatArray:
        distances: FloatArray = np.linalg.norm(tool - path(times - delay_s), axis=1)
        return distances

    delay_s = 0.0
    for width_s in (0.03, 0.004, 0.0005):
        candidates = delay_s + np.linspace(-width_s, width_s, 13)
        delay_s = float(min(candidates, key=lambda one: float(np.median(errors(one)))))
    return delay_s, float(np.quantile(errors(delay_s), 0.99))
