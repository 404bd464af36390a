# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several processes that train one network, and the other backend they need."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from keras_only import MISSING, needs_keras
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import TrainingError
from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.learning.training.run_folder import RunFolder

if not MISSING:
    from neural_ik_ros.learning.network.model_files import load_network
    from neural_ik_ros.learning.training.distributed import (
        SINGLE_WORKER,
        Worker,
        require_even_shards,
        worker_batch_rows,
        worker_from_environment,
    )
    from neural_ik_ros.learning.training.epoch_batches import EpochBatches

COMMAND = 'import sys; from neural_ik_ros.cli.main import main; sys.exit(main())'
SUMS_IN_ANOTHER_ORDER = 1e-5  # of weights up to 1, after 30 steps in float32
pytestmark = needs_keras
needs_jax = pytest.mark.skipif(find_spec('jax') is None, reason='JAX is not installed')


@pytest.fixture(scope='module')
def config_file(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'tiny.yaml'
    path.write_text(yaml.safe_dump(tiny.to_mapping(), sort_keys=False))
    return path


def start(config_file, output, **environment):
    """Start a training on JAX in a process of its own."""
    arguments = ['train', '--config', str(config_file), '--output', str(output), '--quiet']
    return subprocess.Popen(
        [sys.executable, '-c', COMMAND, *arguments],
        env={**os.environ, 'KERAS_BACKEND': 'jax', **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def weights(path):
    return np.concatenate([np.ravel(weight) for weight in load_network(path).get_weights()])


@pytest.fixture(scope='module')
def run_on_jax(config_file, tmp_path_factory):
    run = RunFolder(tmp_path_factory.mktemp('jax') / 'run')
    process = start(config_file, run.path)
    output, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return run, output


@needs_jax
def test_train_on_jax_ends_with_the_line_that_makes_the_bundle(run_on_jax, capsys):
    run, output = run_on_jax
    assert run.best.exists()
    assert not run.bundle.exists()

    command = output.splitlines()[-1].partition('neural_ik ')[2].split()
    assert main([*command, '--quiet']) == 0
    assert load_bundle(run.bundle).card.metrics['epochs'] == 3


@needs_jax
def test_train_on_two_workers_ends_like_on_one(config_file, run_on_jax, tmp_path):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        address = f'127.0.0.1:{free.getsockname()[1]}'
    workers = [
        start(
            config_file,
            tmp_path / 'run',
            KERAS_DISTRIBUTION_JOB_ADDRESSES=address,
            KERAS_DISTRIBUTION_NUM_PROCESSES='2',
            KERAS_DISTRIBUTION_PROCESS_ID=str(index),
        )
        for index in range(2)
    ]
    outputs = [worker.communicate(timeout=180) for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0], outputs
    assert 'bundle' in outputs[0][0]
    assert 'Epoch' not in outputs[1][0]
    assert_allclose(
        weights(tmp_path / 'run' / 'best.keras'),
        weights(run_on_jax[0].best),
        rtol=0,
        atol=SUMS_IN_ANOTHER_ORDER,
    )


@pytest.mark.parametrize('count', [1, 2, 3])
def test_shard_gives_each_row_to_one_worker(count):
    rows = np.arange(10)

    shards = [rows[Worker(index=index, count=count).shard(10)] for index in range(count)]

    assert_array_equal(np.concatenate(shards), rows)


@pytest.mark.parametrize(('count', 'n_devices'), [(1, 1), (1, 3), (2, 2), (2, 6), (3, 3)])
def test_worker_batch_rows_gives_each_device_the_same(monkeypatch, count, n_devices):
    mesh = SimpleNamespace(devices=np.zeros(n_devices))
    shared = SimpleNamespace(device_mesh=mesh) if n_devices > 1 else None
    monkeypatch.setattr('keras.distribution.distribution', lambda: shared)

    rows = worker_batch_rows(Worker(index=0, count=count), 4096)

    assert rows % (n_devices // count) == 0
    assert 4096 - n_devices < count * rows <= 4096


def test_epoch_batches_of_workers_are_the_batch_of_one(arm, tiny):
    whole = EpochBatches(arm, tiny, 0)[3]
    halves = [EpochBatches(arm, tiny, 0, Worker(index=i, count=2))[3] for i in range(2)]

    assert len(whole[0]) == 100
    for index in range(2):
        assert_array_equal(np.concatenate([half[index] for half in halves]), whole[index])


def test_worker_from_environment_is_alone_without_it(monkeypatch):
    monkeypatch.delenv('KERAS_DISTRIBUTION_NUM_PROCESSES', raising=False)

    assert worker_from_environment() == SINGLE_WORKER


@pytest.mark.parametrize(
    ('environment', 'problem'),
    [
        ({'TF_CONFIG': '{}'}, 'TF_CONFIG'),
        ({'PROCESS_ID': '0'}, 'two integers'),
        ({'NUM_PROCESSES': 'two', 'PROCESS_ID': '0'}, 'two integers'),
        ({'NUM_PROCESSES': '2'}, 'two integers'),
        ({'NUM_PROCESSES': '2', 'PROCESS_ID': '2'}, '2 of 2'),
        ({'NUM_PROCESSES': '2', 'PROCESS_ID': '0'}, 'JOB_ADDRESSES'),
    ],
)
def test_worker_from_environment_refuses_what_cannot_be(monkeypatch, environment, problem):
    monkeypatch.setattr('keras.backend.backend', lambda: 'jax')
    monkeypatch.setenv('KERAS_DISTRIBUTION_NUM_PROCESSES', '')
    for name, value in environment.items():
        monkeypatch.setenv(name if name == 'TF_CONFIG' else f'KERAS_DISTRIBUTION_{name}', value)

    with pytest.raises(TrainingError, match=problem):
        worker_from_environment()


@pytest.mark.skipif(os.environ.get('KERAS_BACKEND') == 'jax', reason='JAX is right for workers')
def test_worker_from_environment_names_the_backend_workers_need(monkeypatch):
    monkeypatch.setenv('KERAS_DISTRIBUTION_NUM_PROCESSES', '2')

    with pytest.raises(TrainingError, match='KERAS_BACKEND=jax'):
        worker_from_environment()


@pytest.mark.parametrize('section', ['training', 'data'])
def test_require_even_shards_names_what_does_not_divide(tiny, section):
    odd = {'training': {'batch_size': 25}, 'data': {'n_validation': 201}}[section]
    config = replace(tiny, **{section: replace(getattr(tiny, section), **odd)})

    require_even_shards(tiny, 2)
    with pytest.raises(TrainingError, match=next(iter(odd))):
        require_even_shards(config, 2)
