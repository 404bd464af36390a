# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From which states the joints can still stop within their limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from derivatives import DERIVATIVES
from motion_setup import ACCELERATION, JERK
from numpy.testing import assert_allclose

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import Arm, FloatArray
from neural_ik_ros.motion import MotionGenerator, MotionLimits, MotionState
from neural_ik_ros.motion.generation.limits import braking_range, stoppable_speed


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=ACCELERATION, jerk=JERK)


def state_of(*rows: FloatArray) -> MotionState:
    """Return the state of a position and, if given, velocity and acceleration."""
    return MotionState(np.array([*rows, *np.zeros((3 - len(rows), 6))]))


def test_braking_range_holds_every_point_of_the_stop(limits):
    limits = replace(limits, lower=np.full(6, -100.0), upper=np.full(6, 100.0))
    generator = MotionGenerator(limits)
    rng = np.random.default_rng(5)
    for _ in range(300):
        keep = rng.random((2, 6)) < 0.7
        qd, qdd = rng.uniform(-1.0, 1.0, (2, 6)) * keep
        generator.state = state_of(
            rng.uniform(-1.0, 1.0, 6), qd * limits.velocity, qdd * limits.acceleration
        )
        ranges = [
            braking_range(*one)
            for one in zip(*generator.state.rows, limits.acceleration, limits.jerk, strict=True)
        ]
        lowest, highest = np.array(ranges).T
        _, stop = generator.plan_stop(generator.state).waypoints(
            spacing_s=0.0005, max_points=10_000
        )
        rows = np.vstack([generator.state.q, stop[:, 0]])
        assert_allclose(lowest, rows.min(axis=0), atol=1e-6)
        assert_allclose(highest, rows.max(axis=0), atol=1e-6)


def test_can_stop_says_no_beyond_each_limit(limits):
    zero = np.zeros(6)
    assert limits.can_stop(state_of(zero)).all()
    assert limits.can_stop(state_of(limits.upper)).all()
    assert not limits.can_stop(state_of(limits.upper + 1e-9)).any()
    assert not limits.can_stop(state_of(zero, -1.001 * limits.velocity)).any()
    assert not limits.can_stop(state_of(zero, zero, 1.001 * limits.acceleration)).any()
    ramping = state_of(zero, 0.99 * limits.velocity, limits.acceleration)
    assert not limits.can_stop(ramping).any(), 'it would be too fast before it is slower'
    assert not limits.can_stop(state_of(limits.lower, np.full(6, -0.01))).any()
    assert limits.can_stop(state_of(limits.lower, np.full(6, 0.01))).all()


def test_stoppable_speed_can_stop(limits):
    rng = np.random.default_rng(6)
    for q in rng.uniform(limits.lower, limits.upper, (200, 6)):
        direction = rng.choice([-1.0, 1.0], 6)
        distance = np.where(direction > 0.0, limits.upper - q, q - limits.lower)
        speed = [
            min(stoppable_speed(*one), fastest)
            for *one, fastest in zip(
                distance, limits.acceleration, limits.jerk, limits.velocity, strict=True
            )
        ]
        assert limits.can_stop(state_of(q, direction * speed)).all()


@pytest.mark.parametrize('name', DERIVATIVES)
@pytest.mark.parametrize(
    'values', [[1.0] * 5, [1.0] * 5 + [0.0], [1.0] * 5 + [-1.0], [np.nan] * 6, [np.inf] * 6, 1.0]
)
def test_limits_are_refused_by_name_when_they_are_not_six_positive_numbers(limits, name, values):
    with pytest.raises(ConfigError, match=name):
        replace(limits, **{name: np.array(values)})
