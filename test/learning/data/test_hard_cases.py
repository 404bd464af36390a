# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neural_ik_ros.errors import DataError
from neural_ik_ros.kinematics import CoupledLimit, arm_from_urdf, is_within_limits, joint_positions
from neural_ik_ros.learning.data.hard_cases import (
    draw_solutions,
    wrist_determinant,
    wrist_distance_to_axis_2,
)
from neural_ik_ros.learning.data.set_definitions import (
    BOUNDARY_REACH,
    HARD_CASES,
    LIMIT_MARGIN,
    MAX_WRIST_DETERMINANT,
)

N = 3000
SAME_POINT = 1e-12  # [m]


def drawn(arm, name):
    return draw_solutions(arm, name, np.random.default_rng(5), N)


@pytest.fixture(scope='module')
def offset_arm(urdf):
    """Axes 4 and 5 miss each other, and axis 6 both."""
    moved = urdf.replace('xyz="0.755 0 0"', 'xyz="0.755 0.04 0.06"')
    assert moved != urdf
    return arm_from_urdf(moved)


def test_draw_solutions_of_wrist_are_near_its_singularity_on_both_sides(arm):
    q = drawn(arm, 'wrist')

    assert np.abs(np.sin(q[:, 4])).max() <= MAX_WRIST_DETERMINANT
    assert np.abs(np.sin(q[:, 4])).max() > 0.99 * MAX_WRIST_DETERMINANT
    assert 0.45 < (q[:, 4] > 0.0).mean() < 0.55


def test_draw_solutions_of_limits_have_a_joint_beside_a_limit(arm):
    q = drawn(arm, 'limits')

    margin = np.minimum(q - arm.lower, arm.upper - q)
    assert (margin.min(axis=1) <= LIMIT_MARGIN).all()
    beside = np.concatenate([q - arm.lower, arm.upper - q], axis=1) <= LIMIT_MARGIN
    assert (beside.mean(axis=0) > 0.06).all(), 'each of the twelve limits'


def test_draw_solutions_of_boundary_are_stretched(arm):
    q = drawn(arm, 'boundary')

    reach = [
        np.linalg.norm(joint_positions(arm, row)[5] - joint_positions(arm, row)[2])
        for row in q[:200]
    ]
    anywhere = [joint_positions(arm, row) for row in drawn(arm, '')]
    largest = max(np.linalg.norm(points[5] - points[2]) for points in anywhere)
    assert min(reach) >= (BOUNDARY_REACH - 1e-3) * largest
    assert np.ptp(q[:, 2]) > 0.1, 'not a single angle'


@pytest.mark.parametrize('name', HARD_CASES)
def test_draw_solutions_of_a_hard_case_vary_all_joints(arm, offset_arm, name):
    for any_arm in (arm, offset_arm):
        q = drawn(any_arm, name)
        assert is_within_limits(any_arm, q).all()
        spread = np.std(q, axis=0) / (any_arm.upper - any_arm.lower)
        assert (np.sort(spread)[1:] > 0.25).all(), 'uniform: 0.289'


def test_draw_solutions_hold_for_a_wrist_with_offsets(offset_arm):
    assert (
        np.abs(wrist_determinant(offset_arm, drawn(offset_arm, 'wrist'))).max()
        <= MAX_WRIST_DETERMINANT
    )
    q3 = np.linspace(offset_arm.lower[2], offset_arm.upper[2], 1000)
    reach = wrist_distance_to_axis_2(offset_arm, drawn(offset_arm, 'boundary')[:, 2])
    assert reach.min() >= BOUNDARY_REACH * wrist_distance_to_axis_2(offset_arm, q3).max() - 1e-6


def test_wrist_distance_is_that_of_the_point_where_the_axes_meet(arm):
    for q in drawn(arm, '')[:50]:
        points = joint_positions(arm, q)  # base, joints 1 to 6, tool; axis 2 is horizontal
        expected = np.linalg.norm(points[5] - points[2])
        assert wrist_distance_to_axis_2(arm, q[2:3])[0] == pytest.approx(expected, abs=SAME_POINT)


@pytest.mark.parametrize('name', HARD_CASES)
def test_draw_solutions_satisfy_a_coupled_limit(arm, name):
    coupled = arm.with_coupled_limit(CoupledLimit(first=1, second=2, lower=-1.0, upper=1.1))

    assert is_within_limits(coupled, drawn(coupled, name)).all()


def test_draw_solutions_refuse_a_hard_case_that_the_limits_exclude(arm):
    bent = replace(arm, lower=np.where(np.arange(6) == 4, 0.5, arm.lower))

    with pytest.raises(DataError, match=r'irb2400.*wrist.*leave it out'):
        drawn(bent, 'wrist')
