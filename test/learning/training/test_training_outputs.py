# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a training shows: curves, a log for TensorBoard, and little else."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from keras_only import needs_keras

from neural_ik_ros.cli.common.quiet_imports import quiet_libraries
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import TrainingError
from neural_ik_ros.learning.training.run_folder import EpochRecord, RunFolder

HISTORY = [
    EpochRecord(
        epoch=epoch,
        loss=1.0 / epoch,
        joint_rmse=1.0 / epoch,
        validation_loss=2.0 / epoch,
        validation_joint_rmse=1.5 / epoch,
        seconds=1.0,
        backend='tensorflow 2.21.0',
    )
    for epoch in (1, 2, 3)
]
needs_matplotlib = pytest.mark.skipif(
    find_spec('matplotlib') is None, reason='matplotlib is not installed'
)
needs_tensorboard = pytest.mark.skipif(
    find_spec('tensorboard') is None, reason='TensorBoard is not installed'
)


@needs_matplotlib
@pytest.mark.parametrize('n_epochs', [1, 3])
def test_draw_learning_curves_makes_a_picture(tmp_path, n_epochs):
    from neural_ik_ros.learning.training.learning_curves import draw_learning_curves

    draw_learning_curves(RunFolder(tmp_path), HISTORY[:n_epochs])

    assert [path.name for path in tmp_path.iterdir()] == ['history.png']
    assert (tmp_path / 'history.png').read_bytes().startswith(b'\x89PNG')


@needs_matplotlib
def test_draw_learning_curves_says_what_it_cannot_write(tmp_path):
    from neural_ik_ros.learning.training.learning_curves import draw_learning_curves

    with pytest.raises(TrainingError, match=r'history\.png: not written'):
        draw_learning_curves(RunFolder(tmp_path / 'missing'), HISTORY)


@needs_tensorboard
def test_tensorboard_log_holds_each_epoch(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from neural_ik_ros.learning.training.tensorboard_log import TensorBoardLog

    log = TensorBoardLog(RunFolder(tmp_path))
    for record in HISTORY:
        log(record)

    events = EventAccumulator(str(tmp_path / 'tensorboard')).Reload()
    values = events.Tensors('loss/validation')
    assert [event.step for event in values] == [1, 2, 3]
    assert [event.tensor_proto.float_val[0] for event in values] == pytest.approx(
        [record.validation_loss for record in HISTORY]
    )


@needs_keras
@pytest.mark.skipif(find_spec('tensorboard') is not None, reason='TensorBoard is installed')
def test_train_names_the_remedy_when_tensorboard_is_missing(tmp_path, capsys):
    assert main(['train', '--tensorboard', '--output', str(tmp_path / 'run')]) == 1
    assert 'pip install tensorboard' in capsys.readouterr().err
    assert not (tmp_path / 'run').exists()


def test_train_refuses_another_backend(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('KERAS_BACKEND', 'torch')

    assert main(['train', '--output', str(tmp_path / 'run')]) == 1
    assert "'torch'; choose from tensorflow, jax" in capsys.readouterr().err


def test_quiet_libraries_lets_through_what_is_no_notice(capfd):
    with quiet_libraries():
        os.write(2, b'I0000 00:00:1 port.cc:153] oneDNN custom operations are on\n')
        os.write(2, b'a real problem\n')

    assert capfd.readouterr().err == 'a real problem\n'


@needs_keras
def test_quiet_libraries_keeps_tensorflow_from_talking():
    code = (
        'from neural_ik_ros.cli.common.quiet_imports import quiet_libraries\n'
        'with quiet_libraries():\n    import tensorflow'
    )
    command = [sys.executable, '-c', code]
    loaded = subprocess.run(command, check=False, capture_output=True, timeout=120)

    assert (loaded.returncode, loaded.stderr) == (0, b'')
