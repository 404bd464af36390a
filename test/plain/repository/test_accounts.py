# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The accounts of ``make latency``, kept over streams of which every pose's fate is known."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / 'soak'))

from accounts import (
    NEVER_SEEN,
    NO_ANSWER,
    NOT_ARRIVED,
    PASSED_OVER,
    UNKNOWN,
    Account,
    Witnessed,
    account,
)

N, PERIOD, T0 = 20, 1_000_000, 1_800_000_000_000_000_000  # [ns]
TRANSIT, TAKE, SOLVE, ROUND = 40_000, 60_000, 400_000, 500_000  # [ns] after a pose was sent
STAMPS = T0 + PERIOD * np.arange(N)
STATUSES = ('SOLVED', 'STALE_TARGET', 'SOLVED_OTHER_POSTURE')
ARRIVED = ('arrived_stamp', 'arrived_number', 'arrived_ns')
TAKEN = ('taken_stamp', 'began_ns', 'ended_ns', 'status')


def good() -> Witnessed:
    """Return a stream of which each pose is taken before the next one comes."""
    return Witnessed(
        arrived_stamp=STAMPS,
        arrived_number=7 + np.arange(N),
        arrived_ns=STAMPS + TRANSIT,
        round_stamp=STAMPS,
        round_ns=STAMPS + ROUND,
        taken_stamp=STAMPS,
        began_ns=STAMPS + TAKE,
        ended_ns=STAMPS + SOLVE,
        status=np.zeros(N, dtype=np.int64),
        statuses=STATUSES,
    )


def without(witnessed: Witnessed, names: tuple[str, ...], *rows: int) -> Witnessed:
    columns = {name: np.delete(getattr(witnessed, name), rows) for name in names}
    return replace(witnessed, **columns)


def changed(witnessed: Witnessed, name: str, row: int, value: int) -> Witnessed:
    column = getattr(witnessed, name).copy()
    column[row] = value
    return replace(witnessed, **{name: column})


def trajectories(*rows_without: int) -> np.ndarray:
    return np.delete(STAMPS + SOLVE - 50_000, rows_without)


def late_round(witnessed: Witnessed, row: int) -> Witnessed:
    """Let the loop come round to a pose just after the next one has arrived."""
    return changed(witnessed, 'round_ns', row, STAMPS[row + 1] + TRANSIT + 1)


def test_account_finds_every_pose_of_a_good_stream_answered():
    total = account(STAMPS, trajectories(), good())
    assert total == Account(answered=N)
    assert total.n_sent == N
    assert total.unanswered_percent == 0.0


def test_account_calls_a_pose_replaced_when_a_newer_one_came_before_the_loop():
    seen = late_round(without(good(), TAKEN, 5), 5)
    assert account(STAMPS, trajectories(5), seen) == Account(answered=N - 1, replaced=1)


def test_account_calls_each_pose_of_a_stall_replaced_but_the_newest():
    seen = without(good(), TAKEN, 5, 6, 7)
    for row in (5, 6, 7):
        seen = changed(seen, 'round_ns', row, STAMPS[8] + TAKE + row)
    total = account(STAMPS, trajectories(5, 6, 7), seen)
    assert total == Account(answered=N - 3, replaced=3)
    assert total.unanswered_percent == pytest.approx(100.0 * 3 / N)


def test_account_calls_a_pose_lost_when_the_loop_came_round_and_passed_it_over():
    seen = without(good(), TAKEN, 5)
    total = account(STAMPS, trajectories(5), seen)
    assert total == Account(answered=N - 1, lost=Counter({PASSED_OVER: 1}))


def test_account_calls_a_pose_lost_when_nothing_newer_came():
    seen = without(good(), TAKEN, N - 1)
    seen = changed(seen, 'round_ns', N - 1, STAMPS[-1] + 100 * PERIOD)
    assert account(STAMPS, trajectories(N - 1), seen).lost == {PASSED_OVER: 1}


def test_account_calls_a_pose_lost_when_nothing_tells_whether_the_loop_came_round():
    seen = without(without(good(), TAKEN, 5), ('round_stamp', 'round_ns'), 5)
    assert account(STAMPS, trajectories(5), seen).lost == {PASSED_OVER: 1}


def test_account_calls_a_pose_lost_that_did_not_arrive_although_newer_ones_are_answered():
    seen = without(without(good(), TAKEN, 5), (*ARRIVED, 'round_stamp', 'round_ns'), 5)
    total = account(STAMPS, trajectories(5), seen)
    assert total == Account(answered=N - 1, lost=Counter({NOT_ARRIVED: 1}))


def test_account_calls_a_pose_lost_that_nobody_saw_but_the_source_counted():
    seen = without(without(good(), TAKEN, 5), (*ARRIVED, 'round_stamp', 'round_ns'), 5)
    total = account(np.delete(STAMPS, 5), trajectories(5), seen)
    assert total == Account(answered=N - 1, lost=Counter({NEVER_SEEN: 1}))


def test_account_includes_a_pose_that_arrived_without_being_recorded():
    total = account(np.delete(STAMPS, 5), trajectories(), good())
    assert total == Account(answered=N)


@pytest.mark.parametrize('status', [0, 2, UNKNOWN])
def test_account_calls_a_pose_lost_that_was_taken_without_a_trajectory(status):
    seen = changed(late_round(good(), 5), 'status', 5, status)
    total = account(STAMPS, trajectories(5), seen)
    assert total == Account(answered=N - 1, lost=Counter({NO_ANSWER: 1}))


@pytest.mark.parametrize('late', [-SOLVE - 1, PERIOD])
def test_account_takes_no_trajectory_for_an_answer_that_was_sent_at_another_time(late):
    sent_ns = np.sort(np.append(trajectories(5), STAMPS[5] + SOLVE + late + 1))
    sent_ns = sent_ns[sent_ns != STAMPS[5] + SOLVE - 50_000]
    assert account(STAMPS, sent_ns, good()).lost == {NO_ANSWER: 1}


def test_account_tells_the_status_of_a_pose_that_was_refused():
    seen = changed(changed(good(), 'status', 5, 1), 'status', 6, 1)
    total = account(STAMPS, trajectories(5, 6), seen)
    assert total == Account(answered=N - 2, refused=Counter({'STALE_TARGET': 2}))


def test_account_calls_a_pose_refused_although_a_stop_was_sent_meanwhile():
    seen = changed(good(), 'status', 5, 1)
    assert account(STAMPS, trajectories(), seen).n_refused == 1


def test_account_leaves_out_what_came_before_and_after_the_recording():
    seen = without(good(), TAKEN, 0, N - 1)
    assert account(STAMPS[2:-2], trajectories(), seen) == Account(answered=N - 4)


def test_account_calls_every_pose_lost_when_nothing_was_witnessed():
    seen = without(without(good(), TAKEN, *range(N)), (*ARRIVED, 'round_stamp', 'round_ns'))
    nothing = without(seen, (*ARRIVED, 'round_stamp', 'round_ns'), *range(N))
    assert account(STAMPS, trajectories(), nothing).lost == {NOT_ARRIVED: N}


def test_account_of_several_turns_is_their_sum():
    total = Account()
    total += account(STAMPS, trajectories(5), late_round(without(good(), TAKEN, 5), 5))
    total += account(STAMPS, trajectories(5), without(good(), TAKEN, 5))
    assert total == Account(answered=2 * N - 2, replaced=1, lost=Counter({PASSED_OVER: 1}))
    assert total.n_sent == 2 * N


def test_witnessed_comes_back_from_its_file(tmp_path):
    written = good()
    columns = {name: getattr(written, name) for name in Witnessed.COLUMNS}
    np.savez(tmp_path / 'seen.npz', statuses=np.array(STATUSES), **columns)
    read = Witnessed.load(tmp_path / 'seen.npz')
    assert read.statuses == STATUSES
    assert account(STAMPS, trajectories(), read) == Account(answered=N)
