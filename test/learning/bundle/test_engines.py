# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros import IkSolver
from neural_ik_ros.errors import ConfigError, FileError, ModelFileError
from neural_ik_ros.kinematics import UrdfError, forward, random_joints
from neural_ik_ros.learning.bundle.card import MODEL
from neural_ik_ros.learning.bundle.engines import CHUNK, LiteRtEngine, make_engine
from neural_ik_ros.learning.bundle.network_seed import NetworkSeed
from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.learning.evaluation.metrics import card_metrics
from neural_ik_ros.learning.evaluation.sample_sources import unseen_samples
from neural_ik_ros.learning.evaluation.set_errors import measure_set
from neural_ik_ros.learning.training.config import LearningConfig

FLOAT32_ROUNDING = 2e-5  # [rad] between kernels for one row and for many
BETWEEN_SAMPLES = 0.02  # relative, of metrics of 20,000 samples of one set each


@pytest.fixture(scope='module')
def bundle():
    return load_bundle()


@pytest.fixture(scope='module')
def network(bundle):
    return NetworkSeed(make_engine(bundle))


@pytest.fixture
def questions(arm):
    q = random_joints(arm, np.random.default_rng(8), 2 * CHUNK + 2)
    return forward(arm, q), q[::-1]


def test_predict_answers_a_batch_as_it_answers_each_row(network, questions):
    targets, q_current = questions

    batch = network.predict(targets, q_current)
    rows = [network.predict(*question) for question in zip(targets, q_current, strict=True)]

    assert batch.shape == (2 * CHUNK + 2, 6)
    assert_allclose(batch, rows, rtol=0, atol=FLOAT32_ROUNDING)


def test_predict_keeps_batch_axes(network, questions):
    targets, q_current = questions

    joints = network.predict(targets[:6].reshape(2, 3, 4, 4), q_current[:6].reshape(2, 3, 6))

    assert joints.shape == (2, 3, 6)
    assert joints.dtype == np.float64
    assert_array_equal(joints.reshape(6, 6), network.predict(targets[:6], q_current[:6]))


def test_predict_accepts_no_rows(network, questions):
    targets, q_current = questions

    assert network.predict(targets[:0], q_current[:0]).shape == (0, 6)


def test_predict_repeats_itself_after_other_questions(network, questions):
    targets, q_current = questions

    before = network.predict(targets[0], q_current[0])
    network.predict(targets, q_current)

    assert_array_equal(network.predict(targets[0], q_current[0]), before)


def test_shipped_network_has_the_errors_its_card_states(arm, bundle, network):
    config = LearningConfig.from_mapping(bundle.card.configuration)
    set_errors = measure_set(arm, {'network': network}, unseen_samples(arm, config.data, 'far'))

    metrics = card_metrics(set_errors.metrics['network'])
    stated = bundle.card.metrics['far']['network']
    assert metrics['joint_rmse'] == pytest.approx(stated['joint_rmse'], rel=BETWEEN_SAMPLES)
    assert metrics['position_median'] == pytest.approx(
        stated['position_median'], rel=BETWEEN_SAMPLES
    )


def test_litert_engine_refuses_what_is_no_model():
    with pytest.raises(ModelFileError, match='no usable LiteRT model'):
        LiteRtEngine(b'no model')


def test_litert_engine_refuses_a_damaged_model(bundle):
    with pytest.raises(ModelFileError, match='no usable LiteRT model'):
        LiteRtEngine(bundle.files[MODEL][:1000])


def test_make_engine_names_the_engines_when_unknown(bundle):
    with pytest.raises(ConfigError, match=r"'abacus' is unknown; choose from .*litert"):
        make_engine(bundle, 'abacus')


def test_load_solves_with_the_shipped_bundle(arm):
    solver = IkSolver.load()
    q = np.array([0.3, 0.2, -0.1, 0.4, 0.6, -0.2])

    solution = solver.solve(forward(arm, q), q + 0.05)

    assert solution.status.is_solved
    assert_allclose(solution.q, q, atol=1e-6)


def test_load_takes_the_geometry_of_another_urdf(tmp_path, urdf):
    path = tmp_path / 'calibrated.urdf'
    path.write_text(urdf.replace('0.615', '0.618'))

    assert IkSolver.load(urdf=path).arm.translations[1, 2] == pytest.approx(0.618)


def test_load_names_a_urdf_that_is_missing_or_none(tmp_path):
    with pytest.raises(
        FileError, match=r'none\.urdf: No such file .*; give the path of a plain URDF'
    ):
        IkSolver.load(urdf=tmp_path / 'none.urdf')
    (tmp_path / 'bad.urdf').write_text('<robot name="x"/>')
    with pytest.raises(UrdfError):
        IkSolver.load(urdf=tmp_path / 'bad.urdf')
