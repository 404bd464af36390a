# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Inference time of each network, measured in turns so that other load affects all alike."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..bundle.engines import Engine, Float32Array

N_ROUNDS = 100
N_CALLS = 20  # consecutive: in a control loop the network is in the cache
REFERENCE = 'reference'  # the network that the times of others are compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceTime:
    """The time one network takes for one row."""

    median: float  # [s]
    p95: float  # [s]
    relative_to_reference: float | None  # ratio of the medians; None without the reference


def inference_times(
    engines: Mapping[str, Engine], features: Float32Array, *, n_rounds: int = N_ROUNDS
) -> dict[str, InferenceTime]:
    """
    Return the time of single-row inferences by the name of the network.

    :param features: Shape (n, 12), n >= 1; the rows are used in turn.
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
        name: InferenceTime(
            median=medians[name],
            p95=float(np.percentile(times, 95)),
            relative_to_reference=None if reference is None else medians[name] / reference,
        )
        for name, times in seconds.items()
    }
