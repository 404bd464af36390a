# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""RecordedMessage responses, in the bag or in another one, against those of the replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_bags import (
    COMMANDS,
    N_TARGETS,
    REFERENCE,
    SOLUTION,
    TARGETS,
    changed,
    needs_bags,
    recorded,
    replayed,
    report_of,
    written,
)

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.replay.recorded_comparison import SolutionComparison

pytestmark = needs_bags
SAME = 1e-9  # [rad]
STEP = 1e-6  # [rad] by which one solution is changed
LATE_NS = 700_000


def responses(folder: Path, change: Any = None) -> Path:
    """Write a bag of solutions and commands of the reference, each changed or left out."""

    def messages():
        for topic, time_ns, message in recorded(REFERENCE):
            if topic in (SOLUTION, COMMANDS):
                kept = message if change is None else change(topic, message)
                if kept is not None:
                    yield topic, time_ns + LATE_NS, kept

    return written(folder, messages())


def number_of() -> dict[int, int]:
    """Return which target a stamp belongs to."""
    stamps = [
        ns_from_time(one.header.stamp) for topic, _, one in recorded(REFERENCE) if topic == TARGETS
    ]
    assert len(stamps) == N_TARGETS
    return {stamp: number for number, stamp in enumerate(stamps)}


def solutions(output: Path) -> dict[str, Any]:
    return report_of(output)['recorded_solutions']


def test_replay_compares_the_solutions_in_the_bag(tmp_path):
    assert replayed(REFERENCE, tmp_path / 'out') == 0
    figures = solutions(tmp_path / 'out')
    assert figures['compared'] == N_TARGETS
    assert figures['missing'] == figures['without_replayed_one'] == 0
    assert figures['difference_rad']['max'] < SAME


def test_replay_compares_nothing_in_a_bag_without_solutions(tmp_path):
    bag = changed(
        tmp_path / 'bag',
        lambda number, topic, time_ns, message: None if topic == SOLUTION else (time_ns, message),
    )
    assert replayed(bag, tmp_path / 'out') == 0
    figures = solutions(tmp_path / 'out')
    assert figures['compared'] == figures['missing'] == 0


def test_replay_takes_responses_from_another_bag(tmp_path, capsys):
    bag = responses(tmp_path / 'responses')
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 0
    assert f'{N_TARGETS} solutions in responses as replayed' in capsys.readouterr().out
    report = report_of(tmp_path / 'out')
    assert report['recorded_solutions']['compared'] == N_TARGETS
    assert report['recorded_commands']['latency_ms']['max'] == pytest.approx(0.5 + LATE_NS * 1e-6)


def test_replay_fails_when_one_response_is_another_solution(tmp_path, capsys):
    numbers = number_of()

    def change(topic, message):
        if topic == SOLUTION and numbers[ns_from_time(message.header.stamp)] == 77:
            return replace(message, position=message.position + STEP * np.arange(6))
        return message

    bag = responses(tmp_path / 'responses', change)
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 1
    assert 'they differ by up to 5.000e-06 rad' in capsys.readouterr().out
    assert solutions(tmp_path / 'out')['difference_rad']['max'] == pytest.approx(5.0 * STEP)


@pytest.mark.parametrize('lag_ns', [-1_900_000, 0, 1_900_000])
def test_replay_matches_solutions_whose_times_are_off_by_milliseconds(tmp_path, lag_ns):
    """As a recorder whose simulated clock lags: solutions sort before their targets."""
    rng = np.random.default_rng(3)

    def messages():
        for topic, time_ns, message in recorded(REFERENCE):
            if topic in (SOLUTION, COMMANDS):
                off_ns = int(rng.integers(-2_000_000, 2_000_001))
                yield topic, time_ns + lag_ns + off_ns, message

    bag = written(tmp_path / 'responses', iter(sorted(messages(), key=lambda one: one[1])))
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 0
    assert solutions(tmp_path / 'out')['compared'] == N_TARGETS


def test_replay_counts_what_a_late_recorder_missed_and_fails_for_what_it_missed_later(
    tmp_path, capsys
):
    numbers = number_of()

    def without(*left_out: int) -> Path:
        def change(topic, message):
            is_solution = topic == SOLUTION
            number = numbers[ns_from_time(message.header.stamp)] if is_solution else -1
            return None if number in left_out else message

        return responses(tmp_path / f'without_{len(left_out)}', change)

    late = without(*range(29))
    arguments = ('--late-responses', '--responses')
    assert replayed(REFERENCE, tmp_path / 'a', *arguments, str(late)) == 0
    assert '29 targets came before the first of them' in capsys.readouterr().out
    assert solutions(tmp_path / 'a')['before_first'] == 29
    assert replayed(REFERENCE, tmp_path / 'b', '--responses', str(late)) == 1
    assert '29 are missing' in capsys.readouterr().out
    lossy = without(0, 1, 2, 40)
    assert replayed(REFERENCE, tmp_path / 'c', *arguments, str(lossy)) == 1
    assert '1 are missing' in capsys.readouterr().out
    assert solutions(tmp_path / 'c')['before_first'] == 3


def test_replay_fails_when_responses_are_missing(tmp_path, capsys):
    numbers = number_of()

    def change(topic, message):
        is_left_out = topic == SOLUTION and numbers[ns_from_time(message.header.stamp)] in (
            0,
            5,
            6,
            279,
        )
        return None if is_left_out else message

    bag = responses(tmp_path / 'responses', change)
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 1
    assert '4 are missing' in capsys.readouterr().out
    assert solutions(tmp_path / 'out')['compared'] == N_TARGETS - 4


def test_replay_fails_when_responses_are_to_other_targets(tmp_path, capsys):
    def change(topic, message):
        stamp = replace(message.header.stamp, nanosec=message.header.stamp.nanosec + 1)
        return replace(message, header=replace(message.header, stamp=stamp))

    bag = responses(tmp_path / 'responses', change)
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 1
    said = capsys.readouterr().out
    assert 'none could be compared' in said
    assert f'{N_TARGETS} are not in the replay' in said


def test_replay_leaves_targets_without_a_stamp_out_of_the_comparison(tmp_path):
    def without_stamp(message):
        stamp = replace(message.header.stamp, sec=0, nanosec=0)
        return replace(message, header=replace(message.header, stamp=stamp))

    def change(number, topic, time_ns, message):
        return time_ns, without_stamp(message) if topic == TARGETS else message

    bag = changed(tmp_path / 'bag', change)
    said = responses(tmp_path / 'responses', lambda topic, message: without_stamp(message))
    assert replayed(bag, tmp_path / 'out', '--responses', str(said)) == 1, 'nothing to compare'
    figures = solutions(tmp_path / 'out')
    assert figures['compared'] == figures['missing'] == figures['without_replayed_one'] == 0


def test_replay_refuses_responses_of_another_time(tmp_path, capsys):
    def messages():
        for topic, time_ns, message in recorded(REFERENCE):
            if topic in (SOLUTION, COMMANDS):
                yield topic, time_ns + 10**12, message

    bag = written(tmp_path / 'responses', messages())
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert 'recorded at another time' in lines[0]
    assert '--use-sim-time' in lines[0]
    assert not (tmp_path / 'out').exists()


def test_replay_refuses_responses_without_solutions(tmp_path, capsys):
    bag = responses(tmp_path / 'responses', lambda topic, m: m if topic == COMMANDS else None)
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', str(bag)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert SOLUTION in lines[0]


def test_replay_refuses_both_ways_to_get_responses(tmp_path, capsys):
    assert replayed(REFERENCE, tmp_path / 'out', '--responses', 'bag', '--live') == 1
    assert 'use either --live or --responses' in capsys.readouterr().err


def test_replay_refuses_the_old_name_of_an_option_with_the_new_one(tmp_path, capsys):
    assert replayed(REFERENCE, tmp_path / 'out', '--answers', 'bag') == 1
    error = capsys.readouterr().err.strip()
    assert error.endswith('--answers: is now called --responses; use the new name.')


@pytest.mark.parametrize(
    ('is_lock_step', 'expected'), [(False, [0, 20, 30, 2030]), (True, [0, 20, 30, 70])]
)
def test_play_clock_in_lock_step_stops_between_readings(is_lock_step, expected):
    from neural_ik_ros.replay.play_clock import PlayClock

    clock = PlayClock(5_000_000_000, rate=2.0, is_lock_step=is_lock_step)
    read_ms = [100, 110, 115, 1115]
    times = [clock.advance(time_ms * 1_000_000) - 5_000_000_000 for time_ms in read_ms]
    assert times == [time_ms * 1_000_000 for time_ms in expected]


@given(
    data=st.data(),
    n=st.integers(1, 40),
    lost=st.sets(st.integers(0, 39)),
    period_ns=st.sampled_from([1_000_000, 4_000_000, 10_000_000]),
)
def test_solutions_are_matched_by_stamp_in_any_order(data, n, lost, period_ns):
    """What comes within 2 ms of its time is matched, what is lost is counted, nothing else."""
    names = [f'joint_{i + 1}' for i in range(6)]
    comparison = SolutionComparison(names)
    off_ns = st.integers(-2_000_000, 2_000_000)
    events = []
    for k in range(n):
        stamp_ns, q = 10**18 + k * period_ns, np.full(6, float(k))
        events.append((stamp_ns, comparison.expect, (q, stamp_ns)))
        if k not in lost:
            stamp = SimpleNamespace(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
            header = SimpleNamespace(stamp=stamp)
            message = SimpleNamespace(name=names, position=[float(k)] * 6, header=header)
            events.append((stamp_ns + data.draw(off_ns), comparison.add, (message,)))
    for now_ns, take, given_ in sorted(events, key=lambda event: event[0]):
        take(*given_, now_ns)
    figures, n_lost = comparison.values(), len({k for k in lost if k < n})
    assert (figures['compared'], figures['missing']) == (n - n_lost, n_lost)
    assert figures['without_replayed_one'] == 0
    assert n_lost == n or figures['difference_rad']['max'] == 0.0
