# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the tracker."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import FAR, FAST, MS, PERIOD, Bench, state_of

from neural_ik_ros.motion import OUTPUT_MODES


@pytest.fixture(params=OUTPUT_MODES)
def moving(request, make_bench) -> Bench:
    """In full motion."""
    bench = make_bench(output_mode=request.param)
    bench.joints()
    if request.param == 'stream':
        bench.stream(FAST)
    else:
        bench.target(FAR)
        bench.wait(400 * MS)
    before, bench.q = bench.q, state_of(bench.commands[-1][1], bench.now + PERIOD)
    assert np.abs(bench.q - before).max() > 0.3 * 1e-9 * PERIOD
    bench.q = before
    return bench
