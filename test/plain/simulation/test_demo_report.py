# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report of the demo, on recordings whose errors are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from recordings import LATENCY, RELAY, SERIES, SPEEDS, T0, N, made_recording

from neural_ik_ros.errors import EvaluationError
from neural_ik_ros.kinematics import Arm, FloatArray, forward
from neural_ik_ros.motion import MotionLimits
from neural_ik_ros.simulation.demo_report import DemoReport, Recording, make_report


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=[5.0] * 6, jerk=[50.0] * 6)


@pytest.fixture(scope='module')
def recording(arm: Arm) -> Recording:
    return made_recording(arm)


@pytest.fixture
def report_of(arm, limits):
    def report(recording: Recording) -> DemoReport:
        return make_report(recording, limits)

    return report


def test_report_finds_nothing_wrong_with_a_good_recording(report_of, recording):
    report = report_of(recording)
    assert report.problems == []
    assert report.n_targets == report.n_answered == report.n_solved == N
    assert report.solved_percent == 100.0
    assert report.refused == {}
    for error in (report.solution, report.command, report.arm, report.arm_path):
        assert error.position_m.max < 1e-12
        assert error.rotation_rad.max < 1e-12
    assert report.solution.position_m.n == N
    assert 0.6 * N < report.command.position_m.n < 0.7 * N, 'the first second is not judged'


def test_report_measures_latencies_and_rate(report_of, recording):
    late = recording.command_received_ns.copy()
    late[100] += 5_000_000
    report = report_of(replace(recording, command_received_ns=late))
    assert report.latency_ms.p50 == pytest.approx(1e-6 * LATENCY)
    assert report.latency_ms.max == pytest.approx(1e-6 * LATENCY + 5.0)
    assert report.latency_ms.n == N
    assert report.relay_ms.p50 == report.relay_ms.max == pytest.approx(1e-6 * RELAY)
    assert report.rate_hz == pytest.approx(250.0)
    assert report.problems == [], 'latency is reported, it does not fail the demo'


def moved(targets: FloatArray, row: int, distance: float) -> FloatArray:
    targets = targets.copy()
    targets[row, 0, 3] += distance
    return targets


@pytest.mark.parametrize(('distance', 'is_fine'), [(0.9e-6, True), (1.1e-6, False)])
def test_report_measures_solutions_against_their_targets(report_of, recording, distance, is_fine):
    report = report_of(replace(recording, targets=moved(recording.targets, 500, distance)))
    assert report.solution.position_m.max == pytest.approx(distance, rel=1e-6)
    assert report.solution.position_m.p50 < 1e-12
    assert (report.problems == []) == is_fine
    assert is_fine or 'a solution is off' in report.problems[0]


def test_report_measures_the_rotation_of_solutions(report_of, recording):
    q = recording.solution_q.copy()
    q[300, 5] += 2e-6  # turns the tool about its own axis
    report = report_of(replace(recording, solution_q=q))
    assert report.solution.rotation_rad.max == pytest.approx(2e-6, rel=1e-6)
    assert report.solution.position_m.max < 1e-12
    assert len(report.problems) == 1


def test_report_compares_commands_with_the_targets_they_answer(report_of, recording):
    q = recording.command_q.copy()
    q[:, 5] += 1e-3
    report = report_of(replace(recording, command_q=q))
    assert report.command.rotation_rad.p50 == pytest.approx(1e-3, rel=1e-6)
    assert report.solution.rotation_rad.max < 1e-12
    assert report.problems == [], 'the motion may lag, the solution may not'


def test_report_compares_answers_by_stamp_when_some_are_missing(report_of, recording):
    kept = np.flatnonzero(np.arange(N) % 3 > 0)
    changes = {
        name: getattr(recording, name)[kept]
        for name in (*SERIES['solutions'], *SERIES['trajectories'])
    }
    report = report_of(replace(recording, **changes, counts={'SOLVED': len(kept)}))
    assert report.solution.position_m.n == len(kept)
    assert report.solution.position_m.max < 1e-12
    assert report.command.position_m.max < 1e-12
    assert report.latency_ms.max == pytest.approx(1e-6 * LATENCY)
    assert report.n_answered == len(kept)
    assert report.problems == []


def test_report_leaves_out_answers_of_which_a_part_was_not_recorded(report_of, recording):
    """The recorder may have come late: its first command answers a target it has not seen."""
    changes = {name: getattr(recording, name)[50:] for name in SERIES['trajectories']}
    report = report_of(replace(recording, **changes))
    assert report.latency_ms.n == N - 50
    assert report.latency_ms.max == pytest.approx(1e-6 * LATENCY)
    changes = {
        name: np.delete(getattr(recording, name), [400], axis=0) for name in SERIES['trajectories']
    }
    report = report_of(replace(recording, **changes))
    assert report.latency_ms.n == N - 1
    assert report.command.position_m.max < 1e-12
    unseen = {
        name: getattr(recording, name)[50:] for name in ('target_stamp_ns', 'target_sent_ns')
    }
    report = report_of(replace(recording, **unseen, targets=recording.targets[50:]))
    assert report.solution.position_m.n == N - 50
    assert report.problems == []


def test_report_reports_the_lag_of_the_arm_from_its_distance_to_the_path(
    report_of, recording, arm
):
    lag = 5
    q = np.vstack([np.tile(recording.joint_q[0], (lag, 1)), recording.joint_q[:-lag]])
    report = report_of(replace(recording, joint_q=q))
    tools = forward(arm, recording.joint_q)[:, :3, 3]
    distances = np.linalg.norm(tools[lag:] - tools[:-lag], axis=1)
    assert distances.min() <= report.arm.position_m.p50 <= distances.max()
    assert report.arm_path.position_m.max < 1e-12
    assert report.problems == []


def test_report_measures_the_use_of_the_velocity_limits(report_of, recording, limits):
    time = 1e-9 * (recording.target_stamp_ns - T0)[:, None] - 1.5
    q = np.zeros((N, 6))
    q[:, :1] = 0.015 * limits.velocity[0] * time
    report = report_of(replace(recording, command_q=q))
    assert report.limit_use['velocity'] == pytest.approx(0.015, rel=1e-3)


def test_report_measures_the_use_of_the_position_limits(report_of, recording, limits):
    q = np.tile(0.5 * (limits.lower + limits.upper), (N, 1))
    q[:, 3] = 0.75 * limits.upper[3]
    report = report_of(replace(recording, command_q=q))
    assert report.limit_use['position'] == pytest.approx(0.75)


BROKEN = {
    'position': ([0, 0, 0, 0, 0, 0.01], 'position limit'),
    'velocity': ([0, 0, 0, 0, 0.03, 0.06], 'velocity limit'),
}


@pytest.mark.parametrize(('steps', 'problem'), BROKEN.values(), ids=BROKEN)
def test_report_lists_broken_limits(report_of, recording, limits, steps, problem):
    q = np.zeros((N, 6))
    q[:, 0] = limits.upper[0] - 0.005 if problem.startswith('position') else 0.0
    q[500 : 500 + len(steps), 0] += steps
    q[500 + len(steps) :, 0] += steps[-1]
    report = report_of(replace(recording, command_q=q))
    assert any(line.startswith(problem) for line in report.problems), report.problems
    share = report.limit_use[problem.split()[0]]
    assert share > 1.0
    assert any(f'{100.0 * share:.3f} %' in line for line in report.problems)


def test_report_does_not_call_a_limit_broken_that_is_just_reached(report_of, recording, limits):
    q = np.tile(limits.upper, (N, 1))
    report = report_of(replace(recording, command_q=q))
    assert report.limit_use['position'] == pytest.approx(1.0)
    assert report.problems == []


def test_report_ignores_differences_over_uneven_times(report_of, recording, limits):
    """After a lost target the next command is one period farther: not a higher speed."""
    kept = np.delete(np.arange(N), [400, 401, 555])
    changes = {
        name: getattr(recording, name)[kept]
        for name in (*SERIES['solutions'], *SERIES['trajectories'])
    }
    report = report_of(replace(recording, **changes))
    share = np.abs(SPEEDS) / limits.velocity
    assert report.limit_use['velocity'] == pytest.approx(share.max(), rel=1e-3)
    assert report.problems == []


@pytest.mark.parametrize(
    ('counts', 'is_fine'),
    [
        ({'SOLVED': N - 2, 'SOLVED_OTHER_POSTURE': 2}, True),
        ({'SOLVED': N - 2, 'UNREACHABLE': 2}, False),
        ({'SOLVED': N - 2, 'OUTSIDE_LIMITS': 2}, False),
        ({'SOLVED': N - 2, 'BAD_TARGET': 2}, False),
        ({'SOLVED': N - 2, 'STALE_TARGET': 1, 'STALE_JOINT_STATE': 1}, True),  # the machine's
    ],
)
def test_report_lists_refused_targets(report_of, recording, counts, is_fine):
    report = report_of(replace(recording, counts=counts))
    assert report.n_answered == N
    assert report.n_solved == sum(n for s, n in counts.items() if s.startswith('SOLVED'))
    assert report.solved_percent == pytest.approx(100.0 * report.n_solved / N)
    assert (report.problems == []) == is_fine
    assert is_fine or 'refused' in report.problems[0]


@pytest.mark.parametrize(
    ('name', 'is_fine'),
    [('rejected', False), ('position_violations', False), ('speed_violations', True)],
)
def test_report_lists_what_the_simulated_arm_refused(report_of, recording, name, is_fine):
    report = report_of(replace(recording, violations={**recording.violations, name: 3}))
    assert (report.problems == []) == is_fine
    assert is_fine or f"'{name}': 3" in report.problems[0]
    assert report.violations[name] == 3


@pytest.mark.parametrize('n', [0, 99])
@pytest.mark.parametrize('what', SERIES)
def test_report_refuses_a_recording_that_is_too_short(report_of, recording, what, n):
    changes = {name: getattr(recording, name)[:n] for name in SERIES[what]}
    with pytest.raises(EvaluationError, match=f'only {n} {what}'):
        report_of(replace(recording, **changes))


@pytest.mark.parametrize('n', [0, 1, 5, 99])
def test_report_refuses_a_recording_with_few_complete_answers(report_of, recording, n):
    stamps = recording.solution_stamp_ns.copy()
    stamps[: N - n] += 1
    with pytest.raises(EvaluationError, match=f'only {n} complete answers'):
        report_of(replace(recording, solution_stamp_ns=stamps))


@pytest.mark.parametrize('name', ['target_stamp_ns', 'relayed_stamp_ns', 'joint_stamp_ns'])
def test_report_refuses_a_recording_whose_parts_do_not_belong_together(report_of, recording, name):
    stamps = getattr(recording, name)
    with pytest.raises(EvaluationError, match='only 0'):
        report_of(replace(recording, **{name: stamps - 10 * (stamps[-1] - stamps[0]) - 1}))


def test_report_is_plain_json(report_of, recording):
    report = report_of(replace(recording, counts={'SOLVED': N - 1, 'UNREACHABLE': 1}))
    data = json.loads(json.dumps(report.to_json()))
    assert data['problems'] == report.problems
    assert len(data['problems']) == 1
    assert data['solved_percent'] == report.solved_percent
    assert data['latency_ms']['p50'] == report.latency_ms.p50
    assert data['solution']['position_m']['n'] == N


def test_report_measures_an_arm_between_two_targets_from_the_path_through_them(
    report_of, recording
):
    q = 0.5 * (recording.joint_q + np.vstack([recording.joint_q[:1], recording.joint_q[:-1]]))
    report = report_of(replace(recording, joint_q=q))
    half = report.arm.position_m.p50
    assert half > 1e-4, 'half of the distance between two targets'
    assert report.arm_path.position_m.max < 1e-2 * half
