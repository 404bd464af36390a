# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs that are killed, run out of disk, or find their files damaged."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml
from keras_only import MISSING, needs_keras
from numpy.testing import assert_array_equal

from neural_ik_ros.atomic_files import atomic_write
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import ModelFileError, TrainingError
from neural_ik_ros.learning.training.run_folder import RunFolder, open_run

if not MISSING:
    from neural_ik_ros.learning.network.model_files import load_network
    from neural_ik_ros.learning.training.training_loop import train

pytestmark = needs_keras

# Trains like the command line, but is killed with half of the second epoch's checkpoint written.
KILLED_WHILE_WRITING = """
import os, pathlib, signal, sys
import keras
from neural_ik_ros.cli.main import main

save = keras.Model.save

def save_or_die(model, path):
    save(model, path)
    if model.compiled and model.optimizer.iterations >= 20:
        content = pathlib.Path(path).read_bytes()
        pathlib.Path(path).write_bytes(content[:len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

keras.Model.save = save_or_die
main(sys.argv[1:])
"""


@pytest.fixture
def no_space():
    """No file may become larger than some bytes: a write fails midway, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda n_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def copy(run, tmp_path):
    """A finished run that may be damaged."""
    return RunFolder(shutil.copytree(run.path, tmp_path / 'copy'))


def weights(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def test_atomic_write_keeps_the_old_file_when_the_block_fails(tmp_path):
    (tmp_path / 'file').write_text('old')

    with pytest.raises(UnicodeEncodeError), atomic_write(tmp_path / 'file') as partial:
        partial.write_text('half \N{DEGREE SIGN}', encoding='ascii')
    assert [path.read_text() for path in tmp_path.iterdir()] == ['old']


def test_train_killed_in_a_write_resumes_to_the_same_weights(arm, urdf, tiny, tmp_path, trained):
    run, config = RunFolder(tmp_path / 'run'), tmp_path / 'tiny.yaml'
    config.write_text(yaml.safe_dump(tiny.to_mapping(), sort_keys=False))
    arguments = ['train', '--config', str(config), '--output', str(run.path), '--quiet']

    command = [sys.executable, '-c', KILLED_WHILE_WRITING, *arguments]
    killed = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr.decode()
    assert (run.path / 'partial_checkpoint.keras').exists()
    with pytest.raises(ModelFileError):
        load_network(run.path / 'partial_checkpoint.keras')

    run, seen = open_run(run.path, tiny, urdf, resume=True), []
    resumed = train(arm, tiny, run, verbose=0, on_epoch=seen.append)
    assert [record.epoch for record in seen] == [2, 3]
    assert_array_equal(weights(resumed.model), weights(trained.model))
    assert not (run.path / 'partial_checkpoint.keras').exists()


def test_train_on_a_full_disk_is_one_line_and_continues_with_space(
    arm, urdf, tiny, tmp_path, capsys, no_space, run, trained
):
    folder, config = tmp_path / 'run', tmp_path / 'tiny.yaml'
    config.write_text(yaml.safe_dump(tiny.to_mapping(), sort_keys=False))
    sizes = [path.stat().st_size for path in (run.best, run.checkpoint)]
    assert sizes[0] + 10_000 < sizes[1]

    no_space(sizes[0] + 5_000)  # enough for the network, not for the optimiser too
    assert main(['train', '--config', str(config), '--output', str(folder), '--quiet']) == 1
    message = capsys.readouterr().err
    no_space(resource.RLIM_INFINITY)

    assert message.count('\n') == 1
    assert 'checkpoint.keras: not written' in message
    assert not list(folder.glob('partial_*'))
    resumed = train(arm, tiny, open_run(folder, tiny, urdf, resume=True), verbose=0)
    assert_array_equal(weights(resumed.model), weights(trained.model))


@pytest.mark.parametrize('damage', ['cut', 'zeros', 'empty'])
@pytest.mark.parametrize('name', ['checkpoint.keras', 'best.keras'])
def test_train_refuses_a_damaged_network_before_it_trains(arm, tiny, copy, name, damage):
    content = (copy.path / name).read_bytes()
    half = len(content) // 2
    damaged = {
        'cut': content[:half],
        'zeros': content[:half] + bytes(4096) + content[half + 4096 :],
        'empty': b'',
    }
    (copy.path / name).write_bytes(damaged[damage])
    unfinished, seen = replace(tiny, training=replace(tiny.training, epochs=4)), []

    with pytest.raises(ModelFileError, match=name.replace('.', r'\.')):
        train(arm, unfinished, copy, verbose=0, on_epoch=seen.append)
    assert seen == []


def test_train_refuses_a_history_shorter_than_the_checkpoint(arm, tiny, copy):
    copy.write_history(copy.read_history(2))

    with pytest.raises(TrainingError, match=r'history\.json: damaged'):
        train(arm, tiny, copy, verbose=0)
