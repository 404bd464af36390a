# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm's geometry in the graph against the one that judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras_only import MISSING, needs_keras
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import (
    arm_from_urdf,
    forward,
    jacobian,
    random_joints,
    rotation_angle,
    rotation_from_rpy,
)
from neural_ik_ros.learning.data.features import features

if not MISSING:
    import keras

    from neural_ik_ros.learning.network import geometry
    from neural_ik_ros.learning.network.estimate import (
        N_OBSERVED,
        STRAIGHT,
        EstimateChange,
        EstimateView,
        NewtonStep,
        TargetPose,
    )

pytestmark = needs_keras
ROUNDING = 1e-5  # [m], [rad] of a chain of float32 products
N_SAMPLES = 200


@pytest.fixture(scope='module', params=['irb2400', 'offset_wrist'])
def arm(request, urdf):
    offset_wrist = Path(__file__).parents[1] / 'offset_wrist.urdf'
    text = urdf if request.param == 'irb2400' else offset_wrist.read_text(encoding='utf-8')
    return arm_from_urdf(text)


@pytest.fixture
def q(arm):
    return random_joints(arm, np.random.default_rng(6), N_SAMPLES)


def constants(arm):
    return arm.rotations.tolist(), arm.translations.tolist()


def in_graph(*arrays):
    return [keras.ops.convert_to_tensor(array.astype(np.float32)) for array in arrays]


def in_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor).astype(np.float64)


def batch_last(*arrays):
    return in_graph(*(np.moveaxis(array, 0, -1) for array in arrays))


def batch_first(tensor):
    return np.moveaxis(in_numpy(tensor), -1, 0)


def target_of(arm, q):
    numbers = features(forward(arm, q), q)
    return TargetPose(*constants(arm))(*in_graph(numbers))


def test_frames_end_at_the_tool(arm, q):
    frames = geometry.GraphArm(*constants(arm)).frames(*batch_last(q))
    assert_allclose(batch_first(frames)[:, -1], forward(arm, q)[:, :3], atol=ROUNDING)


def test_jacobian_transposed_is_that_of_the_arm(arm, q):
    frames = geometry.GraphArm(*constants(arm)).frames(*batch_last(q))
    found = batch_first(geometry.jacobian_transposed(frames)).swapaxes(1, 2)
    assert_allclose(found, jacobian(arm, q), atol=ROUNDING)


def test_rotation_from_rpy_is_that_of_the_features():
    rpy = np.random.default_rng(1).uniform(-np.pi, np.pi, (N_SAMPLES, 3))
    found = batch_first(geometry.rotation_from_rpy(*batch_last(rpy)))
    assert_allclose(found, rotation_from_rpy(rpy), atol=ROUNDING)


def test_rotation_error_is_twice_the_tangent_of_half_the_angle(arm, q):
    rotations = forward(arm, q)[:, :3, :3]
    a, b = rotations[:100], rotations[100:]
    angle = rotation_angle(a.swapaxes(1, 2) @ b)
    is_inside = np.cos(angle) > geometry.MIN_HALF_TURN_COSINE
    assert is_inside.sum() > 50
    sizes = np.linalg.norm(batch_first(geometry.rotation_error(*batch_last(a, b))), axis=1)
    assert_allclose(sizes[is_inside], 2.0 * np.tan(0.5 * angle[is_inside]), rtol=1e-3)


def test_damped_step_solves_the_normal_equations():
    rng = np.random.default_rng(2)
    jacobian_t, error = rng.normal(size=(20, 6, 6)), rng.normal(size=(20, 6))
    damping = rng.uniform(0.1, 1.0, (20, 1))
    normal = jacobian_t @ jacobian_t.swapaxes(1, 2) + damping[..., None] * np.eye(6)
    expected = np.linalg.solve(normal, jacobian_t @ error[..., None])[..., 0]
    found = batch_first(geometry.damped_step(*batch_last(jacobian_t, error, damping)))
    assert_allclose(found, expected, atol=1e-3)


def test_wrist_in_tool_is_not_moved_by_joint_6(arm, q):
    turned = q.copy()
    turned[:, 5] += 1.0
    poses, other_poses = (in_numpy(target_of(arm, joints)) for joints in (q, turned))
    assert_allclose(poses[:, :, 4], other_poses[:, :, 4], atol=ROUNDING)
    assert np.abs(poses[:, :, :3] - other_poses[:, :, :3]).max() > 0.1


def test_newton_step_leaves_an_error_of_second_order(arm, q):
    errors = []
    for distance in (0.02, 0.01):
        start = q + distance * np.sign(q)
        answer = NewtonStep(*constants(arm))(target_of(arm, q), *in_graph(start))
        offset = forward(arm, in_numpy(answer))[:, :3, 3] - forward(arm, q)[:, :3, 3]
        errors.append(np.median(np.linalg.norm(offset, axis=1)))
    assert errors[0] < 1e-3
    assert errors[1] < 0.4 * errors[0]


def test_estimate_view_does_not_see_where_joint_1_stands(arm, q):
    current = random_joints(arm, np.random.default_rng(8), N_SAMPLES)
    view, turned = EstimateView(*constants(arm)), np.array([0.7, 0, 0, 0, 0, 0])
    seen = view(target_of(arm, q), *in_graph(current))
    seen_turned = view(target_of(arm, q + turned), *in_graph(current + turned))
    assert seen[0].shape == (N_SAMPLES, N_OBSERVED)
    for before, after in zip(seen, seen_turned, strict=True):
        assert_allclose(in_numpy(before), in_numpy(after), atol=2e-3)


def test_estimate_view_gives_weight_to_the_network_only_away_from_the_target(arm, q):
    view = EstimateView(*constants(arm))
    far = random_joints(arm, np.random.default_rng(8), N_SAMPLES)
    assert in_numpy(view(target_of(arm, q), *in_graph(q))[2]).max() < 1e-5
    assert np.median(in_numpy(view(target_of(arm, q), *in_graph(far))[2])) > 0.9


def test_estimate_view_gives_weight_to_the_network_at_half_a_turn_of_the_tool(arm, q):
    turned = q.copy()
    turned[:, 5] += np.pi  # no direction to turn to, and yet far away
    weight = in_numpy(EstimateView(*constants(arm))(target_of(arm, turned), *in_graph(q))[2])
    assert weight.min() > 0.9


def test_chord_squared_is_that_of_the_angle(arm, q):
    rotations = forward(arm, q)[:, :3, :3]
    a, b = rotations[:100], rotations[100:]
    chord = 2.0 * np.sin(0.5 * rotation_angle(a.swapaxes(1, 2) @ b))
    found = batch_first(geometry.chord_squared(*batch_last(a, b)))[:, 0]
    assert_allclose(found, chord**2, atol=ROUNDING)


def test_estimate_change_is_the_newton_step_at_the_target_and_the_answer_far_away():
    rng = np.random.default_rng(4)
    q, step = in_graph(rng.normal(size=(2, 6)), rng.normal(size=(2, 6)))
    angle = rng.uniform(-3.0, 3.0, (2, 6))
    answer = 1e3 * np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    answer[:, 6:] -= STRAIGHT  # which the layer adds to the cosines
    weight = np.array([[0.0], [1.0]])
    found = in_numpy(EstimateChange()(q, step, *in_graph(weight, answer)))
    assert_allclose(found[0], in_numpy(q + step)[0], atol=ROUNDING)
    assert_allclose(found[1], in_numpy(q)[1] + angle[1], atol=ROUNDING)


def test_estimate_change_is_bounded_by_the_weight():
    rng = np.random.default_rng(4)
    answer = rng.normal(scale=1e3, size=(1000, 12))
    weight, nothing = np.full((1000, 1), 0.05), np.zeros((1000, 6))
    change = in_numpy(EstimateChange()(*in_graph(nothing, nothing, weight, answer)))
    assert 0.03 < np.abs(change).max() < 0.055
