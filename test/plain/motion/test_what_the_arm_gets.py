# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an uneven cell makes of the commands: a short form of ``benchmark/controller``."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmark.controller.cell import MS, START_NS, Cell, CellConfig
from benchmark.controller.figures import acceleration_use, speed_use, tool_positions
from neural_ik_ros.kinematics import Arm, FloatArray, forward
from neural_ik_ros.motion import StreamStatus, TrackerConfig
from neural_ik_ros.simulation.paths import CartesianPath, PathConfig
from neural_ik_ros.simulation.simulated_controller import START_JOINTS
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus

TYPICAL, LARGEST = 0.3, 1.0  # of the acceleration limits: 95th percentile, and of all updates
HOME = np.array(START_JOINTS)
START_S, END_S = 1.05, 2.0  # between which the arm follows the path at its speed
BEGIN_S = {'circle': 1.5, 'lemniscate': 0.0}  # of the curve, after the way to it
SPEED_TOL = 1e-6  # relative, as the simulated arm counts violations; rounding
PATH_TOL = 1e-4  # [m] of the tool beside the path
UNEVEN = {
    'even': CellConfig(),
    'phase': CellConfig(controller_phase=0.3),
    'phase and jitter': CellConfig(
        controller_phase=0.7, source_jitter_s=0.004, update_jitter_s=0.0005
    ),
    'late commands': CellConfig(command_latency_s=0.002, command_jitter_s=0.002),
    'jitter of all': CellConfig(source_jitter_s=0.002, command_jitter_s=0.002, seed=1),
    'lost': CellConfig(lost_share=0.05, controller_phase=0.5),
    'clock ahead': CellConfig(clock_ahead_s=0.018, controller_phase=0.5),
    'clock behind': CellConfig(clock_ahead_s=-0.015, command_jitter_s=0.001),
    'fast controller': CellConfig(controller_hz=1000.0, source_jitter_s=0.004),
    'slow controller': CellConfig(controller_hz=100.0, source_jitter_s=0.002),
    'slow targets': CellConfig(target_hz=50.0, source_jitter_s=0.005, controller_phase=0.5),
    'fast targets': CellConfig(target_hz=1000.0, controller_phase=0.5),
    'measured joints': CellConfig(interpolates_from_desired_state=False, source_jitter_s=0.002),
    'lag': CellConfig(joint_state_hz=50.0, arm_lag_s=0.1, controller_phase=0.5),
    'no stamps': CellConfig(has_stamps=False, controller_phase=0.5),
}


@cache
def path(shape: str) -> CartesianPath:
    return CartesianPath(PathConfig(shape=shape, speed=0.25))


def start_joints(arm: Arm, shape: str) -> FloatArray:
    """Return the joints (6,) [rad] at the start of a path."""
    start = path(shape).transform(np.array(BEGIN_S[shape]))
    solution = IkSolver(arm, CurrentJoints()).solve(start, HOME)
    assert solution.status.is_solved
    return solution.q


def tracked(arm: Arm, shape: str, config: CellConfig, duration_s: float = 2.0) -> Cell:
    """Return a cell after a path was tracked and the arm has come to rest."""
    cell = Cell(arm, config, q_start=start_joints(arm, shape))
    cell.run(0.1)
    begin_s = BEGIN_S[shape]
    cell.stream(lambda t: path(shape).transform(np.array(begin_s + max(t - 0.2, 0.0))), duration_s)
    cell.run(duration_s + 0.3)
    return cell


def assert_gentle(cell: Cell) -> FloatArray:
    """Return the commands that the arm got, which use little of its limits."""
    times, q = cell.updates
    use = acceleration_use(times, q, cell.limits)
    on_path = (times[2:] > START_S) & (times[2:] < END_S)
    assert np.abs(np.diff(q, axis=0)).max(axis=1)[1:][on_path].min() > 1e-6, 'it moves'
    assert np.quantile(use[on_path], 0.95) <= TYPICAL
    assert use.max() <= LARGEST + SPEED_TOL
    assert speed_use(times, q, cell.limits) <= 1.0 + SPEED_TOL
    counts = cell.controller.counts
    assert counts.rejected == counts.position_violations == counts.speed_violations == 0
    return q


@pytest.mark.parametrize('name', UNEVEN)
def test_circle_is_gentle_in_an_uneven_cell(arm, name):
    cell = tracked(arm, 'circle', UNEVEN[name])
    assert {output.status for _, output in cell.outputs} == {IkStatus.SOLVED}
    q = assert_gentle(cell)
    times, _ = cell.updates
    tool = tool_positions(arm, q[(times > START_S) & (times < END_S)][::5])
    dense = BEGIN_S['circle'] + np.linspace(0.0, 2.0, 8001)
    curve = np.array([path('circle').transform(np.array(t))[:3, 3] for t in dense])
    distance = np.linalg.norm(tool[:, None] - curve[None], axis=2).min(axis=1)
    assert distance.max() < PATH_TOL, 'on the path'


@pytest.mark.parametrize('name', ['even', 'jitter of all', 'lost', 'slow targets'])
def test_lemniscate_is_gentle_in_an_uneven_cell(arm, name):
    cell = tracked(arm, 'lemniscate', UNEVEN[name])
    assert {output.status for _, output in cell.outputs} == {IkStatus.SOLVED}
    assert_gentle(cell)


@pytest.mark.parametrize('stall', [0.012, 0.03, 0.06])
def test_node_that_stalls_goes_on_within_the_limits(arm, stall):
    cell = tracked(arm, 'circle', CellConfig(stalls=((0.8, stall),)))
    assert {output.status for _, output in cell.outputs} == {IkStatus.SOLVED}
    times, q = cell.updates
    assert acceleration_use(times, q, cell.limits).max() <= 1.1
    assert speed_use(times, q, cell.limits) <= 1.0 + SPEED_TOL


# Whole motions


def goals_near_home(seed: int, n: int) -> FloatArray:
    return HOME + np.random.default_rng(seed).uniform(-0.4, 0.4, (n, 6))


@pytest.mark.parametrize('mode', ['trajectory', 'action'])
@pytest.mark.parametrize('latency_s', [0.003, 0.012, 0.025])
def test_whole_motions_are_replaced_within_the_limits(arm, mode, latency_s):
    config = CellConfig(
        command_latency_s=latency_s,
        controller_phase=0.4,
        tracker=TrackerConfig(output_mode=mode),
    )
    cell, rng = Cell(arm, config), np.random.default_rng(round(1e3 * latency_s))
    goals = goals_near_home(round(1e4 * latency_s), 5)
    cell.run(0.1)
    for q in goals:
        cell.target(forward(arm, q))
        cell.run(float(rng.uniform(0.1, 0.6)))
    cell.run(1.5)
    times, q = cell.updates
    assert acceleration_use(times, q, cell.limits).max() <= 1.1
    assert speed_use(times, q, cell.limits) <= 1.0 + SPEED_TOL
    assert np.abs(np.diff(q, axis=0)).max() / 0.004 > 0.3, 'it moved'
    assert np.abs(q[-1] - goals[-1]).max() < 1e-8
    assert {output.status for _, output in cell.outputs} == {IkStatus.SOLVED}


@pytest.mark.parametrize('lost_share', [0.3])
def test_whole_motion_arrives_although_messages_get_lost(arm, lost_share):
    config = CellConfig(lost_share=lost_share, tracker=TrackerConfig(output_mode='trajectory'))
    cell = Cell(arm, config)
    cell.run(0.1)
    goal = goals_near_home(5, 1)[0]
    cell.target(forward(arm, goal))
    cell.run(1.5)
    times, q = cell.updates
    assert np.abs(q[-1] - goal).max() < 1e-8
    assert acceleration_use(times, q, cell.limits).max() <= 1.1


# A controller that is not active, or slow


@pytest.mark.parametrize('mode', ['stream', 'trajectory', 'action'])
@pytest.mark.parametrize('after_s', [0.0, 0.003, 0.02, 0.06, 0.15, 0.3, 0.6])
def test_activation_at_any_moment_moves_nothing_faster_than_its_limits(arm, mode, after_s):
    config = CellConfig(controller_phase=0.6, tracker=TrackerConfig(output_mode=mode))
    cell = Cell(arm, config)
    cell.controller.deactivate()
    cell.run(0.1)
    cell.at(cell.now_ns + round(after_s * 1e9), cell.controller.activate)
    if mode == 'stream':
        cell.stream(lambda t: path('circle').transform(np.array(t)), 1.2)
    else:
        for k, q in enumerate(goals_near_home(7, 3)):
            cell.at(cell.now_ns + k * 200 * MS, lambda q=q: cell.target(forward(arm, q)))
    cell.run(1.5)
    times, q = cell.updates
    assert speed_use(times, q, cell.limits) <= 1.0 + SPEED_TOL
    counts = cell.controller.counts
    assert counts.speed_violations == counts.position_violations == counts.rejected == 0
    if after_s > 0.45:
        last = cell.outputs[-1][1].status
        assert last in (StreamStatus.NOT_FOLLOWING, StreamStatus.FOLLOWING_ERROR)


def test_inactive_controller_ends_in_a_fault_and_a_motion_after_it_is_acknowledged(arm):
    cell = Cell(arm, CellConfig())
    cell.controller.deactivate()
    cell.run(0.1)
    goal = goals_near_home(8, 1)[0]
    cell.target(forward(arm, goal))
    cell.run(1.0)
    assert cell.outputs[-1][1].status is StreamStatus.NOT_FOLLOWING
    cell.controller.activate()
    cell.run(0.2)
    assert cell.tracker.resume() == ''
    cell.target(forward(arm, goal))
    cell.run(2.0)
    times, q = cell.updates
    assert np.abs(q[-1] - goal).max() < 1e-8
    assert acceleration_use(times, q, cell.limits).max() <= 1.1


@pytest.mark.parametrize('mode', ['trajectory', 'action'])
def test_controller_at_half_speed_ends_in_a_following_error_and_a_smooth_stop(arm, mode):
    cell = Cell(arm, CellConfig(tracker=TrackerConfig(output_mode=mode)))
    cell.controller.scale_speed(0.5)
    cell.run(0.1)
    cell.target(forward(arm, HOME + 0.5))
    cell.run(2.0)
    faults = [output for _, output in cell.outputs if not output.status.is_solved]
    assert [fault.status for fault in faults] == [StreamStatus.FOLLOWING_ERROR]
    times, q = cell.updates
    assert speed_use(times, q, cell.limits) <= 1.0
    assert np.abs(q[-50:] - q[-1]).max() < 1e-9, 'at rest'
    fault_s = next(1e-9 * (now - START_NS) for now, out in cell.outputs if out is faults[0])
    # The controller believes in the speed of its trajectory, and does two periods in one update.
    steps = np.abs(np.diff(q, axis=0)).max(axis=1)
    before, after = steps[times[1:] <= fault_s], steps[times[1:] > fault_s]
    assert after.max() <= 4.2 * before[-1]
    use = acceleration_use(times, q, cell.limits)[times[2:] > fault_s]
    assert use[2:].max() <= 0.5, 'smooth from there'
    assert np.abs(q[-1] - HOME).max() < 0.45, 'on the way'


@pytest.mark.parametrize('scaling', [0.5, 0.0])
def test_stream_is_refused_where_the_controller_reports_a_scaled_speed(arm, scaling):
    cell = Cell(arm, CellConfig())
    cell.run(0.1)
    cell.tracker.supervisor.on_controller_state(scaling, cell.now_ns)
    cell.target(forward(arm, HOME + 0.1))
    ((_, output),) = cell.outputs
    assert output.status is StreamStatus.SPEED_SCALED
    assert output.command is None
