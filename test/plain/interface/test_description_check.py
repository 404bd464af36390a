# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm of robot_description against the arm of the bundle."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import REPOSITORY

from neural_ik_ros.interface.description_check import (
    CHECK,
    IGNORE,
    USE,
    DescriptionCheck,
    add_prefix,
)
from neural_ik_ros.kinematics import Arm, forward, random_joints
from neural_ik_ros.kinematics.difference import compare_arms
from neural_ik_ros.kinematics.urdf.target_frames import FrameSettings

TOLERANCE = 1e-5


@pytest.fixture
def make_check(arm: Arm):
    def make(mode: str = CHECK, prefix: str = '') -> DescriptionCheck:
        settings = FrameSettings(prefix=prefix)
        return DescriptionCheck(arm, mode=mode, tolerance=TOLERANCE, settings=settings)

    return make


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.fixture
def texts(urdf_text: str) -> dict[str, str]:
    """Return descriptions of arms that are almost the shipped one."""
    elbow = '<origin rpy="0 0 0" xyz="0 0 0.705"/>'
    return {
        'same': urdf_text,
        'calibrated': changed(
            urdf_text, elbow, '<origin rpy="0.0005 0 0" xyz="0.0003 0 0.7051"/>'
        ),
        'other': changed(urdf_text, elbow, '<origin rpy="0 0 0" xyz="0 0 0.8"/>'),
        'limits': changed(urdf_text, 'upper="1.1345"', 'upper="0.9"'),
        'renamed': urdf_text.replace('joint_3', 'elbow'),
        'bomb': '<!DOCTYPE robot [<!ENTITY a "aaaa">]><robot name="&a;"/>',
        'empty': '',
    }


def test_arm_does_not_differ_from_itself(arm):
    found = compare_arms(arm, arm)
    assert found.is_within(1e-15)
    assert found.summary == ''


def test_frames_between_the_joints_do_not_matter(arm, urdf_text, make_check):
    """As the two variants of the IRB2400 by ROS-Industrial: 0.258 + 0.497 is 0 + 0.755."""
    moved = urdf_text.replace('xyz="0.755 0 0"', 'xyz="0.497 0 0"')
    assert moved != urdf_text
    moved = changed(moved, 'xyz="0 0 0.135"', 'xyz="0.258 0 0.135"')
    check = make_check()
    assert check.update(moved)
    assert check.problem == ''


def test_offset_between_two_arms_is_that_of_the_axes(arm, texts, make_check):
    check = make_check()
    check.update(texts['other'])
    assert 'robot_description is another arm' in check.problem
    assert 'the axis of joint_2' not in check.problem
    assert 'the axis of joint_3 is off by 95.000 mm and 0.00000 rad' in check.problem
    assert 'the tool is off by 95.000 mm' in check.problem


@pytest.mark.parametrize(
    ('mode', 'name', 'problem'),
    [
        (CHECK, 'same', ''),
        (CHECK, 'calibrated', 'is a calibrated arm'),
        (CHECK, 'limits', 'the upper limit of joint_3 is 0.9000 instead of 1.1345'),
        (CHECK, 'renamed', "joint 3 is called 'elbow' instead of 'joint_3'"),
        (CHECK, 'bomb', 'a document type declaration is not allowed'),
        (CHECK, 'empty', 'not readable as URDF'),
        (USE, 'same', ''),
        (USE, 'calibrated', ''),
        (USE, 'limits', ''),
        (USE, 'other', 'is another arm'),
        (USE, 'renamed', 'is another arm'),
        (USE, 'bomb', 'a document type declaration is not allowed'),
        *((IGNORE, name, '') for name in ('same', 'calibrated', 'other', 'bomb')),
    ],
)
def test_description_is_judged_by_mode(texts, make_check, mode, name, problem):
    check = make_check(mode)
    check.update(texts[name] or ' ')
    if problem:
        assert problem in check.problem
    else:
        assert check.problem == ''


def test_calibrated_arm_is_used_with_its_own_geometry_and_limits(arm, texts, make_check):
    check = make_check(USE)
    assert check.problem == 'no robot_description has been received'
    check.update(texts['calibrated'])
    q = random_joints(arm, np.random.default_rng(3), 50)
    way = np.linalg.norm((forward(check.arm, q) - forward(arm, q))[:, :3, 3], axis=1)
    assert way.min() > 1e-5
    assert way.max() < 2e-3
    assert check.arm.joint_names == arm.joint_names
    check.update(texts['limits'])
    assert check.arm.upper[2] == 0.9


def test_another_arm_is_not_used_and_the_last_good_one_stays(arm, texts, make_check):
    check = make_check(USE)
    check.update(texts['other'])
    assert check.arm is arm
    check.update(texts['same'])
    assert check.problem == ''


def test_same_text_is_no_change(texts, make_check):
    check = make_check()
    assert check.update(texts['other'])
    assert not check.update(texts['other'])
    assert check.problem


def test_prefix_is_expected_in_the_description(arm, texts, make_check):
    text = add_prefix((REPOSITORY / 'urdf' / 'irb2400.urdf').read_text(), 'left_')
    check = make_check(prefix='left_')
    check.update(text)
    assert check.problem == ''
    check.update(texts['same'])
    assert "'left_base_link' is missing" in check.problem


def test_axis_that_turns_the_other_way_is_another_arm(arm, urdf_text, make_check):
    check = make_check(USE)
    check.update(urdf_text.replace('<axis xyz="0 1 0"/>', '<axis xyz="0 -1 0"/>'))
    assert 'the axis of joint_2 is off by 0.000 mm and 3.14159 rad' in check.problem
