# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is bolted to a link: the frames that go with the tool, and those that go with the base."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import UrdfError, arm_from_urdf, forward, invert, links_fixed_to

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
