# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles: of an array, of the recent values of a stream, of a whole stream."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np

from ..kinematics import FloatArray

WINDOW_SIZE = 1024  # recent values kept for the percentiles
SKETCH_MIN, SKETCH_MAX = 1e-18, 1e6  # values beyond are counted in the first and last bin
BIN_LOG_WIDTH = math.log1p(1e-3)  # percentiles are exact to half of that
N_BINS = math.ceil(math.log(SKETCH_MAX / SKETCH_MIN) / BIN_LOG_WIDTH) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Median, 99th percentile and maximum of some values."""

    n: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: FloatArray) -> Percentiles:
        """
        Return the percentiles of an array (n,), interpolated between neighbouring values.

        :raises ValueError: If it is empty.
        """
        if len(values) == 0:
            raise ValueError('no values')
        p50, p99, largest = np.percentile(values, [50.0, 99.0, 100.0])
        return cls(n=len(values), p50=float(p50), p99=float(p99), max=float(largest))


class Window:
    """The most recent values of a stream, in constant memory."""

    def __init__(self) -> None:
        self._values = array('d', bytes(8 * WINDOW_SIZE))
        self._n = 0

    def add(self, value: float) -> None:
        """Store a value in place of the oldest one."""
        self._values[self._n % WINDOW_SIZE] = value
        self._n += 1

    def diagnostic_values(self, name: str, unit: str, form: str) -> dict[str, str]:
        """Return the percentiles as values of diagnostics; nothing while there is no value."""
        n = min(self._n, WINDOW_SIZE)
        if n == 0:
            return {}
        found = Percentiles.of(np.frombuffer(self._values)[:n])
        return {
            f'{name} {kind} [{unit}]' if unit else f'{name} {kind}': format(value, form)
            for kind, value in (('p50', found.p50), ('p99', found.p99), ('max', found.max))
        }


class QuantileSketch:
    """
    Mean, maximum and percentiles of a whole stream of values >= 0, in constant memory.

    Counts values in bins of equal relative width, so percentiles have a relative error of at most
    half a bin.
    """

    def __init__(self) -> None:
        self._counts = array('q', bytes(8 * N_BINS))
        self.n = 0
        self._sum = self._max = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        i = 0
        if value > SKETCH_MIN:
            i = min(int(math.log(value / SKETCH_MIN) / BIN_LOG_WIDTH) + 1, N_BINS - 1)
        self._counts[i] += 1
        self.n += 1
        self._sum += value
        self._max = max(self._max, float(value))

    def values(self) -> dict[str, float]:
        """Return mean, median, 99th percentile and maximum; all zero while there is no value."""
        return {
            'mean': self._sum / max(self.n, 1),
            'p50': self._percentile(0.5),
            'p99': self._percentile(0.99),
            'max': self._max,
        }

    def _percentile(self, share: float) -> float:
        """Return the centre of the first bin up to which this share of the values lies."""
        wanted, seen = share * self.n, 0
        for i, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                centre = SKETCH_MIN * math.exp((i - 0.5) * BIN_LOG_WIDTH) if i else 0.0
                return min(centre, self._max)
        return 0.0
