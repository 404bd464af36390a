# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Links fixed to the two ends of the arm; frames of the targets and the tool among them."""

from __future__ import annotations

import numpy as np
import pytest
from cells import CELL, ON_A_RAIL, PEDESTAL, URDF, fixed, links, with_parts
from hypothesis import given
from hypothesis import strategies as st
from moveit_bench import frames_of
from numpy.testing import assert_allclose
from strategies import joints_within_limits, shipped_arm

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.description_check import add_prefix
from neural_ik_ros.kinematics import (
    UrdfError,
    arm_from_urdf,
    forward,
    invert,
    links_fixed_to,
    transform_from_xyz_rpy,
)
from neural_ik_ros.kinematics.urdf.target_frames import TargetFrames

EXACT = 1e-12  # [m] and unitless, of products of a few transforms
TOOL = (0.01, 0.02, 0.13, 0.2, -0.1, 0.3)
lengths = st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3)
angles = st.lists(st.floats(-3.1, 3.1), min_size=3, max_size=3)
ROUNDING = 1e-15  # [m] and unitless
GRIPPER = """
  <link name="gripper"/><link name="tcp"/><link name="finger"/><link name="world"/>
  <joint name="a" type="fixed">
    <parent link="tool0"/><child link="gripper"/>
    <origin xyz="0.1 0 0.2" rpy="0 1.5707963267948966 0"/>
  </joint>
  <joint name="b" type="fixed">
    <parent link="gripper"/><child link="tcp"/><origin xyz="0 0 0.3"/>
  </joint>
  <joint name="c" type="revolute">
    <parent link="gripper"/><child link="finger"/>
    <limit lower="0" upper="1" velocity="1" effort="1"/>
  </joint>
  <joint name="d" type="fixed">
    <parent link="world"/><child link="base_link"/><origin xyz="0 0 0.5"/>
  </joint>
</robot>"""


@pytest.fixture
def with_gripper(urdf_text: str) -> str:
    return urdf_text.replace('</robot>', GRIPPER)


def test_links_fixed_to_the_tool_are_those_that_move_with_it(with_gripper):
    (links,) = links_fixed_to(with_gripper, 'tool0')
    assert set(links) == {'tool0', 'link_6', 'gripper', 'tcp'}
    assert_allclose(links['tool0'], np.eye(4), atol=0.0)
    assert_allclose(links['gripper'][:3, 3], [0.1, 0.0, 0.2], atol=ROUNDING)
    assert_allclose(links['tcp'][:3, 3], [0.4, 0.0, 0.2], atol=ROUNDING)


def test_links_fixed_to_the_base_include_its_parent(with_gripper):
    tool, base = links_fixed_to(with_gripper, 'tool0', 'base_link')
    assert set(base) == {'base_link', 'base', 'world'}
    assert not set(tool) & set(base)
    assert_allclose(base['world'][:3, 3], [0.0, 0.0, -0.5], atol=ROUNDING)


@pytest.mark.parametrize('link', ['link_6', 'tcp'])
def test_links_fixed_to_the_tool_are_where_the_chain_to_them_ends(with_gripper, link):
    """The other way to the same pose: an arm whose tool is that link."""
    q = np.array([0.3, -0.4, 0.5, 0.6, -0.7, 0.8])
    tool = forward(arm_from_urdf(with_gripper), q)
    direct = forward(arm_from_urdf(with_gripper, tool_frame=link), q)
    (links,) = links_fixed_to(with_gripper, 'tool0')
    assert_allclose(tool @ links[link], direct, atol=8 * ROUNDING)
    assert_allclose(direct @ invert(links[link]), tool, atol=8 * ROUNDING)


@pytest.mark.parametrize(
    ('old', 'new', 'problem'),
    [
        ('name="tool0"/>', 'name="hand"/>', 'tool0'),
        ('</robot>', '', 'not readable'),
    ],
)
def test_links_fixed_to_refuses_what_it_cannot_follow(with_gripper, old, new, problem):
    assert old in with_gripper
    with pytest.raises(UrdfError, match=problem):
        links_fixed_to(with_gripper.replace(old, new), 'tool0')


def test_links_fixed_to_leaves_out_what_is_nowhere(with_gripper):
    (links,) = links_fixed_to(with_gripper.replace('xyz="0 0 0.3"', 'xyz="0 0 nan"'), 'tool0')
    assert set(links) == {'tool0', 'link_6', 'gripper'}


def test_links_fixed_to_survives_a_circle(urdf_text):
    circle = """
      <link name="a"/>
      <joint name="x" type="fixed"><parent link="tool0"/><child link="a"/></joint>
      <joint name="y" type="fixed"><parent link="a"/><child link="tool0"/></joint>
    </robot>"""
    (links,) = links_fixed_to(urdf_text.replace('</robot>', circle), 'tool0')
    assert {'tool0', 'a'} <= set(links)


# Frames and tools


@given(q=joints_within_limits(), xyz=lengths, rpy=angles, tool_xyz=lengths, tool_rpy=angles)
def test_pose_of_any_tool_in_any_frame_is_that_of_the_tip_in_the_base(
    q, xyz, rpy, tool_xyz, tool_rpy
):
    """The chain of the same description from the frame to the tool is the measure."""
    text = with_parts(
        links('world', 'tcp'),
        fixed('world', 'base_link', xyz, rpy),
        fixed('tool0', 'tcp', tool_xyz, tool_rpy),
    )
    whole = arm_from_urdf(text, base_frame='world', tool_frame='tcp')
    transform_world_tool = forward(whole, q) @ transform_from_xyz_rpy(TOOL[:3], TOOL[3:])
    frames = frames_of(text, base_frame='world', tool_frame='tcp', tool=TOOL)
    found = frames.tip_pose(transform_world_tool, 'world')
    assert_allclose(found, forward(shipped_arm(), q), atol=EXACT)


@pytest.mark.parametrize('frame', ['base_link', '/base_link', 'base', 'world', '/world'])
def test_target_may_name_any_frame_that_is_fixed_to_the_base(frame):
    frames, q = frames_of(CELL), np.full(6, 0.2)
    whole = arm_from_urdf(CELL, base_frame='world')
    world_base = forward(whole, q) @ invert(forward(shipped_arm(), q))
    given = forward(shipped_arm(), q)
    if 'world' in frame:
        given = world_base @ given
    assert frame in frames
    assert_allclose(frames.tip_pose(given, frame), forward(shipped_arm(), q), atol=EXACT)


@pytest.mark.parametrize('frame', ['', '/', 'moon', '//base_link', 'link_1', 'tool0', 'tcp'])
def test_other_frames_are_unknown_and_the_reason_lists_the_known_ones(frame):
    frames = frames_of(CELL)
    assert frame not in frames
    assert f"{frame!r} instead of 'base_link'" in frames.unknown(frame)
    assert 'base, base_link, world' in frames.unknown(frame)


@pytest.mark.parametrize('frame', ['base_link', '/base_link', 'base'])
def test_target_for_the_tip_in_the_base_is_not_even_copied(frame):
    pose = forward(shipped_arm(), np.full(6, 0.2))
    assert frames_of(URDF).tip_pose(pose, frame) is pose


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'base_frame': 'wrold'}, ('base_frame', "'wrold' is not a link", "nearest is 'world'")),
        ({'base_frame': 'moon'}, ('is not a link', 'base, base_link, world')),
        ({'base_frame': 'link_1'}, ("'link_1' moves relative to 'base_link'", 'base_link, world')),
        ({'base_frame': 'tool0'}, ('moves relative to', 'base_link, world')),
        ({'tool_frame': 'left_finger'}, ('tool_frame', "moves relative to 'tool0'", 'tcp, tool0')),
        ({'tool_frame': 'link_5'}, ('moves relative to', 'gripper, link_6, tcp, tool0')),
        ({'tool_frame': 'tpc'}, ('is not a link', "nearest is 'tcp'")),
        ({'tool_frame': 'world'}, ('moves relative to', 'tcp')),
    ],
)
def test_frame_that_is_not_fixed_to_its_end_of_the_arm_is_refused(settings, words):
    with pytest.raises(ConfigError) as raised:
        frames_of(CELL, **settings)
    for word in words:
        assert word in str(raised.value)


def test_base_on_a_rail_is_not_fixed_to_the_world():
    with pytest.raises(ConfigError, match="'world' moves relative to 'base_link'"):
        frames_of(ON_A_RAIL, base_frame='world')
    assert 'carriage' in frames_of(ON_A_RAIL, base_frame='carriage')


@pytest.mark.parametrize(
    ('text', 'name', 'found'),
    [
        (add_prefix(CELL, 'left_'), 'world', 'left_world'),
        (add_prefix(URDF, 'left_').replace('</robot>', ''.join(
            [links('world'), fixed('world', 'left_base_link'), '</robot>']
        )), 'world', 'world'),
        (add_prefix(CELL, 'left_'), 'left_world', 'left_world'),
    ],
    ids=['prefixed', 'common to both arms', 'named in full'],
)  # fmt: skip
def test_name_is_found_with_the_prefix_or_without(text, name, found):
    ends = {'base_link': 'left_base_link', 'tip_link': 'left_tool0'}
    frames = frames_of(text, **ends, prefix='left_', base_frame=name)
    assert frames.base_frame == found


def both_frames() -> tuple[TargetFrames, TargetFrames]:
    return frames_of(CELL), frames_of(with_parts(*PEDESTAL))


def test_frames_agree_whatever_else_is_mounted():
    cell, pedestal = both_frames()
    assert cell.agrees_with(pedestal)
    assert pedestal.agrees_with(cell)


@pytest.mark.parametrize(
    'settings', [{'tool_frame': 'tcp'}, {'tool': TOOL}, {'base_frame': 'base'}]
)
def test_frames_differ_in_tool_and_base(settings):
    assert not frames_of(CELL, **settings).agrees_with(frames_of(CELL))


def test_frames_differ_where_the_base_stands_elsewhere():
    higher = CELL.replace('xyz="0.5 -0.2 0.8"', 'xyz="0.5 -0.2 0.9"')
    assert higher != CELL
    assert not frames_of(higher).agrees_with(frames_of(CELL))


def test_tool_can_change_its_tip():
    changed = frames_of(CELL, tool_frame='tcp').with_tool(TOOL)
    assert changed.agrees_with(frames_of(CELL, tool_frame='tcp', tool=TOOL))
    assert changed.tool_frame == 'tcp'
