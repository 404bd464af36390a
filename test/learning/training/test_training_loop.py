# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from keras_only import MISSING, needs_keras
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.errors import BundleError, ModelFileError, TrainingError
from neural_ik_ros.learning.bundle.card import ARM, MODEL, NETWORK, SCALER, FileRecord
from neural_ik_ros.learning.bundle.consistency import verify_bundle
from neural_ik_ros.learning.bundle.engines import KerasEngine, make_engine
from neural_ik_ros.learning.bundle.network_seed import NetworkSeed
from neural_ik_ros.learning.bundle.storage import load_bundle, write_bundle
from neural_ik_ros.learning.training.run_folder import open_run

if not MISSING:
    import keras

    from neural_ik_ros.learning.make_bundle import make_bundle
    from neural_ik_ros.learning.network.architectures import build_network, inference_model
    from neural_ik_ros.learning.network.losses import JointLoss
    from neural_ik_ros.learning.network.model_files import load_network, save_network, to_litert
    from neural_ik_ros.learning.network.standardisation import Standardisation
    from neural_ik_ros.learning.training.epoch_batches import EpochBatches
    from neural_ik_ros.learning.training.scaler import scaler_from_bytes
    from neural_ik_ros.learning.training.training_loop import backend_version, is_finished, train

pytestmark = needs_keras
LITERT_ROUNDING = 1e-5  # [rad]


@pytest.fixture(scope='module')
def bundle(arm, urdf, tiny, trained, run):
    return make_bundle(arm, urdf, tiny, trained, run)


def weights(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


class PowerCutError(Exception):
    """Ends a training without warning."""


def train_interrupted(arm, config, run, epoch):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, index, logs=None):
            if index == epoch:
                raise PowerCutError

    original = keras.Model.fit

    def fit(model, *args, callbacks, **kwargs):
        return original(model, *args, callbacks=[*callbacks, Stop()], **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, 'fit', fit)
        with pytest.raises(PowerCutError):
            train(arm, config, run, verbose=0)


def test_train_improves_and_records_each_epoch(run, trained):
    losses = [record.validation_loss for record in trained.history]

    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert run.read_history(3) == list(trained.history)


def test_train_repeats_itself_from_its_seed(arm, urdf, tiny, tmp_path, trained):
    again = train(arm, tiny, open_run(tmp_path, tiny, urdf, resume=False), verbose=0)

    assert_array_equal(weights(again.model), weights(trained.model))


def test_train_resumed_ends_like_one_that_was_never_interrupted(
    arm, urdf, tiny, tmp_path, trained
):
    run = open_run(tmp_path, tiny, urdf, resume=False)
    train_interrupted(arm, tiny, run, epoch=2)
    assert len(run.read_history(2)) == 2

    resumed = train(arm, tiny, open_run(tmp_path, tiny, urdf, resume=True), verbose=0)

    assert_array_equal(weights(resumed.model), weights(trained.model))
    assert [replace(record, seconds=0.0) for record in resumed.history] == [
        replace(record, seconds=0.0) for record in trained.history
    ]


def test_train_refuses_a_damaged_checkpoint(arm, tiny, urdf, tmp_path):
    run = open_run(tmp_path, tiny, urdf, resume=False)
    run.checkpoint.write_bytes(b'PK damaged')

    with pytest.raises(ModelFileError, match=r'checkpoint\.keras'):
        train(arm, tiny, run, verbose=0)


def test_train_says_so_when_it_diverges(arm, tiny, urdf, tmp_path):
    config = replace(tiny, training=replace(tiny.training, learning_rate=1e30))
    run = open_run(tmp_path, config, urdf, resume=False)

    with pytest.raises(TrainingError, match=r'not finite.*learning_rate'):
        train(arm, config, run, verbose=0)
    assert not run.best.exists()


def test_backend_version_needs_no_package_of_the_same_name(monkeypatch):
    # As tf-nightly: the module is there, a package called like it is not.
    monkeypatch.setitem(sys.modules, 'nightly', SimpleNamespace(__version__='9.0'))
    monkeypatch.setattr(keras.backend, 'backend', lambda: 'nightly')

    assert backend_version() == 'nightly 9.0'


def test_is_finished_when_nothing_improves(trained, tiny):
    best = trained.history[-1]
    worse = replace(best, validation_loss=best.validation_loss + 1.0)
    config = replace(tiny.training, epochs=100, patience=2)

    assert not is_finished([], config)
    assert not is_finished([best, worse], config)
    assert is_finished([best, worse, worse], config)


def test_epoch_batches_are_fresh_or_reordered(arm, tiny):
    for is_fresh in (True, False):
        config = replace(tiny, data=replace(tiny.data, is_fresh_each_epoch=is_fresh))
        samples = EpochBatches(arm, config, 0)
        first = np.concatenate([samples[i][0] for i in range(len(samples))])
        samples.on_epoch_end()
        second = np.concatenate([samples[i][0] for i in range(len(samples))])

        assert len(first) == len(second) == 1000
        n_common = len(set(map(bytes, first)) & set(map(bytes, second)))
        assert n_common == (0 if is_fresh else 1000)
        assert not (first == second).all()


def test_joint_loss_is_the_weighted_sum():
    error = np.array([[0.0, 0.1, -0.2, np.pi, 2 * np.pi, 1.0]])

    value = float(JointLoss(0.7, 0.3)(np.zeros_like(error), error))

    assert value == pytest.approx(np.mean(0.7 * error**2 + 0.3 * (1 - np.cos(error))), rel=1e-6)


def test_network_standardises_as_the_scaler_does(arm, tiny, trained):
    probes = np.random.default_rng(0).normal(size=(50, 12))
    (layer,) = (one for one in trained.model.layers if isinstance(one, Standardisation))

    assert_allclose(layer(probes), trained.scaler.transform(probes), rtol=0, atol=1e-5)


def test_make_bundle_makes_one_that_verifies(bundle):
    checks = verify_bundle(bundle.folder)

    assert [check.name for check in checks] == [
        *('files', 'litert = keras', 'scaler = graph', 'arm = graph')
    ]
    assert not any(check.is_skipped for check in checks)


def test_make_bundle_states_what_made_it(bundle, tiny):
    card = bundle.card

    assert card.configuration == json.loads(json.dumps(tiny.to_mapping()))
    assert {'keras', 'numpy', 'scikit-learn', 'skops'} <= set(card.versions)
    assert card.metrics['near']['hold_current']['joint_rmse'] == pytest.approx(0.0577, rel=0.05)
    assert len(card.metrics['history']['validation_loss']) == tiny.training.epochs


def test_bundle_holds_no_optimiser(run):
    assert load_network(run.checkpoint, is_compiled=True).optimizer.variables
    assert not load_network(run.best, is_compiled=True).compiled


def test_engines_agree(bundle, arm):
    probes = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)

    keras_joints, litert_joints = (
        make_engine(bundle, engine).run(probes) for engine in ('keras', 'litert')
    )

    assert_allclose(keras_joints, litert_joints, rtol=0, atol=LITERT_ROUNDING)


def test_keras_engine_answers_the_predictor(bundle, arm):
    network = NetworkSeed(KerasEngine(bundle.files[NETWORK]))

    assert network.predict(np.eye(4), np.zeros(6)).shape == (6,)


@pytest.mark.parametrize(('name', 'other'), [(MODEL, NETWORK), (SCALER, NETWORK)])
def test_verify_bundle_names_files_that_do_not_belong_together(
    bundle, trained, tiny, tmp_path, name, other
):
    alien = build_network(tiny.network, bundle.arm, np.ones(12), np.full(12, 2.0))
    alien = inference_model(alien, bundle.arm)
    save_network(alien, tmp_path / 'alien.keras')
    files = {**bundle.files, NETWORK: (tmp_path / 'alien.keras').read_bytes()}
    if name == SCALER:
        files[MODEL] = to_litert(alien)
    card = replace(bundle.card, files={key: FileRecord.of(value) for key, value in files.items()})
    write_bundle(tmp_path / 'mixed', card, files)

    with pytest.raises(BundleError, match=f'{name} and {other}'):
        verify_bundle(tmp_path / 'mixed')


@pytest.mark.parametrize('other', ['geometry', 'limits'])
def test_verify_bundle_refuses_the_network_of_another_arm(bundle, tmp_path, other):
    other_arm = (Path(__file__).parents[1] / 'offset_wrist.urdf').read_bytes()
    if other == 'limits':
        other_arm = re.sub(rb'upper="[0-9.]+"', b'upper="0.5"', bundle.files[ARM])
        assert other_arm != bundle.files[ARM]
    files = {**bundle.files, ARM: other_arm}
    card = replace(bundle.card, files={key: FileRecord.of(value) for key, value in files.items()})
    write_bundle(tmp_path / 'mixed', card, files)

    with pytest.raises(BundleError, match=f'{ARM} and {NETWORK}'):
        verify_bundle(tmp_path / 'mixed')


def test_scaler_from_bytes_refuses_anything_else(bundle):
    import skops.io
    from sklearn.linear_model import LinearRegression

    for content in (b'', b'PK', bundle.files[ARM], skops.io.dumps(LinearRegression())):
        with pytest.raises(ModelFileError, match=r'scaler\.skops: not a StandardScaler'):
            scaler_from_bytes(content)


def test_load_bundle_reads_the_bundle_without_keras(bundle):
    assert load_bundle(bundle.folder).card == bundle.card
