# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Roots of trigonometric polynomials: all of them, and no others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neural_ik_ros.kinematics import TAU, FloatArray, angular_distance
from neural_ik_ros.kinematics.closed_form.trig_polynomial import (
    DOUBLE_ROOT_TOL,
    MAX_ROOTS,
    interpolate_into,
    roots_into,
)

ROOT_TOL = 1e-7  # [rad] simple roots; a double root has half the digits


def values(coefficients: FloatArray, angle: FloatArray) -> FloatArray:
    waves = [np.ones_like(angle), np.cos(angle), np.sin(angle), np.cos(2 * angle)]
    return np.stack([*waves, np.sin(2 * angle)], axis=-1) @ coefficients


def through(function: object) -> FloatArray:
    """Return the coefficients of a function of one angle."""
    coefficients = np.empty(5)
    interpolate_into(np.array([function(TAU * k / 5.0) for k in range(5)]), coefficients)
    return coefficients


def roots(coefficients: FloatArray) -> FloatArray:
    found = np.empty(MAX_ROOTS)
    return found[: roots_into(coefficients, found)]


def product(*angles: float) -> FloatArray:
    """Return the polynomial with roots at two or four angles."""
    return through(lambda x: math.prod(math.sin(0.5 * (x - angle)) for angle in angles))


coefficient_lists = st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=5).map(np.array)
angles = st.floats(0.0, TAU)


@given(coefficients=coefficient_lists)
def test_interpolate_returns_the_polynomial_that_was_sampled(coefficients):
    found = through(lambda x: float(values(coefficients, np.array(x))))
    assert np.abs(found - coefficients).max() < 1e-14


@given(wanted=st.lists(angles, min_size=4, max_size=4))
@example(wanted=[0.0, 1.0, 1.0, 1.126953125])  # a double root, and another next to it
@example(wanted=[0.0, 3.0, 3.0, 0.0])  # one at the ends of the interval
def test_roots_are_those_of_the_factors(wanted):
    found = roots(product(*wanted))
    assert len(found) >= 1
    for angle in wanted:
        others = np.sort(angular_distance(np.array(wanted), angle))
        tolerance = (
            ROOT_TOL if others[1] > 0.02 else 0.5 * DOUBLE_ROOT_TOL
        )  # roots that almost merge
        assert angular_distance(found, angle).min() < tolerance


@given(coefficients=coefficient_lists)
def test_roots_are_as_many_as_the_sign_changes_on_a_fine_grid(coefficients):
    fine = values(coefficients, np.linspace(0.0, TAU, 20_001))
    n_changes = int((np.diff(fine >= 0.0) != 0).sum())
    found = roots(coefficients)
    assert len(found) >= min(n_changes, MAX_ROOTS)
    size = np.abs(coefficients).sum()
    curvature = 5.0 * size
    assert (
        np.abs(values(coefficients, found)) <= 0.5 * DOUBLE_ROOT_TOL**2 * curvature + 1e-12
    ).all()


@pytest.mark.parametrize('gap', [0.0, 1e-12, 1e-6, 1e-3, 0.05, 0.2])
def test_roots_include_two_that_are_close(gap):
    found = roots(product(1.0, 1.0 + gap, 3.0, 5.0))
    for angle in (1.0, 1.0 + gap, 3.0, 5.0):
        assert angular_distance(found, angle).min() < max(1e-6, 0.0)


def test_roots_include_a_pair_that_has_just_parted():
    nearly = through(lambda x: 1.0001 - math.cos(x - 2.0))
    found = roots(nearly)
    assert len(found) == 1
    assert found[0] == pytest.approx(2.0, abs=1e-6)


def test_roots_are_none_when_the_polynomial_stays_away_from_zero():
    assert len(roots(np.array([3.0, 1.0, 0.5, 0.5, 0.2]))) == 0
