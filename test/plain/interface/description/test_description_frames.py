# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS in cells: base on a pedestal, tools, descriptions that come later."""

from __future__ import annotations

import numpy as np
import pytest
from cells import CELL, GRIPPER, ON_A_RAIL, PEDESTAL, TOOL_BEFORE_TIP, URDF, with_parts
from numpy.testing import assert_allclose, assert_array_equal
from streaming_cell import HOME, NEAR, Cell

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.description_check import CHECK, IGNORE, USE
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.parameter_schema import config_from_values, parameters_of
from neural_ik_ros.interface.streaming_node import OTHER_FRAMES
from neural_ik_ros.kinematics import arm_from_urdf, forward, transform_from_xyz_rpy
from neural_ik_ros.motion import Output

TOOL = (0.0, 0.03, 0.12, 0.0, 0.4, 0.0)
SOLVED = 1e-8  # [rad] from the joints whose pose was asked for
WORLD_TCP = {'base_frame': 'world', 'tool_frame': 'tcp'}


def pose_in(text: str, q=NEAR, base_frame: str = 'base_link', tool_frame: str = 'tool0'):
    """Return the pose of a link of a description in another one, by the chain between them."""
    return forward(arm_from_urdf(text, base_frame=base_frame, tool_frame=tool_frame), q)


def assert_solved(output: Output, q=NEAR) -> None:
    assert output.status.name == 'SOLVED', output.reason
    assert_allclose(output.solution.q, q, atol=SOLVED)


# Frames and tools


@pytest.mark.parametrize('mode', [CHECK, USE])
@pytest.mark.parametrize('tool', [(0.0,) * 6, TOOL])
def test_targets_are_poses_of_the_tool_in_the_frame_of_the_cell(mode, tool):
    cell = Cell(starts=False, robot_description_mode=mode, tool=tool, **WORLD_TCP)
    assert cell.node.description.is_waiting
    cell.node.on_description(CELL)
    assert cell.node.description.problem == ''
    cell.node.start()
    asked = pose_in(CELL, **WORLD_TCP) @ transform_from_xyz_rpy(tool[:3], tool[3:])
    assert_solved(cell.ask(asked, 'world'))
    assert cell.node.base_frame == 'world'


@pytest.mark.parametrize(
    'text',
    [CELL, ON_A_RAIL, with_parts(*GRIPPER), with_parts(*PEDESTAL), TOOL_BEFORE_TIP],
    ids=['cell', 'rail', 'gripper', 'pedestal', 'tool before tool0'],
)
@pytest.mark.parametrize('mode', [CHECK, USE])
def test_tool_in_the_description_is_not_another_arm(text, mode):
    cell = Cell(starts=False, robot_description_mode=mode)
    cell.node.on_description(text)
    assert cell.node.description.problem == ''
    cell.node.start()
    assert_solved(cell.ask(pose_in(text), 'base_link'))


def test_tip_that_is_moved_moves_what_is_mounted_on_it():
    text = with_parts(*GRIPPER, urdf=TOOL_BEFORE_TIP)
    cell = Cell(starts=False, tool_frame='tcp')
    cell.node.on_description(text)
    cell.node.start()
    assert_solved(cell.ask(pose_in(text, tool_frame='tcp'), 'base_link'))


@pytest.mark.parametrize('mode', [CHECK, USE])
def test_tip_may_have_another_name_where_it_is_the_tool_frame(mode):
    text = URDF.replace('tool0', 'flange').replace('xyz="0.085 0 0"', 'xyz="0.185 0 0"')
    cell = Cell(starts=False, robot_description_mode=mode, tool_frame='flange')
    cell.node.on_description(text)
    assert cell.node.description.problem == ''
    cell.node.start()
    assert_solved(cell.ask(pose_in(text, tool_frame='flange'), 'base_link'))
    cell = Cell(starts=False, robot_description_mode=mode)
    cell.node.on_description(text)
    assert "link 'tool0' is missing" in cell.node.description.problem


def test_other_axes_are_another_arm_with_and_without_a_tool():
    for text in (URDF, CELL, TOOL_BEFORE_TIP):
        cell = Cell(starts=False)
        cell.node.on_description(text.replace('xyz="0 0 0.705"', 'xyz="0 0 0.8"'))
        assert 'is another arm' in cell.node.description.problem


def test_links_of_the_bundle_are_frames_too():
    cell = Cell(base_frame='base', tool_frame='link_6')
    assert_solved(cell.ask(pose_in(URDF, tool_frame='link_6'), 'base'))
    assert_solved(cell.ask(pose_in(URDF, tool_frame='link_6'), 'base_link'))


def test_unknown_frame_is_refused_with_the_known_ones():
    output = Cell().ask(pose_in(URDF), 'world')
    assert output.status.name == 'UNKNOWN_FRAME'
    assert "'world' instead of 'base_link'" in output.reason
    assert 'base, base_link' in output.reason


def test_answers_for_the_tip_in_the_base_are_those_of_the_solver():
    cell = Cell()
    pose = pose_in(URDF)
    expected = cell.node.tracker.solver.solve(pose, HOME)
    assert_array_equal(cell.ask(pose, 'base_link').solution.q, expected.q)


def test_deviation_is_that_of_the_tool():
    """Far away, so that the limits keep the arm from it."""
    cell, lever = Cell(tool=(0.0, 0.0, 0.5, 0.0, 0.0, 0.0)), np.eye(4)
    lever[2, 3] = 0.5
    output = cell.ask(pose_in(URDF, HOME + 0.5) @ lever, 'base_link')
    deviation, arm = output.deviation, cell.node.tracker.solver.arm
    tips = [(forward(arm, q) @ lever)[:3, 3] for q in (deviation.q, deviation.q_goal)]
    assert deviation.position == pytest.approx(np.linalg.norm(tips[0] - tips[1]), rel=1e-9)
    flanges = [forward(arm, q)[:3, 3] for q in (deviation.q, deviation.q_goal)]
    assert abs(deviation.position - np.linalg.norm(flanges[0] - flanges[1])) > 0.01


# Descriptions that come later, or never


@pytest.mark.parametrize('name', ['base_frame', 'tool_frame'])
def test_frame_that_no_description_can_bring_is_an_error(name):
    with pytest.raises(ConfigError, match="'moon' is not a link"):
        Cell(**{name: 'moon'}, robot_description_mode=IGNORE)


def test_frame_that_the_bundle_lacks_waits_for_the_description():
    cell = Cell(starts=False, base_frame='world')
    problem = cell.node.description.problem
    assert problem.startswith('no robot_description has been received')
    assert "'world' is not a link" in problem
    cell.node.on_description(URDF)
    assert "base_frame: 'world' is not a link" in cell.node.description.problem
    assert not cell.node.description.is_waiting
    cell.node.on_description(CELL)
    assert cell.node.description.problem == ''


def test_nothing_is_solved_before_the_description_arrives():
    cell = Cell(base_frame='world')
    assert cell.ask(pose_in(URDF), 'base_link').status.name == 'UNKNOWN_FRAME'


def test_description_that_moves_the_tool_of_an_arm_at_rest_counts_at_once():
    cell = Cell()
    cell.node.on_description(TOOL_BEFORE_TIP)
    assert_solved(cell.ask(pose_in(TOOL_BEFORE_TIP), 'base_link'))


def test_description_that_moves_the_tool_in_motion_ends_the_motion():
    cell = Cell()
    cell.ask(pose_in(URDF, HOME + 0.5), 'base_link')
    cell.outputs.clear()
    cell.node.on_description(TOOL_BEFORE_TIP)
    ended = cell.outputs[0]
    assert ended.status.name == 'ROBOT_DESCRIPTION_MISMATCH'
    assert OTHER_FRAMES in ended.reason
    assert ended.command is not None
    assert cell.ask(pose_in(URDF), 'base_link').command is None
    cell.node.stop()
    cell.node.start()
    assert_solved(cell.ask(pose_in(TOOL_BEFORE_TIP), 'base_link'))


def test_description_with_the_same_frames_does_not_disturb_a_motion():
    cell = Cell()
    cell.ask(pose_in(URDF, HOME + 0.5), 'base_link')
    cell.node.on_description(CELL)
    assert cell.node.health.is_moving
    assert cell.ask(pose_in(CELL, base_frame='world'), 'world').status.name == 'SOLVED'


def test_tool_may_be_changed_at_rest():
    cell = Cell()
    cell.node.reconfigure(NodeConfig(max_following_error_rad=0.0, tool=TOOL))
    asked = pose_in(URDF) @ transform_from_xyz_rpy(TOOL[:3], TOOL[3:])
    assert_solved(cell.ask(asked, 'base_link'))


@pytest.mark.parametrize('tool', [(150.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0,) * 5])
def test_tool_in_millimetres_or_incomplete_is_refused(tool):
    values = {name: default for name, _, _, default in parameters_of(NodeConfig)}
    with pytest.raises(ConfigError, match='parameter tool'):
        config_from_values(NodeConfig, values | {'tool': tool})
