# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The watchdog over the arm that follows: late is fine, elsewhere is not."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import HOME, MS, PERIOD, Bench, path_from_home, state_of

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import StreamStatus
from neural_ik_ros.solver import IkStatus

PATH = path_from_home(400)
FASTER = path_from_home(400, 6 * MS)  # 0.7 rad/s
N_BEFORE = 250  # targets until full motion


@pytest.fixture
def moving(make_bench) -> Bench:
    """In full motion."""
    bench = make_bench()
    bench.joints()
    bench.stream(PATH[:N_BEFORE])
    return bench


def follow(bench: Bench, lag: int, offset: FloatArray) -> list[StreamStatus | IkStatus]:
    """Return the answers while the arm is some targets late and off by an offset."""
    statuses = []
    measured = [bench.q.copy()] * (lag + 1)
    for q_target in PATH:
        bench.now += PERIOD
        if bench.commands:
            measured.append(state_of(bench.commands[-1][1], bench.now))
        bench.measured(measured[-1 - lag] + offset)
        statuses.append(bench.target(q_target).status)
    return statuses


@pytest.mark.parametrize('joint_state_hz', [250, 50])
def test_arm_that_follows_late_is_no_fault(make_bench, joint_state_hz):
    """With 120 ms of lag, more than the 40 to 80 ms of a real one."""
    bench = make_bench()
    bench.joints()
    measured = [HOME] * 31
    for k, q_target in enumerate(PATH):
        bench.now += PERIOD
        if bench.commands:
            measured.append(state_of(bench.commands[-1][1], bench.now))
        if k % (250 // joint_state_hz) == 0:
            bench.measured(measured[-31])
        assert bench.target(q_target).status is IkStatus.SOLVED
    assert not bench.faults
    assert np.abs(measured[-1] - HOME).max() > 0.3, 'it went all the way'


def test_arm_that_follows_too_late_is_a_fault(make_bench):
    bench = make_bench(following_delay_s=0.05, max_following_error=0.01)
    bench.joints()
    assert StreamStatus.FOLLOWING_ERROR in follow(bench, 30, np.zeros(6))


@pytest.mark.parametrize(('offset', 'is_fault'), [(0.045, False), (0.055, True)])
def test_offset_is_a_fault_beyond_the_tolerance(moving, offset, is_fault):
    """As of a joint that slipped while it moved."""
    statuses = []
    for q_target in PATH[N_BEFORE:]:
        moving.now += PERIOD
        q = state_of(moving.commands[-1][1], moving.now)
        q[2] += offset
        moving.measured(q)
        statuses.append(moving.target(q_target).status)
    assert (StreamStatus.FOLLOWING_ERROR in statuses) == is_fault
    assert bool(moving.faults) == is_fault


def test_following_is_not_checked_where_the_tolerance_is_zero(make_bench):
    bench = make_bench(max_following_error=0.0)
    bench.joints()
    assert set(follow(bench, 1, np.full(6, 0.2))) == {IkStatus.SOLVED}


def test_one_old_joint_state_is_no_fault(moving):
    for q_target in PATH[N_BEFORE:]:
        moving.now += PERIOD
        moving.report(moving.tracker.on_joints(HOME, moving.now))  # came late, as messages do
        moving.joints()
        assert moving.target(q_target).status is IkStatus.SOLVED
    assert not moving.faults


@pytest.mark.parametrize('stall', [0.03, 0.06, 0.1])
def test_old_readings_after_a_stall_are_no_following_error(make_bench, stall):
    """While the node is busy its joint states queue up; then it reads all of them at once."""
    bench = make_bench(max_command_delay_s=0.2, following_delay_s=0.01, max_following_error=0.004)
    bench.has_stamps = True
    bench.joints()
    bench.stream(FASTER[:N_BEFORE])
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.5
    queue = []
    for _ in range(round(stall * 1e9) // PERIOD):
        bench.now += PERIOD
        queue.append((state_of(bench.commands[-1][1], bench.now), bench.now))
    for q, stamp in queue:
        bench.report(bench.tracker.on_joints(q, bench.now, stamp))
        assert not bench.faults
    assert bench.target(FASTER[N_BEFORE + len(queue)]).status is IkStatus.SOLVED


def test_readings_without_stamps_count_as_of_now(make_bench):
    """The same queue, but nobody knows how old the readings are."""
    bench = make_bench(max_command_delay_s=0.2, following_delay_s=0.01, max_following_error=0.004)
    bench.joints()
    bench.stream(FASTER[:N_BEFORE])
    queue = []
    for _ in range(15):
        bench.now += PERIOD
        queue.append(state_of(bench.commands[-1][1], bench.now))
    for q in queue:
        bench.measured(q)
    assert [fault.status for fault in bench.faults] == [StreamStatus.FOLLOWING_ERROR]


def test_arm_moved_by_hand_without_a_motion_is_no_fault(make_bench):
    bench = make_bench()
    for k in range(100):
        bench.now += PERIOD
        bench.q = HOME + 0.01 * k
        bench.joints()
        assert bench.tick() is None
    assert not bench.faults
