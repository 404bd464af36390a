# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Targets that are refused, each with its reason and without a command."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tracker_bench import (
    FAR,
    HOME,
    MS,
    assert_refused,
)

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import FloatArray, forward
from neural_ik_ros.motion import StreamStatus, TrackerConfig
from neural_ik_ros.solver import IkStatus, SolverOptions


def test_target_is_refused_before_the_first_joint_state(make_bench):
    bench = make_bench()
    assert_refused(bench.target(FAR), StreamStatus.NO_JOINT_STATE)
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_tracker_reports_what_it_waits_for(make_bench):
    bench = make_bench()
    assert bench.waits_for() is StreamStatus.NO_JOINT_STATE
    bench.joints()
    assert bench.waits_for() is StreamStatus.IDLE
    bench.now += 501 * MS
    assert bench.waits_for() is StreamStatus.STALE_JOINT_STATE
    bench.tracker.supervisor.on_bad_joints('lacks joint_6')
    assert bench.waits_for() is IkStatus.BAD_JOINT_STATE
    bench.joints()
    bench.tracker.inhibit('another arm', bench.now)
    assert bench.waits_for() is StreamStatus.ROBOT_DESCRIPTION_MISMATCH


def test_target_is_refused_when_the_joint_state_is_stale(bench):
    bench.now += 500 * MS
    assert bench.target(HOME).status is IkStatus.SOLVED, 'as old as allowed'
    bench.now += 1 * MS
    assert_refused(bench.target(FAR), StreamStatus.STALE_JOINT_STATE, '0.501 s', '0.500 s')
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_while_the_newest_joint_state_is_bad(bench):
    bench.tracker.supervisor.on_bad_joints('no finite position for joint_3')
    assert_refused(bench.target(FAR), IkStatus.BAD_JOINT_STATE, 'joint_3')
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_when_the_first_joint_state_is_bad(make_bench):
    bench = make_bench()
    bench.tracker.supervisor.on_bad_joints('lacks joint_6')
    assert_refused(bench.target(FAR), IkStatus.BAD_JOINT_STATE, 'joint_6')


@pytest.mark.parametrize('age', [101 * MS, -101 * MS, 3600 * 1000 * MS])
def test_target_is_refused_when_its_stamp_is_far_from_now(bench, age):
    assert_refused(bench.target(FAR, age=age), StreamStatus.STALE_TARGET, f'{age * 1e-9:.3f} s')


@pytest.mark.parametrize('age', [0, 100 * MS, -100 * MS])
def test_target_is_accepted_when_its_stamp_is_near_now(bench, age):
    assert bench.target(FAR, age=age).status is IkStatus.SOLVED


def test_target_without_a_stamp_is_meant_for_now(bench):
    assert bench.pose(forward(bench.tracker.solver.arm, FAR), 0).status is IkStatus.SOLVED


def bad_transform(*, value: float) -> FloatArray:
    transform = np.eye(4)
    transform[0, 3] = value
    return transform


@pytest.mark.parametrize(
    ('transform', 'status'),
    [
        (bad_transform(value=math.nan), IkStatus.BAD_TARGET),
        (bad_transform(value=math.inf), IkStatus.BAD_TARGET),
        (np.zeros((4, 4)), IkStatus.BAD_TARGET),
        (np.diag([1.0, 1.0, -1.0, 1.0]), IkStatus.BAD_TARGET),
        (bad_transform(value=3.0), IkStatus.UNREACHABLE),
    ],
)
def test_target_is_refused_with_the_status_of_the_solver(bench, transform, status):
    assert_refused(bench.pose(transform, bench.now), status)
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_where_the_joints_would_be_outside_their_limits(bench, make_bench):
    beyond = np.array([0.2, 0.3, 1.4, 0.3, 0.6, 0.1])
    free = make_bench(SolverOptions(allow_other_posture=True))
    free.joints()
    assert_refused(free.target(beyond), IkStatus.OUTSIDE_LIMITS)


@pytest.mark.parametrize(
    ('options', 'q_target', 'status'),
    [
        ({'max_joint_step': 0.1}, FAR, IkStatus.STEP_TOO_LARGE),
        ({'min_singular_value': 0.3}, FAR, IkStatus.NEAR_SINGULARITY),
        ({'iteration_budget': 1, 'max_iterations': 1}, FAR, IkStatus.ITERATION_LIMIT),
        ({}, np.array([0.1, -1.6, 1.0, 0.3, 0.8, 0.1]), IkStatus.OTHER_POSTURE),
    ],
)
def test_target_is_refused_where_the_options_say_so(make_bench, options, q_target, status):
    bench = make_bench(SolverOptions(**options))
    bench.joints()
    assert_refused(bench.target(q_target), status)
    assert bench.target(HOME + 1e-9).status is IkStatus.SOLVED


def test_target_in_another_posture_is_commanded_when_allowed(make_bench):
    bench = make_bench(SolverOptions(allow_other_posture=True))
    bench.joints()
    output = bench.target(np.array([0.1, -1.6, 1.0, 0.3, 0.8, 0.1]))
    assert output.status is IkStatus.SOLVED_OTHER_POSTURE
    assert output.command is not None


def test_refused_targets_make_nothing_move(bench):
    for k in range(100):
        assert bench.target(FAR, age=1000 * MS).command is None
        assert bench.wait(10 * MS) == 0, k


@pytest.mark.parametrize('name', ['rate_hz', 'target_timeout_s', 'joint_state_timeout_s'])
@pytest.mark.parametrize('value', [0.0, -1.0, math.inf, math.nan])
def test_config_refuses_by_name_what_cannot_be_a_time(name, value):
    with pytest.raises(ConfigError, match=name):
        TrackerConfig(**{name: value})


def test_measured_joints_outside_their_limits_are_refused_instead_of_jumped_to(bench, arm):
    """Clipping them would make the first command a jump back to the limit."""
    bench.q = HOME.copy()
    bench.q[2] = arm.upper[2] + 0.3
    bench.joints()
    output = bench.target(HOME)
    assert_refused(output, IkStatus.BAD_JOINT_STATE)
    assert 'joint_3 is 0.300 rad outside its limits' in output.reason


@pytest.mark.parametrize('side', ['lower', 'upper'])
def test_measured_joints_a_little_outside_their_limits_are_tolerated(bench, arm, side):
    """As a real arm may rest; what is commanded is inside."""
    bench.q[2] = getattr(arm, side)[2] + (0.001 if side == 'upper' else -0.001)
    bench.joints()
    output = bench.target(FAR)
    assert output.status is IkStatus.SOLVED
    assert (output.command.q >= arm.lower).all()
    assert (output.command.q <= arm.upper).all()
