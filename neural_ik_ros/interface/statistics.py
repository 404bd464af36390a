# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles of a stream of values, in bounded memory."""

from __future__ import annotations

from array import array

import numpy as np

WINDOW = 1024  # values kept for the percentiles


class Window:
    """The last values of a figure; memory does not grow."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._values = array('d', bytes(8 * WINDOW))
        self._n = 0

    def add(self, value: float) -> None:
        """Take a value in, the oldest one goes."""
        self._values[self._n % WINDOW] = value
        self._n += 1

    def values(self, name: str, unit: str, form: str) -> dict[str, str]:
        """Return median, 99th percentile and largest, or nothing if there is no value."""
        n = min(self._n, WINDOW)
        if n == 0:
            return {}
        values = np.percentile(np.frombuffer(self._values)[:n], [50, 99, 100])
        return {
            f'{name} {kind} [{unit}]' if unit else f'{name} {kind}': format(value, form)
            for kind, value in zip(('p50', 'p99', 'max'), values, strict=True)
        }
