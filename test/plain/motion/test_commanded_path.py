# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commanded path: one quintic from knot to knot, changed only from the present on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion.commanded_path import CAPACITY, MEMORY_NS, CommandedPath
from neural_ik_ros.simulation.trajectory_follower import Knot, interpolate

MS = 1_000_000
S = 1000 * MS
T0 = 1_700_000_000 * S
Q = np.array([0.1, -0.2, 0.3, 0.4, -0.5, 0.6])


def some_knots(
    rng: np.random.Generator, n: int, after: int, spacing: int = 40 * MS
) -> tuple[FloatArray, FloatArray]:
    """Return times (n,) and states (n, 3, 6), the last one at rest."""
    times = after + np.cumsum(rng.integers(spacing // 2, 2 * spacing, n))
    states = rng.normal(size=(n, 3, 6)) * np.array([0.1, 0.5, 3.0])[:, None]
    states[-1, 1:] = 0.0
    return times, states


def made_path(
    seed: int = 0, n: int = 12, spacing: int = 40 * MS
) -> tuple[CommandedPath, FloatArray, FloatArray]:
    path, rng = CommandedPath(), np.random.default_rng(seed)
    path.start(Q, T0)
    times, states = some_knots(rng, n, T0 + 8 * MS, spacing)
    path.replace_from(T0 + 8 * MS, times, states, T0)
    return path, times, states


def expected_rows(
    times: FloatArray, states: FloatArray, index: int, time: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the state that the controller interpolates between two knots."""
    start, end = (
        Knot(time_ns=int(times[k]), q=states[k, 0], qd=states[k, 1], qdd=states[k, 2])
        for k in (index, index + 1)
    )
    knot = interpolate(start, end, time)
    return knot.q, knot.qd, knot.qdd


def test_path_rests_before_its_start_and_after_its_end():
    path, times, states = made_path()
    for time in (T0 - S, T0, T0 + 8 * MS):
        assert_array_equal(path.state_at(time).rows, [Q, np.zeros(6), np.zeros(6)])
    for time in (int(times[-1]), int(times[-1]) + S):
        assert_array_equal(path.state_at(time).rows, states[-1])
    assert path.rest_ns == times[-1]


def test_path_that_begins_in_motion_rests_before_it():
    path = CommandedPath()
    path.start(Q, T0)
    path.replace_from(T0, np.array([T0 + S]), np.array([[Q + 1.0, 0 * Q, 0 * Q]]), T0)
    assert_array_equal(path.state_at(T0 - 1).rows, [Q, 0 * Q, 0 * Q])


def test_path_passes_its_knots():
    path, times, states = made_path()
    for time, rows in zip(times.tolist(), states, strict=True):
        assert_array_equal(path.state_at(time).rows, rows)


def test_path_is_what_the_controller_interpolates():
    path, times, states = made_path()
    rng = np.random.default_rng(1)
    for index in range(len(times) - 1):
        for time in rng.integers(times[index], times[index + 1], 10).tolist():
            rows = expected_rows(times, states, index, time)
            assert_allclose(path.state_at(time).rows, rows, rtol=1e-9, atol=1e-9)


def test_velocity_and_acceleration_are_derivatives_and_continuous():
    path, times, _ = made_path()
    h = 20_000
    for time in range(T0 + 4 * MS, int(times[-1]), 3 * MS):
        before, here, after = (path.state_at(time + k * h).rows for k in (-1, 0, 1))
        step = 1e-9 * h
        assert_allclose((after[0] - before[0]) / (2 * step), here[1], atol=2e-2)
        assert_allclose((after[1] - before[1]) / (2 * step), here[2], atol=20.0)
    for time in times.tolist():
        before, after = path.state_at(time - 1).rows, path.state_at(time + 1).rows
        assert_allclose(before[0], after[0], atol=1e-8)
        assert_allclose(before[1], after[1], atol=1e-5)
        assert_allclose(before[2], after[2], atol=1e-2)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.2), st.integers(1, 30))
def test_replacing_keeps_what_was_before_and_has_no_seam(seed, share, n_new):
    path, times, _ = made_path(seed)
    branch = T0 + round(share * int(times[-1] - T0))
    samples = [T0 + (branch - T0) * k // 14 for k in range(15)]
    before = [path.state_at(time).rows for time in samples]
    new_times, new_states = some_knots(np.random.default_rng(seed + 1), n_new, branch)
    path.replace_from(branch, new_times, new_states, T0)
    for time, rows in zip(samples, before, strict=True):
        assert_allclose(path.state_at(time).rows, rows, rtol=1e-8, atol=1e-8)
    left, right = path.state_at(branch).rows, path.state_at(branch + 1).rows
    assert_allclose(right[0], left[0], atol=1e-7)
    assert_allclose(right[1], left[1], atol=1e-5)
    assert_allclose(right[2], left[2], atol=1e-2)
    for time, rows in zip(new_times.tolist(), new_states, strict=True):
        assert_array_equal(path.state_at(time).rows, rows)
    assert path.rest_ns == new_times[-1]
    assert not path.state_at(path.rest_ns + 1).rows[1:].any()


def test_knots_from_a_time_on_are_the_path():
    path, times, states = made_path()
    from_ns = int(times[3]) + 1
    got_times, got_states = path.knots(from_ns)
    assert_array_equal(got_times, [from_ns, *times[4:]])
    assert_array_equal(got_states[1:], states[4:])
    assert_array_equal(got_states[0], path.state_at(from_ns).rows)
    got_states[:] = 0.0
    assert_array_equal(path.state_at(int(times[5])).rows, states[5], err_msg='they are copies')


def test_knots_at_a_knot_name_it_once():
    path, times, states = made_path()
    got_times, got_states = path.knots(int(times[3]))
    assert_array_equal(got_times, times[3:])
    assert_array_equal(got_states, states[3:])


def test_knots_after_the_end_are_one_at_rest():
    path, times, states = made_path()
    got_times, got_states = path.knots(int(times[-1]) + S)
    assert_array_equal(got_times, [times[-1] + S])
    assert_array_equal(got_states, states[-1:])


@given(st.integers(0, 2**32 - 1), st.integers(0, 20 * MS), st.floats(0.0, 1.0))
def test_thinned_knots_keep_their_distance_and_all_that_is_dense(seed, spacing, share):
    path, times, _ = made_path(seed, n=40, spacing=4 * MS)
    from_ns = T0 + 2 * MS
    dense_ns = int(times[round(share * (len(times) - 1))])
    got, states = path.knots(from_ns, spacing_ns=spacing, dense_ns=dense_ns)
    assert got[0] == from_ns
    assert (np.diff(got) > 0).all()
    assert set(times[times >= dense_ns]) <= set(got), 'the new part, whole'
    thin = got[got <= dense_ns]
    assert (np.diff(thin) >= min(spacing, dense_ns - from_ns)).all()
    for time, rows in zip(got.tolist(), states, strict=True):
        assert_array_equal(path.state_at(time).rows, rows)


def test_path_remembers_the_last_half_second_after_thousands_of_commands():
    path, rng = CommandedPath(), np.random.default_rng(3)
    path.start(Q, T0)
    remembered: list[tuple[int, FloatArray]] = []
    for k in range(1, 10_000):  # 10 s at 1 kHz
        now = T0 + k * MS
        branch = now + 8 * MS
        times = branch + MS * np.arange(1, 11)
        states = rng.normal(size=(10, 3, 6)) * 0.1
        states[-1, 1:] = 0.0
        path.replace_from(branch, times, states, now)
        remembered.append((branch, path.state_at(branch).rows))
        if k % 97:
            continue
        for time, rows in remembered[-(MEMORY_NS // MS) :: 31]:
            assert_array_equal(path.state_at(time).rows, rows)
    assert len(path.knots(0)[0]) <= CAPACITY + 1


def test_path_has_room_for_a_whole_motion_at_any_time():
    path, rng = CommandedPath(), np.random.default_rng(4)
    path.start(Q, T0)
    for k in range(1, 60):  # whole motions, each replaced after 100 ms
        now = T0 + 100 * MS * k
        times, states = some_knots(rng, 200, now + 40 * MS, 4 * MS)
        path.replace_from(now + 40 * MS, times, states, now)
        assert_array_equal(path.state_at(int(times[57])).rows, states[57])
        assert path.rest_ns == times[-1]


@pytest.mark.parametrize('by', [-3600 * S, -MS, 7, S])
def test_shift_moves_the_path_in_time(by):
    path, times, _ = made_path()
    samples = range(T0 - MS, int(times[-1]) + MS, MS)
    before = [path.state_at(time).rows for time in samples]
    path.shift(by)
    for time, rows in zip(samples, before, strict=True):
        assert_array_equal(path.state_at(time + by).rows, rows)
    assert path.rest_ns == times[-1] + by


def test_range_holds_the_path():
    path, times, _ = made_path()
    lowest, highest = path.range(T0, int(times[-1]), 1000)
    rows = np.array([path.state_at(t).q for t in range(T0, int(times[-1]), MS)])
    assert_allclose(lowest, rows.min(axis=0), atol=1e-3)
    assert_allclose(highest, rows.max(axis=0), atol=1e-3)
    lowest, highest = path.range(int(times[-1]), int(times[-1]) + S, 16)
    assert_array_equal(lowest, highest)


def test_path_is_at_rest_from_where_nothing_moves_any_more():
    path = CommandedPath()
    path.start(Q, T0)
    resting = np.array([[Q, 0 * Q, 0 * Q]] * 3)
    path.replace_from(T0 + MS, T0 + MS * np.arange(2, 5), resting, T0)
    assert path.rest_ns == T0
    moved = resting.copy()
    moved[0, 1, 2] = 0.1
    path.replace_from(T0 + 6 * MS, T0 + MS * np.arange(7, 10), moved, T0)
    assert path.rest_ns == T0 + 8 * MS
    moved = resting.copy()
    moved[:, 0, 5] += 1e-6
    path.replace_from(T0 + 10 * MS, T0 + MS * np.arange(11, 14), moved, T0)
    assert path.rest_ns == T0 + 11 * MS


def test_start_forgets_the_path():
    path, times, _ = made_path()
    path.start(Q + 1.0, T0 + S)
    assert path.rest_ns == T0 + S
    for time in (T0, int(times[4]), T0 + 50 * S):
        assert_array_equal(path.state_at(time).rows, [Q + 1.0, 0 * Q, 0 * Q])
