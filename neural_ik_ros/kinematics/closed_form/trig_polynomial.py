# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Roots of a trigonometric polynomial of degree two, with double roots split by rounding."""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import FloatArray

MAX_ROOTS = 4  # of a polynomial of degree two that is not zero everywhere
N_CELLS = 96  # of a full rotation; more than two extrema in one cell are very rare
DOUBLE_ROOT_TOL = 0.1  # [rad] imaginary part up to which a pair of complex roots counts as one
MAX_BISECTIONS = 60  # Newton's method needs about five steps


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

    A pair of complex roots close to the unit circle counts as one root, where the absolute value
    has its minimum: rounding, or a millimetre of calibration, may have split a double root.

    :param coefficients: As from ``interpolate_into``.
    :param roots: Shape (MAX_ROOTS,), written from the front, in [0, 2 pi + 2 pi / N_CELLS) rad.
    """
    width, count = 2.0 * math.pi / N_CELLS, 0
    max_slope = math.hypot(coefficients[1], coefficients[2])
    max_curvature = max_slope + 4.0 * math.hypot(coefficients[3], coefficients[4])
    max_slope += 2.0 * math.hypot(coefficients[3], coefficients[4])
    max_value = max_slope * width + 0.5 * DOUBLE_ROOT_TOL**2 * max_curvature
    samples, breakpoints, values = np.empty((N_CELLS + 1, 3)), np.empty(4), np.empty(4)
    for k in range(N_CELLS):
        samples[k, 0] = _value(coefficients, k * width)
        samples[k, 1] = _slope(coefficients, k * width)
        samples[k, 2] = _curvature(coefficients, k * width)
    samples[N_CELLS] = samples[0]  # recomputed at 2 pi, rounding could change its sign
    for k in range(N_CELLS):
        if abs(samples[k, 0]) <= max_value:
            breakpoints[0], breakpoints[1] = k * width, (k + 1) * width
            n = _split_monotone(coefficients, samples[k : k + 2], breakpoints, values)
            count = _collect_roots(coefficients, breakpoints, values, n, roots, count)
    return count


@compiled
def _split_monotone(
    coefficients: FloatArray, samples: FloatArray, breakpoints: FloatArray, values: FloatArray
) -> int:
    """
    Split a cell at its extrema into monotone parts; return the number of breakpoints, at most 4.

    :param samples: Value, slope and curvature at both ends, shape (2, 3).
    :param breakpoints: Shape (4,) [rad], both ends of the cell at the front; rewritten in order.
    :param values: Shape (4,), written: the polynomial at the breakpoints.
    """
    low, high, n = breakpoints[0], breakpoints[1], 1
    is_rising, is_convex = samples[0, 1] >= 0.0, samples[0, 2] >= 0.0
    if is_rising != (samples[1, 1] >= 0.0):
        breakpoints[1], n = _extremum_in_bracket(coefficients, low, high, is_rising), 2
    elif is_convex != (samples[1, 2] >= 0.0):
        # Two extrema, if the slope changes its sign before the inflection point.
        left, right = low, high
        for _ in range(MAX_BISECTIONS):
            middle = 0.5 * (left + right)
            if (_curvature(coefficients, middle) >= 0.0) == is_convex:
                left = middle
            else:
                right = middle
        if (_slope(coefficients, left) >= 0.0) != is_rising:
            breakpoints[1] = _extremum_in_bracket(coefficients, low, left, is_rising)
            breakpoints[2], n = _extremum_in_bracket(coefficients, left, high, not is_rising), 3
    breakpoints[n], values[0], values[n] = high, samples[0, 0], samples[1, 0]
    for k in range(1, n):
        values[k] = _value(coefficients, breakpoints[k])
    return n + 1


@compiled
def _extremum_in_bracket(
    coefficients: FloatArray, low: float, high: float, is_rising: bool
) -> float:
    """Return the angle of the extremum in a bracket by bisection; rising before it, or falling."""
    for _ in range(MAX_BISECTIONS):
        middle = 0.5 * (low + high)
        if (_slope(coefficients, middle) >= 0.0) == is_rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@compiled
def _collect_roots(
    coefficients: FloatArray,
    breakpoints: FloatArray,
    values: FloatArray,
    n: int,
    roots: FloatArray,
    count: int,
) -> int:
    """Append simple roots between n breakpoints and double roots at them; return the new count."""
    for k in range(1, n):
        before, here = values[k - 1], values[k]
        if (before >= 0.0) != (here >= 0.0):
            root = _root_in_bracket(coefficients, breakpoints[k - 1], breakpoints[k], here >= 0.0)
            count = _append(roots, count, root)
        elif k < n - 1:
            curvature = _curvature(coefficients, breakpoints[k])
            if here * curvature >= 0.0 and 2.0 * abs(here) <= DOUBLE_ROOT_TOL**2 * abs(curvature):
                count = _append(roots, count, breakpoints[k])
    return count


@compiled
def _append(roots: FloatArray, count: int, root: float) -> int:
    if count >= MAX_ROOTS:
        return count
    roots[count] = root
    return count + 1


@compiled
def _root_in_bracket(
    coefficients: FloatArray, low: float, high: float, is_positive: bool
) -> float:
    """
    Return the root in a bracket: Newton's method, safeguarded by bisection.

    :param is_positive: Whether the value is positive, or zero, at ``high``.
    """
    angle = 0.5 * (low + high)
    for _ in range(MAX_BISECTIONS):
        value = _value(coefficients, angle)
        if (value >= 0.0) == is_positive:
            high = angle
        else:
            low = angle
        candidate = angle - value / _slope(coefficients, angle)
        if not low < candidate < high:
            candidate = 0.5 * (low + high)
        if abs(candidate - angle) <= 1e-15 * (1.0 + abs(angle)):
            return candidate
        angle = candidate
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
