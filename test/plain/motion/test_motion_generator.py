# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motion of the joints: exact where the limits allow it, at rest where it ends."""

from __future__ import annotations

import numpy as np
import pytest
from derivatives import assert_within_limits
from motion_setup import ACCELERATION, JERK, PERIOD, anywhere, come_to_rest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import Arm, FloatArray
from neural_ik_ros.motion import MotionGenerator, MotionLimits

EXACT = 1e-9  # [rad] error of a goal that is tracked
NEARLY = 1e-5  # [rad] what a parabola misses in a hundredth of a second


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=ACCELERATION, jerk=JERK)


@pytest.fixture
def generator(limits: MotionLimits) -> MotionGenerator:
    return MotionGenerator(limits)


def smooth_path(times: FloatArray) -> FloatArray:
    """Return joints (n, 6) [rad] that use up to a third of each limit."""
    phases = np.arange(6.0)
    return 0.6 * np.sin(1.1 * times[:, None] + phases) + 0.3 * np.sin(0.7 * times[:, None])


@pytest.mark.parametrize('offset', [0.0, 0.4], ids=['from the path', 'from beside the path'])
def test_advance_tracks_a_smooth_path_exactly_once_it_caught_up(generator, offset):
    times = PERIOD * np.arange(1500)
    goals = smooth_path(times)
    generator.reset(goals[0] + offset)
    errors = []
    for goal in goals[1:]:
        generator.set_goal(goal, PERIOD, PERIOD)
        errors.append(np.abs(generator.advance(PERIOD) - goal).max())
    assert max(errors[750:]) < EXACT
    assert max(errors[:100]) > EXACT, 'it starts at rest, so it must have had to catch up'


def test_advance_tracks_goals_exactly_that_come_unevenly(generator):
    rng = np.random.default_rng(4)
    steps = rng.uniform(0.8, 1.2, 1500) * PERIOD
    goals = smooth_path(np.cumsum(steps))
    generator.reset(goals[0])
    errors = []
    for dt, goal in zip(steps[1:], goals[1:], strict=True):
        generator.set_goal(goal, dt, dt)
        errors.append(np.abs(generator.advance(dt) - goal).max())
    assert max(errors[750:]) < EXACT


def test_advance_stays_near_the_path_when_goals_get_lost(generator):
    rng = np.random.default_rng(8)
    path = smooth_path(PERIOD * np.arange(2000))
    generator.reset(path[0])
    errors, n_missed = [], 0
    for goal in path[1:]:
        n_missed += 1
        if rng.random() > 0.2:
            generator.set_goal(goal, n_missed * PERIOD, PERIOD)
            n_missed = 0
        errors.append(np.abs(generator.advance(PERIOD) - goal).max())
    assert np.median(errors[1000:]) < EXACT
    assert max(errors[1000:]) < NEARLY


def test_advance_stays_on_the_path_between_sparse_goals(generator):
    """Goals at 50 Hz, commands at 250 Hz: the parabola through the last goals is the path."""
    n_between = 5
    times = PERIOD * np.arange(2500)
    path = smooth_path(times)
    generator.reset(path[0])
    errors = []
    interval = n_between * PERIOD
    for k in range(1, len(path)):
        if k % n_between == 0:
            generator.set_goal(path[k], interval, PERIOD)
        errors.append(np.abs(generator.advance(PERIOD) - path[k]).max())
    assert max(errors[1250:]) < NEARLY


@pytest.mark.parametrize('seed', range(5))
def test_advance_ends_at_rest_exactly_at_a_single_goal(generator, limits, seed):
    rng = np.random.default_rng(seed)
    generator.reset(anywhere(rng, limits))
    goal = anywhere(rng, limits)
    generator.set_goal(goal, 0.0)
    assert not generator.is_at_rest
    come_to_rest(generator)
    assert_array_equal(generator.state.q, goal)
    for _ in range(10):
        assert_array_equal(generator.advance(PERIOD), goal)
    assert_array_equal(generator.state.qd, 0.0)
    assert_array_equal(generator.state.qdd, 0.0)


def test_advance_reaches_a_single_goal_as_fast_as_the_limits_allow(generator, limits):
    """Joint 1 by 0.4 rad with 5 rad/s^2 and 50 rad/s^3: four jerk ramps and two plateaus."""
    generator.reset(np.zeros(6))
    generator.set_goal(np.array([0.4, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.0)
    ramp_s = ACCELERATION[0] / JERK[0]
    half_s = 0.5 * (ramp_s + np.sqrt(ramp_s**2 + 4.0 * 0.4 / ACCELERATION[0]))
    assert come_to_rest(generator) == pytest.approx(2.0 * half_s / PERIOD, abs=1.0)


def test_set_goal_brings_a_goal_inside_the_limits(generator, limits):
    generator.set_goal(limits.upper * (1.0 + 1e-15), 0.0)
    come_to_rest(generator)
    assert_array_equal(generator.state.q, limits.upper)


def test_stop_at_goal_comes_to_rest_at_the_last_goal_of_a_stream(generator):
    goals = smooth_path(PERIOD * np.arange(300))
    generator.reset(goals[0])
    for goal in goals[1:]:
        generator.set_goal(goal, PERIOD, PERIOD)
        generator.advance(PERIOD)
    assert np.abs(generator.state.qd).max() > 0.1
    generator.stop_at_goal()
    come_to_rest(generator)
    assert_array_equal(generator.state.q, goals[-1])


def test_reset_is_at_rest_inside_the_limits(generator, limits):
    generator.reset(limits.upper + 0.1)
    assert generator.is_at_rest
    assert_array_equal(generator.state.q, limits.upper)
    assert_array_equal(generator.advance(PERIOD), limits.upper)


def test_advance_brakes_when_the_way_to_the_goal_has_no_plan(generator, limits, monkeypatch):
    generator.set_goal(np.full(6, 1.0), 0.0)
    rows = [generator.advance(PERIOD) for _ in range(60)]
    with monkeypatch.context() as patch:
        patch.setattr(generator, '_plan', lambda _input: None)
        rows += [generator.advance(PERIOD) for _ in range(200)]
        assert_allclose(generator.state.qd, 0.0, atol=1e-12)
    rows += [generator.advance(PERIOD) for _ in range(500)]
    assert_within_limits(PERIOD * np.arange(len(rows)), np.array(rows), limits)
    assert_array_equal(generator.state.q, np.full(6, 1.0))


def test_advance_survives_input_that_ruckig_refuses(generator):
    """Ruckig raises instead of returning its error codes."""
    generator.state.qdd[:] = np.nan
    assert_array_equal(generator.advance(PERIOD), np.zeros(6))


@pytest.mark.parametrize('sign', [-1.0, 1.0])
@pytest.mark.parametrize('excess', [0.0, 1e-16, 1e-15, -1e-15, 1e-13])
def test_round_numbers_are_reached_where_ruckig_finds_no_plan(arm, sign, excess):
    """From rest, 2 a^3 / j^2 is where the acceleration just reaches its limit."""
    limits = MotionLimits.from_arm(arm, acceleration=ACCELERATION, jerk=JERK)
    start = np.array([0.0, 0.2833, 0.3052, 0.0, 0.9822, 0.0])
    goal = start + sign * (2.0 * limits.acceleration**3 / limits.jerk**2 + excess)
    generator = MotionGenerator(limits)
    generator.reset(start)
    generator.set_goal(goal, 0.0)
    assert come_to_rest(generator) < 300
    assert_allclose(generator.state.q, goal, atol=1e-12)
    generator.reset(start)
    generator.set_goal(goal, 0.0)
    assert generator.plan_to_goal().duration > 0.3
