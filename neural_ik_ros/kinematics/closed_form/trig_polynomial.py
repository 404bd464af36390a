# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a trigonometric polynomial of degree two vanishes, or nearly does."""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import FloatArray

MAX_ROOTS = 4  # of a polynomial of degree two that is not zero everywhere
GRID = 96  # cells of a turn; hardly ever are there more than two extrema in one
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
    pitch, count = 2.0 * math.pi / GRID, 0
    steepest = math.hypot(coefficients[1], coefficients[2])
    bend = steepest + 4.0 * math.hypot(coefficients[3], coefficients[4])
    steepest += 2.0 * math.hypot(coefficients[3], coefficients[4])
    nothing_near = steepest * pitch + 0.5 * NEAR_MISS**2 * bend
    samples, knots, values = np.empty((GRID + 1, 3)), np.empty(4), np.empty(4)
    for k in range(GRID):
        samples[k, 0] = _value(coefficients, k * pitch)
        samples[k, 1] = _slope(coefficients, k * pitch)
        samples[k, 2] = _curvature(coefficients, k * pitch)
    samples[GRID] = samples[0]  # a full turn later rounding may give it another sign
    for k in range(GRID):
        if abs(samples[k, 0]) <= nothing_near:
            knots[0], knots[1] = k * pitch, (k + 1) * pitch
            n = _monotone_into(coefficients, samples[k : k + 2], knots, values)
            count = _push_roots(coefficients, knots, values, n, roots, count)
    return count


@compiled
def _monotone_into(
    coefficients: FloatArray, samples: FloatArray, knots: FloatArray, values: FloatArray
) -> int:
    """
    Write the ends of a cell and the extrema between them; return how many, 4 at most.

    :param samples: Value, slope and curvature at both ends, shape (2, 3).
    :param knots: Shape (4,) [rad], both ends at the front.
    :param values: Shape (4,), written: at the knots.
    """
    low, high, n = knots[0], knots[1], 1
    is_rising, is_bent = samples[0, 1] >= 0.0, samples[0, 2] >= 0.0
    if is_rising != (samples[1, 1] >= 0.0):
        knots[1], n = _turning(coefficients, low, high, is_rising), 2
    elif is_bent != (samples[1, 2] >= 0.0):
        # Two extrema, if the slope has another sign where it is least.
        left, right = low, high
        for _ in range(REFINEMENTS):
            middle = 0.5 * (left + right)
            if (_curvature(coefficients, middle) >= 0.0) == is_bent:
                left = middle
            else:
                right = middle
        if (_slope(coefficients, left) >= 0.0) != is_rising:
            knots[1] = _turning(coefficients, low, left, is_rising)
            knots[2], n = _turning(coefficients, left, high, not is_rising), 3
    knots[n], values[0], values[n] = high, samples[0, 0], samples[1, 0]
    for k in range(1, n):
        values[k] = _value(coefficients, knots[k])
    return n + 1


@compiled
def _turning(coefficients: FloatArray, low: float, high: float, is_rising: bool) -> float:
    """Return the extremum between two angles; rising before it, or falling."""
    for _ in range(REFINEMENTS):
        middle = 0.5 * (low + high)
        if (_slope(coefficients, middle) >= 0.0) == is_rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@compiled
def _push_roots(
    coefficients: FloatArray,
    knots: FloatArray,
    values: FloatArray,
    n: int,
    roots: FloatArray,
    count: int,
) -> int:
    """Add the roots between n knots that hold all extrema, and inner knots that nearly are."""
    for k in range(1, n):
        before, here = values[k - 1], values[k]
        if (before >= 0.0) != (here >= 0.0):
            root = _crossing(coefficients, knots[k - 1], knots[k], here >= 0.0)
            count = _push(roots, count, root)
        elif k < n - 1:
            bend = _curvature(coefficients, knots[k])
            if here * bend >= 0.0 and 2.0 * abs(here) <= NEAR_MISS**2 * abs(bend):
                count = _push(roots, count, knots[k])
    return count


@compiled
def _push(roots: FloatArray, count: int, root: float) -> int:
    if count >= MAX_ROOTS:
        return count
    roots[count] = root
    return count + 1


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
