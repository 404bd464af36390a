# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every branch of a pose, for arms of many shapes; exact where the wrist is spherical."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from strategies import (
    any_joints,
    joints_near_shoulder_singularity,
    joints_near_wrist_singularity,
    joints_within_limits,
    shipped_arm,
)

from neural_ik_ros.kinematics import (
    Arm,
    ClosedForm,
    Joints,
    angular_distance,
    branches,
    forward,
    random_joints,
    refine,
    rotation_from_rpy,
    smallest_singular_value,
)

EXACT = 1e-8  # [rad] of generic branches; rounding grows next to singularities
ON_TARGET = 1e-6  # [m], [rad] at a singularity a double root costs half the digits
SINGULAR = 1e-3  # below it branches form a curve, and a closed form picks one
HERE = np.zeros(6)


def shaped(translations: dict[int, list[float]], tilts: dict[int, list[float]]) -> Arm:
    """Return the IRB2400 with other links [m] and with joint frames tilted by rpy [rad]."""
    arm = shipped_arm()
    offsets, rotations = arm.translations.copy(), arm.rotations.copy()
    for i, translation in translations.items():
        offsets[i] = translation
    for i, rpy in tilts.items():
        rotations[i] = rotations[i] @ rotation_from_rpy(rpy)
    return replace(arm, translations=offsets, rotations=rotations)


SHAPES = {
    'irb2400': shipped_arm(),
    'no shoulder offset': shaped({1: [0.0, 0.0, 0.615]}, {}),
    'shoulder beside axis 1, as a Puma': shaped({1: [0.0, 0.2, 0.6]}, {}),
    'elbow beside the shoulder': shaped({2: [0.7, 0.0, 0.15]}, {}),
    'skewed first axes': shaped({}, {1: [0.2, -0.3, 0.1], 2: [0.3, 0.2, -0.4]}),
    'mounted upside down': shaped({0: [1.0, -2.0, 2.5]}, {0: [3.0, 0.2, 1.0]}),
    'skewed wrist': shaped({}, {4: [0.3, 0.1, 0.0], 5: [-0.2, 0.2, 0.0]}),
}


def nearest(arm: Arm, q: Joints) -> tuple[float, Joints]:
    """Return how far the nearest branch of the pose of ``q`` is from ``q``, and that branch."""
    found = branches(arm, forward(arm, q), HERE)
    assert len(found) > 0
    distances = angular_distance(found, q).max(axis=1)
    return float(distances.min()), found[distances.argmin()]


@pytest.mark.parametrize('shape', SHAPES)
def test_branches_contain_the_joints_that_made_the_pose(shape):
    arm = SHAPES[shape]
    assert ClosedForm.from_arm(arm).is_exact
    distances = [nearest(arm, q)[0] for q in random_joints(arm, np.random.default_rng(1), 300)]
    assert len(distances) == 300
    assert np.quantile(distances, 0.98) < EXACT
    assert max(distances) < 1e-4  # between two branches that almost meet


@oracles.needs_closed_form
@given(q=joints_within_limits())
def test_branches_contain_those_of_a_closed_form_by_others(arm, q):
    target = forward(arm, q)
    found = branches(arm, target, HERE)
    others = oracles.closed_form_branches(target)
    assert len(others) >= 2
    for other in others[smallest_singular_value(arm, others) > SINGULAR]:
        assert angular_distance(found, other).max(axis=1).min() < 1e-5


@given(q=any_joints())
def test_branches_reach_the_target_from_difficult_places(arm, q):
    target = forward(arm, q)
    errors = np.abs(forward(arm, branches(arm, target, HERE)) - target).max(axis=(1, 2))
    assert errors.min() < ON_TARGET


@given(
    q=st.one_of(joints_near_wrist_singularity(), joints_near_shoulder_singularity()),
    q_near=joints_within_limits(),
)
def test_branches_of_a_singular_pose_refine_to_it(arm, q, q_near):
    target = forward(arm, q)
    found = branches(arm, target, q_near)
    result = refine(arm, found, np.broadcast_to(target, (len(found), 4, 4)), is_limited=False)
    assert np.hypot(result.position_error, result.rotation_error).min() < 1e-9


def test_branches_share_the_turn_when_the_wrist_is_straight(arm):
    """Joints 4 and 6 turn about one line: each takes half of the missing angle."""
    q = np.array([0.3, 0.2, 0.1, 0.4, 0.0, -0.5])
    q_near = q + np.array([0, 0, 0, 0.3, 0, 0.5])
    found = branches(arm, forward(arm, q), q_near)
    shares = found[angular_distance(found[:, 3], q_near[3] - 0.4) < 1e-9]
    assert len(shares) >= 1
    assert_allclose(angular_distance(shares[:, 5], q_near[5] - 0.4), 0.0, rtol=0.0, atol=1e-9)


def test_branches_are_none_when_the_target_is_far_out_of_reach(arm):
    target = np.eye(4)
    target[:3, 3] = [5.0, 0.0, 1.0]
    assert branches(arm, target, HERE).shape == (0, 6)


def test_branches_of_a_calibrated_arm_refine_to_every_branch(arm):
    rng = np.random.default_rng(2)
    n_found = 0
    for _ in range(100):
        rotations = arm.rotations @ rotation_from_rpy(rng.uniform(-1e-3, 1e-3, (7, 3)))
        translations = arm.translations + rng.uniform(-1e-3, 1e-3, (7, 3))
        calibrated = replace(arm, rotations=rotations, translations=translations)
        assert not ClosedForm.from_arm(calibrated).is_exact
        q = random_joints(arm, rng, 1)[0]
        target = forward(calibrated, q)
        found = branches(calibrated, target, HERE)
        targets = np.broadcast_to(target, (len(found), 4, 4))
        ends = refine(calibrated, found, targets, is_limited=False).q
        n_found += angular_distance(ends, q).max(axis=1).min() < 1e-6
    assert n_found >= 98


def test_branches_are_not_known_when_the_wrist_is_not_spherical():
    offset = shaped({4: [0.0, 0.4, 0.755]}, {})
    assert not ClosedForm.from_arm(offset).is_known
    assert branches(offset, forward(offset, np.ones(6)), HERE).shape == (0, 6)


def test_branches_are_not_known_when_axes_1_and_2_are_parallel():
    rotations = shipped_arm().rotations.copy()
    rotations[1] = np.eye(3)
    assert not ClosedForm.from_arm(replace(shipped_arm(), rotations=rotations)).is_known


def test_branches_leave_their_arguments_alone(arm):
    target, q_near = forward(arm, np.full(6, 0.3)), np.full(6, math.pi)
    before = target.copy(), q_near.copy()
    branches(arm, target, q_near)
    assert_allclose(target, before[0], rtol=0.0, atol=0.0)
    assert_allclose(q_near, before[1], rtol=0.0, atol=0.0)
