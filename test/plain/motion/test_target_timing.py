# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""When targets are meant for: evenly spaced, whatever their stamps and arrivals do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_ik_ros.motion.target_timing import (
    MAX_DRIFT,
    MAX_ERROR_NS,
    MAX_INTERVAL_S,
    STARTING_TARGETS,
    TargetTiming,
)

MS = 1_000_000
S = 1000 * MS
T0 = 1_700_000_000 * S
PERIOD = 4 * MS


def assert_unfelt(times: np.ndarray) -> None:
    """Require even times once the arm has caught up with the stream."""
    steps = np.diff(times)[STARTING_TARGETS:]
    assert np.abs(steps - PERIOD).max() <= MAX_DRIFT * PERIOD + 1


def meant_for(targets: TargetTiming, stamp: int, now: int) -> int:
    return targets.update(targets.interval_to(stamp), stamp, now)


def stream(targets: TargetTiming, stamps: np.ndarray, arrivals: np.ndarray) -> np.ndarray:
    """Return the times that targets are meant for, by the node's clock."""
    return np.array(
        [meant_for(targets, *one) for one in zip(stamps.tolist(), arrivals.tolist(), strict=True)]
    )


@pytest.mark.parametrize('delay', [-30 * MS, 0, 1 * MS, 90 * MS])
def test_first_target_is_meant_for_now_whatever_its_stamp(delay):
    assert meant_for(TargetTiming(), T0 - delay, T0) == T0


@pytest.mark.parametrize('jitter', [1 * MS, 4 * MS, 15 * MS])
def test_jitter_of_arrivals_is_not_felt(jitter):
    stamps = T0 + PERIOD * np.arange(1000)
    arrivals = stamps + np.random.default_rng(1).integers(0, jitter, 1000)
    times = stream(TargetTiming(), stamps, arrivals)
    assert_unfelt(times)
    assert np.abs(times - stamps).max() <= jitter


@pytest.mark.parametrize('jitter', [4 * MS, 15 * MS])
def test_delay_settles_at_the_mean_of_the_arrivals(jitter):
    stamps = T0 + PERIOD * np.arange(20_000)
    arrivals = stamps + np.random.default_rng(2).integers(0, jitter, 20_000)
    times = stream(TargetTiming(), stamps, arrivals)
    assert np.abs((times - stamps)[-1000:] - jitter / 2).max() < 0.1 * jitter


def test_lost_targets_leave_the_others_where_they_are():
    kept = np.random.default_rng(3).random(1000) > 0.3
    kept[0] = True
    stamps = (T0 + PERIOD * np.arange(1000))[kept]
    assert np.array_equal(stream(TargetTiming(), stamps, stamps + MS), stamps + MS)


def test_targets_that_come_in_bunches_are_spread_again():
    """Five at a time, as from a queue; the first of them waited longest."""
    stamps = T0 + PERIOD * np.arange(1000)
    arrivals = T0 + 5 * PERIOD * (np.arange(1000) // 5 + 1)
    assert_unfelt(stream(TargetTiming(), stamps, arrivals))


@pytest.mark.parametrize('late', [3 * MS, 15 * MS])
def test_first_target_that_comes_late_does_not_delay_the_others_for_long(late):
    """As the first message of a new connection does."""
    stamps = T0 + PERIOD * np.arange(1000)
    arrivals = stamps.copy()
    arrivals[0] += late
    delays = stream(TargetTiming(), stamps, arrivals) - stamps
    assert delays[STARTING_TARGETS] < 0.05 * late
    assert delays[STARTING_TARGETS + 250] < 0.01 * late


@pytest.mark.parametrize('rate', [1.0 - 5e-4, 1.0 - 1e-4, 1.0 + 1e-4, 1.0 + 5e-4])
def test_stamps_of_a_clock_that_runs_fast_or_slow_are_followed(rate):
    stamps = T0 + PERIOD * np.arange(50_000)
    arrivals = T0 + np.rint(PERIOD / rate * np.arange(50_000)).astype(np.int64)
    times = stream(TargetTiming(), stamps, arrivals)
    assert np.abs(times - arrivals).max() < MAX_ERROR_NS, 'no delay that grows'
    assert np.abs(np.diff(times) - PERIOD).max() <= MAX_DRIFT * PERIOD + 1, 'and no jump'


@pytest.mark.parametrize('jump', [50 * MS, 90 * MS])
def test_stamps_that_jump_ahead_are_meant_for_now(jump):
    targets = TargetTiming()
    stamps = T0 + PERIOD * np.arange(100)
    stream(targets, stamps, stamps + MS)
    now = int(stamps[-1]) + PERIOD
    assert meant_for(targets, now + jump, now) == now
    assert meant_for(targets, now + jump + PERIOD, now + PERIOD) == now + PERIOD


@pytest.mark.parametrize('jump', [50 * MS, 90 * MS])
def test_stamps_that_jump_back_are_meant_for_now_before_long(jump):
    targets = TargetTiming()
    stamps = T0 + PERIOD * np.arange(200)
    arrivals = stamps + MS
    stamps[100:] -= jump
    late = arrivals - stream(targets, stamps, arrivals)
    assert np.all(late[100:] <= MAX_ERROR_NS)
    assert np.all(late[130:] == 0)


@pytest.mark.parametrize('n_held_up', [6, 15, 25, 100])
def test_targets_that_were_held_up_leave_the_others_where_they_are(n_held_up):
    """As by a node that stood still: then they all come at once."""
    stamps = T0 + PERIOD * np.arange(400)
    arrivals = stamps + MS
    held_up = slice(200, 200 + n_held_up)
    arrivals[held_up] = arrivals[held_up.stop]
    times = stream(TargetTiming(), stamps, arrivals)
    assert np.abs((times - stamps - MS)[held_up.stop :]).max() < 0.1 * MS
    assert np.all(arrivals - times <= MAX_ERROR_NS)


@pytest.mark.parametrize(
    ('step', 'is_stream'),
    [(0, False), (-PERIOD, False), (1, True), (200 * MS, True), (201 * MS, False), (S, False)],
)
def test_interval_is_that_of_a_stream_or_zero(step, is_stream):
    targets = TargetTiming()
    assert targets.interval_to(T0) == 0.0
    meant_for(targets, T0, T0)
    assert targets.interval_to(T0 + step) == pytest.approx(1e-9 * step if is_stream else 0.0)
    assert targets.interval_s == 0.0, 'asking changes nothing'


def test_stream_has_stopped_after_two_and_a_half_intervals():
    targets = TargetTiming()
    stamps = T0 + 20 * MS * np.arange(5)
    stream(targets, stamps, stamps)
    last = int(stamps[-1])
    assert not targets.has_stopped(last + 50 * MS, 1e-9 * PERIOD)
    assert targets.has_stopped(last + 51 * MS, 1e-9 * PERIOD)
    assert targets.end_stream()
    assert not targets.end_stream(), 'only once'


@pytest.mark.parametrize(('interval', 'is_dense'), [(1, True), (5, True), (7, False), (20, False)])
def test_stream_is_dense_where_it_paces_the_commands(interval, is_dense):
    targets = TargetTiming()
    stamps = T0 + interval * MS * np.arange(5)
    stream(targets, stamps, stamps)
    assert targets.is_dense(1e-9 * PERIOD) == is_dense


def test_clock_that_is_set_back_does_not_make_targets_younger_than_now():
    targets = TargetTiming()
    meant_for(targets, T0, T0)
    targets.clamp_to(T0 - S)
    assert targets.age_s(T0 - S) == 0.0


@given(
    st.lists(
        st.tuples(st.integers(0, S), st.integers(-100 * MS, 100 * MS)), min_size=1, max_size=60
    )
)
def test_targets_are_meant_for_a_time_near_their_arrival(arrivals):
    """As near as the delay of a stream may be wrong, whatever the stamps are."""
    targets, now = TargetTiming(), T0
    for step, age in arrivals:
        now += step
        time = meant_for(targets, now - age, now)
        assert abs(time - now) <= MAX_ERROR_NS + MAX_DRIFT * MAX_INTERVAL_S * S
