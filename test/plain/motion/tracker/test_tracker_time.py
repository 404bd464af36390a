# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rates, bunched messages and clocks that jump."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tracker_bench import (
    BETWEEN_TOL,
    FAR,
    HOME,
    MS,
    PERIOD,
    Bench,
    path_from_home,
    state_of,
)

from neural_ik_ros.kinematics import FloatArray, forward
from neural_ik_ros.motion import StreamStatus


def scenario(bench: Bench) -> list[tuple[str, FloatArray, int]]:
    """Return every answer to a mixture of good, bad, late and lost messages."""
    rng = np.random.default_rng(1)
    answers = []
    for q_target in path_from_home(400):
        bench.now += int(rng.integers(1, 3 * PERIOD))
        if rng.random() < 0.8:
            bench.joints()
        age = int(rng.integers(-5, 5)) * MS if rng.random() < 0.95 else 1000 * MS
        output = bench.target(q_target, age=age) if rng.random() < 0.7 else bench.tick()
        if output is not None:
            row = np.zeros(6) if output.command is None else output.command.q
            answers.append((output.status.name, row, bench.now))
    return answers


def test_tracker_is_deterministic_in_its_inputs(make_bench):
    first, second = scenario(make_bench()), scenario(make_bench())
    assert len(first) == len(second) > 200
    for (name, row, now), (other_name, other_row, other_now) in zip(first, second, strict=True):
        assert (name, now) == (other_name, other_now)
        assert_array_equal(row, other_row)


def test_motion_never_runs_ahead_of_the_clock(bench, arm):
    """Stamps that advance faster than the clock must not make the arm faster than its limits."""
    goal = HOME.copy()
    goal[0] += 2.5
    bench.target(goal)
    bench.wait(700 * MS)
    assert bench.tracker.generator.state.qd[0] > 1.5
    start, n_before = bench.now, len(bench.trace)
    for k in range(1, 60):
        bench.now += MS
        bench.joints()
        output = bench.pose(forward(arm, goal), start + 7 * MS * k)
        if output.command is None:
            assert output.status is StreamStatus.STALE_TARGET
    times = np.array([time for time, _ in bench.trace[n_before - 1 :]])
    rows = np.array([q for _, q in bench.trace[n_before - 1 :]])
    speeds = np.abs(np.diff(rows, axis=0)) / (1e-9 * np.diff(times)[:, None])
    assert (speeds <= arm.velocity * (1.0 + BETWEEN_TOL['velocity'])).all()


@pytest.mark.parametrize('rate_hz', [1.0, 5.0, 50.0, 1000.0])
def test_dense_targets_are_followed_within_the_velocity_limits_at_any_rate(make_bench, rate_hz):
    bench = make_bench(rate_hz=rate_hz)
    bench.stream(path_from_home(200))
    times, rows = bench.motion()
    speeds = np.abs(np.diff(rows, axis=0)) / np.diff(times)[:, None]
    assert len(speeds) > 100
    assert (speeds.max(axis=0) <= bench.tracker.generator.limits.velocity).all()
    assert np.abs(rows[-1] - rows[0]).max() > 0.05, 'it follows'


@pytest.mark.parametrize('rate_hz', [250.0, 1000.0, 20.0])
def test_first_step_is_short_whatever_the_rate(make_bench, limits, rate_hz):
    """The arm begins with no more than its jerk, also where the next command is far off."""
    bench = make_bench(rate_hz=rate_hz)
    bench.joints()
    command = bench.target(FAR).command
    ahead = command.time_ns - command.time_ns[command.n_known - 1]
    assert ahead[command.n_known] >= round(1e9 / rate_hz), 'no sooner than the next command'
    for time in range(0, int(ahead[command.n_known]), MS):
        now = command.stamp_ns + int(command.time_ns[command.n_known - 1]) + time
        step = np.abs(state_of(command, now) - HOME)
        assert (step <= limits.jerk * (1e-9 * time) ** 3).all()
