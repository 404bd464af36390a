# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is commanded: from the measured joints, exact, paced, and to a smooth end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tracker_bench import (
    EXACT,
    FAR,
    HOME,
    MS,
    PERIOD,
    assert_moves_within_limits,
    assert_refused,
    path_from_home,
)

from neural_ik_ros.kinematics import forward, invert, se3_log
from neural_ik_ros.motion import StreamStatus
from neural_ik_ros.solver import IkStatus

FORESEEN = 1e-6  # [m], [rad] what a parabola misses of the path within hundredths of a second


def test_first_command_starts_at_the_measured_joints(bench, limits):
    command = bench.target(FAR).command
    known = command.states[: command.n_known]
    assert_array_equal(known[:, 0], np.broadcast_to(HOME, known[:, 0].shape))
    assert_array_equal(known[:, 1:], 0.0)
    assert command.stamp_ns == bench.now
    step = np.abs(command.q - HOME)
    assert step.max() > 0.0
    ahead_s = 1e-9 * (command.time_ns[command.n_known] - command.time_ns[command.n_known - 1])
    assert (step <= limits.jerk * ahead_s**3 / 6.0 + 1e-12).all(), 'from rest, at full jerk'


def test_solution_is_exact_and_what_the_motion_ends_at(bench, arm):
    output = bench.target(FAR)
    error = se3_log(invert(forward(arm, output.solution.q)) @ forward(arm, FAR))
    assert np.abs(error).max() < EXACT
    assert bench.wait(3000 * MS) > 100
    assert_array_equal(bench.q, output.solution.q)


def test_motion_to_a_single_target_keeps_the_limits(bench, limits):
    bench.target(FAR)
    bench.wait(3000 * MS)
    assert_moves_within_limits(*bench.motion(), limits)
    assert set(np.diff(bench.times)) == {PERIOD}


def test_dense_targets_pace_the_commands_themselves(bench):
    outputs = bench.stream(path_from_home(300), ticks=1)
    assert {output.status for output in outputs} == {IkStatus.SOLVED}
    # The first target is not yet a stream, so one tick may follow it.
    assert len(outputs) <= len(bench.commands) <= len(outputs) + 1
    assert set(np.diff(bench.times)[2:]) == {PERIOD}


def test_dense_targets_are_followed_exactly(bench, arm):
    """
    The arm passes each target one interval after it came.

    The nearest 8 ms of its path were commanded before, from the parabola through older targets.
    """
    path = path_from_home(600)
    bench.stream(path)
    rows = bench.passed(np.array(bench.target_times[300:-1]) + PERIOD)
    assert_allclose(rows, path[300:-1], atol=FORESEEN)
    error = se3_log(invert(forward(arm, rows)) @ forward(arm, path[300:-1]))
    assert np.abs(error).max() < 2.0 * FORESEEN


@pytest.mark.parametrize('period', [1 * MS, 2 * MS, 4 * MS])
def test_each_dense_target_is_answered_with_one_command(bench, period):
    outputs = bench.stream(path_from_home(200, period), period, ticks=1)
    assert sum(output.command is not None for output in outputs) == 200
    assert len(bench.commands) <= 202


@pytest.mark.parametrize(('rate', 'n_between'), [(50, 5), (25, 10)])
def test_ticks_fill_in_between_sparse_targets(bench, rate, n_between):
    period = 1000 * MS // rate
    bench.stream(path_from_home(2 * rate, period), period, ticks=n_between - 1)
    gaps = np.diff(bench.times)
    assert len(gaps) > 1.8 * rate * n_between
    assert gaps.max() <= 1.5 * PERIOD
    assert gaps.min() >= 0.5 * PERIOD


def test_sparse_targets_are_passed_one_interval_after_they_came(bench):
    path = path_from_home(150, 20 * MS)
    bench.stream(path, 20 * MS, ticks=4)
    rows = bench.passed(np.array(bench.target_times[75:-1]) + 20 * MS)
    assert np.abs(rows - path[75:-1]).max() < 1e-4
    _, rows = bench.motion()
    steps = np.abs(np.diff(rows[400:], n=2, axis=0)).max()
    assert steps < 1e-4, 'no stop and go between the targets'


@pytest.mark.parametrize('period', [1 * MS, 2 * MS, 4 * MS, 7 * MS, 20 * MS])
def test_arm_is_still_on_its_way_when_the_next_command_comes(bench, period):
    """No command makes the arm brake before the next one has come, were it a period late."""
    bench.stream(path_from_home(100, period), period, ticks=max(1, period // PERIOD))
    sent = bench.commands[:-1]
    for (_, command), (next_sent, _) in zip(sent, bench.commands[1:], strict=True):
        brakes_from = command.stamp_ns + command.time_ns[command.n_known]
        assert brakes_from >= next_sent + PERIOD


def test_single_targets_far_apart_are_no_stream(bench):
    """Two targets half a second apart: come to rest at each instead of running past it."""
    for q_target in (HOME + 0.02, HOME + 0.04):
        bench.target(q_target)
        bench.wait(500 * MS)
        assert_allclose(bench.q, q_target, atol=1e-8)
    _, rows = bench.motion()
    assert (np.diff(rows, axis=0) >= -1e-12).all(), 'it never came back'


def test_end_of_a_stream_comes_to_rest_at_the_last_target_and_goes_quiet(bench):
    path = path_from_home(250)
    bench.stream(path)
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.1, 'it ends in full motion'
    assert bench.wait(2000 * MS) > 10
    assert_allclose(bench.q, path[-1], atol=1e-8)
    assert bench.wait(1000 * MS) == 0


def test_end_of_a_stream_keeps_the_limits(bench, limits):
    bench.stream(path_from_home(250))
    bench.wait(2000 * MS)
    assert_moves_within_limits(*bench.motion(), limits)


def test_nothing_is_commanded_before_the_first_target(bench):
    assert bench.wait(1000 * MS) == 0


def test_restart_after_rest_begins_at_the_measured_joints(bench):
    bench.target(HOME + 0.05)
    bench.wait(2000 * MS)
    bench.measured(HOME - 0.1)  # somebody moved the arm by hand
    output = bench.target(HOME - 0.05)
    assert_array_equal(output.command.states[0, 0], HOME - 0.1)
    assert_allclose(output.command.q, HOME - 0.1, atol=1e-5)


def test_restart_forgets_joints_and_targets(bench):
    bench.stream(path_from_home(50))
    bench.tracker.restart()
    assert bench.tick() is None
    assert_refused(bench.target(FAR), StreamStatus.NO_JOINT_STATE)


def test_stop_is_a_smooth_braking_motion(bench, limits):
    bench.stream(path_from_home(250))
    command = bench.stop()
    assert command.stamp_ns == bench.now
    n_braking = np.count_nonzero(np.diff(command.states[command.n_known :, 0], axis=0).any(axis=1))
    assert n_braking > 3, 'no jump to the end'
    moving = bench.now
    bench.wait(1000 * MS)
    assert_moves_within_limits(*bench.motion(), limits)
    assert_array_equal(bench.q, command.states[-1, 0])
    assert np.abs(bench.passed(np.array([moving + 400 * MS]))[0] - bench.q).max() == 0.0
    assert bench.stop() is None, 'everything is forgotten'


def test_stop_has_nothing_to_say_when_nothing_moves(bench):
    assert bench.stop() is None
    bench.joints()
    bench.target(HOME + 0.01)
    bench.wait(2000 * MS)
    assert bench.stop() is None


def test_a_bad_target_in_a_stream_does_not_end_it(bench):
    path = path_from_home(300)
    bench.stream(path[:100])
    bench.now += PERIOD
    bench.joints()
    assert_refused(bench.pose(np.full((4, 4), np.nan), bench.now), IkStatus.BAD_TARGET)
    outputs = bench.stream(path[101:])
    assert {output.status for output in outputs} == {IkStatus.SOLVED}
    rows = bench.passed(np.array(bench.target_times[-50:-1]) + PERIOD)
    assert_allclose(rows, path[-50:-1], atol=FORESEEN)
