# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What joint states tell of the controller's clock, and how stamps are corrected for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_ik_ros.motion.clock_offset import MAX_DRIFT, UNRELATED_NS, WINDOW_NS, ClockOffset

MS = 1_000_000
S = 1000 * MS
T0 = 1_700_000_000 * S
TRAVEL = 200_000  # [ns] that a joint state takes, at least


def feed(
    offset: ClockOffset,
    *,
    ahead: int,
    duration: int = S,
    start: int = T0,
    travel: int = TRAVEL,
    jitter: int = 0,
) -> int:
    """Feed joint states of a controller whose clock is ahead; return the time of the last."""
    rng = np.random.default_rng(1)
    now = start
    while now < start + duration:
        now += 4 * MS
        delay = travel + int(rng.integers(0, jitter + 1))
        offset.update(now - delay + ahead, now)
    return now


@pytest.mark.parametrize('jitter', [0, 5 * MS, 100 * MS])
@pytest.mark.parametrize('ahead', [-15 * MS, 0, 1 * MS, 10 * MS, 19 * MS])
def test_stamps_are_corrected_by_no_more_than_the_clock_is_ahead(ahead, jitter):
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=ahead, jitter=jitter)
    offset.reset_correction(now)
    correction = offset.ahead_ns(now)
    assert 0 <= correction <= max(ahead, 0), 'messages take no negative time'
    if jitter == 0:
        assert correction == max(ahead - TRAVEL, 0)
    assert not offset.is_exceeded


@pytest.mark.parametrize('ahead', [-15 * MS, -3 * MS, 0, 10 * MS])
def test_clock_is_behind_by_no_more_than_joint_states_take(ahead):
    offset = ClockOffset(limit_s=0.02)
    feed(offset, ahead=ahead)
    assert max(-ahead, 0) <= offset.behind_ns <= max(TRAVEL - ahead, 0)


@pytest.mark.parametrize(('limit', 'allowed'), [(0.02, 20 * MS), (0.005, 5 * MS), (0.0, 20 * MS)])
def test_time_behind_is_limited_since_a_delay_looks_like_it(limit, allowed):
    """Joint states may be late by themselves: an arm behind a slow bus has an old clock, too."""
    offset = ClockOffset(limit_s=limit)
    feed(offset, ahead=-300 * MS)
    assert offset.behind_ns == allowed


@pytest.mark.parametrize(('ahead', 'is_exceeded'), [(20 * MS, False), (21 * MS, True)])
def test_limit_is_exceeded_where_the_clock_is_too_far_ahead(ahead, is_exceeded):
    offset = ClockOffset(limit_s=0.02)
    feed(offset, ahead=ahead)
    assert offset.is_exceeded == is_exceeded


def test_one_early_stamp_is_enough_and_is_forgotten_later():
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=0)
    offset.update(now + 50 * MS, now)
    assert offset.is_exceeded
    now = feed(offset, ahead=0, start=now, duration=3 * WINDOW_NS)
    assert not offset.is_exceeded


def test_without_a_limit_every_offset_is_accepted_and_none_is_corrected():
    offset = ClockOffset(limit_s=0.0)
    now = feed(offset, ahead=400 * MS)
    offset.reset_correction(now)
    assert not offset.is_exceeded
    assert offset.ahead_ns(now) == 0


@pytest.mark.parametrize('ahead', [2 * UNRELATED_NS, -2 * UNRELATED_NS, 10**18, -(10**18)])
def test_stamps_of_another_clock_say_nothing(ahead):
    """As of a robot whose clock counts from when it was switched on."""
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=ahead)
    offset.reset_correction(now)
    assert offset.delay_ns is None
    assert not offset.is_exceeded
    assert offset.ahead_ns(now) == 0
    assert offset.behind_ns == 0
    assert offset.node_time_ns(now - ahead, now) == now


def test_correction_follows_the_clock_too_slowly_to_be_felt():
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=0)
    offset.reset_correction(now)
    assert offset.ahead_ns(now) == 0
    corrections = []
    for _ in range(1500):
        now = feed(offset, ahead=10 * MS, start=now, duration=4 * MS)
        corrections.append(offset.ahead_ns(now))
    steps = np.diff([0, *corrections])
    assert (steps >= 0).all()
    assert steps.max() <= MAX_DRIFT * 4 * MS + 1
    assert corrections[-1] == pytest.approx(MAX_DRIFT * 1500 * 4 * MS, rel=0.01)


def test_correction_comes_at_once_with_a_new_motion():
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=0)
    offset.reset_correction(now)
    now = feed(offset, ahead=10 * MS, start=now)
    assert 0 < offset.ahead_ns(now) < 5 * MS
    offset.reset_correction(now)
    assert offset.ahead_ns(now) == 10 * MS - TRAVEL


@pytest.mark.parametrize('ahead', [-15 * MS, 0, 10 * MS])
def test_readings_that_waited_keep_the_time_when_they_were_measured(ahead):
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=ahead)
    for waited in (0, 30 * MS, 200 * MS):
        stamp = now - TRAVEL + ahead
        assert offset.node_time_ns(stamp, now + waited) == now


def test_readings_are_never_of_the_future():
    offset = ClockOffset(limit_s=0.02)
    now = feed(offset, ahead=0)
    assert offset.node_time_ns(now + 100 * MS, now) == now
    assert offset.node_time_ns(0, now) == now, 'no stamp'


def test_clear_forgets_the_clock():
    offset = ClockOffset(limit_s=0.02)
    feed(offset, ahead=100 * MS)
    offset.clear()
    assert offset.delay_ns is None
    assert not offset.is_exceeded
    assert offset.ahead_ns(T0 + 2 * S) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 2 * S), st.integers(-10 * S, 10 * S)), min_size=1, max_size=50
    )
)
def test_whatever_comes_the_correction_is_within_its_limit(readings):
    offset, now = ClockOffset(limit_s=0.02), T0
    for step, delay in readings:
        now += step
        offset.update(now - delay, now)
        assert 0 <= offset.ahead_ns(now) <= 20 * MS
        assert 0 <= offset.behind_ns <= 20 * MS
        assert offset.node_time_ns(now - delay, now) <= now
