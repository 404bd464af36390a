# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped robot description: its numbers, its two conventions, its xacro."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from lxml import etree
from numpy.testing import assert_allclose, assert_array_equal
from strategies import REPOSITORY, URDF_FILE, any_joints, shipped_arm

from neural_ik_ros.kinematics import (
    UrdfError,
    UrdfWarning,
    arm_from_urdf,
    forward,
    jacobian,
    posture,
    random_joints,
)

try:
    import xacro
except ImportError:
    xacro = None

needs_xacro = pytest.mark.skipif(xacro is None, reason='xacro is not installed')

XACRO_FILE = URDF_FILE.with_name('irb2400.urdf.xacro')
BUNDLE_FILE = REPOSITORY / 'neural_ik_ros' / 'bundles' / 'irb2400' / 'arm.urdf'
FORWARD_TOL = 1e-12  # [m] and unitless

AXIS_1 = '<axis xyz="0 0 1"/>'
LIMIT_1 = '<limit effort="0" lower="-3.1416" upper="3.1416" velocity="2.618"/>'

# The same arm with the frames of the other published model: xyz of the joints 4, 5, 6 and tool0.
OTHER_FRAMES = {
    '<origin rpy="0 0 0" xyz="0 0 0.135"/>': '<origin rpy="0 0 0" xyz="0.258 0 0.135"/>',
    '<origin rpy="0 0 0" xyz="0.755 0 0"/>': '<origin rpy="0 0 0" xyz="0.497 0 0"/>',
}


def canonical(text: str) -> bytes:
    """Return the document without comments and blank text, for comparing."""
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    return etree.tostring(etree.fromstring(text.encode(), parser), method='c14n')


def test_arm_from_urdf_reads_the_published_arm(arm):
    assert (arm.name, arm.base_frame, arm.tool_frame) == ('irb2400', 'base_link', 'tool0')
    assert arm.joint_names == tuple(f'joint_{i}' for i in range(1, 7))
    assert arm.coupled_limit is None
    transform = forward(arm, np.zeros(6))
    assert_allclose(transform[:3, 3], [0.940, 0.0, 1.455], rtol=0.0, atol=FORWARD_TOL)
    assert_allclose(transform[:3, 2], [1.0, 0.0, 0.0], rtol=0.0, atol=FORWARD_TOL)


@pytest.mark.parametrize(
    ('joint', 'position'),
    [
        (1, [0.0, 0.940, 1.455]),  # about z
        (2, [0.940, 0.0, -0.225]),  # about y at (0.1, 0, 0.615): x -> -z
        (3, [0.235, 0.0, 0.480]),  # about y at (0.1, 0, 1.320)
        (5, [0.855, 0.0, 1.370]),  # about y at (0.855, 0, 1.455)
        (6, [0.940, 0.0, 1.455]),  # about the tool's own axis
    ],
)
def test_arm_from_urdf_turns_each_joint_by_a_quarter_where_it_should(arm, joint, position):
    q = np.zeros(6)
    q[joint - 1] = 0.5 * math.pi
    measured = forward(arm, q)[:3, 3]
    assert_allclose(measured, position, rtol=0.0, atol=FORWARD_TOL)


def test_arm_from_urdf_gives_the_same_map_from_both_published_frame_conventions(arm, urdf_text):
    text = urdf_text
    for old, new in OTHER_FRAMES.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    joint_6 = re.compile(r'(<child link="link_6"/>\s*<origin rpy="0 0 0" xyz=")0 0 0"')
    text, n_replaced = joint_6.subn(r'\g<1>0.085 0 0"', text)
    assert n_replaced == 1
    tool = '<origin rpy="0 1.5707963267948966 0" xyz="0.085 0 0"/>'
    assert text.count(tool) == 1
    other = arm_from_urdf(text.replace(tool, tool.replace('0.085 0 0', '0 0 0')))
    assert np.abs(other.translations - arm.translations).max() > 0.08, 'frames must differ'
    q = random_joints(arm, np.random.default_rng(1), 300)
    assert_allclose(forward(other, q), forward(arm, q), rtol=0.0, atol=FORWARD_TOL)
    assert_allclose(jacobian(other, q), jacobian(arm, q), rtol=0.0, atol=FORWARD_TOL)
    assert_array_equal(posture(other, q), posture(arm, q))


@given(q=any_joints())
def test_arm_from_urdf_does_not_depend_on_the_length_of_an_axis(arm, q):
    text = URDF_FILE.read_text().replace('<axis xyz="0 1 0"/>', '<axis xyz="0 7.5 0"/>')
    assert_allclose(forward(arm_from_urdf(text), q), forward(arm, q), rtol=0.0, atol=FORWARD_TOL)


def test_arm_from_urdf_turns_backwards_about_a_negative_axis(arm, urdf_text):
    backwards = arm_from_urdf(urdf_text.replace('<axis xyz="0 1 0"/>', '<axis xyz="0 -1 0"/>'))
    q = random_joints(arm, np.random.default_rng(2), 20)
    mirrored = q * np.array([1, -1, -1, 1, -1, 1])
    assert_allclose(forward(backwards, mirrored), forward(arm, q), rtol=0.0, atol=FORWARD_TOL)


def test_arm_from_urdf_takes_x_when_no_axis_is_given(arm, urdf_text):
    text = urdf_text.replace('<axis xyz="1 0 0"/>', '')
    q = random_joints(arm, np.random.default_rng(3), 20)
    assert_allclose(forward(arm_from_urdf(text), q), forward(arm, q), rtol=0.0, atol=FORWARD_TOL)


def test_arm_from_urdf_applies_tilted_axes_and_origins(urdf_text):
    """One joint, turned by hand: R(rpy) then Rodrigues about the axis."""
    text = urdf_text.replace(AXIS_1, '<axis xyz="1 2 2"/>')
    origin = '<origin rpy="0 0 0" xyz="0 0 0"/>\n    <axis xyz="1 2 2"/>'
    assert text.count(origin) == 1
    text = text.replace(origin, '<origin rpy="0.1 0.2 0.3" xyz="1 2 3"/><axis xyz="1 2 2"/>')
    tilted, angle = arm_from_urdf(text), 0.7
    cross = np.array([[0, -2, 2], [2, 0, -1], [-2, 1, 0]]) / 3.0
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    (cr, cp, cy), (sr, sp, sy) = np.cos([0.1, 0.2, 0.3]), np.sin([0.1, 0.2, 0.3])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    expected = np.eye(4)
    expected[:3, :3] = about_z @ about_y @ about_x @ turn
    expected[:3, 3] = [1, 2, 3]
    rest = forward(shipped_arm(), np.zeros(6))
    q = np.array([angle, 0, 0, 0, 0, 0])
    assert_allclose(forward(tilted, q), expected @ rest, rtol=0.0, atol=FORWARD_TOL)


# What other programs write -> what to replace in the shipped text; none of it moves the arm.
READ_EDITS = {
    'a capsule': ('<box size="0.36 0.38 0.40"/>', '<capsule radius="0.1" length="0.2"/>'),
    'another geometry': ('<box size="0.36 0.38 0.40"/>', '<sdf_heightmap/>'),
    'no geometry': ('<box size="0.36 0.38 0.40"/>', ''),
    'a box without a size': ('<box size="0.36 0.38 0.40"/>', '<box/>'),
    'a colour of three numbers': (
        '</robot>', '<material name="m"><color rgba="1 0 0"/><texture/></material></robot>',
    ),
    'transmissions': (
        '</robot>', '<transmission name="t"><type/><joint name="joint_1"/></transmission></robot>',
    ),
    'other programs': (
        '</robot>', '<gazebo reference="link_1"/><ros2_control name="a"/><!-- c --></robot>',
    ),
    'joints of ros2_control': (
        '</robot>', '<ros2_control><joint name="joint_1"/><link/></ros2_control></robot>',
    ),
    'a default namespace': ('<robot ', '<robot xmlns="http://www.ros.org" '),
    'a prefix that nobody declared': ('</robot>', '<drake:joint name="a"/></robot>'),
    'an encoding': ('version="1.0" ?>', 'version="1.0" encoding="iso-8859-1"?>'),
    'a version of XML': ('<?xml version="1.0"', '<?xml version="0.0"'),
    'a byte order mark and blanks': ('<?xml version', '\ufeff \n<?xml version'),
    'a limit without an effort': ('effort="0" ', ''),
}  # fmt: skip


@pytest.mark.parametrize('edit', READ_EDITS)
def test_arm_from_urdf_reads_what_other_programs_write(arm, urdf_text, capfd, edit):
    old, new = READ_EDITS[edit]
    assert old in urdf_text, 'the edit must change something'
    text = urdf_text.replace(old, new, 1)
    read = arm_from_urdf(text)
    assert_array_equal(read.translations, arm.translations)
    assert_array_equal(read.rotations, arm.rotations)
    assert_array_equal(read.velocity, arm.velocity)
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('limit', ['', '<limit effort="0" velocity="0"/>', '<limit lower="1"/>'])
def test_arm_from_urdf_reads_continuous_joints_whatever_their_limit(urdf_text, limit):
    text = urdf_text.replace('name="joint_1" type="revolute"', 'name="joint_1" type="continuous"')
    assert LIMIT_1 in text
    arm = arm_from_urdf(text.replace(LIMIT_1, limit))
    assert arm.is_continuous.tolist() == [True] + [False] * 5
    assert arm.velocity[0] == math.inf


def test_arm_from_urdf_leaves_continuous_joints_their_velocity_limit(urdf_text):
    text = urdf_text.replace('name="joint_6" type="revolute"', 'name="joint_6" type="continuous"')
    arm = arm_from_urdf(text)
    assert arm.is_continuous.tolist() == [False] * 5 + [True]
    assert arm.velocity[5] == 7.854


@pytest.mark.parametrize('limit', ['', ' velocity="0"', ' velocity="0.0"'])
def test_arm_from_urdf_takes_a_velocity_of_zero_for_unknown(urdf_text, limit):
    text = urdf_text.replace(LIMIT_1, f'<limit lower="-1" upper="2"{limit}/>')
    arm = arm_from_urdf(text)
    assert (arm.lower[0], arm.upper[0], arm.velocity[0]) == (-1.0, 2.0, math.inf)


@pytest.mark.parametrize(
    ('angle', 'n'), [('1.571', 1), ('-1.5708', 1), ('3.1416', 1), ('0.0003', 1),
                     ('1.5707963267948966', 0), ('1.57079632679', 0), ('0.002', 0), ('0', 0)],
)  # fmt: skip
def test_arm_from_urdf_warns_of_angles_with_too_few_digits(urdf_text, angle, n):
    origin = '<origin rpy="0 0 0" xyz="0.1 0 0.615"/>'
    assert origin in urdf_text
    text = urdf_text.replace(origin, f'<origin rpy="0 {angle} 0" xyz="0.1 0 0.615"/>')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        arm_from_urdf(text)
    assert len(caught) == n
    for one in caught:
        assert one.category is UrdfWarning
        assert f"{angle} rad at joint 'joint_2'" in str(one.message)


def test_arm_from_urdf_may_end_at_another_frame(arm, urdf_text):
    wrist = arm_from_urdf(urdf_text, tool_frame='link_6')
    assert_allclose(
        forward(wrist, np.zeros(6))[:3, 3], [0.855, 0.0, 1.455], rtol=0.0, atol=FORWARD_TOL
    )


@needs_xacro
def test_urdf_is_what_xacro_makes(urdf_text):
    made = xacro.process_file(str(XACRO_FILE)).toprettyxml()
    assert canonical(made) == canonical(urdf_text)


@needs_xacro
def test_xacro_puts_the_prefix_before_every_link_and_joint(arm):
    text = xacro.process_file(str(XACRO_FILE), mappings={'prefix': 'left_'}).toprettyxml()
    robot = etree.fromstring(text.encode())
    names = [element.get('name') for kind in ('link', 'joint') for element in robot.findall(kind)]
    assert len(names) == 17
    assert all(name.startswith('left_') for name in names)
    left = arm_from_urdf(text, prefix='left_')
    assert left.joint_names == tuple(f'left_joint_{i}' for i in range(1, 7))
    assert (left.base_frame, left.tool_frame) == ('left_base_link', 'left_tool0')
    assert_array_equal(left.rotations, arm.rotations)
    assert_array_equal(left.translations, arm.translations)
    with pytest.raises(UrdfError, match="link 'base_link' is missing"):
        arm_from_urdf(text)


@pytest.mark.skipif(not BUNDLE_FILE.exists(), reason='no bundle is shipped')
def test_bundle_holds_the_shipped_urdf(urdf_text):
    assert BUNDLE_FILE.read_text() == urdf_text
