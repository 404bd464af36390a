# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures over the time of a bag, as many as fit into a picture; memory does not grow."""

from __future__ import annotations

import numpy as np

from ..kinematics import N_JOINTS, FloatArray
from .offline_node import Answer

N_COLUMNS = 1000


class Timeline:
    """The largest errors and the range of the commanded joints in each column of a picture."""

    def __init__(self, start_ns: int, duration_ns: int) -> None:
        """Start from nothing; what is outside the time counts for the first or last column."""
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
        return (np.arange(N_COLUMNS, dtype=np.float64) + 0.5) * (self._column_ns * 1e-9)

    def take(self, answer: Answer) -> None:
        """Take an answer in."""
        output = answer.output
        column = (answer.now_ns - self._start_ns) // self._column_ns
        i = min(max(column, 0), N_COLUMNS - 1)
        self.n_refused[i] += not output.status.is_solved
        if output.solution is not None and answer.seed_errors is not None:
            _raise_to(self.solution_error, i, output.solution.position_error)
            _raise_to(self.seed_error, i, float(answer.seed_errors.max()))
        if answer.deviation is not None:
            _raise_to(self.deviation, i, answer.deviation)
        if output.command is not None:
            q = output.command.q[-1]
            np.fmin(self.lowest[i], q, out=self.lowest[i])
            np.fmax(self.highest[i], q, out=self.highest[i])


def _raise_to(column_values: FloatArray, i: int, value: float) -> None:
    if not column_values[i] >= value:
        column_values[i] = value
