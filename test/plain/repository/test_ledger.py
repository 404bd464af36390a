# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger of ``make latency``, for streams in which the fate of every pose is known."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / 'soak'))

from ledger import (
    NEVER_SEEN,
    NO_ANSWER,
    NOT_ARRIVED,
    PASSED_OVER,
    UNKNOWN,
    Ledger,
    Observations,
    make_ledger,
)

N, PERIOD, T0 = 20, 1_000_000, 1_800_000_000_000_000_000  # [ns]
TRANSIT, TAKE, SOLVE, MARKER = 40_000, 60_000, 400_000, 500_000  # [ns] after a pose was sent
STAMPS = T0 + PERIOD * np.arange(N)
STATUSES = ('SOLVED', 'STALE_TARGET', 'SOLVED_OTHER_POSTURE')
ARRIVED = ('arrived_stamp', 'arrived_number', 'arrived_ns')
TAKEN = ('taken_stamp', 'began_ns', 'ended_ns', 'status')


def good() -> Observations:
    """Return a stream of which each pose is taken before the next one comes."""
    return Observations(
        arrived_stamp=STAMPS,
        arrived_number=7 + np.arange(N),
        arrived_ns=STAMPS + TRANSIT,
        marker_stamp=STAMPS,
        marker_ns=STAMPS + MARKER,
        taken_stamp=STAMPS,
        began_ns=STAMPS + TAKE,
        ended_ns=STAMPS + SOLVE,
        status=np.zeros(N, dtype=np.int64),
        statuses=STATUSES,
    )


def without(observations: Observations, names: tuple[str, ...], *rows: int) -> Observations:
    columns = {name: np.delete(getattr(observations, name), rows) for name in names}
    return replace(observations, **columns)


def changed(observations: Observations, name: str, row: int, value: int) -> Observations:
    column = getattr(observations, name).copy()
    column[row] = value
    return replace(observations, **{name: column})


def trajectories(*rows_without: int) -> np.ndarray:
    return np.delete(STAMPS + SOLVE - 50_000, rows_without)


def late_marker(observations: Observations, row: int) -> Observations:
    """Serve the marker of a pose just after the next one has arrived."""
    return changed(observations, 'marker_ns', row, STAMPS[row + 1] + TRANSIT + 1)


def test_ledger_finds_every_pose_of_a_good_stream_answered():
    total = make_ledger(STAMPS, trajectories(), good())
    assert total == Ledger(answered=N)
    assert total.n_sent == N
    assert total.unanswered_percent == 0.0


def test_ledger_calls_a_pose_replaced_when_a_newer_one_came_before_the_loop():
    seen = late_marker(without(good(), TAKEN, 5), 5)
    assert make_ledger(STAMPS, trajectories(5), seen) == Ledger(answered=N - 1, replaced=1)


def test_ledger_calls_each_pose_of_a_stall_replaced_but_the_newest():
    seen = without(good(), TAKEN, 5, 6, 7)
    for row in (5, 6, 7):
        seen = changed(seen, 'marker_ns', row, STAMPS[8] + TAKE + row)
    total = make_ledger(STAMPS, trajectories(5, 6, 7), seen)
    assert total == Ledger(answered=N - 3, replaced=3)
    assert total.unanswered_percent == pytest.approx(100.0 * 3 / N)


def test_ledger_calls_a_pose_lost_when_the_loop_came_round_and_passed_it_over():
    seen = without(good(), TAKEN, 5)
    total = make_ledger(STAMPS, trajectories(5), seen)
    assert total == Ledger(answered=N - 1, lost=Counter({PASSED_OVER: 1}))


def test_ledger_calls_a_pose_lost_when_nothing_newer_came():
    seen = without(good(), TAKEN, N - 1)
    seen = changed(seen, 'marker_ns', N - 1, STAMPS[-1] + 100 * PERIOD)
    assert make_ledger(STAMPS, trajectories(N - 1), seen).lost == {PASSED_OVER: 1}


def test_ledger_calls_a_pose_lost_when_nothing_reports_whether_the_loop_came_round():
    seen = without(without(good(), TAKEN, 5), ('marker_stamp', 'marker_ns'), 5)
    assert make_ledger(STAMPS, trajectories(5), seen).lost == {PASSED_OVER: 1}


def test_ledger_calls_a_pose_lost_that_did_not_arrive_although_newer_ones_are_answered():
    seen = without(without(good(), TAKEN, 5), (*ARRIVED, 'marker_stamp', 'marker_ns'), 5)
    total = make_ledger(STAMPS, trajectories(5), seen)
    assert total == Ledger(answered=N - 1, lost=Counter({NOT_ARRIVED: 1}))


def test_ledger_calls_a_pose_lost_that_no_one_saw_but_the_source_counted():
    seen = without(without(good(), TAKEN, 5), (*ARRIVED, 'marker_stamp', 'marker_ns'), 5)
    total = make_ledger(np.delete(STAMPS, 5), trajectories(5), seen)
    assert total == Ledger(answered=N - 1, lost=Counter({NEVER_SEEN: 1}))


def test_ledger_includes_a_pose_that_arrived_without_being_recorded():
    total = make_ledger(np.delete(STAMPS, 5), trajectories(), good())
    assert total == Ledger(answered=N)


@pytest.mark.parametrize('status', [0, 2, UNKNOWN])
def test_ledger_calls_a_pose_lost_that_was_taken_without_a_trajectory(status):
    seen = changed(late_marker(good(), 5), 'status', 5, status)
    total = make_ledger(STAMPS, trajectories(5), seen)
    assert total == Ledger(answered=N - 1, lost=Counter({NO_ANSWER: 1}))


@pytest.mark.parametrize('late', [-SOLVE - 1, PERIOD])
def test_ledger_takes_no_trajectory_for_an_answer_that_was_sent_at_another_time(late):
    sent_ns = np.sort(np.append(trajectories(5), STAMPS[5] + SOLVE + late + 1))
    sent_ns = sent_ns[sent_ns != STAMPS[5] + SOLVE - 50_000]
    assert make_ledger(STAMPS, sent_ns, good()).lost == {NO_ANSWER: 1}


def test_ledger_reports_the_status_of_a_pose_that_was_refused():
    seen = changed(changed(good(), 'status', 5, 1), 'status', 6, 1)
    total = make_ledger(STAMPS, trajectories(5, 6), seen)
    assert total == Ledger(answered=N - 2, refused=Counter({'STALE_TARGET': 2}))


def test_ledger_calls_a_pose_refused_although_a_stop_was_sent_meanwhile():
    seen = changed(good(), 'status', 5, 1)
    assert make_ledger(STAMPS, trajectories(), seen).n_refused == 1


def test_ledger_leaves_out_what_came_before_and_after_the_recording():
    seen = without(good(), TAKEN, 0, N - 1)
    assert make_ledger(STAMPS[2:-2], trajectories(), seen) == Ledger(answered=N - 4)


def test_ledger_calls_every_pose_lost_when_nothing_was_observed():
    seen = without(without(good(), TAKEN, *range(N)), (*ARRIVED, 'marker_stamp', 'marker_ns'))
    nothing = without(seen, (*ARRIVED, 'marker_stamp', 'marker_ns'), *range(N))
    assert make_ledger(STAMPS, trajectories(), nothing).lost == {NOT_ARRIVED: N}


def test_ledger_of_several_turns_is_their_sum():
    total = Ledger()
    total += make_ledger(STAMPS, trajectories(5), late_marker(without(good(), TAKEN, 5), 5))
    total += make_ledger(STAMPS, trajectories(5), without(good(), TAKEN, 5))
    assert total == Ledger(answered=2 * N - 2, replaced=1, lost=Counter({PASSED_OVER: 1}))
    assert total.n_sent == 2 * N


def test_observations_come_back_from_its_file(tmp_path):
    written = good()
    columns = {name: getattr(written, name) for name in Observations.COLUMNS}
    np.savez(tmp_path / 'seen.npz', statuses=np.array(STATUSES), **columns)
    read = Observations.load(tmp_path / 'seen.npz')
    assert read.statuses == STATUSES
    assert make_ledger(STAMPS, trajectories(), read) == Ledger(answered=N)
