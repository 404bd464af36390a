# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motion of the joints: exact where the limits allow it, inside the limits everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from derivatives import DERIVATIVES, assert_within_limits, limit_shares
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import Arm, FloatArray, random_joints
from neural_ik_ros.motion import MotionGenerator, MotionLimits, MotionState

ACCELERATION = (5.0, 5.0, 5.0, 10.0, 10.0, 10.0)
JERK = (50.0, 50.0, 50.0, 100.0, 100.0, 100.0)
PERIOD = 0.004
EXACT = 1e-9  # [rad] error of a goal that is tracked
NEARLY = 1e-5  # [rad] what a parabola misses in a hundredth of a second
N_STEPS = 1500


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.of_arm(arm, acceleration=ACCELERATION, jerk=JERK)


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


def anywhere(rng: np.random.Generator, limits: MotionLimits) -> FloatArray:
    return rng.uniform(limits.lower, limits.upper)


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
            generator.aim(step.goal, step.interval, step.due)
        rows.append(generator.advance(step.dt))
        times.append(times[-1] + step.dt)
    assert len(rows) == N_STEPS + 1
    return np.array(times), np.array(rows)


def come_to_rest(generator: MotionGenerator) -> int:
    """Return how many steps it took."""
    for k in range(5000):
        if generator.is_at_rest:
            return k
        generator.advance(PERIOD)
    pytest.fail(f'still moving: {generator.state}')


@pytest.mark.parametrize('seed', [1, 2])
@pytest.mark.parametrize('script', SCRIPTS, ids=lambda script: script.__name__)
def test_advance_keeps_every_limit_whatever_the_goals_are(generator, limits, script, seed):
    rng = np.random.default_rng(seed)
    generator.reset(anywhere(rng, limits))
    times, q = play(generator, script(rng, limits))
    assert_within_limits(times, q, limits)
    assert np.abs(np.diff(q, axis=0)).max() > 1e-3, 'it must have moved'
    generator.settle()
    assert come_to_rest(generator) < 5000


def test_advance_keeps_the_limits_of_an_arm_whose_range_excludes_zero(limits):
    shifted = replace(limits, lower=limits.lower + 10.0, upper=limits.upper + 10.0)
    generator = MotionGenerator(shifted)
    rng = np.random.default_rng(3)
    generator.reset(anywhere(rng, shifted))
    times, q = play(generator, stream_that_jumps(rng, shifted))
    assert_within_limits(times, q, shifted)
    generator.aim(shifted.lower, 0.0)
    come_to_rest(generator)
    assert_array_equal(generator.state.q, shifted.lower)


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
        generator.aim(goal, PERIOD, PERIOD)
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
        generator.aim(goal, dt, dt)
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
            generator.aim(goal, n_missed * PERIOD, PERIOD)
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
            generator.aim(path[k], interval, PERIOD)
        errors.append(np.abs(generator.advance(PERIOD) - path[k]).max())
    assert max(errors[1250:]) < NEARLY


@pytest.mark.parametrize('seed', range(5))
def test_advance_ends_at_rest_exactly_at_a_single_goal(generator, limits, seed):
    rng = np.random.default_rng(seed)
    generator.reset(anywhere(rng, limits))
    goal = anywhere(rng, limits)
    generator.aim(goal, 0.0)
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
    generator.aim(np.array([0.4, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.0)
    ramp_s = ACCELERATION[0] / JERK[0]
    half_s = 0.5 * (ramp_s + np.sqrt(ramp_s**2 + 4.0 * 0.4 / ACCELERATION[0]))
    assert come_to_rest(generator) == pytest.approx(2.0 * half_s / PERIOD, abs=1.0)


def test_aim_brings_a_goal_inside_the_limits(generator, limits):
    generator.aim(limits.upper * (1.0 + 1e-15), 0.0)
    come_to_rest(generator)
    assert_array_equal(generator.state.q, limits.upper)


def test_settle_comes_to_rest_at_the_last_goal_of_a_stream(generator):
    goals = smooth_path(PERIOD * np.arange(300))
    generator.reset(goals[0])
    for goal in goals[1:]:
        generator.aim(goal, PERIOD, PERIOD)
        generator.advance(PERIOD)
    assert np.abs(generator.state.qd).max() > 0.1
    generator.settle()
    come_to_rest(generator)
    assert_array_equal(generator.state.q, goals[-1])


def test_reset_is_at_rest_inside_the_limits(generator, limits):
    generator.reset(limits.upper + 0.1)
    assert generator.is_at_rest
    assert_array_equal(generator.state.q, limits.upper)
    assert_array_equal(generator.advance(PERIOD), limits.upper)


@pytest.mark.parametrize('n_steps', [1, 37, 150, 400])
@pytest.mark.parametrize('script', [stream_of_corners, sine_that_is_too_fast, square_wave])
def test_braking_ends_at_rest_within_the_limits(generator, limits, script, n_steps):
    rng = np.random.default_rng(n_steps)
    generator.reset(anywhere(rng, limits))
    rows = [generator.state.q]
    for _, step in zip(range(n_steps), script(rng, limits), strict=False):
        if step.goal is not None:
            generator.aim(step.goal, step.interval, step.due)
        rows.append(generator.advance(PERIOD))
    stop = generator.braking(PERIOD)
    assert stop.ndim == 2
    q = np.vstack([rows[-1], stop, stop[-1], stop[-1], stop[-1]])
    assert_within_limits(PERIOD * np.arange(len(q)), q, limits)
    assert generator.is_at_rest
    assert_array_equal(generator.state.q, stop[-1])
    # The whole motion, from before the stop to after it, has no seam.
    q = np.vstack([*rows, *stop, stop[-1], stop[-1], stop[-1]])
    assert_within_limits(PERIOD * np.arange(len(q)), q, limits)


def test_braking_is_not_cut_off_when_the_limits_are_tiny(arm):
    limits = MotionLimits.of_arm(arm, acceleration=[0.02] * 6, jerk=[0.2] * 6)
    generator = MotionGenerator(limits)
    generator.aim(np.full(6, 1.0), 0.0)
    for _ in range(20):
        generator.advance(0.2)
    rows = np.vstack([generator.state.q, generator.braking(0.2)])
    assert len(rows) > 15
    steps = np.abs(np.diff(rows, axis=0)).max(axis=1)
    assert steps[0] > 100.0 * steps[-2], 'slower and slower'


def test_advance_holds_still_when_there_is_no_plan_at_all(generator, monkeypatch):
    generator.aim(np.full(6, 0.5), 0.0)
    for _ in range(20):
        generator.advance(PERIOD)
    q = generator.state.q
    with monkeypatch.context() as patch:
        patch.setattr(generator, '_planned', lambda _request: None)
        for _ in range(3):
            assert_array_equal(generator.advance(PERIOD), q)
        assert_array_equal(generator.braking(PERIOD), [q])
    generator.aim(np.full(6, 0.5), 0.0)
    come_to_rest(generator)
    assert_array_equal(generator.state.q, np.full(6, 0.5))


def test_advance_brakes_when_the_way_to_the_goal_has_no_plan(generator, limits, monkeypatch):
    generator.aim(np.full(6, 1.0), 0.0)
    rows = [generator.advance(PERIOD) for _ in range(60)]
    with monkeypatch.context() as patch:
        patch.setattr(generator, '_caught_up', lambda _dt: None)
        rows += [generator.advance(PERIOD) for _ in range(200)]
        assert_allclose(generator.state.qd, 0.0, atol=1e-12)
    rows += [generator.advance(PERIOD) for _ in range(500)]
    assert_within_limits(PERIOD * np.arange(len(rows)), np.array(rows), limits)
    assert_array_equal(generator.state.q, np.full(6, 1.0))


def test_advance_survives_input_that_ruckig_refuses(generator):
    """Ruckig raises instead of returning its error codes."""
    generator.state = replace(generator.state, qdd=np.full(6, np.nan))
    assert_array_equal(generator.advance(PERIOD), np.zeros(6))


def test_braking_range_holds_every_point_of_the_stop(limits):
    limits = replace(limits, lower=np.full(6, -100.0), upper=np.full(6, 100.0))
    generator = MotionGenerator(limits)
    rng = np.random.default_rng(5)
    for _ in range(300):
        keep = rng.random((2, 6)) < 0.7
        qd, qdd = rng.uniform(-1.0, 1.0, (2, 6)) * keep
        generator.state = MotionState(
            q=rng.uniform(-1.0, 1.0, 6), qd=qd * limits.velocity, qdd=qdd * limits.acceleration
        )
        lowest, highest = limits.braking_range(generator.state)
        rows = np.vstack([generator.state.q, generator.braking(0.0005)])
        assert_allclose(lowest, rows.min(axis=0), atol=1e-6)
        assert_allclose(highest, rows.max(axis=0), atol=1e-6)


def test_can_stop_says_no_beyond_each_limit(limits):
    rest = MotionState(q=np.zeros(6), qd=np.zeros(6), qdd=np.zeros(6))
    assert limits.can_stop(rest).all()
    assert limits.can_stop(replace(rest, q=limits.upper)).all()
    assert not limits.can_stop(replace(rest, q=limits.upper + 1e-9)).any()
    assert not limits.can_stop(replace(rest, qd=-1.001 * limits.velocity)).any()
    assert not limits.can_stop(replace(rest, qdd=1.001 * limits.acceleration)).any()
    ramping = replace(rest, qd=0.99 * limits.velocity, qdd=limits.acceleration)
    assert not limits.can_stop(ramping).any(), 'it would be too fast before it is slower'
    assert not limits.can_stop(replace(rest, q=limits.lower, qd=np.full(6, -0.01))).any()
    assert limits.can_stop(replace(rest, q=limits.lower, qd=np.full(6, 0.01))).all()


def test_stoppable_velocity_can_stop(limits):
    rng = np.random.default_rng(6)
    for q in rng.uniform(limits.lower, limits.upper, (200, 6)):
        direction = rng.choice([-1.0, 1.0], 6)
        speed = np.minimum(limits.stoppable_velocity(q, direction), limits.velocity)
        state = MotionState(q=q, qd=direction * speed, qdd=np.zeros(6))
        assert limits.can_stop(state).all()


@pytest.mark.parametrize('name', DERIVATIVES)
@pytest.mark.parametrize(
    'values', [[1.0] * 5, [1.0] * 5 + [0.0], [1.0] * 5 + [-1.0], [np.nan] * 6, [np.inf] * 6, 1.0]
)
def test_limits_are_refused_by_name_when_they_are_not_six_positive_numbers(limits, name, values):
    with pytest.raises(NeuralIkError, match=name):
        replace(limits, **{name: np.array(values)})


def test_limits_of_an_arm_are_scaled_by_the_share_of_velocity(arm):
    limits = MotionLimits.of_arm(arm, acceleration=ACCELERATION, jerk=JERK, velocity_scale=0.25)
    assert_allclose(limits.velocity, 0.25 * arm.velocity)
    assert_array_equal(limits.lower, arm.lower)
    generator = MotionGenerator(limits)
    rng = np.random.default_rng(7)
    generator.reset(random_joints(arm, rng, 1)[0])
    times, q = play(generator, single_goals_anywhere(rng, limits))
    assert_within_limits(times, q, limits)
    assert limit_shares(times, q, limits)['velocity'] > 0.9
