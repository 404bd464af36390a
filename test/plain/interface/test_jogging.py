# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jogging in the node without ROS: what is commanded, what is refused, and what wins."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from node_bench import (
    CONFIG,
    HOME,
    PERIOD_NS,
    PERIOD_S,
    TIMEOUT_S,
    TURN,
    Cell,
    X,
    Z,
    speeds,
)
from numpy.testing import assert_allclose

from neural_ik_ros.interface.followed_pose import SPEED_SHARE, twist_from_message
from neural_ik_ros.interface.messages import InvalidMessage
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.kinematics import forward

TRACKED = 2e-3  # [m], by which the commands follow a velocity that does not change


@pytest.fixture(scope='module')
def made() -> Cell:
    return Cell()


@pytest.fixture
def cell(made) -> Cell:
    made.start()
    return made


@pytest.mark.parametrize('frame', ['', 'base_link', '/base_link'])
def test_velocity_in_the_base_moves_the_tool_along_its_axis(frame, cell):
    cell.run(0.5, 0.1 * X, frame)
    before = cell.tool
    cell.run(0.5, 0.1 * X, frame)
    expected = before.copy()
    expected[0, 3] += 0.05
    assert_allclose(cell.tool, expected, rtol=0.0, atol=TRACKED)
    assert cell.status == 'SOLVED'


def test_velocity_in_the_tool_moves_it_along_its_own_axis(cell):
    cell.run(0.5, -0.1 * Z, 'tool0')
    before = cell.tool
    cell.run(0.5, -0.1 * Z, 'tool0')
    expected = before[:3, 3] - 0.05 * before[:3, 2]
    assert_allclose(cell.tool[:3, 3], expected, rtol=0.0, atol=TRACKED)


def test_turn_keeps_the_tip_of_the_tool_where_it_is(cell):
    before = cell.tool
    rows = cell.run(1.0, 0.4 * TURN)
    positions = forward(cell.arm, rows)[:, :3, 3]
    assert np.abs(positions - before[:3, 3]).max() < TRACKED
    turn = before[:3, :3].T @ cell.tool[:3, :3]
    assert math.acos((np.trace(turn) - 1.0) / 2.0) > 0.3


def test_tool_comes_to_rest_when_messages_stop_and_stays(cell):
    moving = cell.run(0.5, 0.2 * X)
    rows = cell.run(3.0)
    assert speeds(cell, moving)[-1] == pytest.approx(0.2, abs=0.02)
    assert speeds(cell, rows)[: round(0.8 * TIMEOUT_S / PERIOD_S)].min() > 0.15, 'not at once'
    assert speeds(cell, rows)[-250:].max() == 0.0
    assert not cell.node.health.is_moving
    travelled = forward(cell.arm, rows[[0, -1]])[:, 0, 3]
    assert travelled[1] - travelled[0] == pytest.approx(0.2 * TIMEOUT_S + 0.2**2 / 2, abs=0.01)


def test_zero_velocity_stops_and_keeps_poses_out(cell):
    cell.run(0.5, 0.2 * X)
    rows = cell.run(2.0, 0.0 * X)
    assert speeds(cell, rows)[-100:].max() == 0.0
    assert cell.pose(cell.tool) == 'JOGGING'


def test_poses_are_refused_until_velocities_have_been_silent(cell):
    cell.run(0.3, 0.1 * X)
    assert cell.pose(cell.tool) == 'JOGGING'
    assert f'{TIMEOUT_S:g} s' in cell.outputs[-1].reason
    cell.run(0.9 * TIMEOUT_S)
    assert cell.pose(cell.tool) == 'JOGGING'
    cell.run(0.2 * TIMEOUT_S)
    goal = cell.tool
    assert cell.pose(goal) == 'SOLVED'
    cell.run(2.0)
    assert_allclose(cell.tool, goal, rtol=0.0, atol=1e-6)


def test_velocity_takes_over_from_poses_at_their_speed(cell):
    rows, transform = [], cell.tool
    for _ in range(125):
        cell.run(PERIOD_S)
        transform = transform.copy()
        transform[0, 3] += 0.15 * PERIOD_S
        assert cell.pose(transform) == 'SOLVED'
        rows.append(cell.commanded)
    cell.twist(0.15 * X)
    rows += list(cell.run(0.5, 0.15 * X))
    assert speeds(cell, np.array(rows))[90:] == pytest.approx(0.15, abs=1e-3)


@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_velocity_that_is_not_finite_is_refused_and_nothing_moves(bad, cell):
    cell.twist(bad * np.ones(6))
    assert cell.status == 'BAD_TWIST'
    assert (cell.run(0.2) == HOME).all()


def test_velocity_in_another_frame_is_refused(cell):
    cell.twist(0.1 * X, 'camera')
    assert cell.status == 'UNKNOWN_FRAME'
    assert "'camera'" in cell.outputs[-1].reason
    assert (cell.run(0.2) == HOME).all()


@pytest.mark.parametrize('age_ns', [10**9, -(10**9)])
def test_velocity_with_a_stamp_far_from_now_is_refused(age_ns, cell):
    cell.twist(0.1 * X, age_ns=age_ns)
    assert cell.status == 'STALE_TARGET'
    assert (cell.run(0.2) == HOME).all()
    cell.twist(0.1 * X, age_ns=10**7)
    cell.run(0.1)
    assert cell.status == 'SOLVED'


def test_velocity_without_a_joint_state_is_refused(cell):
    cell.node.start()
    cell.twist(0.1 * X)
    cell.now_ns += PERIOD_NS
    cell.node.on_tick()
    assert not cell.outputs


def test_inactive_node_follows_no_velocity(cell):
    cell.node.stop()
    cell.twist(0.1 * X)
    cell.node.start()
    assert not cell.node.health.is_moving
    assert not cell.outputs


@pytest.mark.parametrize(
    ('twist', 'frame'), [(0.4 * X, ''), (0.3 * Z, ''), (-0.4 * Z, 'tool0'), (1.0 * TURN, 'tool0')]
)
def test_limit_of_the_arm_holds_the_tool_without_winding_up(twist, frame, cell):
    cell.run(12.0, twist, frame)
    assert cell.status not in ('SOLVED', 'SOLVED_OTHER_POSTURE')
    refused = len(cell.outputs)
    held = cell.run(1.0, twist, frame)
    assert np.ptp(forward(cell.arm, held)[:, :3, 3], axis=0).max() < 1e-3
    assert len(cell.outputs) - refused < 100, 'it is not tried again and again'
    rows = cell.run(0.4, -twist, frame)
    moved = forward(cell.arm, rows)
    assert not np.allclose(moved[0], moved[-1], rtol=0.0, atol=0.01), 'the way back is open'
    assert cell.status == 'SOLVED'


def test_tool_waits_for_joints_that_cannot_follow(made):
    """Pass the wrist singularity, where a straight line asks for half a turn at once."""
    cell = made
    cell.start(np.array([0.0, 0.3, 0.2, 0.0, 0.25, 0.0]))
    largest = 0.0
    for _ in range(1500):
        cell.run(PERIOD_S, np.array([0.0, 0.05, 0.15, 0.0, 0.0, 0.0]), 'base_link')
        deviation = cell.outputs[-1].deviation
        largest = max(largest, deviation.position if deviation else 0.0)
    assert largest < 0.08


def test_fastest_velocity_is_a_little_below_the_largest_tool_speed():
    cell = Cell(max_tool_speed_m_s=0.1)
    cell.run(0.5, 0.4 * X)
    rows = cell.run(0.5, 0.4 * X)
    assert speeds(cell, rows) == pytest.approx(0.1 * SPEED_SHARE, abs=1e-3)


@pytest.mark.parametrize('mode', ['trajectory', 'action'])
def test_jogging_needs_a_stream(mode):
    cell = Cell(output_mode=mode)
    cell.twist(0.1 * X)
    assert cell.status == 'BAD_TWIST'
    assert 'output_mode stream' in cell.outputs[-1].reason
    assert cell.pose(cell.tool) == 'SOLVED', 'and poses are accepted'


def test_parameters_may_change_between_two_motions(cell):
    cell.node.reconfigure(NodeConfig(**(CONFIG | {'max_tool_acceleration_m_s2': 0.1})))
    slow = cell.run(0.5, 0.4 * X)
    cell.run(3.0)
    cell.node.reconfigure(NodeConfig(**CONFIG))
    assert speeds(cell, slow).max() < 0.06


def message(values: tuple[float, ...]) -> SimpleNamespace:
    linear = SimpleNamespace(x=values[0], y=values[1], z=values[2])
    angular = SimpleNamespace(x=values[3], y=values[4], z=values[5])
    header = SimpleNamespace(frame_id='tool0', stamp=SimpleNamespace(sec=1, nanosec=2))
    return SimpleNamespace(header=header, twist=SimpleNamespace(linear=linear, angular=angular))


def test_message_is_read_in_its_order():
    command = twist_from_message(message((1.0, 2.0, 3.0, 4.0, 5.0, 6.0)))
    assert command.twist.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert (command.frame_id, command.stamp_ns) == ('tool0', 1_000_000_002)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('place', range(6))
def test_message_that_is_not_finite_is_invalid(bad, place):
    values = [0.1] * 6
    values[place] = bad
    reading = twist_from_message(message(tuple(values)))
    assert isinstance(reading, InvalidMessage)
    assert 'not finite' in reading.reason


TOOL = (0.1, -0.05, 0.2, 0.3, 0.5, -0.2)  # xyz [m], rpy [rad]


def test_tip_of_the_tool_stays_where_it_is_in_a_turn():
    cell = Cell(tool=TOOL)
    rows = cell.run(1.0, 0.4 * TURN, 'tool0')
    tips = (forward(cell.arm, rows) @ cell.node.frames.transform_tip_tool)[:, :3, 3]
    assert np.ptp(tips, axis=0).max() < TRACKED
    assert np.ptp(forward(cell.arm, rows)[:, :3, 3], axis=0).max() > 0.01, 'but the flange does'


def test_velocity_in_the_tool_has_the_axes_of_its_tip():
    cell = Cell(tool=TOOL)
    cell.run(0.5, -0.1 * Z, 'tool0')
    before = cell.tool @ cell.node.frames.transform_tip_tool
    cell.run(0.5, -0.1 * Z, 'tool0')
    after = cell.tool @ cell.node.frames.transform_tip_tool
    assert_allclose(after[:3, 3] - before[:3, 3], -0.05 * before[:3, 2], rtol=0.0, atol=TRACKED)
