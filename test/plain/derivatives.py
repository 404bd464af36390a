# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How much of its limits a sampled motion uses."""

from __future__ import annotations

import numpy as np

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import MotionLimits

DERIVATIVES = ('velocity', 'acceleration', 'jerk')
LIMIT_TOL = 1e-6  # relative; what differences of rounded numbers add to a limit that is reached


def limit_shares(times: FloatArray, q: FloatArray, limits: MotionLimits) -> dict[str, float]:
    """
    Return the largest share of each limit, from divided differences at uneven times.

    By the mean value theorem n! times the n-th divided difference is a value of the n-th
    derivative, so a motion within the limits never shows a share above one.
    """
    inside = np.maximum(q - limits.upper, limits.lower - q).max()
    shares = {'position': 1.0 if inside <= 0.0 else np.inf}
    difference, factorial = q, 1
    for order, name in enumerate(DERIVATIVES, start=1):
        spans = (times[order:] - times[:-order])[:, None]
        difference, factorial = np.diff(difference, axis=0) / spans, factorial * order
        shares[name] = float((factorial * np.abs(difference) / getattr(limits, name)).max())
    return shares


def assert_within_limits(times: FloatArray, q: FloatArray, limits: MotionLimits) -> None:
    assert np.isfinite(q).all()
    for name, share in limit_shares(times, q, limits).items():
        assert share <= 1.0 + LIMIT_TOL, f'{name} limit used to {share:.6f}'
