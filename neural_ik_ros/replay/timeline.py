# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Values over the time of a bag, reduced to the columns of a plot; in constant memory."""

from __future__ import annotations

import numpy as np

from ..kinematics import N_JOINTS, FloatArray
from ..units import S_PER_NS
from .offline_node import Response

N_COLUMNS = 1000


class Timeline:
    """The largest errors and the range of the commanded joints in each column of a plot."""

    def __init__(self, start_ns: int, duration_ns: int) -> None:
        """Span the time of a bag; times outside count for the first or last column."""
        self._start_ns = start_ns
        self._column_ns = max(duration_ns // N_COLUMNS + 1, 1)
        self.solution_error = np.full(N_COLUMNS, np.nan)  # [m]
        self.seed_error = np.full(N_COLUMNS, np.nan)  # [rad]
        self.deviation = np.full(N_COLUMNS, np.nan)  # [m]
        self.n_refused = np.zeros(N_COLUMNS, dtype=np.int64)
        self.lowest = np.full((N_COLUMNS, N_JOINTS), np.nan)  # [rad]
        self.highest = np.full((N_COLUMNS, N_JOINTS), np.nan)

    @property
    def time_s(self) -> FloatArray:
        """Middle of each column since the start [s]."""
        return (np.arange(N_COLUMNS, dtype=np.float64) + 0.5) * (self._column_ns * S_PER_NS)

    def add(self, response: Response) -> None:
        """Add an output of the node."""
        output = response.output
        column = (response.now_ns - self._start_ns) // self._column_ns
        i = min(max(column, 0), N_COLUMNS - 1)
        self.n_refused[i] += not output.status.is_solved
        if output.solution is not None and response.seed_errors is not None:
            _update_max(self.solution_error, i, output.solution.position_error)
            _update_max(self.seed_error, i, float(response.seed_errors.max()))
        if response.deviation is not None:
            _update_max(self.deviation, i, response.deviation)
        if output.command is not None:
            q = output.command.q
            np.fmin(self.lowest[i], q, out=self.lowest[i])
            np.fmax(self.highest[i], q, out=self.highest[i])


def _update_max(column_values: FloatArray, i: int, value: float) -> None:
    if not column_values[i] >= value:
        column_values[i] = value
