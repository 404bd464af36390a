# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``neural_ik monitor``: readable, live, and safe to look at."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from driver import AUTOSTART, HOME, PATIENT, Driver, shipped_arm

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.interface.statistics import WINDOW
from neural_ik_ros.kinematics import forward
from neural_ik_ros.motion import Deviation, Health, Output, StreamStatus
from neural_ik_ros.ros.node.diagnostics import Statistics
from neural_ik_ros.ros.nodes.monitor import MAX_TEXT, render_report, run_monitor
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus

CODE = 'from neural_ik_ros.cli.main import main; raise SystemExit(main())'
HEALTH = Health(
    fault='FOLLOWING_ERROR', joint_state_age_s=0.004, following_error=0.0625, is_moving=True
)


@pytest.fixture
def report() -> DiagnosticStatus:
    """Return a report after a few answers."""
    solver = IkSolver(shipped_arm(), CurrentJoints())
    solution = solver.solve(forward(solver.arm, HOME), HOME)
    statistics = Statistics()
    for k in range(10):
        output = Output(status=IkStatus.SOLVED, solution=solution, solve_ns=100_000 * (k + 1))
        statistics.count(output, 200_000 * (k + 1))
        statistics.tick(1 + 4_000_000 * k)
    statistics.count(Output(status=IkStatus.UNREACHABLE), 5_000_000)
    return statistics.report('/left/neural_ik', HEALTH)


def figures(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_report_has_counts_latencies_watchdogs_and_evidence(report):
    values = figures(report)
    assert values['count SOLVED'] == '10'
    assert values['count UNREACHABLE'] == '1'
    assert values['seed current'] == '10'
    assert (values['solve p50 [ms]'], values['solve max [ms]']) == ('0.550', '1.000')
    assert values['callback max [ms]'] == '5.000'
    assert values['loop p50 [ms]'] == '4.000'
    assert values['fault'] == 'FOLLOWING_ERROR'
    assert values['following error [rad]'] == '0.0625'
    assert values['newton steps max'] == '0'
    assert float(values['smallest singular value']) > 0.0


def test_page_tells_how_many_publish_each_input():
    publishers = {'publishers of /joint_states': '1', 'publishers of /target_pose': '0'}
    page = render_report(Statistics().report('/neural_ik', HEALTH, publishers), age_s=0.1)
    assert re.search('^publishers +/joint_states 1, /target_pose 0$', page, re.MULTILINE)


def test_blind_node_is_told_about_once_for_each_time_it_lasts():
    statistics, told = Statistics(), []
    for n_joint_states in [0] * 9 + [1] + [0] * 2 + [250]:
        for _ in range(n_joint_states):
            statistics.note_joints(is_ours=True)
        statistics.note_joints(is_ours=False)
        told.append(statistics.is_blind())
    assert told == [False] * 3 + [True] + [False] * 9, 'the first report may come at once'
    text = statistics.blindness({'publishers of /joint_states': '2'})
    assert text.startswith('no joint states for 3 s; of other joints since activation: 13;')
    assert 'publishers of /joint_states: 2' in text


def test_reason_of_waiting_is_news_when_it_changes():
    statistics, news = Statistics(), []
    for detail in ('lacks joint_6', 'lacks joint_6', 'lacks joint_1'):
        news.append(statistics.is_news(Output(status=IkStatus.BAD_JOINT_STATE, detail=detail)))
        statistics.status('/neural_ik')
    assert news == [True, False, True]


def test_status_of_waiting_is_news_once_although_its_age_grows():
    statistics = Statistics()
    status = StreamStatus.STALE_JOINT_STATE
    waits = [Output(status=status, detail=f'age {k} s') for k in range(4)]
    waits.insert(2, Output(status=StreamStatus.IDLE))
    news = []
    for waiting in waits:
        news.append(statistics.is_news(waiting))
        if news[-1]:
            statistics.status('/neural_ik')
    assert news == [True, False, True, True, False]


def test_report_tells_what_the_limits_cost():
    statistics = Statistics()
    turned = HOME + np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0])
    deviation = Deviation(arm=shipped_arm(), q=turned, q_goal=HOME)
    command = object()  # it only matters that there is one
    for _ in range(3):
        statistics.note_command(
            Output(status=IkStatus.SOLVED, command=command, deviation=deviation)
        )
    values = figures(statistics.report('/neural_ik', HEALTH))
    assert values['limited commands'] == '3'
    assert float(values['deviation [rad]']) == pytest.approx(0.01, rel=1e-3)
    assert 0.001 < float(values['deviation [m]']) < 0.02
    statistics.note_command(Output(status=IkStatus.SOLVED, command=command))
    assert float(figures(statistics.report('/n', HEALTH))['deviation [m]']) == 0.0


def test_statistics_do_not_grow():
    statistics = Statistics()
    for k in range(3 * WINDOW):
        statistics.count(Output(status=StreamStatus.STALE_TARGET), k)
    values = figures(statistics.report('/neural_ik', HEALTH))
    assert values['count STALE_TARGET'] == f'{3 * WINDOW}'
    assert float(values['callback p50 [ms]']) > 2 * WINDOW * 1e-6


def test_view_shows_what_is_in_a_report(report):
    page = render_report(report, age_s=0.1)
    assert page.startswith('/left/neural_ik  UNREACHABLE\n')
    assert 'outside the reach of the arm' in page
    assert re.search(r'^solve +0\.550 +\S+ +1\.000$', page, re.MULTILINE)
    assert re.search(r'^answers +SOLVED 10, UNREACHABLE 1$', page, re.MULTILINE)
    assert 'fault FOLLOWING_ERROR' in page
    assert max(map(len, page.splitlines())) < 120


def test_view_of_a_silent_node_says_so(report):
    page = render_report(report, age_s=7.0)
    assert page.startswith('/left/neural_ik  SILENT\nno report for 7 s')


def test_view_lets_nothing_through_to_the_terminal():
    status = DiagnosticStatus(
        name='/neural_ik\x1b[2J',
        message='x' * 10_000 + '\x07',
        values=[
            KeyValue(key='status', value='\x1b]0;title\x07'),
            KeyValue(key='fault', value='\n'),
        ],
    )
    page = render_report(status, age_s=0.0)
    assert all(c.isprintable() or c == '\n' for c in page)
    assert max(map(len, page.splitlines())) < MAX_TEXT + 20


def test_view_of_an_empty_report_is_possible():
    assert 'none' in render_report(DiagnosticStatus(), age_s=0.0)


def test_monitor_says_that_nothing_reports():
    with pytest.raises(NeuralIkError, match='Is the node active'):
        run_monitor(print, timeout_s=0.5)


def test_monitor_shows_a_running_node_without_a_terminal(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    Driver(peer).connect().serve()
    command = [sys.executable, '-c', CODE, 'monitor', '--once']
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('/neural_ik  ')
    assert 'SOLVED 1' in result.stdout
    assert '\x1b' not in result.stdout
