# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every way of giving a wrong robot description ends in one error with a remedy."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import URDF_FILE

from neural_ik_ros.kinematics import Arm, UrdfError, arm_from_urdf

AXIS_1 = '<axis xyz="0 0 1"/>'
LIMIT_1 = '<limit effort="0" lower="-3.1416" upper="3.1416" velocity="2.618"/>'
ORIGIN_2 = '<origin rpy="0 0 0" xyz="0.1 0 0.615"/>'
PARENT_1 = '<parent link="base_link"/>'
CHILD_1 = '<child link="link_1"/>'

# What is wrong -> what to replace once in the shipped text, and what the refusal says.
BAD_EDITS = {
    'prismatic joint': ('type="revolute"', 'type="prismatic"', "'joint_1' is prismatic"),
    'floating joint': ('type="revolute"', 'type="floating"', "'joint_1' is floating"),
    'planar joint': ('type="revolute"', 'type="planar"', "'joint_1' is planar"),
    'unknown joint type': ('type="revolute"', 'type="spherical"', "'spherical'.*use one of rev"),
    'no joint type': (' type="revolute"', '', "'joint_1'.*None.*use one"),
    'no joint name': ('name="joint_1" ', '', r'line \d+; give it a name'),
    'mimic joint': (AXIS_1, AXIS_1 + '<mimic joint="joint_2"/>', "'joint_1' follows another"),
    'five joints': (
        'name="joint_6" type="revolute"', 'name="joint_6" type="fixed"', '5 moving .* links are',
    ),
    'seven joints': (
        'name="joint_6-tool0" type="fixed"', 'name="joint_7" type="continuous"',
        "7 moving joints .*name base and tip: 'base_link' and 'link_6' or 'link_1' and 'tool0'",
    ),
    'zero axis': (AXIS_1, '<axis xyz="0 0 0"/>', "axis of joint 'joint_1' is zero"),
    'nan axis': (AXIS_1, '<axis xyz="nan 0 1"/>', "axis of joint 'joint_1'.* not finite"),
    'infinite axis': (AXIS_1, '<axis xyz="0 0 inf"/>', "axis of joint 'joint_1'.* not finite"),
    'two numbers in the axis': (AXIS_1, '<axis xyz="0 1"/>', "'joint_1' is '0 1'; give 3 numbers"),
    'words in the axis': (AXIS_1, '<axis xyz="a b c"/>', "'joint_1' is 'a b c'; give 3 numbers"),
    'no limit': (LIMIT_1, '', "'joint_1' has no limit; give it a <limit .*continuous"),
    'empty limit': (LIMIT_1, '<limit/>', "'joint_1' turns from 0.0 to 0.0"),
    'no position limits': (LIMIT_1, '<limit velocity="2"/>', "'joint_1' turns from 0.0 to 0.0"),
    'negative velocity': (LIMIT_1, '<limit velocity="-2"/>', "'joint_1' has the velocity .*-2"),
    'nan velocity': (LIMIT_1, '<limit velocity="nan"/>', "'joint_1' has the velocity limit nan"),
    'limits the wrong way round': (LIMIT_1, LIMIT_1.replace('-3.1416', '4'), 'turns from 4.0 to'),
    'nan limit': (LIMIT_1, LIMIT_1.replace('-3.1416', 'nan'), "'joint_1' turns from nan"),
    'infinite limit': (LIMIT_1, LIMIT_1.replace('-3.1416', '-inf'), "'joint_1' turns from -inf"),
    'word as limit': (LIMIT_1, LIMIT_1.replace('-3.1416', 'wide'), "lower .*'joint_1' is 'wide'"),
    'xacro': (LIMIT_1, LIMIT_1.replace('-3.1416', '${-pi}'), r"lower .*'joint_1' is '\$\{-pi\}'"),
    'nan origin': (ORIGIN_2, '<origin xyz="nan 0 0"/>', "origin of joint 'joint_2' is not finite"),
    'infinite rpy': (ORIGIN_2, '<origin rpy="inf 0 0"/>', "origin of joint 'joint_2' is"),
    'two numbers in the origin': (ORIGIN_2, '<origin xyz="0 0"/>', "'joint_2' is '0 0'; give 3"),
    'loop at the base': (CHILD_1, '<child link="base_link"/>', "not a descendant of 'base_link'"),
    'loop through the tool': (PARENT_1, '<parent link="tool0"/>', 'not a descendant'),
    'tool on another branch': (
        '<parent link="link_6"/>', '<parent link="base"/>', '0 moving joints .*and .link_6.',
    ),
    'parent unknown': (PARENT_1, '<parent link="nowhere"/>', 'not a descendant'),
    'parent without a link': (PARENT_1, '<parent/>', "'joint_1' has no parent link"),
    'no parent': (PARENT_1, '', "'joint_1' has no parent link; give it a <parent"),
    'no child': (CHILD_1, '', "'joint_1' has no child link; give it a <child"),
    'no tool link': (
        '<link name="tool0"/>', '<link name="tool1"/>',
        "'tool0' is missing, the nearest is 'tool1'; name base and tip: 'base_link' and 'link_6'",
    ),
    'duplicate joint name': ('name="joint_2"', 'name="joint_1"', "two joints .*'joint_1'"),
    'duplicate link name': ('link name="link_2"', 'link name="link_1"', "two links .*'link_1'"),
    'robot without a name': ('<robot name="irb2400"', '<robot', 'give <robot> a name'),
    'version from the future': ('<robot ', '<robot version="9.0" ', "version '9.0'"),
    'truncated': ('</robot>', '', r'not readable as URDF \(.*line'),
    'undefined entity': (AXIS_1, '&axis;', r'not readable as URDF \(.*line'),
}  # fmt: skip

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


def assert_refused(text: str, says: str | None = None, **frames: str) -> None:
    with pytest.raises(UrdfError, match=says) as caught:
        arm_from_urdf(text, **frames)
    message = str(caught.value)
    assert message.startswith('robot description: ')
    assert '; ' in message, 'a remedy'
    assert '\n' not in message


@pytest.mark.parametrize('wrong', BAD_EDITS)
def test_arm_from_urdf_refuses_a_wrong_description(urdf_text, wrong):
    old, new, says = BAD_EDITS[wrong]
    assert old in urdf_text, 'the edit must change something'
    assert_refused(urdf_text.replace(old, new, 1), says)


@pytest.mark.parametrize('wrong', BAD_TEXTS)
def test_arm_from_urdf_refuses_what_is_no_description(wrong):
    assert_refused(BAD_TEXTS[wrong])


def test_arm_from_urdf_says_that_xacro_must_run_first(urdf_text):
    text = urdf_text.replace('"base_link"', '"${prefix}base_link"')
    assert_refused(text, 'missing.*run xacro first')


@pytest.mark.parametrize('frame', ['base_frame', 'tool_frame'])
@pytest.mark.parametrize('name', ['nowhere', '', 'Base_Link', 'joint_1'])
def test_arm_from_urdf_names_the_link_that_is_missing(urdf_text, frame, name):
    assert_refused(urdf_text, **{frame: name})
    with pytest.raises(UrdfError, match=f"link '{name}' is missing"):
        arm_from_urdf(urdf_text, **{frame: name})


@pytest.mark.parametrize(
    ('base_frame', 'tool_frame'),
    [
        ('tool0', 'base_link'),
        ('base_link', 'base_link'),
        ('base_link', 'base'),
        ('link_1', 'tool0'),
    ],
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
    except UrdfError:
        arm = None
    assert arm is None or isinstance(arm, Arm)
