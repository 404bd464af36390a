# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each watchdog: a smooth stop, its status, and how it goes on afterwards."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tracker_bench import (
    FAR,
    HOME,
    MS,
    PERIOD,
    T0,
    Bench,
    assert_moves_within_limits,
    assert_refused,
    path_from_home,
    state_of,
)

from neural_ik_ros.motion import Output, StreamStatus, TrackerState
from neural_ik_ros.solver import IkStatus

HOUR = 3600 * 1000 * MS
PATH = path_from_home(400)
N_BEFORE = 250  # targets before the fault, the last ones in full motion
REST = 1200 * MS  # longer than the stop and recovery take
RESUMED = 'no targets until ~/resume is called'


def stuck_joint(bench: Bench) -> None:
    stuck = bench.q.copy()
    for q_target in PATH[N_BEFORE:]:
        bench.now += PERIOD
        bench.q = np.where(np.arange(6) == 3, stuck, state_of(bench.commands[-1][1], bench.now))
        bench.measured(bench.q)
        if bench.faults:
            bench.arm_obeys = False
            return
        bench.target(q_target)


def clock_back(bench: Bench) -> None:
    bench.now -= HOUR
    bench.report(bench.tick())


def late_loop(bench: Bench) -> None:
    bench.now += 60 * MS
    bench.joints()
    bench.report(bench.tick())


FAULTS = {
    StreamStatus.FOLLOWING_ERROR: (stuck_joint, r'joint_4 is 0\.05'),
    StreamStatus.CLOCK_JUMP: (clock_back, r'3600\.000 s'),
    StreamStatus.COMMAND_OVERDUE: (late_loop, r'late 0\.04\d s, allowed 0\.030 s'),
}
INTERRUPTIONS = (StreamStatus.CLOCK_JUMP, StreamStatus.COMMAND_OVERDUE)  # which the arm obeyed


@pytest.fixture(params=FAULTS, ids=lambda status: status.name)
def status(request) -> StreamStatus:
    return request.param


@pytest.fixture(params=INTERRUPTIONS, ids=lambda status: status.name)
def interruption(request) -> StreamStatus:
    return request.param


@pytest.fixture
def moving(make_bench) -> Bench:
    """In full motion."""
    bench = make_bench(max_command_delay_s=0.03)
    bench.joints()
    bench.stream(PATH[:N_BEFORE])
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.1
    return bench


def provoke(bench: Bench, status: StreamStatus) -> Output:
    """Return the fault, reported by the input that shows it."""
    FAULTS[status][0](bench)
    (fault,) = bench.faults
    assert fault.command is not None, 'at once'
    assert bench.tracker.state(bench.now) is TrackerState.FAULT
    return fault


def test_fault_is_reported_once_with_its_numbers(moving, status):
    output = provoke(moving, status)
    assert output.status is status
    assert re.search(FAULTS[status][1], output.reason)
    remedy = RESUMED
    if status in INTERRUPTIONS:
        remedy = 'no targets until the arm has been at rest for 0.5 s'
    assert remedy in output.reason
    for _ in range(50):
        moving.now += PERIOD
        moving.joints()
        assert moving.tick() is None
    assert len(moving.faults) == 1


def test_interruption_is_answered_by_a_stop_within_the_limits(moving, interruption, limits):
    q_before = moving.q
    command = provoke(moving, interruption).command
    moving.wait(1000 * MS)
    assert_array_equal(moving.q, command.states[-1, 0])
    assert np.abs(moving.q - q_before).max() > 0.01, 'it did not stand still at once'
    if interruption is StreamStatus.CLOCK_JUMP:  # the same motion by another clock
        moving.trace = [(time + HOUR if time < T0 else time, q) for time, q in moving.trace]
    assert_moves_within_limits(*moving.motion(), limits)


def test_targets_are_refused_while_a_fault_lasts(moving, status):
    provoke(moving, status)
    for _ in range(100):  # 0.4 s: at rest, but not for long enough
        moving.now += PERIOD
        moving.joints()
        assert_refused(moving.target(FAR), status)
        assert moving.tick() is None


def test_interruption_ends_by_itself_when_the_arm_has_been_at_rest(moving, interruption):
    provoke(moving, interruption)
    moving.wait(REST)
    q = moving.q.copy()
    output = moving.target(HOME)
    assert output.status is IkStatus.SOLVED
    assert_array_equal(output.command.states[0, 0], q, err_msg='from the measured joints')


def test_interruption_lasts_while_the_arm_moves(moving, interruption):
    provoke(moving, interruption)
    for k in range(300):
        moving.now += PERIOD
        moving.measured(HOME + 0.0002 * k)
        assert_refused(moving.target(FAR), interruption)


def test_fault_of_the_arm_lasts_until_it_is_acknowledged(moving):
    provoke(moving, StreamStatus.FOLLOWING_ERROR)
    moving.wait(10 * REST)
    assert_refused(moving.target(FAR), StreamStatus.FOLLOWING_ERROR)
    assert moving.tracker.resume() == ''
    q = moving.q.copy()
    output = moving.target(HOME)
    assert output.status is IkStatus.SOLVED
    assert_array_equal(output.command.states[0, 0], q, err_msg='from the measured joints')


@pytest.mark.parametrize('ends', ['resume', 'restart'])
def test_fault_lasts_where_recovery_is_not_automatic(make_bench, status, ends):
    bench = make_bench(automatic_recovery=False, max_command_delay_s=0.03)
    bench.joints()
    bench.stream(PATH[:N_BEFORE])
    assert RESUMED in provoke(bench, status).reason
    bench.wait(10 * REST)
    assert_refused(bench.target(FAR), status)
    getattr(bench.tracker, ends)()
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


# The joint state


def test_stale_joint_state_in_motion_is_answered_by_braking(make_bench):
    bench = make_bench(joint_state_timeout_s=0.02)
    bench.stream(PATH[:250])
    answers = []
    for q_target in PATH[250:300]:
        bench.now += PERIOD
        answers.append(bench.target(q_target).status)
        bench.tick()
    assert answers == [IkStatus.SOLVED] * 5 + [StreamStatus.STALE_JOINT_STATE] * 45
    stop = bench.commands[-1][1]
    assert len(stop.time_ns) - stop.n_known > 3, 'one command with the whole stop'
    assert not stop.states[-1, 1:].any(), 'at rest at its end'
    assert np.abs(stop.states[stop.n_known, 0] - PATH[259]).max() < 0.01, 'it starts in motion'
    assert np.abs(stop.states[stop.n_known, 1]).max() > 0.1


def test_motion_after_a_stale_joint_state_starts_where_the_arm_is(make_bench):
    bench = make_bench(joint_state_timeout_s=0.02)
    bench.stream(PATH[:N_BEFORE])
    bench.now += 30 * MS
    assert bench.tick().status is StreamStatus.STALE_JOINT_STATE
    bench.arm_obeys, bench.q = False, HOME.copy()  # it came back somewhere else
    bench.wait(REST)
    output = bench.target(FAR)
    assert output.status is IkStatus.SOLVED
    assert_allclose(output.command.q, HOME, atol=1e-4)
    assert_array_equal(output.command.states[0, 0], HOME)


# Clocks


def test_clock_that_jumps_back_makes_old_joints_useless(make_bench):
    bench = make_bench()
    bench.joints()
    bench.now -= HOUR
    assert_refused(bench.target(FAR), StreamStatus.NO_JOINT_STATE)
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_clock_that_is_corrected_a_little_is_no_fault(moving):
    moving.now -= 20 * MS
    outputs = moving.stream(PATH[N_BEFORE:])
    assert {output.status for output in outputs} == {IkStatus.SOLVED}


def test_bag_that_loops_is_followed_in_each_round(make_bench):
    bench = make_bench()
    start = bench.now
    for _ in range(3):
        bench.now = start
        bench.joints()
        n_solved = 0
        for q_target in PATH:
            bench.now += PERIOD
            bench.joints()
            output = bench.target(q_target)
            n_solved += output.command is not None
            assert output.status in (IkStatus.SOLVED, StreamStatus.CLOCK_JUMP)
            bench.tick()
        assert n_solved >= len(PATH) - 310, 'all but the stop and half a second at rest'


def test_clock_that_stands_still_makes_no_command(moving):
    n_before = len(moving.commands)
    for _ in range(1000):
        moving.joints()
        assert moving.tick() is None
    assert not moving.faults
    assert len(moving.commands) == n_before
    outputs = moving.stream(PATH[N_BEFORE:])
    assert {output.status for output in outputs} == {IkStatus.SOLVED}


# The rate


@pytest.mark.parametrize('late', [13 * MS, 20 * MS, 35 * MS])
def test_late_command_goes_on_from_where_the_controller_went(moving, limits, late):
    """Later than two periods, the arm is on its way to rest."""
    moving.now += late
    moving.joints()
    moving.stream(PATH[N_BEFORE:])
    moving.wait(2000 * MS)
    assert_moves_within_limits(*moving.motion(), limits)
    assert_allclose(moving.q, PATH[-1], atol=1e-8)


def test_overrun_is_no_fault_when_nothing_moves(make_bench):
    bench = make_bench()
    bench.joints()
    bench.target(HOME)
    bench.now += 600 * MS
    bench.joints()
    assert bench.target(HOME).status is IkStatus.SOLVED
