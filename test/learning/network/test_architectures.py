# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from keras_only import MISSING, needs_keras
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import forward, refine
from neural_ik_ros.learning.bundle.engines import LiteRtEngine
from neural_ik_ros.learning.data.dataset import DataConfig, draw_set
from neural_ik_ros.learning.data.features import N_FEATURES
from neural_ik_ros.learning.network.config import ARCHITECTURES, NetworkConfig

if not MISSING:
    import keras

    from neural_ik_ros.learning.network.architectures import build_network, inference_model
    from neural_ik_ros.learning.network.losses import JointLoss, JointRmse
    from neural_ik_ros.learning.network.model_files import (
        evaluate_network,
        load_network,
        save_network,
        to_litert,
    )

pytestmark = needs_keras
SMALL = {
    'described': NetworkConfig(lstm_units=8, widths=(16, 8), sequence_length=3),
    'mlp': NetworkConfig(architecture='mlp', widths=(16, 8)),
    'iterative': NetworkConfig(
        architecture='iterative', lstm_units=8, widths=(16, 8), sequence_length=3, newton_steps=1
    ),
}
NEAR_SINGULAR = 0.05  # [rad] where steps are damped differently, far from the answer
ROUNDING = 1e-4  # [rad] of float32, through a network that is not trained


@pytest.fixture(scope='module')
def samples(arm):
    return draw_set(arm, 'near', np.random.default_rng(3), 100, DataConfig())


def network(arm, architecture='iterative', **changes):
    keras.utils.set_random_seed(1)
    config = replace(SMALL[architecture], **changes)
    return build_network(config, arm, np.zeros(N_FEATURES), np.ones(N_FEATURES))


@pytest.mark.parametrize('architecture', ARCHITECTURES)
def test_network_is_the_same_from_file_and_in_litert(arm, samples, architecture, tmp_path):
    model = inference_model(network(arm, architecture=architecture), arm)
    answers = evaluate_network(model, samples.features)
    assert answers.shape == (100, 6)
    save_network(model, tmp_path / 'model.keras')
    reloaded = load_network(tmp_path / 'model.keras')
    assert_allclose(evaluate_network(reloaded, samples.features), answers, atol=ROUNDING)
    litert = LiteRtEngine(to_litert(model)).run(samples.features.astype(np.float32))
    assert_allclose(litert, answers, atol=ROUNDING)


@pytest.mark.parametrize('architecture', ['described', 'mlp'])
def test_network_adds_to_the_current_joints_when_its_output_is_a_change(
    arm, samples, architecture
):
    absolute = network(arm, architecture=architecture)
    change = network(arm, architecture=architecture, output='change')
    difference = evaluate_network(change, samples.features) - evaluate_network(
        absolute, samples.features
    )
    assert_allclose(difference, samples.q_current, atol=ROUNDING)


def test_network_iterative_answers_with_every_estimate(arm, samples):
    model = network(arm, architecture='iterative', sequence_length=2, newton_steps=3)
    estimates = keras.ops.convert_to_numpy(model(samples.features.astype(np.float32)))
    assert estimates.shape == (100, 5, 6)


def test_network_iterative_comes_closer_with_every_newton_step_even_untrained(arm, samples):
    model = network(arm, architecture='iterative', sequence_length=3, newton_steps=3)
    estimates = keras.ops.convert_to_numpy(model(samples.features.astype(np.float32)))
    reached = forward(arm, estimates.astype(np.float64))[..., :3, 3]
    target = samples.transform_base_tool[:, None, :3, 3]
    errors = np.median(np.linalg.norm(reached - target, axis=-1), axis=0)
    assert len(errors) == 6
    assert (np.diff(errors[2:]) < 0.0).all()


def test_served_network_is_newton_alone_near_the_target_whatever_was_learned(arm, samples):
    model = network(arm, architecture='iterative', sequence_length=2, newton_steps=2)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    answers = evaluate_network(inference_model(model, arm), samples.features)
    newton = refine(arm, samples.q_current, samples.transform_base_tool, max_iterations=4).q
    assert_allclose(answers, newton, atol=NEAR_SINGULAR)
    assert np.median(np.abs(answers - newton)) < ROUNDING


def test_served_network_answers_in_turns_within_the_limits(arm):
    far = draw_set(arm, 'far', np.random.default_rng(4), 200, DataConfig())
    answers = evaluate_network(inference_model(network(arm), arm), far.features)
    assert (answers[:, [0, 3, 5]] < arm.upper[[0, 3, 5]] + 0.01).all()
    assert (answers[:, [0, 3, 5]] > arm.lower[[0, 3, 5]] - 0.01).all()


def test_joint_loss_counts_every_estimate_the_same():
    answer = np.zeros((2, 6), np.float32)
    estimates = np.stack([answer + 0.3, answer], axis=1)
    single, several = (
        float(JointLoss(0.7, 0.3)(answer, answer + 0.3)),
        float(JointLoss(0.7, 0.3)(answer, estimates)),
    )
    assert several == pytest.approx(0.5 * single)


def test_joint_rmse_is_the_angular_distance_of_the_last_estimate():
    metric, answer = JointRmse(), np.zeros((2, 6), np.float32)
    estimates = np.stack([answer + 1.0, answer + 2.0 * np.pi + 0.1], axis=1)
    metric.update_state(answer, estimates.astype(np.float32))
    assert float(metric.result()) == pytest.approx(0.1, abs=1e-5)
    metric.reset_state()
    metric.update_state(answer, answer + np.float32(0.2))
    assert float(metric.result()) == pytest.approx(0.2, abs=1e-5)
