# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Angles modulo a turn, and unwinding of the joints that have more than one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import any_joints, joints_anywhere, joints_within_limits

from neural_ik_ros.kinematics import (
    TAU,
    Arm,
    Joints,
    angular_distance,
    forward,
    nearest_turn,
    random_joints,
)
from neural_ik_ros.kinematics.angles import unwind_into

ANGLE_TOL = 1e-14  # [rad] rounding of angles of a few turns
angles = st.floats(-30.0, 30.0)


def unwound(arm: Arm, q: Joints, q_near: Joints) -> tuple[Joints, bool]:
    result = np.array(q, dtype=np.float64)
    is_inside = unwind_into(result, np.array(q_near, dtype=np.float64), arm.lower, arm.upper)
    return result, is_inside


def unwound_joint(arm: Arm, *, joint: int, angle: float, near: float) -> float:
    """Return where one joint (1-based) ends in degrees; the others rest at zero."""
    q, q_near = np.zeros(6), np.zeros(6)
    q[joint - 1], q_near[joint - 1] = math.radians(angle), math.radians(near)
    result, is_inside = unwound(arm, q, q_near)
    assert is_inside
    assert_array_equal(np.delete(result, joint - 1), np.zeros(5))
    return math.degrees(result[joint - 1])


@given(a=angles, b=angles)
def test_angular_distance_is_symmetric_and_at_most_half_a_turn(a, b):
    distance = angular_distance(a, b)
    assert distance == pytest.approx(angular_distance(b, a), abs=ANGLE_TOL)
    assert 0.0 <= distance <= math.pi


@given(a=angles, b=angles, turns=st.integers(-3, 3))
def test_angular_distance_does_not_see_whole_turns(a, b, turns):
    expected = angular_distance(a, b)
    assert angular_distance(a + turns * TAU, b) == pytest.approx(expected, abs=2 * ANGLE_TOL)


@given(a=angles, offset=st.floats(-math.pi, math.pi))
def test_angular_distance_measures_the_offset(a, offset):
    assert angular_distance(a, a + offset) == pytest.approx(abs(offset), abs=ANGLE_TOL)


def test_angular_distance_is_small_across_the_seam():
    distance = angular_distance(np.array([math.pi - 1e-6]), np.array([-math.pi + 1e-6]))
    assert_allclose(distance, [2e-6], rtol=1e-8)


def test_angular_distance_of_arrays_is_elementwise():
    distance = angular_distance(np.zeros((2, 1)), np.array([0.0, math.pi, TAU]))
    assert_allclose(distance, [[0.0, math.pi, 0.0]] * 2, rtol=0.0, atol=ANGLE_TOL)


@given(q=joints_anywhere(), q_near=joints_anywhere())
def test_nearest_turn_lies_within_half_a_turn_and_is_the_same_angle(q, q_near):
    nearest = nearest_turn(q, q_near)
    assert (np.abs(nearest - q_near) <= math.pi + ANGLE_TOL).all()
    turns = (nearest - q) / TAU
    assert_allclose(turns, np.round(turns), rtol=0.0, atol=ANGLE_TOL)


def test_nearest_turn_of_a_near_angle_is_itself():
    q = np.array([0.1, -2.0, 7.0])
    assert_array_equal(nearest_turn(q, q + 0.5), q)


@pytest.mark.parametrize(
    ('joint', 'angle', 'near', 'expected'),
    [
        # J4 has +-200 degrees: an overlap of 40 degrees where two turns are inside.
        (4, -170.0, 195.0, 190.0),
        (4, 170.0, -195.0, -190.0),
        (4, -150.0, 195.0, -150.0),  # 210 is nearer but outside
        (4, 190.0, 0.0, -170.0),
        (4, -190.0, -180.0, -190.0),
        (4, 555.0, 199.0, 195.0),
        # J6 has +-400 degrees: up to three turns.
        (6, 10.0, 380.0, 370.0),
        (6, 10.0, -390.0, -350.0),
        (6, 50.0, 399.0, 50.0),  # 410 is nearer but outside
        (6, 350.0, 0.0, -10.0),
        (6, 20.0, 205.0, 380.0),
        (6, 20.0, 195.0, 20.0),
        (6, -730.0, 0.0, -10.0),
        # J1 has +-pi, a hair more: no second turn except at the seam.
        (1, -179.0, 179.0, -179.0),
        (1, 181.0, 179.0, -179.0),
        (1, 370.0, -170.0, 10.0),
    ],
)
def test_unwind_takes_the_equivalent_nearest_to_the_current_joints(
    arm, joint, angle, near, expected
):
    degrees = unwound_joint(arm, joint=joint, angle=angle, near=near)
    assert degrees == pytest.approx(expected, abs=1e-9)


def test_unwind_keeps_joint_1_on_its_side_of_the_seam(arm):
    for side in (-1.0, 1.0):
        q = np.array([side * math.pi, 0.0, 0.0, 0.0, 0.0, 0.0])
        result, is_inside = unwound(arm, -q, q)
        assert is_inside
        assert result[0] == pytest.approx(q[0], abs=ANGLE_TOL)


@given(q=joints_within_limits(), q_near=joints_within_limits())
def test_unwind_agrees_with_trying_every_turn(arm, q, q_near):
    result, is_inside = unwound(arm, q, q_near)
    assert is_inside
    every = q + TAU * np.arange(-4, 5)[:, None]
    every[4] = q  # adding no turn changes no digit
    allowed = np.where((every >= arm.lower) & (every <= arm.upper), every, np.inf)
    smallest_move = np.abs(allowed - q_near).min(axis=0)
    assert_allclose(np.abs(result - q_near), smallest_move, rtol=0.0, atol=ANGLE_TOL)


@given(q=any_joints(), q_near=any_joints())
def test_unwind_keeps_the_tool_where_it_is(arm, q, q_near):
    result, _ = unwound(arm, q, q_near)
    assert_allclose(forward(arm, result), forward(arm, q), rtol=0.0, atol=1e-13)


@given(q=any_joints(), q_near=any_joints())
def test_unwind_changes_nothing_the_second_time(arm, q, q_near):
    once, _ = unwound(arm, q, q_near)
    twice, _ = unwound(arm, once, q_near)
    assert_array_equal(twice, once)


@pytest.mark.parametrize('limit', ['lower', 'upper'])
def test_unwind_accepts_joints_exactly_on_their_limits(arm, limit):
    """One lost digit here turns a reachable target into one outside the limits."""
    q = getattr(arm, limit)
    starts = random_joints(arm, np.random.default_rng(1), 200)
    outcomes = [unwound(arm, q, q_near) for q_near in starts]
    assert len(outcomes) == 200
    assert all(is_inside for _, is_inside in outcomes)
    bounded = [1, 2, 4]  # less than a turn: the limit itself is the only equivalent
    assert all((result[bounded] == q[bounded]).all() for result, _ in outcomes)


@pytest.mark.parametrize(('joint', 'degrees'), [(2, 115.0), (3, 70.0), (5, 125.0), (5, 180.0)])
def test_unwind_says_no_when_no_turn_is_inside(arm, joint, degrees):
    q = np.zeros(6)
    q[joint - 1] = math.radians(degrees)
    _, is_inside = unwound(arm, q, np.zeros(6))
    assert not is_inside


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('joint', range(6))
def test_unwind_says_no_when_an_angle_is_not_one(arm, bad, joint):
    q = np.zeros(6)
    q[joint] = bad
    _, is_inside = unwound(arm, q, np.zeros(6))
    assert not is_inside
