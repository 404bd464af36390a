# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each watchdog: a smooth stop, its status, and how it goes on afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from derivatives import assert_within_limits
from numpy.testing import assert_allclose
from tracker_bench import (
    FAR,
    HOME,
    MS,
    PERIOD,
    Bench,
    assert_refused,
    path_from_home,
)

from neural_ik_ros.motion import Output, StreamStatus
from neural_ik_ros.solver import IkStatus

HOUR = 3600 * 1000 * MS
PATH = path_from_home(400)
N_BEFORE = 250  # targets before the fault, the last ones in full motion
REST = 600 * MS  # longer than recovery takes


def stuck_joint(bench: Bench) -> None:
    stuck = bench.q.copy()
    for q_target in PATH[N_BEFORE:]:
        bench.now += PERIOD
        bench.tracker.on_joints(np.where(np.arange(6) == 3, stuck, bench.q), bench.now)
        if bench.target(q_target).status is StreamStatus.FOLLOWING_ERROR:
            return


def clock_back(bench: Bench) -> None:
    bench.now -= HOUR


def late_loop(bench: Bench) -> None:
    bench.now += 60 * MS
    bench.joints()


FAULTS = {
    StreamStatus.FOLLOWING_ERROR: (stuck_joint, 'joint_4 is 0.05'),
    StreamStatus.CLOCK_JUMP: (clock_back, '3600.000 s'),
    StreamStatus.COMMAND_OVERDUE: (late_loop, 'late 0.058 s, allowed 0.040 s'),
}


@pytest.fixture(params=FAULTS, ids=lambda status: status.name)
def status(request) -> StreamStatus:
    return request.param


@pytest.fixture
def moving(make_bench) -> Bench:
    """In full motion."""
    bench = make_bench(max_command_delay_s=0.04)
    bench.joints()
    bench.stream(PATH[:N_BEFORE])
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.1
    return bench


def provoke(bench: Bench, status: StreamStatus) -> Output:
    """Return what the tick after a fault tells."""
    FAULTS[status][0](bench)
    output = bench.tick()
    assert output is not None
    return output


def test_fault_is_reported_once_with_its_numbers(moving, status):
    output = provoke(moving, status)
    assert output.status is status
    assert FAULTS[status][1] in output.reason
    assert 'no targets until the arm has been at rest for 0.5 s' in output.reason
    moving.now += PERIOD
    assert moving.tick() is None


def test_fault_is_answered_by_a_stop_within_the_limits(moving, status, limits):
    stop = provoke(moving, status).command.q
    rows, times = moving.rows[: -len(stop)][-20:], moving.times[-21:]
    # A clock that jumped makes the last of the times useless, but it is one period at most.
    gaps = np.diff(times, prepend=times[0])
    sent = np.cumsum(np.where(gaps < 0, PERIOD, gaps))
    due = np.concatenate([sent[:-1] + PERIOD, sent[-1] + PERIOD * np.arange(1, len(stop) + 2)])
    assert_within_limits(1e-9 * due, np.vstack([rows, stop, stop[-1]]), limits)


def test_targets_are_refused_while_a_fault_lasts(moving, status):
    provoke(moving, status)
    for _ in range(100):  # 0.4 s: at rest, but not for long enough
        moving.now += PERIOD
        moving.joints()
        assert_refused(moving.target(FAR), status)
        assert moving.tick() is None


def test_fault_ends_by_itself_when_the_arm_has_been_at_rest(moving, status):
    provoke(moving, status)
    moving.wait(REST)
    q = moving.q.copy()
    output = moving.target(HOME)
    assert output.status is IkStatus.SOLVED
    assert_allclose(output.command.q[0], q, atol=1e-5, err_msg='from the measured joints')


def test_fault_lasts_while_the_arm_moves(moving, status):
    provoke(moving, status)
    for k in range(300):
        moving.now += PERIOD
        moving.q = HOME + 0.0002 * k
        moving.joints()
        assert_refused(moving.target(FAR), status)


def test_fault_lasts_until_activation_where_recovery_is_not_automatic(make_bench, status):
    bench = make_bench(automatic_recovery=False, max_command_delay_s=0.04)
    bench.joints()
    bench.stream(PATH[:N_BEFORE])
    assert 'until the node is activated again' in provoke(bench, status).reason
    bench.wait(10 * REST)
    assert_refused(bench.target(FAR), status)
    bench.tracker.restart()
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
    sample_stop = bench.commands[-1][1].q
    assert len(sample_stop) > 10, 'one command with the whole stop'
    assert np.abs(np.diff(sample_stop, axis=0))[-1].max() < 1e-9, 'at rest at its end'
    assert np.abs(sample_stop[0] - PATH[255]).max() < 1e-3, 'it starts in motion'


def test_motion_after_a_stale_joint_state_starts_where_the_arm_is(make_bench):
    bench = make_bench(joint_state_timeout_s=0.02)
    bench.stream(PATH[:N_BEFORE])
    bench.now += 30 * MS
    assert bench.tick().status is StreamStatus.STALE_JOINT_STATE
    bench.q = HOME.copy()  # it came back somewhere else
    bench.wait(REST)
    output = bench.target(FAR)
    assert output.status is IkStatus.SOLVED
    assert_allclose(output.command.q[0], HOME, atol=1e-5)


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
        moving.tracker.on_joints(moving.q, moving.now)
        assert moving.tick() is None
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
    assert_within_limits(moving.steps_s, moving.rows, limits)
    assert_allclose(moving.q, PATH[-1], atol=1e-8)


def test_overrun_is_no_fault_when_nothing_moves(make_bench):
    bench = make_bench()
    bench.joints()
    bench.target(HOME)
    bench.now += 600 * MS
    bench.joints()
    assert bench.target(HOME).status is IkStatus.SOLVED
