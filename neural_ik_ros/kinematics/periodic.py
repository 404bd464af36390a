# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a trigonometric polynomial of degree two vanishes, or nearly does."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .types import FloatArray

MAX_ROOTS = 4  # of a polynomial of degree two that is not zero everywhere
GRID = 48  # samples over a turn; extrema lie at least about 0.1 rad from the next but one
NEAR_MISS = 0.1  # [rad] imaginary part of a root that still counts
REFINEMENTS = 60  # bisections at most; Newton needs about five


@compiled
def interpolate_into(samples: FloatArray, coefficients: FloatArray) -> None:
    """
    Write the polynomial through five samples at angles ``2 pi k / 5``.

    :param samples: Shape (5,).
    :param coefficients: Shape (5,), written: constant, cos, sin, cos of twice, sin of twice.
    """
    coefficients[:] = 0.0
    for k in range(5):
        angle = 2.0 * math.pi * k / 5.0
        coefficients[0] += 0.2 * samples[k]
        coefficients[1] += 0.4 * samples[k] * math.cos(angle)
        coefficients[2] += 0.4 * samples[k] * math.sin(angle)
        coefficients[3] += 0.4 * samples[k] * math.cos(2.0 * angle)
        coefficients[4] += 0.4 * samples[k] * math.sin(2.0 * angle)


@compiled
def roots_into(coefficients: FloatArray, roots: FloatArray) -> int:
    """
    Write the angles at which the polynomial is zero, and return how many there are.

    A pair of complex roots close to the circle counts as one root, where the value is smallest:
    rounding, or a millimetre of calibration, may have parted a double root.

    :param coefficients: As from ``interpolate_into``.
    :param roots: Shape (MAX_ROOTS,), written from the front, in [0, 2 pi + 2 pi / GRID) rad.
    """
    values, pitch = np.empty(GRID), 2.0 * math.pi / GRID
    for k in range(GRID):
        values[k] = _value(coefficients, k * pitch)
    count = 0
    for k in range(GRID):
        before, here, after = values[k - 1], values[k], values[(k + 1) % GRID]
        if (here >= 0.0) != (after >= 0.0):
            root = _crossing(coefficients, k * pitch, (k + 1) * pitch, after >= 0.0)
            count = _push(roots, count, root)
        is_one_sign = (here >= 0.0) == (after >= 0.0) == (before >= 0.0)
        if is_one_sign and abs(here) <= abs(before) and abs(here) < abs(after):
            count = _push_extremum(coefficients, (k - 1) * pitch, (k + 1) * pitch, roots, count)
    return count


@compiled
def _push(roots: FloatArray, count: int, root: float) -> int:
    if count >= MAX_ROOTS:
        return count
    roots[count] = root
    return count + 1


@compiled
def _push_extremum(
    coefficients: FloatArray, low: float, high: float, roots: FloatArray, count: int
) -> int:
    """Add the roots beside the extremum in (low, high), or itself if it almost is one."""
    sign = 1.0 if _value(coefficients, low) >= 0.0 else -1.0
    left, right = low, high
    for _ in range(REFINEMENTS):
        middle = 0.5 * (left + right)
        if sign * _slope(coefficients, middle) < 0.0:
            left = middle
        else:
            right = middle
    middle = 0.5 * (left + right)
    value = sign * _value(coefficients, middle)
    if value < 0.0:
        count = _push(roots, count, _crossing(coefficients, low, middle, sign < 0.0))
        return _push(roots, count, _crossing(coefficients, middle, high, sign > 0.0))
    if 2.0 * value <= NEAR_MISS**2 * sign * _curvature(coefficients, middle):
        return _push(roots, count, middle)
    return count


@compiled
def _crossing(coefficients: FloatArray, low: float, high: float, is_positive: bool) -> float:
    """
    Return where the sign changes between two angles: Newton, kept inside by bisection.

    :param is_positive: Whether the value is positive, or zero, at ``high``.
    """
    angle = 0.5 * (low + high)
    for _ in range(REFINEMENTS):
        value = _value(coefficients, angle)
        if (value >= 0.0) == is_positive:
            high = angle
        else:
            low = angle
        following = angle - value / _slope(coefficients, angle)
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - angle) <= 1e-15 * (1.0 + abs(angle)):
            return following
        angle = following
    return angle


@compiled
def _value(coefficients: FloatArray, angle: float) -> float:
    cosine, sine = math.cos(angle), math.sin(angle)
    return float(
        coefficients[0]
        + coefficients[1] * cosine
        + coefficients[2] * sine
        + coefficients[3] * (cosine * cosine - sine * sine)
        + coefficients[4] * 2.0 * sine * cosine
    )


@compiled
def _slope(coefficients: FloatArray, angle: float) -> float:
    cosine, sine = math.cos(angle), math.sin(angle)
    return float(
        coefficients[2] * cosine
        - coefficients[1] * sine
        + 2.0 * coefficients[4] * (cosine * cosine - sine * sine)
        - 4.0 * coefficients[3] * sine * cosine
    )


@compiled
def _curvature(coefficients: FloatArray, angle: float) -> float:
    cosine, sine = math.cos(angle), math.sin(angle)
    return -float(
        coefficients[1] * cosine
        + coefficients[2] * sine
        + 4.0 * coefficients[3] * (cosine * cosine - sine * sine)
        + 8.0 * coefficients[4] * sine * cosine
    )
