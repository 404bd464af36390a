# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Limits of the tool in the node without ROS: which targets are refused, what is commanded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from node_bench import FINE_S, HOME, PERIOD_S, Cell, X, speeds
from strategies import shipped_arm

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.kinematics import FloatArray, Transform, forward, transform_from_xyz_rpy

AT = forward(shipped_arm(), HOME)[:3, 3]
GAP = 4  # periods without a command where a stream ends
INSIDE = 1e-4  # [m] of the box
# Joint 1 swings the tool from one side to the other; in between it would be too far in x.
FLAT = {
    'workspace_lower_m': (AT - np.array([0.5, 1.2, 0.3])).tolist(),
    'workspace_upper_m': (AT + np.array([-0.05, 1.2, 0.3])).tolist(),
}


def box(half: float) -> dict[str, list[float]]:
    return {
        'workspace_lower_m': (AT - half).tolist(),
        'workspace_upper_m': (AT + half).tolist(),
    }


def moved(cell: Cell, *xyz: float) -> Transform:
    transform = cell.tool.copy()
    transform[:3, 3] += xyz
    return transform


def positions(cell: Cell, rows: FloatArray) -> FloatArray:
    return forward(cell.arm, rows)[:, :3, 3]


@pytest.mark.parametrize('mode', ['stream', 'trajectory', 'action'])
@pytest.mark.parametrize('axis', range(3))
@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_target_outside_the_box_is_refused(mode, axis, sign):
    cell = Cell(output_mode=mode, **box(0.1))
    offset = np.zeros(3)
    offset[axis] = 0.11 * sign
    assert cell.pose(moved(cell, *offset)) == 'OUTSIDE_WORKSPACE'
    assert cell.outputs[-1].command is None
    assert f'{"xyz"[axis]} is' in cell.outputs[-1].reason
    assert cell.pose(moved(cell, *(0.8 * offset))) == 'SOLVED'


def test_bad_target_stays_a_bad_target():
    cell = Cell(**box(0.1))
    assert cell.pose(np.full((4, 4), np.nan)) == 'BAD_TARGET'


@pytest.mark.parametrize('mode', ['trajectory', 'action'])
def test_motion_that_would_leave_the_box_is_refused_before_it_is_sent(mode):
    cell = Cell(output_mode=mode, **FLAT)
    cell.start(HOME + np.array([-0.6, 0, 0, 0, 0, 0]))
    assert cell.pose(moved(cell, 0.0, 0.01, 0.0)) == 'SOLVED'
    cell.run(2.0)
    other_side = forward(cell.arm, HOME + np.array([0.45, 0, 0, 0, 0, 0]))
    assert cell.pose(other_side) == 'OUTSIDE_WORKSPACE'
    assert cell.outputs[-1].command is None
    assert 'the motion to it' in cell.outputs[-1].reason


def test_stream_that_ends_at_the_wall_does_not_pass_it():
    cell = Cell(**box(0.1))
    rows, pose, refused = [], cell.tool, 0
    for _ in range(400):
        pose = pose.copy()
        pose[0, 3] += 0.4 * PERIOD_S
        refused += cell.pose(pose) == 'OUTSIDE_WORKSPACE'
        rows += list(cell.run(PERIOD_S))
    rows += list(cell.run(1.0))
    at = positions(cell, np.array(rows))
    assert refused > 100
    assert at[:, 0].max() <= AT[0] + 0.1 + INSIDE
    assert at[:, 0].max() > AT[0] + 0.08, 'it comes near'


def test_jogging_ends_at_the_wall_and_turns_back_at_once():
    cell = Cell(**box(0.1))
    rows = cell.run(3.0, 0.3 * X)
    assert cell.status == 'OUTSIDE_WORKSPACE'
    assert positions(cell, rows)[:, 0].max() <= AT[0] + 0.1 + INSIDE
    back = cell.run(0.5, -0.3 * X)
    assert positions(cell, back)[-1, 0] < AT[0] + 0.05


@pytest.mark.parametrize('limit', [0.05, 0.25])
def test_far_target_is_approached_no_faster_than_the_tool_may(limit):
    cell = Cell(max_tool_speed_m_s=limit)
    goal = forward(cell.arm, HOME + np.array([0.4, -0.2, 0.2, 0.3, -0.4, 0.5]))
    cell.pose(goal)
    rows = cell.run(30.0)
    assert speeds(cell, rows, window=GAP).max() <= limit * 1.001
    assert np.abs(cell.tool - goal).max() < 1e-6


def test_limits_may_be_set_while_nothing_moves():
    cell = Cell()
    assert cell.pose(moved(cell, 0.2, 0.0, 0.0)) == 'SOLVED'
    cell.run(2.0)
    cell.node.reconfigure(NodeConfig(max_following_error_rad=0.0, **box(0.3)))
    cell.send_joints()
    assert cell.pose(moved(cell, 0.2, 0.0, 0.0)) == 'OUTSIDE_WORKSPACE'
    cell.node.reconfigure(NodeConfig(max_following_error_rad=0.0))
    cell.send_joints()
    assert cell.pose(moved(cell, 0.1, 0.0, 0.0)) == 'SOLVED'


@pytest.mark.parametrize(
    'corners',
    [
        ((0.0, 0.0, 0.0), (1.0, 1.0, 0.0)),
        ((0.0, 0.0, 1.0), (1.0, 1.0, 0.5)),
        ((0.5, 0.0, 0.0), (0.0, 1.0, 1.0)),
    ],
)
def test_box_without_a_volume_is_refused(corners):
    with pytest.raises(ConfigError, match=r'workspace_lower_m.*below.*every axis'):
        NodeConfig(workspace_lower_m=corners[0], workspace_upper_m=corners[1])


def test_equal_corners_mean_no_box():
    assert not NodeConfig().has_workspace
    assert not NodeConfig(workspace_lower_m=(1.0,) * 3, workspace_upper_m=(1.0,) * 3).has_workspace


def test_far_target_of_a_stream_is_approached_along_a_line_inside_the_box():
    cell = Cell(**FLAT)
    cell.start(HOME + np.array([-0.6, 0, 0, 0, 0, 0]))
    cell.pose(moved(cell, 0.0, 0.01, 0.0))
    cell.run(1.0)
    start = cell.tool[:3, 3]
    other_side = forward(cell.arm, HOME + np.array([0.45, 0, 0, 0, 0, 0]))
    assert cell.pose(other_side) == 'SOLVED'
    at = positions(cell, cell.run(8.0))
    assert np.abs(cell.tool - other_side).max() < 1e-6
    line = (other_side[:3, 3] - start) / np.linalg.norm(other_side[:3, 3] - start)
    beside = at - start - np.outer((at - start) @ line, line)
    assert np.linalg.norm(beside, axis=1).max() < 0.01


def test_far_target_out_of_reach_is_refused_and_nothing_moves():
    cell = Cell(max_tool_speed_m_s=0.25)
    assert cell.pose(moved(cell, 2.0, 0.0, 0.0)) == 'UNREACHABLE'
    assert (cell.run(0.5) == HOME).all()


def test_newer_target_replaces_the_one_that_is_approached():
    cell = Cell(max_tool_speed_m_s=0.25)
    home = cell.tool
    cell.pose(moved(cell, 0.0, 0.3, 0.0))
    rows = list(cell.run(0.6))
    assert cell.pose(home) == 'SOLVED'
    rows += list(cell.run(4.0))
    assert np.abs(cell.tool - home).max() < 1e-6
    assert speeds(cell, np.array(rows), window=GAP).max() <= 0.25 * 1.001


def test_box_and_speed_are_those_of_the_tip_of_the_tool():
    tool = (0.0, 0.0, 0.3, 0.0, 0.0, 0.0)
    tip = (forward(shipped_arm(), HOME) @ transform_from_xyz_rpy(tool[:3], tool[3:]))[:3, 3]
    cell = Cell(
        tool=tool,
        max_tool_speed_m_s=0.1,
        workspace_lower_m=(tip - 0.1).tolist(),
        workspace_upper_m=(tip + 0.1).tolist(),
    )
    rows = cell.run(4.0, 0.3 * X)
    tips = (forward(cell.arm, rows) @ cell.node.frames.transform_tip_tool)[:, :3, 3]
    assert tip[0] + 0.09 < tips[:, 0].max() <= tip[0] + 0.1 + INSIDE
    assert np.linalg.norm(np.diff(tips, axis=0), axis=1).max() <= 0.1 * PERIOD_S * 1.001
    turn = cell.run(2.0, np.array([0, 0, 0, 0, 1.0, 0]))
    tips = (forward(cell.arm, turn) @ cell.node.frames.transform_tip_tool)[:, :3, 3]
    assert np.linalg.norm(np.diff(tips, axis=0), axis=1).max() <= 0.1 * PERIOD_S * 1.001


MODES = st.sampled_from(['stream', 'trajectory'])


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), mode=MODES, limit=st.sampled_from([0.1, 0.25, 0.5]))
def test_commanded_path_keeps_the_limits_whatever_comes(seed, mode, limit):
    """Poses in jumps and streams, jogging, silence and a stop; judged each millisecond."""
    rng = np.random.default_rng(seed)
    cell = Cell(output_mode=mode, max_tool_speed_m_s=limit, **box(0.25))
    rows, pose = [], cell.tool
    assert cell.pose(pose) == 'SOLVED'  # from here on there is a path
    for _ in range(12):
        kind = rng.integers(4)
        velocity = rng.uniform(-0.6, 0.6, 3)
        pose = moved(cell, *rng.uniform(-0.3, 0.3, 3)) if kind == 0 else pose
        for _ in range(int(rng.integers(5, 150))):
            if kind == 0 or (kind == 1 and mode == 'stream'):
                pose = pose.copy()
                pose[:3, 3] += PERIOD_S * velocity
                cell.pose(pose)
            elif kind == 2:
                cell.twist(np.concatenate((velocity, rng.uniform(-1.0, 1.0, 3))))
            rows += list(cell.run_finely())
            if mode == 'trajectory':
                kind = 3  # one target at a time
    cell.node.hold()
    for _ in range(250):
        rows += list(cell.run_finely())
    at = positions(cell, np.array(rows))
    speed = np.linalg.norm(np.diff(at, axis=0), axis=1) / FINE_S
    assert speed.max() <= limit * 1.001
    assert np.abs(at - AT).max() <= 0.25 + INSIDE
    assert speed[-50:].max() == 0.0
