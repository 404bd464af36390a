# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The wrist centre, seen from each link that can carry it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import Arm, FloatArray, Joints, random_joints, rotation_from_rpy
from neural_ik_ros.kinematics.chain import frames_into
from neural_ik_ros.kinematics.wrist import (
    fit_wrist_centre,
    wrist_centre_in_link3,
    wrist_centre_in_link4,
    wrist_centre_in_tool,
    wrist_centre_into,
)

ROUNDING = 1e-14  # [m]
LINK3, LINK4 = 2, 3


@pytest.fixture
def calibrated_arm(arm: Arm) -> Arm:
    """Every frame is off by up to 10 mm and 10 mrad, so that the axes of the wrist do not meet."""
    rng = np.random.default_rng(1)
    return replace(
        arm,
        rotations=arm.rotations @ rotation_from_rpy(rng.uniform(-1e-2, 1e-2, (7, 3))),
        translations=arm.translations + rng.uniform(-1e-2, 1e-2, (7, 3)),
    )


def link_pose(arm: Arm, q: Joints, link: int) -> tuple[FloatArray, FloatArray]:
    """Return rotation and position in the base of a joint's rotated frame, or of the tool (6)."""
    rotation, position = np.eye(3), np.zeros(3)
    for i in range(link + 1):
        position = position + rotation @ arm.translations[i]
        rotation = rotation @ arm.rotations[i]
        if i < 6:
            rotation = rotation @ rotation_from_rpy([0.0, 0.0, q[i]])
    return rotation, position


def in_base(arm: Arm, q: Joints, link: int, point: FloatArray) -> FloatArray:
    rotation, position = link_pose(arm, q, link)
    return rotation @ point + position


def axis(arm: Arm, q: Joints, joint: int) -> tuple[FloatArray, FloatArray]:
    """Return a point and the direction of a joint's axis (0-based) in the base."""
    rotation, position = link_pose(arm, q, joint)
    return position, rotation[:, 2]


def nearest_points(first: tuple, second: tuple) -> tuple[FloatArray, FloatArray]:
    """Return the points of two lines that are nearest to each other, by least squares."""
    matrix = np.stack([first[1], -second[1]], axis=1)
    along = np.linalg.lstsq(matrix, second[0] - first[0], rcond=None)[0]
    return first[0] + along[0] * first[1], second[0] + along[1] * second[1]


def points_of(arm: Arm, q: Joints) -> dict[str, FloatArray]:
    """Return the wrist centre in the base, as each definition has it."""
    geometry, fit = (arm.rotations, arm.translations), fit_wrist_centre(arm)
    tool, frames, kernel = np.empty((4, 4)), np.empty((6, 6)), np.empty(3)
    frames_into(*geometry, q, tool, frames)
    wrist_centre_into(frames, kernel)
    return {
        'link 3': in_base(arm, q, LINK3, wrist_centre_in_link3(*geometry)),
        'link 4': in_base(arm, q, LINK4, wrist_centre_in_link4(*geometry)),
        'tool': in_base(arm, q, 6, wrist_centre_in_tool(*geometry)),
        'kernel': kernel,
        'fit in link 3': in_base(arm, q, LINK3, fit.in_link3),
        'fit in tool': in_base(arm, q, 6, fit.in_tool),
    }


def test_wrist_centres_are_one_point_where_the_axes_meet(arm):
    for q in random_joints(arm, np.random.default_rng(2), 20):
        points = np.array(list(points_of(arm, q).values()))
        assert points.shape == (6, 3)
        assert_allclose(points, points[:1].repeat(6, 0), rtol=0.0, atol=ROUNDING)
    assert fit_wrist_centre(arm).max_distance < ROUNDING


def test_wrist_centres_are_nearest_points_of_two_axes(calibrated_arm):
    arm = calibrated_arm
    for q in random_joints(arm, np.random.default_rng(3), 20):
        points = points_of(arm, q)
        axes = [axis(arm, q, joint) for joint in (3, 4, 5)]
        on4, on5 = nearest_points(axes[0], axes[1])
        _, on6 = nearest_points(axes[1], axes[2])
        expected = {'link 3': on4, 'link 4': on5, 'tool': on6, 'kernel': on5}
        for name, point in expected.items():
            assert_allclose(points[name], point, rtol=0.0, atol=ROUNDING, err_msg=name)
        assert np.linalg.norm(on4 - on5) > 1e-4, 'axes that meet prove nothing'


def test_fit_wrist_centre_measures_how_far_the_axes_are(calibrated_arm):
    q, fit = np.ones(6), fit_wrist_centre(calibrated_arm)
    centre = in_base(calibrated_arm, q, LINK3, fit.in_link3)
    assert_allclose(in_base(calibrated_arm, q, 6, fit.in_tool), centre, rtol=0.0, atol=ROUNDING)
    axes = [axis(calibrated_arm, q, joint) for joint in (3, 4, 5)]
    distances = [np.linalg.norm(np.cross(centre - origin, z)) for origin, z in axes]
    assert fit.max_distance == pytest.approx(max(distances), abs=ROUNDING)
    assert 1e-4 < fit.max_distance < 3e-2


def test_wrist_centre_of_parallel_axes_is_the_origin_of_axis_5(arm):
    rotations, translations = arm.rotations.copy(), arm.translations.copy()
    rotations[4], translations[4] = np.eye(3), [0.1, 0.2, 0.3]
    assert_allclose(wrist_centre_in_link4(rotations, translations), [0.1, 0.2, 0.3])
