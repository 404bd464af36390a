# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The watchdog over the arm that follows: late is fine, elsewhere is not."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import HOME, PERIOD, Bench, path_from_home

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import StreamStatus
from neural_ik_ros.solver import IkStatus

PATH = path_from_home(400)
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
    measured = [bench.q.copy()] * lag
    for q_target in PATH:
        bench.now += PERIOD
        bench.tracker.on_joints(measured[-lag] + offset if measured else bench.q, bench.now)
        statuses.append(bench.target(q_target).status)
        measured.append(bench.q.copy())
    return statuses


def test_arm_that_follows_late_is_no_fault(make_bench):
    bench = make_bench()
    bench.joints()
    assert set(follow(bench, 30, np.zeros(6))) == {IkStatus.SOLVED}


def test_arm_that_follows_too_late_is_a_fault(make_bench):
    bench = make_bench(following_delay_s=0.05, max_following_error=0.01)
    bench.joints()
    assert StreamStatus.FOLLOWING_ERROR in follow(bench, 30, np.zeros(6))


@pytest.mark.parametrize(('offset', 'is_fault'), [(0.045, False), (0.055, True)])
def test_offset_is_a_fault_beyond_the_tolerance(make_bench, offset, is_fault):
    bench = make_bench()
    bench.joints()
    statuses = follow(bench, 1, np.array([0.0, 0.0, offset, 0.0, 0.0, 0.0]))
    assert (StreamStatus.FOLLOWING_ERROR in statuses) == is_fault


def test_following_is_not_checked_where_the_tolerance_is_zero(make_bench):
    bench = make_bench(max_following_error=0.0)
    bench.joints()
    assert set(follow(bench, 1, np.full(6, 0.2))) == {IkStatus.SOLVED}


def test_one_old_joint_state_is_no_fault(moving):
    for q_target in PATH[N_BEFORE:]:
        moving.now += PERIOD
        moving.tracker.on_joints(HOME, moving.now)  # came late, as messages do
        moving.tracker.on_joints(moving.q, moving.now)
        assert moving.target(q_target).status is IkStatus.SOLVED


def test_arm_moved_by_hand_without_a_motion_is_no_fault(make_bench):
    bench = make_bench()
    for k in range(100):
        bench.now += PERIOD
        bench.q = HOME + 0.01 * k
        bench.joints()
        assert bench.tick() is None
