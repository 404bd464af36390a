# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The start of a motion: nothing far is commanded before the arm has been seen to follow."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import (
    FAR,
    HOME,
    MS,
    PERIOD,
    Bench,
    assert_refused,
    path_from_home,
    state_of,
)

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import OUTPUT_MODES, StreamStatus, TrackerState
from neural_ik_ros.motion.commanded_path import CommandedPath
from neural_ik_ros.motion.following import START_LEAD, START_MARGIN_S, JointSpeed, StartMonitor
from neural_ik_ros.solver import IkStatus

FOLLOWING_DELAY = 150 * MS
DEADLINE = FOLLOWING_DELAY + round(START_MARGIN_S * 1000) * MS


def farthest_sent(bench: Bench) -> float:
    """Return how far from home any command goes [rad]."""
    return max(float(np.abs(command.states[:, 0] - HOME).max()) for _, command in bench.commands)


@pytest.fixture
def inactive(bench: Bench) -> Bench:
    """Beside an arm that reports its joints and does not obey."""
    bench.arm_obeys = False
    return bench


@pytest.mark.parametrize('period', [2 * MS, 4 * MS, 20 * MS, 100 * MS])
def test_arm_that_does_not_move_is_sent_nowhere_far(inactive, period):
    for q_target in path_from_home(4000 * MS // period, period):
        inactive.wait(period, period=min(period, PERIOD))
        inactive.target(q_target)
        if inactive.faults:
            break
    assert [fault.status for fault in inactive.faults] == [StreamStatus.NOT_FOLLOWING]
    assert farthest_sent(inactive) <= START_LEAD + 1e-9


def test_single_target_to_an_arm_that_does_not_move_is_no_success(inactive):
    assert inactive.target(FAR).status is IkStatus.SOLVED
    inactive.wait(DEADLINE + 200 * MS)
    (fault,) = inactive.faults
    assert fault.status is StreamStatus.NOT_FOLLOWING
    assert 'joint_' in fault.reason
    assert 'rad away' in fault.reason
    assert 'no targets until ~/resume is called' in fault.reason
    assert farthest_sent(inactive) <= START_LEAD + 1e-9


@pytest.mark.parametrize('output_mode', OUTPUT_MODES)
@pytest.mark.parametrize('way', [0.01, 0.04])
def test_short_motion_that_the_arm_does_not_begin_is_a_fault(make_bench, output_mode, way):
    bench = make_bench(output_mode=output_mode)
    bench.joints()
    bench.arm_obeys = False
    bench.target(HOME + way)
    bench.wait(DEADLINE + 500 * MS)
    assert [fault.status for fault in bench.faults] == [StreamStatus.NOT_FOLLOWING]


def test_fault_comes_when_the_time_to_follow_is_over(inactive):
    inactive.target(FAR)
    start = inactive.now
    inactive.wait(DEADLINE)
    assert not inactive.faults
    inactive.wait(150 * MS)
    assert inactive.faults
    sent, _ = inactive.commands[-1]
    assert DEADLINE < sent - start < DEADLINE + 150 * MS


def test_stop_of_an_arm_that_did_not_move_is_where_it_is(inactive):
    inactive.target(FAR)
    inactive.wait(DEADLINE + 200 * MS)
    (fault,) = inactive.faults
    (end,) = fault.command.states
    assert np.abs(end[0] - HOME).max() < 1e-12
    assert not end[1:].any()


def test_arm_in_the_wrong_direction_does_not_follow(bench):
    bench.arm_obeys = False
    bench.target(FAR)
    for k in range(1, 200):
        bench.now += PERIOD
        bench.measured(HOME - np.minimum(1e-5 * k, 0.001) * np.sign(FAR - HOME))
        bench.tick()
    assert [fault.status for fault in bench.faults] == [StreamStatus.NOT_FOLLOWING]
    assert farthest_sent(bench) <= START_LEAD + 1e-9


def test_arm_that_does_nothing_but_tremble_does_not_follow(bench):
    rng = np.random.default_rng(1)
    bench.arm_obeys = False
    bench.target(FAR)
    for _ in range(200):
        bench.now += PERIOD
        bench.measured(HOME + rng.uniform(-3e-4, 3e-4, 6))
        bench.tick()
    assert [fault.status for fault in bench.faults] == [StreamStatus.NOT_FOLLOWING]


@pytest.mark.parametrize('output_mode', OUTPUT_MODES)
@pytest.mark.parametrize(
    ('lag', 'joint_state_hz'), [(0, 250), (40 * MS, 50), (100 * MS, 50), (148 * MS, 50)]
)
def test_arm_that_lags_starts_without_a_fault(make_bench, output_mode, lag, joint_state_hz):
    bench = make_bench(output_mode=output_mode)
    bench.joints()
    bench.target(FAR)
    queue = [HOME] * (lag // PERIOD)
    for k in range(500):
        bench.now += PERIOD
        queue.append(state_of(bench.commands[-1][1], bench.now))
        q = queue.pop(0)
        if k % (250 // joint_state_hz) == 0:
            bench.measured(q)
        bench.tick()
    assert not bench.faults
    assert np.abs(q - FAR).max() < 1e-8, 'it went all the way'


def test_stream_goes_on_from_the_first_steps_without_a_stop(bench):
    """The arm catches up with the targets that came while it was not yet seen to move."""
    path = path_from_home(500)
    lag = [HOME] * 25
    for k, q_target in enumerate(path):
        bench.now += PERIOD
        if bench.commands:
            lag.append(state_of(bench.commands[-1][1], bench.now))
            if k % 5 == 0:
                bench.measured(lag[-25])
        assert bench.target(q_target).status is IkStatus.SOLVED
    assert not bench.faults
    assert np.abs(state_of(bench.commands[-1][1], bench.now + PERIOD) - path[-1]).max() < 1e-6


def test_target_during_the_first_steps_of_a_whole_motion_waits(make_bench):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(FAR)
    bench.arm_obeys = False
    bench.wait(100 * MS)
    n_before = len(bench.commands)
    output = bench.target(HOME - 0.2)
    assert output.status is IkStatus.SOLVED
    assert output.command is None
    assert bench.tracker.state(bench.now) is TrackerState.TRACKING
    bench.arm_obeys = True
    bench.wait(3000 * MS)
    assert len(bench.commands) > n_before
    assert np.abs(bench.q - (HOME - 0.2)).max() < 1e-8, 'it came later'


def test_arm_that_has_followed_is_not_waited_for_again(bench):
    bench.target(HOME + 0.05)
    bench.wait(300 * MS)
    assert bench.tracker.state(bench.now) in (TrackerState.TRACKING, TrackerState.HOLDING)
    bench.target(FAR)
    assert farthest_sent(bench) > 10.0 * START_LEAD


def test_each_motion_waits_for_the_arm_anew(bench):
    bench.target(HOME + 0.05)
    bench.wait(2000 * MS)
    assert bench.tracker.state(bench.now) is TrackerState.IDLE
    bench.arm_obeys, n_before = False, len(bench.commands)
    bench.target(FAR)
    bench.wait(DEADLINE + 200 * MS)
    assert [fault.status for fault in bench.faults] == [StreamStatus.NOT_FOLLOWING]
    sent = [command.states[:, 0] for _, command in bench.commands[n_before:-1]]
    assert max(np.abs(q - HOME - 0.05).max() for q in sent) <= START_LEAD + 1e-9


def test_resume_is_needed_after_an_arm_did_not_move(inactive):
    inactive.target(FAR)
    inactive.wait(DEADLINE + 5000 * MS)
    assert_refused(inactive.target(FAR), StreamStatus.NOT_FOLLOWING, '~/resume')
    assert inactive.tracker.resume() == ''
    inactive.arm_obeys, inactive.commands = True, []
    assert inactive.target(FAR).status is IkStatus.SOLVED
    inactive.wait(3000 * MS)
    assert np.abs(inactive.q - FAR).max() < 1e-8


# The monitors by themselves


def path_to(q: FloatArray, start: int, end: int) -> CommandedPath:
    path = CommandedPath()
    path.start(HOME, start)
    path.replace_from(start, np.array([end]), np.array([[q, 0 * q, 0 * q]]), start)
    return path


def test_motion_shorter_than_what_can_be_seen_is_never_a_fault():
    monitor, path = StartMonitor(delay_s=0.15, is_enabled=True), path_to(HOME + 5e-4, 0, 100 * MS)
    monitor.restart(HOME)
    for now in range(0, 5000 * MS, 10 * MS):
        assert monitor.update(HOME, path, now) is None
    assert not monitor.has_followed


def test_monitor_that_is_off_has_always_followed():
    monitor = StartMonitor(delay_s=0.15, is_enabled=False)
    monitor.restart(HOME)
    assert monitor.has_followed
    assert monitor.is_near(FAR)


@pytest.mark.parametrize('period', [1 * MS, 4 * MS, 20 * MS])
def test_joint_speed_is_that_of_the_last_hundredths(period):
    speed, qd = JointSpeed(), np.linspace(-1.0, 1.0, 6)
    for k in range(100):
        speed.update(HOME + qd * 1e-9 * k * period, k * period)
    assert np.abs(speed.qd - qd).max() < 1e-9
    for k in range(100, 100 + 120 * MS // period):
        speed.update(HOME + qd * 1e-9 * 100 * period, k * period)
    assert not speed.qd.any(), 'at rest'


def test_joint_speed_is_zero_where_it_is_unknown():
    speed = JointSpeed()
    assert not speed.qd.any()
    speed.update(HOME, 0)
    assert not speed.qd.any()
    speed.update(FAR, 2000 * MS)
    assert not speed.qd.any(), 'too long ago'
    speed.update(HOME, 1000 * MS)
    assert not speed.qd.any(), 'the clock was set back'
