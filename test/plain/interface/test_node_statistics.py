# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Counts, latencies and changes of status of the node."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neural_ik_ros.interface.node_statistics import NodeStatistics, accuracy_values
from neural_ik_ros.interface.statistics import WINDOW_SIZE
from neural_ik_ros.kinematics import N_ANGLES, N_TWISTS, Uncertainty, forward
from neural_ik_ros.motion import Deviation, Health, Output, StreamStatus
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
HEALTH = Health(
    fault='FOLLOWING_ERROR', joint_state_age_s=0.004, following_error=0.0625, is_moving=True
)


def test_values_have_counts_latencies_watchdogs_and_evidence(arm):
    solver = IkSolver(arm, CurrentJoints())
    solution = solver.solve(forward(solver.arm, HOME), HOME)
    statistics = NodeStatistics()
    for k in range(10):
        output = Output(status=IkStatus.SOLVED, solution=solution, solve_ns=100_000 * (k + 1))
        statistics.on_target(output, 200_000 * (k + 1))
        statistics.on_tick(1 + 4_000_000 * k)
    statistics.on_target(Output(status=IkStatus.UNREACHABLE), 5_000_000)
    values = statistics.diagnostic_values(HEALTH)
    assert values['count SOLVED'] == '10'
    assert values['count UNREACHABLE'] == '1'
    assert values['seed current'] == '10'
    assert (values['solve p50 [ms]'], values['solve max [ms]']) == ('0.550', '1.000')
    assert values['callback max [ms]'] == '5.000'
    assert values['loop p50 [ms]'] == '4.000'
    assert values['fault'] == 'FOLLOWING_ERROR'
    assert values['following error [rad]'] == '0.0625'
    assert values['iterations max'] == '0'
    assert float(values['smallest singular value']) > 0.0


def test_target_changes_the_status_when_its_name_is_another():
    statistics = NodeStatistics()
    statuses = (IkStatus.SOLVED, IkStatus.SOLVED, IkStatus.UNREACHABLE, IkStatus.SOLVED)
    changes = [statistics.on_target(Output(status=one), 1) for one in statuses]
    assert changes == [True, False, True, True]


def test_missing_joint_states_are_noticed_once_for_each_time_they_are_missing():
    statistics, noticed = NodeStatistics(), []
    for n_joint_states in [0] * 9 + [1] + [0] * 2 + [250]:
        for _ in range(n_joint_states):
            statistics.on_joint_state(is_ours=True)
        statistics.on_joint_state(is_ours=False)
        noticed.append(statistics.count_report())
    assert noticed == [False] * 3 + [True] + [False] * 9, 'the first report may come at once'
    assert statistics.n_other_joints == 13


def test_idle_status_has_changed_when_its_reason_has():
    statistics, changes = NodeStatistics(), []
    for detail in ('lacks joint_6', 'lacks joint_6', 'lacks joint_1'):
        idle_status = Output(status=IkStatus.BAD_JOINT_STATE, detail=detail)
        changes.append(statistics.update_idle_status(idle_status))
        statistics.on_status_reported()
    assert changes == [True, False, True]


def test_idle_status_has_changed_once_although_its_age_grows():
    statistics = NodeStatistics()
    status = StreamStatus.STALE_JOINT_STATE
    outputs = [Output(status=status, detail=f'age {k} s') for k in range(4)]
    outputs.insert(2, Output(status=StreamStatus.IDLE))
    changes = []
    for idle_status in outputs:
        changes.append(statistics.update_idle_status(idle_status))
        if changes[-1]:
            statistics.on_status_reported()
    assert changes == [True, False, True, True, False]


def test_values_show_what_the_limits_cost(arm):
    statistics = NodeStatistics()
    turned = HOME + np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0])
    deviation = Deviation(arm=arm, q=turned, q_goal=HOME)
    command = object()  # it only matters that there is one
    for _ in range(3):
        statistics.on_command(Output(status=IkStatus.SOLVED, command=command, deviation=deviation))
    values = statistics.diagnostic_values(HEALTH)
    assert values['limited commands'] == '3'
    assert float(values['deviation [rad]']) == pytest.approx(0.01, rel=1e-3)
    assert 0.001 < float(values['deviation [m]']) < 0.02
    statistics.on_command(Output(status=IkStatus.SOLVED, command=command))
    assert float(statistics.diagnostic_values(HEALTH)['deviation [m]']) == 0.0


def test_statistics_do_not_grow():
    statistics = NodeStatistics()
    for k in range(3 * WINDOW_SIZE):
        statistics.on_target(Output(status=StreamStatus.STALE_TARGET), k)
    values = statistics.diagnostic_values(HEALTH)
    assert values['count STALE_TARGET'] == f'{3 * WINDOW_SIZE}'
    assert float(values['callback p50 [ms]']) > 2 * WINDOW_SIZE * 1e-6


def test_joints_that_leave_their_measured_angles_are_reported_without_another_status(arm):
    covered = np.ones((6, N_ANGLES), bool)
    covered[4, : N_ANGLES // 8] = False  # joint 5 from 0 to 45 degrees
    known = Uncertainty(
        factor=np.zeros((N_TWISTS, N_TWISTS)), map_sds=np.zeros((6, N_ANGLES)),
        residual=np.array([5e-5, 1e-4]), covered=covered,
    )  # fmt: skip
    solver = IkSolver(replace(arm, uncertainty=known), CurrentJoints())
    statistics, reported = NodeStatistics(), []
    for angle in (0.9, 0.9, 0.7, 0.7, 0.9):
        q = np.where(np.arange(6) == 4, angle, HOME)
        solution = solver.solve(forward(arm, q), q)
        statistics.on_target(Output(status=IkStatus.SOLVED, solution=solution), 1)
        reported.append(statistics.update_idle_status(Output(status=StreamStatus.IDLE)))
        statistics.on_status_reported()
    assert reported == [True, False, True, False, True]
    values = statistics.diagnostic_values(HEALTH)
    assert values['joints outside measured angles'] == 'none'
    assert float(values['predicted error p95 [m]']) == pytest.approx(2.79 * 5e-5, rel=0.02)


def test_arm_without_a_calibration_claims_no_accuracy(arm):
    solution = IkSolver(arm, CurrentJoints()).solve(forward(arm, HOME), HOME)
    assert accuracy_values(solution) == accuracy_values(None) == {}
