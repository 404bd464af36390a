# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The quintic that joint_trajectory_controller follows between two points with accelerations."""

from __future__ import annotations

from ...kinematics import N_JOINTS, FloatArray
from ...kinematics.compiled import compiled


@compiled
def quintic_into(
    rows: FloatArray, start: FloatArray, end: FloatArray, duration: float, t: float
) -> None:
    """
    Write position, velocity and acceleration (3, 6) at a time between two states (3, 6).

    The quintic of each joint matches all three at both ends.

    :param duration: From one state to the other [s].
    :param t: From the first one [s].
    """
    for i in range(N_JOINTS):
        q0, v0, a0 = start[:, i]
        q1, v1, a1 = end[:, i]
        distance, d0, d1 = q1 - q0, v0 * duration, v1 * duration
        e0, e1 = a0 * duration**2, a1 * duration**2
        c3 = (10.0 * distance - 6.0 * d0 - 4.0 * d1 - 1.5 * e0 + 0.5 * e1) / duration**3
        c4 = (-15.0 * distance + 8.0 * d0 + 7.0 * d1 + 1.5 * e0 - e1) / duration**4
        c5 = (6.0 * distance - 3.0 * (d0 + d1) - 0.5 * (e0 - e1)) / duration**5
        rows[0, i] = q0 + t * (v0 + t * (0.5 * a0 + t * (c3 + t * (c4 + t * c5))))
        rows[1, i] = v0 + t * (a0 + t * (3.0 * c3 + t * (4.0 * c4 + t * 5.0 * c5)))
        rows[2, i] = a0 + t * (6.0 * c3 + t * (12.0 * c4 + t * 20.0 * c5))
