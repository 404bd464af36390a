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
VALUE, SLOPE, CURVATURE = 0, 1, 2  # order of a derivative
ROUNDING = 4e-15  # a relative step of Newton's method that is rounding alone
CELL_WIDTH = 2.0 * math.pi / N_CELLS  # [rad]


def _waves_at_cells() -> FloatArray:
    """Return cos, sin, cos of twice and sin of twice the angle where each cell begins."""
    angle = CELL_WIDTH * np.arange(N_CELLS)
    return np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)


WAVES = _waves_at_cells()  # (N_CELLS, 4), a constant of the kernels


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
    width, count = CELL_WIDTH, 0
    max_slope = math.hypot(coefficients[1], coefficients[2])
    max_curvature = max_slope + 4.0 * math.hypot(coefficients[3], coefficients[4])
    max_slope += 2.0 * math.hypot(coefficients[3], coefficients[4])
    max_value = max_slope * width + 0.5 * DOUBLE_ROOT_TOL**2 * max_curvature
    samples, breakpoints, values = np.empty((N_CELLS + 1, 3)), np.empty(4), np.empty(4)
    a0, a1, b1, a2, b2 = coefficients
    for k in range(N_CELLS):
        c1, s1, c2, s2 = WAVES[k]
        samples[k, 0] = a0 + a1 * c1 + b1 * s1 + a2 * c2 + b2 * s2
        samples[k, 1] = b1 * c1 - a1 * s1 + 2.0 * (b2 * c2 - a2 * s2)
        samples[k, 2] = -(a1 * c1 + b1 * s1 + 4.0 * (a2 * c2 + b2 * s2))
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
        breakpoints[1], n = _zero_in_bracket(coefficients, SLOPE, low, high, not is_rising), 2
    elif is_convex != (samples[1, 2] >= 0.0) and _may_vanish(coefficients, samples):
        # Two extrema, if the slope changes its sign before the inflection point.
        inflection = _zero_in_bracket(coefficients, CURVATURE, low, high, not is_convex)
        if (_derivative(coefficients, SLOPE, inflection) >= 0.0) != is_rising:
            first = _zero_in_bracket(coefficients, SLOPE, low, inflection, not is_rising)
            breakpoints[1] = first
            breakpoints[2] = _zero_in_bracket(coefficients, SLOPE, inflection, high, is_rising)
            n = 3
    breakpoints[n], values[0], values[n] = high, samples[0, 0], samples[1, 0]
    for k in range(1, n):
        values[k] = _derivative(coefficients, VALUE, breakpoints[k])
    return n + 1


@compiled
def _may_vanish(coefficients: FloatArray, samples: FloatArray) -> bool:
    """Return False if the slope cannot be zero in a cell with these samples at its ends."""
    max_third = math.hypot(coefficients[1], coefficients[2])
    max_third += 8.0 * math.hypot(coefficients[3], coefficients[4])
    max_curvature = max(abs(samples[0, 2]), abs(samples[1, 2])) + max_third * CELL_WIDTH
    return bool(abs(samples[0, 1]) <= max_curvature * CELL_WIDTH)


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
            root = _zero_in_bracket(
                coefficients, VALUE, breakpoints[k - 1], breakpoints[k], here >= 0.0
            )
            count = _append(roots, count, root)
        elif k < n - 1:
            curvature = _derivative(coefficients, CURVATURE, breakpoints[k])
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
def _zero_in_bracket(
    coefficients: FloatArray, order: int, low: float, high: float, is_positive: bool
) -> float:
    """
    Return where a derivative is zero in a bracket: Newton's method, safeguarded by bisection.

    :param order: Of the derivative: VALUE, SLOPE or CURVATURE.
    :param is_positive: Whether it is positive, or zero, at ``high``.
    """
    angle = 0.5 * (low + high)
    for _ in range(MAX_BISECTIONS):
        value = _derivative(coefficients, order, angle)
        if (value >= 0.0) == is_positive:
            high = angle
        else:
            low = angle
        step = value / _derivative(coefficients, order + 1, angle)
        if abs(step) <= ROUNDING * (1.0 + abs(angle)):  # before the bracket, which has an end here
            return angle
        angle -= step
        if not low < angle < high:
            angle = 0.5 * (low + high)
    return angle


@compiled
def _derivative(coefficients: FloatArray, order: int, angle: float) -> float:
    """Return the polynomial (order 0), or one of its first three derivatives, at an angle."""
    cosine, sine = math.cos(angle), math.sin(angle)
    once = coefficients[1] * cosine + coefficients[2] * sine
    once_turned = coefficients[2] * cosine - coefficients[1] * sine
    cosine, sine = cosine * cosine - sine * sine, 2.0 * sine * cosine
    twice = coefficients[3] * cosine + coefficients[4] * sine
    twice_turned = coefficients[4] * cosine - coefficients[3] * sine
    if order == VALUE:
        return float(coefficients[0] + once + twice)
    if order == SLOPE:
        return float(once_turned + 2.0 * twice_turned)
    if order == CURVATURE:
        return float(-once - 4.0 * twice)
    return float(-once_turned - 8.0 * twice_turned)
