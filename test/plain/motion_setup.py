# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the motion generator have in common."""

from __future__ import annotations

import numpy as np
import pytest

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import MotionGenerator, MotionLimits

ACCELERATION = (5.0, 5.0, 5.0, 10.0, 10.0, 10.0)
JERK = (50.0, 50.0, 50.0, 100.0, 100.0, 100.0)
PERIOD = 0.004


def come_to_rest(generator: MotionGenerator) -> int:
    """Return how many steps it took."""
    for k in range(5000):
        if generator.is_at_rest:
            return k
        generator.advance(PERIOD)
    pytest.fail(f'still moving: {generator.state}')


def anywhere(rng: np.random.Generator, limits: MotionLimits) -> FloatArray:
    return rng.uniform(limits.lower, limits.upper)
