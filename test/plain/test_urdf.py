# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped robot description, and every way of giving a wrong one."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import (
    Arm,
    UrdfError,
    arm_from_urdf,
    forward,
    jacobian,
    posture,
    random_joints,
)
from strategies import REPOSITORY, URDF_FILE, any_joints, shipped_arm

try:
    import xacro
except ImportError:
    xacro = None

needs_xacro = pytest.mark.skipif(xacro is None, reason='xacro is not installed')

XACRO_FILE = URDF_FILE.with_name('irb2400.urdf.xacro')
BUNDLE_FILE = REPOSITORY / 'neural_ik_ros' / 'bundles' / 'irb2400' / 'arm.urdf'
FORWARD_TOL = 1e-12  # [m] and unitless
REMEDY = 'Give a plain URDF (run xacro first) with six revolute joints'

AXIS_1 = '<axis xyz="0 0 1"/>'
LIMIT_1 = '<limit effort="0" lower="-3.1416" upper="3.1416" velocity="2.618"/>'
ORIGIN_2 = '<origin rpy="0 0 0" xyz="0.1 0 0.615"/>'
PARENT_1 = '<parent link="base_link"/>'
CHILD_1 = '<child link="link_1"/>'

# The same arm with the frames of the other published model: xyz of the joints 4, 5, 6 and tool0.
OTHER_FRAMES = {
    '<origin rpy="0 0 0" xyz="0 0 0.135"/>': '<origin rpy="0 0 0" xyz="0.258 0 0.135"/>',
    '<origin rpy="0 0 0" xyz="0.755 0 0"/>': '<origin rpy="0 0 0" xyz="0.497 0 0"/>',
}

# What is wrong -> what to replace in the shipped text, all of it or once.
BAD_EDITS = {
    'prismatic joint': ('type="revolute"', 'type="prismatic"'),
    'floating joint': ('type="revolute"', 'type="floating"'),
    'planar joint': ('type="revolute"', 'type="planar"'),
    'unknown joint type': ('type="revolute"', 'type="spherical"'),
    'no joint type': ('name="joint_1" type="revolute"', 'name="joint_1"'),
    'no joint name': ('name="joint_1" ', ''),
    'mimic joint': (AXIS_1, AXIS_1 + '<mimic joint="joint_2"/>'),
    'five joints': ('name="joint_6" type="revolute"', 'name="joint_6" type="fixed"'),
    'seven joints': ('name="joint_6-tool0" type="fixed"', 'name="joint_7" type="revolute"'),
    'zero axis': (AXIS_1, '<axis xyz="0 0 0"/>'),
    'nan axis': (AXIS_1, '<axis xyz="nan 0 1"/>'),
    'infinite axis': (AXIS_1, '<axis xyz="0 0 inf"/>'),
    'two numbers in the axis': (AXIS_1, '<axis xyz="0 1"/>'),
    'words in the axis': (AXIS_1, '<axis xyz="a b c"/>'),
    'no limit': (LIMIT_1, ''),
    'empty limit': (LIMIT_1, '<limit/>'),
    'no position limits': (LIMIT_1, '<limit effort="0" velocity="2"/>'),
    'no velocity limit': (LIMIT_1, '<limit effort="0" lower="-1" upper="1"/>'),
    'zero velocity': (LIMIT_1, '<limit effort="0" lower="-1" upper="1" velocity="0"/>'),
    'negative velocity': (LIMIT_1, '<limit effort="0" lower="-1" upper="1" velocity="-2"/>'),
    'nan velocity': (LIMIT_1, '<limit effort="0" lower="-1" upper="1" velocity="nan"/>'),
    'limits the wrong way round': (LIMIT_1, LIMIT_1.replace('"-3.1416"', '"4"')),
    'nan limit': (LIMIT_1, LIMIT_1.replace('"-3.1416"', '"nan"')),
    'infinite limit': (LIMIT_1, LIMIT_1.replace('"-3.1416"', '"-inf"')),
    'word as limit': (LIMIT_1, LIMIT_1.replace('"-3.1416"', '"wide"')),
    'nan origin': (ORIGIN_2, '<origin rpy="0 0 0" xyz="nan 0 0"/>'),
    'infinite rpy': (ORIGIN_2, '<origin rpy="inf 0 0" xyz="0 0 0"/>'),
    'two numbers in the origin': (ORIGIN_2, '<origin xyz="0 0"/>'),
    'loop at the base': (CHILD_1, '<child link="base_link"/>'),
    'loop through the tool': (PARENT_1, '<parent link="tool0"/>'),
    'tool on another branch': ('<parent link="link_6"/>', '<parent link="base"/>'),
    'parent unknown': (PARENT_1, '<parent link="nowhere"/>'),
    'parent without a link': (PARENT_1, '<parent/>'),
    'no parent': (PARENT_1, ''),
    'no child': (CHILD_1, ''),
    'no tool link': ('"tool0"', '"flange"'),
    'no base link': ('"base_link"', '"pedestal"'),
    'duplicate joint name': ('name="joint_2"', 'name="joint_1"'),
    'duplicate link name': ('"link_2"', '"link_1"'),
    'empty geometry': ('<box size="0.36 0.38 0.40"/>', ''),
    'box without a size': ('<box size="0.36 0.38 0.40"/>', '<box/>'),
    'robot without a name': ('<robot name="irb2400"', '<robot'),
    'version from the future': ('<robot name="irb2400"', '<robot name="irb2400" version="9.0"'),
    'truncated': ('</robot>', ''),
    'undefined entity': (AXIS_1, '&axis;'),
}

BAD_TEXTS = {
    'empty': '',
    'blank': ' \n\t',
    'prose': 'this is not XML',
    'json': '{"robot": "irb2400"}',
    'other XML': '<html><body/></html>',
    'no robot name': '<robot/>',
    'no links': '<robot name="irb2400"/>',
    'nul': '\0',
    'surrogate': '\udc80',
    'only a declaration': '<?xml version="1.0"?>',
    'other encoding': '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE r>',
    'unknown encoding': '<?xml version="1.0" encoding="none-such"?><robot name="a"/>',
    'deep': '<robot name="a">' + '<a>' * 50000 + '</a>' * 50000 + '</robot>',
}

BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE robot [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">]>
<robot name="&g;"/>"""


def assert_refused(text: str, **frames: str) -> None:
    with pytest.raises(UrdfError) as caught:
        arm_from_urdf(text, **frames)
    message = str(caught.value)
    assert message.startswith('robot description: ')
    assert REMEDY in message
    assert '\n' not in message


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


def test_arm_from_urdf_obeys_tilted_axes_and_origins(urdf_text):
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


def test_arm_from_urdf_gives_continuous_joints_a_turn_either_way(urdf_text):
    text = urdf_text.replace('name="joint_6" type="revolute"', 'name="joint_6" type="continuous"')
    arm = arm_from_urdf(text)
    assert (arm.lower[5], arm.upper[5]) == (-2.0 * math.pi, 2.0 * math.pi)
    assert arm.velocity[5] == 7.854


def test_arm_from_urdf_ignores_what_other_programs_put_into_the_file(arm, urdf_text):
    extra = '<gazebo reference="link_1"/><ros2_control name="a" type="system"/><!-- c --></robot>'
    assert_array_equal(
        arm_from_urdf(urdf_text.replace('</robot>', extra)).translations, arm.translations
    )


def test_arm_from_urdf_may_end_at_another_frame(arm, urdf_text):
    wrist = arm_from_urdf(urdf_text, tool_frame='link_6')
    assert_allclose(
        forward(wrist, np.zeros(6))[:3, 3], [0.855, 0.0, 1.455], rtol=0.0, atol=FORWARD_TOL
    )


@pytest.mark.parametrize('wrong', BAD_EDITS)
def test_arm_from_urdf_refuses_a_wrong_description(urdf_text, wrong):
    old, new = BAD_EDITS[wrong]
    assert old in urdf_text, 'the edit must change something'
    count = 1 if wrong != 'duplicate link name' else -1
    assert_refused(urdf_text.replace(old, new, count))


@pytest.mark.parametrize('wrong', BAD_TEXTS)
def test_arm_from_urdf_refuses_what_is_no_description(wrong):
    assert_refused(BAD_TEXTS[wrong])


@pytest.mark.parametrize('frame', ['base_frame', 'tool_frame'])
@pytest.mark.parametrize('name', ['nowhere', '', 'Base_Link', 'joint_1'])
def test_arm_from_urdf_names_the_link_that_is_missing(urdf_text, frame, name):
    assert_refused(urdf_text, **{frame: name})
    with pytest.raises(UrdfError, match=f"link '{name}' is missing"):
        arm_from_urdf(urdf_text, **{frame: name})


@pytest.mark.parametrize(
    ('base_frame', 'tool_frame'),
    [('tool0', 'base_link'), ('base_link', 'base_link'), ('base_link', 'base'), ('link_1', 'tool0')],
)
def test_arm_from_urdf_refuses_when_the_frames_do_not_span_the_arm(
    urdf_text, base_frame, tool_frame
):
    assert_refused(urdf_text, base_frame=base_frame, tool_frame=tool_frame)


def test_arm_from_urdf_counts_the_joints_it_found(urdf_text):
    with pytest.raises(UrdfError, match='5 moving joints'):
        arm_from_urdf(urdf_text, tool_frame='link_5')


def test_arm_from_urdf_refuses_entities_at_once():
    started = time.perf_counter()
    assert_refused(BILLION_LAUGHS)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize('declaration', ['<!DOCTYPE robot>', '<!DOCTYPE robot SYSTEM "a.dtd">'])
def test_arm_from_urdf_refuses_a_document_type(urdf_text, declaration):
    assert_refused(urdf_text.replace('<robot', declaration + '<robot', 1))


def test_arm_from_urdf_refuses_five_mebibytes_at_once(urdf_text):
    text = urdf_text + '<!--' + 'x' * (5 * 1024 * 1024) + '-->'
    started = time.perf_counter()
    assert_refused(text)
    assert time.perf_counter() - started < 0.5


def test_arm_from_urdf_refuses_a_chain_that_never_ends(urdf_text):
    joints = ''.join(
        f'<link name="x{i}"/><joint name="j{i}" type="fixed"><parent link="x{i - 1}"/>'
        f'<child link="x{i}"/></joint>'
        for i in range(1, 200)
    )
    text = urdf_text.replace('</robot>', f'<link name="x0"/>{joints}</robot>')
    assert_refused(text, base_frame='x0', tool_frame='x199')


@given(data=st.data())
def test_arm_from_urdf_reads_or_refuses_when_the_text_is_damaged(data):
    text = URDF_FILE.read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 200))
    filling = data.draw(st.text(alphabet='<>/="\' robtjinlkaxys0123456789.-e&;\n', max_size=12))
    damaged = text[:start] + filling + text[start + length :]
    try:
        arm = arm_from_urdf(damaged)
    except UrdfError as error:
        assert REMEDY in str(error)
    else:
        assert isinstance(arm, Arm)


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
    assert_refused(text)


@pytest.mark.skipif(not BUNDLE_FILE.exists(), reason='no bundle is shipped')
def test_bundle_holds_the_shipped_urdf(urdf_text):
    assert BUNDLE_FILE.read_text() == urdf_text
