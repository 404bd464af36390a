# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``neural_ik monitor``: readable, live, and safe to look at."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from driver import AUTOSTART, HOME, PATIENT, Driver, shipped_arm

from neural_ik_ros.errors import ProcessError
from neural_ik_ros.interface.node_statistics import NodeStatistics
from neural_ik_ros.kinematics import forward
from neural_ik_ros.motion import Health, Output, StreamStatus
from neural_ik_ros.ros.node.diagnostics import no_joint_states_warning, status_message
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
    statistics = NodeStatistics()
    for k in range(10):
        output = Output(status=IkStatus.SOLVED, solution=solution, solve_ns=100_000 * (k + 1))
        statistics.on_target(output, 200_000 * (k + 1))
        statistics.on_tick(1 + 4_000_000 * k)
    statistics.on_target(Output(status=IkStatus.UNREACHABLE), 5_000_000)
    newest = statistics.newest
    values = statistics.diagnostic_values(HEALTH)
    return status_message('/left/neural_ik', newest.status, newest.reason, values)


def test_page_shows_the_number_of_publishers_of_each_input():
    publishers = {'publishers of /joint_states': '1', 'publishers of /target_pose': '0'}
    status = status_message('/neural_ik', StreamStatus.IDLE, 'waiting for a target', publishers)
    page = render_report(status, age_s=0.1)
    assert re.search('^publishers +/joint_states 1, /target_pose 0$', page, re.MULTILINE)


@pytest.mark.parametrize(
    ('status', 'level'),
    [
        (IkStatus.SOLVED, DiagnosticStatus.OK),
        (IkStatus.SOLVED_OTHER_POSTURE, DiagnosticStatus.OK),
        (StreamStatus.IDLE, DiagnosticStatus.OK),
        (IkStatus.UNREACHABLE, DiagnosticStatus.WARN),
        (StreamStatus.GOAL_FAILED, DiagnosticStatus.WARN),
    ],
)
def test_status_message_warns_of_what_needs_attention(status, level):
    message = status_message('/neural_ik', status, 'why', {'goal': 'sent'})
    assert message.level == level
    assert (message.name, message.message) == ('/neural_ik', 'why')
    pairs = [(pair.key, pair.value) for pair in message.values]
    assert pairs == [('status', status.name), ('goal', 'sent')]


def test_warning_without_joint_states_names_their_publishers():
    text = no_joint_states_warning(3, 13, {'publishers of /joint_states': '2'})
    assert text.startswith('no joint states for 3 s; of other joints since activation: 13;')
    assert 'publishers of /joint_states: 2' in text


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
    with pytest.raises(
        ProcessError, match=r'no diagnostics within 0\.5 s; check that the node is active'
    ):
        run_monitor(print, timeout_s=0.5)


def test_monitor_shows_a_running_node_without_a_terminal(start_node, peer):
    start_node('neural_ik_node', *AUTOSTART, *PATIENT)
    Driver(peer).connect().solve_once()
    command = [sys.executable, '-c', CODE, 'monitor', '--once']
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('/neural_ik  ')
    assert 'SOLVED 1' in result.stdout
    assert '\x1b' not in result.stdout
