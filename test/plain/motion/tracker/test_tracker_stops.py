# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stops: emitted at once, smooth, and never lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from numpy.testing import assert_array_equal
from tracker_bench import (
    FAR,
    FAST,
    HOME,
    MS,
    PERIOD,
    Bench,
    assert_moves_within_limits,
    assert_refused,
)

from neural_ik_ros.motion import Output, StreamStatus, TrackerState
from neural_ik_ros.solver import IkStatus

Event = Callable[[Bench], Output | None]


def hold(bench: Bench) -> Output | None:
    return bench.tracker.hold(bench.now)


def inhibit(bench: Bench) -> Output | None:
    return bench.tracker.inhibit('another arm', bench.now)


def clock_back(bench: Bench) -> Output | None:
    bench.now -= 3600 * 1000 * MS
    return bench.tracker.on_joints(bench.q, bench.now)


def inactive_controller(bench: Bench) -> Output | None:
    bench.tracker.supervisor.expect_controller_state()
    return bench.tracker.on_tick(bench.now)


def scaled_speed(bench: Bench) -> Output | None:
    bench.tracker.supervisor.on_controller_state(0.5, bench.now)
    return bench.tracker.on_tick(bench.now)


EVENTS = (hold, inhibit, clock_back, inactive_controller, scaled_speed)


@pytest.mark.parametrize('event', EVENTS, ids=lambda event: event.__name__)
def test_fault_brings_its_stop_at_once(moving, event, limits):
    fault = event(moving)
    assert fault is not None
    assert not fault.status.is_solved
    assert fault.command is not None
    assert moving.tracker.state(moving.now) is TrackerState.FAULT
    moving.report(fault)
    if event is clock_back:
        moving.trace.clear()
    moving.wait(1000 * MS)
    assert_array_equal(moving.q, fault.command.states[-1, 0])
    if event is not clock_back:
        assert_moves_within_limits(*moving.motion(), limits)
    assert moving.faults == [fault], 'once'


@pytest.mark.parametrize('second', [hold, inhibit], ids=lambda event: event.__name__)
@pytest.mark.parametrize('first', EVENTS, ids=lambda event: event.__name__)
def test_second_event_during_a_stop_leaves_the_stop_as_it_is(moving, first, second):
    fault = first(moving)
    moving.report(fault)
    moving.now += 2 * PERIOD
    moving.report(moving.tracker.on_joints(moving.q, moving.now))
    again = second(moving)
    assert again.command is None, 'the one that was sent is enough'
    moving.wait(1000 * MS)
    assert_array_equal(moving.q, fault.command.states[-1, 0])


@pytest.mark.parametrize('end', ['stop', 'restart'])
@pytest.mark.parametrize('event', EVENTS, ids=lambda event: event.__name__)
def test_deactivation_after_a_fault_sends_nothing_more(moving, event, end):
    moving.report(event(moving))
    stop = moving.commands[-1][1]
    assert len(stop.time_ns) > 0
    n_before = len(moving.commands)
    if end == 'stop':
        assert moving.tracker.stop(moving.now) is None
    else:
        moving.tracker.restart()
    moving.wait(1000 * MS)
    assert len(moving.commands) == n_before
    assert_array_equal(moving.q, stop.states[-1, 0])


def test_stop_while_the_arm_moves_brings_the_stop(moving, limits):
    command = moving.stop()
    assert command is not None
    moving.wait(1000 * MS)
    assert_array_equal(moving.q, command.states[-1, 0])
    assert_moves_within_limits(*moving.motion(), limits)


@pytest.mark.parametrize('event', [hold, inhibit], ids=lambda event: event.__name__)
def test_event_without_a_motion_has_no_stop(bench, event):
    fault = event(bench)
    assert fault.command is None
    assert bench.tracker.state(bench.now) is TrackerState.FAULT


def test_hold_lasts_until_resume_whatever_the_configuration(make_bench):
    for is_automatic in (True, False):
        bench = make_bench(automatic_recovery=is_automatic)
        bench.joints()
        bench.report(bench.tracker.hold(bench.now))
        bench.wait(5000 * MS)
        assert_refused(bench.target(FAR), StreamStatus.STOPPED, '~/resume')
        assert bench.tracker.hold(bench.now).status is StreamStatus.STOPPED, 'again'
        assert bench.tracker.resume() == ''
        assert bench.target(FAR).status is IkStatus.SOLVED


def test_resume_does_not_end_what_only_activation_may(bench):
    bench.report(bench.tracker.inhibit('another arm', bench.now))
    reason = bench.tracker.resume()
    assert 'another arm' in reason
    assert 'activated again' in reason
    assert_refused(bench.target(FAR), StreamStatus.ROBOT_DESCRIPTION_MISMATCH)
    bench.tracker.restart()
    assert bench.tracker.resume() == '', 'nothing to acknowledge'


def test_resume_without_a_fault_changes_nothing(moving):
    state = moving.tracker.state(moving.now)
    assert moving.tracker.resume() == ''
    assert moving.tracker.state(moving.now) is state


def test_hold_outlasts_a_fault_that_would_end_by_itself(moving):
    """Who stops the arm does not expect it to move again, whatever else has happened."""
    fault = clock_back(moving)
    assert fault.status is StreamStatus.CLOCK_JUMP
    assert moving.tracker.hold(moving.now).status is StreamStatus.STOPPED
    moving.wait(2000 * MS)
    assert_refused(moving.target(FAR), StreamStatus.STOPPED, '~/resume')


def test_hold_does_not_replace_the_fault_that_came_first(moving):
    moving.report(moving.tracker.inhibit('another arm', moving.now))
    assert moving.tracker.hold(moving.now).status is StreamStatus.ROBOT_DESCRIPTION_MISMATCH


@pytest.mark.parametrize('is_automatic', [True, False])
def test_interruption_recovers_by_itself_only_if_configured(make_bench, is_automatic):
    bench = make_bench(automatic_recovery=is_automatic)
    bench.joints()
    bench.stream(FAST)
    bench.report(clock_back(bench))
    bench.wait(2000 * MS)
    expected = IkStatus.SOLVED if is_automatic else StreamStatus.CLOCK_JUMP
    assert bench.target(HOME).status is expected
    assert bench.tracker.resume() == ''
    assert bench.target(HOME).status is IkStatus.SOLVED
