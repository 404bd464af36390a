# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How a figure is spread, over as many values as come; memory does not grow."""

from __future__ import annotations

import math
from array import array

SMALLEST, LARGEST = 1e-18, 1e6  # what is beyond counts like these, except for the largest
WIDTH = math.log1p(1e-3)  # of a class: percentiles are told to half of that
N_CLASSES = math.ceil(math.log(LARGEST / SMALLEST) / WIDTH) + 1


class QuantileSketch:
    """Mean, percentiles to 0.1 % and largest of values from zero up."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._counts = array('q', bytes(8 * N_CLASSES))
        self.n = 0
        self._sum = self._largest = 0.0

    def add(self, value: float) -> None:
        """Take a value in."""
        place = 0
        if value > SMALLEST:
            place = min(int(math.log(value / SMALLEST) / WIDTH) + 1, N_CLASSES - 1)
        self._counts[place] += 1
        self.n += 1
        self._sum += value
        self._largest = max(self._largest, float(value))

    def values(self) -> dict[str, float]:
        """Return mean, median, 99th percentile and largest; all zero if there is no value."""
        return {
            'mean': self._sum / max(self.n, 1),
            'p50': self._percentile(0.5),
            'p99': self._percentile(0.99),
            'max': self._largest,
        }

    def _percentile(self, share: float) -> float:
        """Return the smallest class that so many values do not exceed."""
        wanted, seen = share * self.n, 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                middle = SMALLEST * math.exp((place - 0.5) * WIDTH) if place else 0.0
                return min(middle, self._largest)
        return 0.0
