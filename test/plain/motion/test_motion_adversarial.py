# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Goals that no motion can follow: every limit is kept all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from derivatives import assert_within_limits, limit_shares
from motion_setup import ACCELERATION, JERK, PERIOD, anywhere, come_to_rest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import Arm, FloatArray, random_joints
from neural_ik_ros.motion import MotionGenerator, MotionLimits

N_STEPS = 1500


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=ACCELERATION, jerk=JERK)


@pytest.fixture
def generator(limits: MotionLimits) -> MotionGenerator:
    return MotionGenerator(limits)


@dataclass(frozen=True)
class Step:
    """What happens before one step of the motion."""

    dt: float
    goal: FloatArray | None = None  # None: nothing new
    interval: float = 0.0
    due: float = 0.0


Script = Callable[[np.random.Generator, MotionLimits], Iterator[Step]]


def uneven(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.001, 2.0 * PERIOD))


def single_goals_anywhere(rng, limits):
    for _ in range(N_STEPS):
        goal = anywhere(rng, limits) if rng.random() < 0.05 else None
        yield Step(uneven(rng), goal)


def stream_that_jumps(rng, limits):
    goal = anywhere(rng, limits)
    for _ in range(N_STEPS):
        dt = uneven(rng)
        if rng.random() < 0.02:
            goal = anywhere(rng, limits)
        goal = np.clip(goal + 0.003 * rng.normal(size=6), limits.lower, limits.upper)
        is_lost = rng.random() < 0.3
        yield Step(dt, None if is_lost else goal, dt, dt)


def stream_of_corners(rng, limits):
    for _ in range(N_STEPS):
        corner = np.where(rng.random(6) < 0.5, limits.lower, limits.upper)
        yield Step(uneven(rng), corner if rng.random() < 0.03 else None, PERIOD, PERIOD)


def square_wave(rng, limits):
    middle = anywhere(rng, limits)
    for k in range(N_STEPS):
        goal = middle + (0.3 if k // 100 % 2 else -0.3)
        yield Step(PERIOD, np.clip(goal, limits.lower, limits.upper), PERIOD, PERIOD)


def saw_that_runs_into_limits(rng, limits):
    middle = anywhere(rng, limits)
    for k in range(N_STEPS):
        goal = np.clip(middle + (k % 150) / 100.0 - 0.7, limits.lower, limits.upper)
        yield Step(PERIOD, goal, PERIOD, PERIOD)


def sine_that_is_too_fast(rng, limits):
    middle, half = 0.5 * (limits.upper + limits.lower), 0.5 * (limits.upper - limits.lower)
    time = 0.0
    for _ in range(N_STEPS):
        dt = uneven(rng)
        time += dt
        goal = middle + half * np.sin(3.0 * time + np.arange(6))
        yield Step(dt, None if rng.random() < 0.2 else goal, dt, dt)


def intervals_that_lie(rng, limits):
    for _ in range(N_STEPS):
        goal = anywhere(rng, limits) if rng.random() < 0.3 else None
        interval, due = rng.choice([1e-9, 1e-3, 0.1, 0.2]), rng.choice([-0.1, 0.0, PERIOD, 0.2])
        yield Step(uneven(rng), goal, float(interval), float(due))


def silence_after_speed(rng, limits):
    """A stream breaks off while it moves: the goal runs on by itself."""
    for _ in range(5):
        goal, speed = anywhere(rng, limits), rng.uniform(-1.0, 1.0, 6) * limits.velocity
        for k in range(N_STEPS // 5):
            moved = np.clip(goal + k * PERIOD * speed, limits.lower, limits.upper)
            yield Step(PERIOD, moved if k < 60 else None, PERIOD, PERIOD)


SCRIPTS: tuple[Script, ...] = (
    single_goals_anywhere,
    stream_that_jumps,
    stream_of_corners,
    square_wave,
    saw_that_runs_into_limits,
    sine_that_is_too_fast,
    intervals_that_lie,
    silence_after_speed,
)


def play(generator: MotionGenerator, steps: Iterator[Step]) -> tuple[FloatArray, FloatArray]:
    """Return times (n,) and commanded joints (n, 6), the start included."""
    times, rows = [0.0], [generator.state.q]
    for step in steps:
        if step.goal is not None:
            generator.set_goal(step.goal, step.interval, step.due)
        rows.append(generator.advance(step.dt))
        times.append(times[-1] + step.dt)
    assert len(rows) == N_STEPS + 1
    return np.array(times), np.array(rows)


@pytest.mark.parametrize('seed', [1, 2])
@pytest.mark.parametrize('script', SCRIPTS, ids=lambda script: script.__name__)
def test_advance_keeps_every_limit_whatever_the_goals_are(generator, limits, script, seed):
    rng = np.random.default_rng(seed)
    generator.reset(anywhere(rng, limits))
    times, q = play(generator, script(rng, limits))
    assert_within_limits(times, q, limits)
    assert np.abs(np.diff(q, axis=0)).max() > 1e-3, 'it must have moved'
    generator.stop_at_goal()
    assert come_to_rest(generator) < 5000


def test_advance_keeps_the_limits_of_an_arm_whose_range_excludes_zero(limits):
    shifted = replace(limits, lower=limits.lower + 10.0, upper=limits.upper + 10.0)
    generator = MotionGenerator(shifted)
    rng = np.random.default_rng(3)
    generator.reset(anywhere(rng, shifted))
    times, q = play(generator, stream_that_jumps(rng, shifted))
    assert_within_limits(times, q, shifted)
    generator.set_goal(shifted.lower, 0.0)
    come_to_rest(generator)
    assert_array_equal(generator.state.q, shifted.lower)


@pytest.mark.parametrize('n_steps', [1, 37, 150, 400])
@pytest.mark.parametrize('script', [stream_of_corners, sine_that_is_too_fast, square_wave])
def test_braking_ends_at_rest_within_the_limits(generator, limits, script, n_steps):
    rng = np.random.default_rng(n_steps)
    generator.reset(anywhere(rng, limits))
    rows = [generator.state.q]
    for _, step in zip(range(n_steps), script(rng, limits), strict=False):
        if step.goal is not None:
            generator.set_goal(step.goal, step.interval, step.due)
        rows.append(generator.advance(PERIOD))
    plan = generator.plan_stop(generator.state)
    states = [plan.state_at(PERIOD * k) for k in range(1, int(plan.duration / PERIOD) + 5)]
    stop = np.array([state.q for state in states])
    q = np.vstack([rows[-1], stop])
    assert_within_limits(PERIOD * np.arange(len(q)), q, limits)
    assert not states[-1].rows[1:].any(), 'at rest'
    # The whole motion, from before the stop to after it, has no seam.
    q = np.vstack([*rows, *stop])
    assert_within_limits(PERIOD * np.arange(len(q)), q, limits)


@pytest.mark.parametrize('script', [stream_of_corners, sine_that_is_too_fast, square_wave])
def test_waypoints_of_a_stop_are_the_stop(generator, limits, script):
    rng = np.random.default_rng(9)
    generator.reset(anywhere(rng, limits))
    for _, step in zip(range(150), script(rng, limits), strict=False):
        if step.goal is not None:
            generator.set_goal(step.goal, step.interval, step.due)
        generator.advance(PERIOD)
    plan = generator.plan_stop(generator.state)
    times, states = plan.waypoints(spacing_s=PERIOD, max_points=8)
    assert 0 < len(times) <= 8
    assert times[-1] == round(1e9 * plan.duration)
    assert not states[-1, 1:].any()
    for time, rows in zip(times[:-1].tolist(), states, strict=False):
        assert_allclose(rows, plan.state_at(1e-9 * time).rows, atol=1e-6)


def test_braking_is_not_cut_off_when_the_limits_are_tiny(arm):
    limits = MotionLimits.from_arm(arm, acceleration=[0.02] * 6, jerk=[0.2] * 6)
    generator = MotionGenerator(limits)
    generator.set_goal(np.full(6, 1.0), 0.0)
    for _ in range(20):
        generator.advance(0.2)
    plan = generator.plan_stop(generator.state)
    rows = np.array([plan.state_at(0.2 * k).q for k in range(int(plan.duration / 0.2) + 3)])
    assert len(rows) > 15
    steps = np.abs(np.diff(rows, axis=0)).max(axis=1)
    assert steps[0] > 100.0 * steps[-2], 'slower and slower'


def test_limits_of_an_arm_are_scaled_by_the_share_of_velocity(arm):
    limits = MotionLimits.from_arm(
        arm, acceleration=ACCELERATION, jerk=JERK, velocity_scaling_factor=0.25
    )
    assert_allclose(limits.velocity, 0.25 * arm.velocity)
    assert_array_equal(limits.lower, arm.lower)
    generator = MotionGenerator(limits)
    rng = np.random.default_rng(7)
    generator.reset(random_joints(arm, rng, 1)[0])
    times, q = play(generator, single_goals_anywhere(rng, limits))
    assert_within_limits(times, q, limits)
    assert limit_shares(times, q, limits)['velocity'] > 0.9
