# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the network's looks start, and which of their ends is the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from keras_only import MISSING, needs_keras
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import (
    arm_from_urdf,
    forward,
    invert,
    posture,
    posture_code,
    random_joints,
)
from neural_ik_ros.kinematics.wrist import wrist_centre_in_tool
from neural_ik_ros.learning.data.features import features
from neural_ik_ros.learning.network.representatives import facing_starts, representatives

if not MISSING:
    import keras

    from neural_ik_ros.learning.network.choice import SLACK, BestEnd
    from neural_ik_ros.learning.network.estimate import TargetPose
    from neural_ik_ros.learning.network.geometry import GraphArm, posture_values
    from neural_ik_ros.learning.network.starts import NearStart, PostureStarts

pytestmark = needs_keras
ROUNDING = 1e-5  # [m], [rad] of a chain of float32 products
N_SAMPLES = 400
WRIST = 4  # bit of a posture code


@pytest.fixture(scope='module', params=['irb2400', 'offset_wrist'])
def any_arm(request, urdf):
    offset_wrist = Path(__file__).parents[1] / 'offset_wrist.urdf'
    text = urdf if request.param == 'irb2400' else offset_wrist.read_text(encoding='utf-8')
    return arm_from_urdf(text)


def geometry(arm):
    return {'rotations': arm.rotations.tolist(), 'translations': arm.translations.tolist()}


def in_graph(*arrays):
    return [keras.ops.convert_to_tensor(array.astype(np.float32)) for array in arrays]


def in_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor).astype(np.float64)


def drawn(arm, seed):
    return random_joints(arm, np.random.default_rng(seed), N_SAMPLES)


def target_of(arm, q):
    return TargetPose(**geometry(arm))(*in_graph(features(forward(arm, q), q)))


def starts_of(arm, q_target, q_current):
    joints, azimuths = (array.tolist() for array in representatives(arm))
    layer = PostureStarts(joints, azimuths, **geometry(arm))
    return in_numpy(layer(target_of(arm, q_target), *in_graph(q_current)))


def best_end(arm, q_target, ends, q_current):
    layer = BestEnd(arm.lower.tolist(), arm.upper.tolist(), **geometry(arm))
    return in_numpy(layer(target_of(arm, q_target), *in_graph(ends, q_current)))


def test_posture_values_have_the_signs_of_the_posture(any_arm):
    q = drawn(any_arm, 1)
    frames = GraphArm(any_arm.rotations, any_arm.translations).frames(*in_graph(q.T))
    found = in_numpy(posture_values(GraphArm(**geometry(any_arm)), frames)).T
    signs = posture(any_arm, q)  # 0 beside a border, where float32 may say either
    assert (signs != 0).mean() > 0.8
    assert (found[signs != 0] * signs[signs != 0] > 0.0).all()


def test_representatives_stand_for_their_postures(any_arm):
    joints, azimuths = representatives(any_arm)
    assert azimuths.shape == joints.shape[:2]
    assert ((joints >= any_arm.lower) & (joints <= any_arm.upper)).all()
    codes = posture_code(any_arm, joints)
    common = np.unique(posture_code(any_arm, drawn(any_arm, 2)))
    assert len(common) >= 4
    assert_array_equal(codes[common, 0], common)
    for row in codes[common]:
        assert len(set(row % WRIST)) == len(row)  # shoulder and elbow differ
        assert len(set(row & WRIST)) == 1  # the wrist stays


def test_representatives_are_on_every_side_when_one_bend_of_the_wrist_is_rare(any_arm):
    upper = any_arm.upper.copy()
    upper[4] = 0.02  # joint 5 hardly bends that way: on the rare sides never, as samples go
    stiff = replace(any_arm, upper=upper)
    joints, _ = representatives(stiff)
    sides = posture_code(stiff, joints) % WRIST
    assert sides.shape[1] >= 2
    assert (np.diff(np.sort(sides, axis=1), axis=1) > 0).all()


def test_posture_starts_begin_in_the_posture_of_the_current_joints(any_arm):
    q_target, q_current = drawn(any_arm, 3), drawn(any_arm, 4)
    starts = starts_of(any_arm, q_target, q_current)
    is_clear = (posture(any_arm, q_current) != 0).all(axis=1)
    assert is_clear.sum() > N_SAMPLES / 2
    found, asked = posture_code(any_arm, starts), posture_code(any_arm, q_current)
    assert_array_equal(found[is_clear, 0], asked[is_clear])
    assert (found[is_clear, 1:] % WRIST != asked[is_clear, None] % WRIST).all()


def test_facing_starts_put_the_wrist_in_the_azimuth_of_the_targets(any_arm):
    q_target = drawn(any_arm, 5)
    starts = facing_starts(any_arm, forward(any_arm, q_target), drawn(any_arm, 6))
    in_tool = wrist_centre_in_tool(any_arm.rotations, any_arm.translations)
    transform_joint1_base = invert(any_arm.transform_base_joint1)

    def azimuth(q):
        tool = transform_joint1_base @ forward(any_arm, q)
        wrist = tool[..., :3, :3] @ in_tool + tool[..., :3, 3]
        return np.arctan2(wrist[..., 1], wrist[..., 0])

    difference = azimuth(starts) - azimuth(q_target)
    assert_allclose(np.sin(0.5 * difference), 0.0, atol=ROUNDING)


def test_posture_starts_are_the_facing_ones_in_the_graph(any_arm):
    q_target, q_current = drawn(any_arm, 5), drawn(any_arm, 6)
    starts = starts_of(any_arm, q_target, q_current)[:, 0]
    expected = facing_starts(any_arm, forward(any_arm, q_target), q_current)
    is_clear = (posture(any_arm, q_current) != 0).all(axis=1)
    difference = np.sin(0.5 * (starts - expected)[is_clear])
    assert len(difference) > N_SAMPLES / 2
    assert_allclose(difference, 0.0, atol=1e-3)  # joint 1 by the azimuth, beside axis 1 too


def test_near_start_is_the_current_joints_only_near_the_target(arm):
    q_target, representative = drawn(arm, 7), drawn(arm, 8)
    noise = np.random.default_rng(9).uniform(-0.1, 0.1, q_target.shape)
    layer = NearStart(**geometry(arm))
    for q_current, is_near in ((q_target + noise, True), (drawn(arm, 10), False)):
        start, share = layer(
            target_of(arm, q_target), *in_graph(q_current), *in_graph(representative)
        )
        taken = q_current if is_near else representative
        is_taken = np.abs(in_numpy(start) - taken).max(axis=1) < ROUNDING
        assert is_taken.mean() > 0.99
        assert_array_equal(in_numpy(share)[is_taken], 0.0 if is_near else 1.0)


def test_best_end_is_the_first_that_is_at_the_target(arm):
    q = drawn(arm, 11)
    found = best_end(arm, q, np.stack([q, q + 2e-3]), q)
    assert_allclose(found, q, atol=ROUNDING)
    found = best_end(arm, q, np.stack([q + 0.3, q]), q)
    assert_allclose(found, q, atol=ROUNDING)


def test_best_end_leaves_the_first_when_it_is_outside_the_limits(arm):
    q = drawn(arm, 12)
    outside = q.copy()
    outside[:, 4] = arm.upper[4] + np.linspace(0.05, 0.5, N_SAMPLES)
    # The second misses the target a little: better a little off than outside.
    found = best_end(arm, outside, np.stack([outside, outside - [0, 0, 0, 0, 1e-3, 0]]), q)
    assert_allclose(found, outside, atol=ROUNDING)
    inside = best_end(arm, q, np.stack([outside, q + 1e-3]), q)
    assert_allclose(inside, q + 1e-3, atol=ROUNDING)


def test_best_end_is_in_the_turns_nearest_to_the_current_joints_within_the_limits(arm):
    q, q_current = drawn(arm, 14), drawn(arm, 15)
    turns = np.random.default_rng(16).integers(-2, 3, q.shape)
    found = best_end(arm, q, (q + 2.0 * np.pi * turns)[None], q_current)
    assert_allclose(np.sin(0.5 * (found - q)), 0.0, atol=1e-4)
    assert ((found > arm.lower - 2 * SLACK) & (found < arm.upper + 2 * SLACK)).all()
    others = found[..., None] + 2.0 * np.pi * np.array([-1, 1])
    is_other_within = (others >= arm.lower[:, None]) & (others <= arm.upper[:, None])
    nearer = np.abs(others - q_current[..., None]) < np.abs(found - q_current)[..., None] - 1e-3
    assert is_other_within.any()
    assert not (is_other_within & nearer).any()
