# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles of arrays, of recent values and of whole streams."""

from __future__ import annotations

import numpy as np
import pytest

from neural_ik_ros.interface.statistics import WINDOW_SIZE, Percentiles, QuantileSketch, Window

PERCENTILE_TOL = 1e-3  # relative


def test_percentiles_are_those_of_numpy():
    values = np.random.default_rng(2).lognormal(0.0, 2.0, 301)
    found = Percentiles.of(values)
    assert (found.n, found.p50, found.max) == (301, np.median(values), values.max())
    assert found.p99 == np.percentile(values, 99.0)


def test_percentiles_of_nothing_are_an_error():
    with pytest.raises(ValueError, match='no values'):
        Percentiles.of(np.empty(0))


def test_window_knows_the_recent_values_only():
    window = Window()
    assert window.diagnostic_values('solve', 'ms', '.1f') == {}
    for value in [1e9] * 10 + [float(k) for k in range(WINDOW_SIZE)]:
        window.add(value)
    assert window.diagnostic_values('solve', 'ms', '.1f') == {
        'solve p50 [ms]': '511.5',
        'solve p99 [ms]': '1012.8',
        'solve max [ms]': '1023.0',
    }
    assert next(iter(window.diagnostic_values('iterations', '', '.0f'))) == 'iterations p50'


def test_sketch_has_percentiles_to_a_thousandth():
    values = np.random.default_rng(1).lognormal(-5.0, 4.0, 5001)
    sketch = QuantileSketch()
    for value in [0.0, *values]:
        sketch.add(value)
    figures = sketch.values()
    assert sketch.n == 5002
    assert figures['mean'] == pytest.approx(values.sum() / 5002)
    assert figures['max'] == values.max()
    for name, share in (('p50', 0.5), ('p99', 0.99)):
        exact = np.quantile([0.0, *values], share, method='inverted_cdf')
        assert figures[name] == pytest.approx(exact, rel=PERCENTILE_TOL)


def test_sketch_without_values_is_zero():
    assert QuantileSketch().values() == {'mean': 0.0, 'p50': 0.0, 'p99': 0.0, 'max': 0.0}
