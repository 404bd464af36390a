# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The time of one call of each network, taken in turns so that a busy machine is fair to all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..bundle.engines import Engine, Float32Array

N_ROUNDS = 100
N_CALLS = 20  # in a row, as a control loop has its network in the cache
REFERENCE = 'reference'  # the described architecture, which others are compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTime:
    """How long one network takes for one question."""

    median: float  # [s]
    p95: float  # [s]
    of_reference: float | None  # median over that of the described architecture, if it was there


def call_times(
    engines: Mapping[str, Engine], features: Float32Array, *, n_rounds: int = N_ROUNDS
) -> dict[str, CallTime]:
    """
    Return the time of calls with one row each.

    :param features: Shape (n, 12), n >= 1; the rows are asked in turn.
    """
    seconds = {name: np.empty(n_rounds * N_CALLS) for name in engines}
    for engine in engines.values():
        engine.run(features[:1])
    for k in range(n_rounds):
        for name, engine in engines.items():
            for call in range(k * N_CALLS, (k + 1) * N_CALLS):
                row = call % len(features)
                began = time.perf_counter()
                engine.run(features[row : row + 1])
                seconds[name][call] = time.perf_counter() - began
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    reference = medians.get(REFERENCE)
    return {
        name: CallTime(
            median=medians[name],
            p95=float(np.percentile(times, 95)),
            of_reference=None if reference is None else medians[name] / reference,
        )
        for name, times in seconds.items()
    }
