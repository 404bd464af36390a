# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Derivatives of goals: exact if the goals are smooth, robust against noise if they are not."""

from __future__ import annotations

import numpy as np
import pytest
from derivatives import assert_within_limits
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import Arm, FloatArray
from neural_ik_ros.motion import MotionGenerator, MotionLimits
from neural_ik_ros.motion.generation.goal_derivative_estimator import GoalDerivativeEstimator

JERK = np.array([50.0, 50.0, 50.0, 100.0, 100.0, 100.0])
PERIOD = 0.004
ROUNDING = 1e-6  # [rad/s], [rad/s^2] of second differences over a period
NOISE = 1e-4  # [rad] of a good camera or an operator's hand, per goal
START = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
SPEED = np.array([0.3, -0.2, 0.1, 0.4, -0.3, 0.5])
CURVE = np.array([-0.5, 0.4, 0.3, -0.2, 0.6, 0.1])


def parabola(time: float) -> FloatArray:
    return START + time * (SPEED + 0.5 * time * CURVE)


def derivatives(
    estimator: GoalDerivativeEstimator, q: FloatArray, interval_s: float
) -> FloatArray:
    """Return velocity and acceleration (2, 6) of the next goal."""
    derivatives = np.full((2, 6), np.nan)
    estimator.update(derivatives, q, interval_s)
    return derivatives


def test_update_finds_a_parabola_exactly_from_the_third_goal_on():
    estimator = GoalDerivativeEstimator(JERK, parabola(0.0))
    rng = np.random.default_rng(1)
    time = 0.0
    for k in range(60):
        interval = PERIOD * rng.uniform(0.5, 1.5)
        time += interval
        qd, qdd = derivatives(estimator, parabola(time), interval)
        if k >= 1:
            assert_allclose(qd, SPEED + time * CURVE, atol=ROUNDING)
            assert_allclose(qdd, CURVE, atol=1e3 * ROUNDING)


def test_update_rests_at_goals_that_jump():
    estimator = GoalDerivativeEstimator(JERK, START)
    rng = np.random.default_rng(2)
    for _ in range(50):
        qd, qdd = derivatives(estimator, rng.uniform(-1.0, 1.0, 6), PERIOD)
    assert_array_equal(qd, 0.0)
    assert_array_equal(qdd, 0.0)


def test_update_decides_for_each_joint_by_itself():
    estimator = GoalDerivativeEstimator(JERK, START)
    rng = np.random.default_rng(3)
    for k in range(1, 100):
        goal = parabola(k * PERIOD)
        goal[3] = rng.uniform(-1.0, 1.0)
        qd, _ = derivatives(estimator, goal, PERIOD)
    expected = SPEED + 99 * PERIOD * CURVE
    expected[3] = 0.0
    assert_allclose(qd, expected, atol=1e-4)


def test_update_averages_noise():
    estimator = GoalDerivativeEstimator(JERK, START)
    rng = np.random.default_rng(4)
    errors = []
    for k in range(1, 500):
        time = k * PERIOD
        qd, _ = derivatives(estimator, parabola(time) + NOISE * rng.normal(size=6), PERIOD)
        errors.append(qd - (SPEED + time * CURVE))
    of_differences = np.sqrt(2.0) * NOISE / PERIOD
    assert np.std(errors[50:]) < 0.5 * of_differences
    assert np.abs(np.mean(errors[50:])) < 0.1 * of_differences, 'and it does not lag'


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=[5.0] * 3 + [10.0] * 3, jerk=JERK)


def test_noisy_stream_is_followed_within_the_limits_and_near_the_path(limits):
    generator = MotionGenerator(limits)
    rng = np.random.default_rng(5)
    times = PERIOD * np.arange(1500)
    path = START + 0.5 * np.sin(times)[:, None] * SPEED
    generator.reset(path[0])
    rows = [path[0]]
    for goal in path[1:]:
        generator.set_goal(goal + NOISE * rng.normal(size=6), PERIOD, PERIOD)
        rows.append(generator.advance(PERIOD))
    q = np.array(rows)
    assert_within_limits(times, q, limits)
    errors = (q - path)[500:]
    assert np.abs(errors).max() < 30.0 * NOISE
    assert np.sqrt(np.mean(errors**2)) < 10.0 * NOISE


def test_noisy_stream_comes_to_rest_exactly_when_it_ends(limits):
    generator = MotionGenerator(limits)
    generator.reset(START)
    rng = np.random.default_rng(6)
    for k in range(300):
        goal = parabola(k * PERIOD) + NOISE * rng.normal(size=6)
        generator.set_goal(goal, PERIOD, PERIOD)
        generator.advance(PERIOD)
    generator.stop_at_goal()
    for _ in range(1000):
        generator.advance(PERIOD)
    assert generator.is_at_rest
    assert_array_equal(generator.state.q, goal)
