# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fitting the network: fresh samples, checkpoints after each epoch, early stopping, resume."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler

from ...errors import NeuralIkError
from ...kinematics import Arm
from ..data.dataset import Part
from ..network.architectures import build_network, served
from ..network.losses import JointLoss, JointRmse
from ..network.model_files import load_network, save_network
from .config import LearningConfig, TrainingConfig
from .distributed import ALONE, Worker, on_this_worker, rows_at_once
from .epoch_batches import EpochSamples, arrays
from .run_folder import EpochRecord, RunFolder
from .scaler import fit_scaler

VALIDATION_BATCH = 4096  # rows, on all devices together


class TrainingDivergedError(NeuralIkError):
    """The loss is no longer a number."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        super().__init__(
            f'the validation loss of epoch {epoch} is not finite; choose a smaller '
            'training.learning_rate and another --output.'
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedNetwork:
    """The network of the best epoch, uncompiled, and what it was fitted with."""

    model: keras.Model
    scaler: StandardScaler
    history: tuple[EpochRecord, ...]


def backend() -> str:
    """Return what Keras runs on, for example ``tensorflow``."""
    name: str = keras.backend.backend()
    return name


def backend_version() -> str:
    """Return what Keras runs on with its version, whatever package it was installed from."""
    version: str = sys.modules[backend()].__version__
    return f'{backend()} {version}'


def train(
    arm: Arm,
    config: LearningConfig,
    run: RunFolder,
    *,
    worker: Worker = ALONE,
    verbose: int | str = 'auto',
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> TrainedNetwork | None:
    """
    Return the trained network; continues after the last finished epoch the run folder holds.

    :param verbose: As in Keras: 0 silent, 1 a progress bar, 2 a line for each epoch.
    :param on_epoch: Called by the chief when an epoch is on the disk.
    :return: None to workers other than the chief, which alone writes to the run folder.
    :raises ArtifactError: If a checkpoint is damaged or cannot be written.
    :raises RunFolderError: If the history is damaged or cannot be written.
    :raises TrainingDivergedError: If the loss is no longer a number.
    """
    keras.utils.set_random_seed(config.training.seed)
    scaler = fit_scaler(arm, config.data)
    model, history = _start(arm, config, run, scaler)
    if not is_finished(history, config.training):
        validation = [
            rows[worker.share(len(rows))] for rows in arrays(arm, config, Part.VALIDATION)
        ]
        model.fit(
            EpochSamples(arm, config, len(history), worker),
            validation_data=tuple(validation),
            validation_batch_size=rows_at_once(worker, VALIDATION_BATCH),
            initial_epoch=len(history),
            epochs=config.training.epochs,
            callbacks=[_Recorder(arm, run, history, config.training, worker, on_epoch)],
            shuffle=False,  # EpochSamples does it, from its own seed
            verbose=verbose if worker.is_chief else 0,
        )
    if not worker.is_chief:
        return None
    with on_this_worker():
        best = load_network(run.best)
    return TrainedNetwork(model=best, scaler=scaler, history=tuple(history))


def _start(
    arm: Arm, config: LearningConfig, run: RunFolder, scaler: StandardScaler
) -> tuple[keras.Model, list[EpochRecord]]:
    """Return the compiled network and the epochs it has seen: new, or as the run folder has it."""
    steps = math.ceil(config.data.n_train / config.training.batch_size)
    if not run.checkpoint.exists():
        model = build_network(config.network, arm, scaler.mean_, scaler.scale_)
        compile_network(model, config.training, _optimizer(config.training, steps))
        return model, []
    model = load_network(run.checkpoint, is_compiled=True)
    history = run.read_history(int(model.optimizer.iterations) // steps)
    with on_this_worker():
        load_network(run.best)  # better refused now than after the last epoch
    compile_network(model, config.training, model.optimizer)  # as this backend wants it
    return model, history


def _optimizer(config: TrainingConfig, steps: int) -> keras.optimizers.Optimizer:
    """Return an optimiser for epochs of ``steps`` steps."""
    rate: Any
    if config.schedule == 'cosine':
        rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * steps)
    else:
        rate = keras.optimizers.schedules.ExponentialDecay(
            config.learning_rate, max(1, round(config.decay_epochs * steps)), config.decay_rate
        )
    return keras.optimizers.Adam(rate, clipnorm=config.gradient_norm or None)


def compile_network(
    model: keras.Model, config: TrainingConfig, optimizer: keras.optimizers.Optimizer
) -> None:
    """Give the network its loss and an optimiser."""
    model.compile(
        optimizer=optimizer,
        loss=JointLoss(config.mse_weight, config.periodic_weight),
        metrics=[JointRmse(name='joint_rmse')],
        # Compiled by XLA, the unrolled LSTM trains four times slower on a CPU.
        jit_compile=backend() == 'jax',
    )


def is_finished(history: list[EpochRecord], config: TrainingConfig) -> bool:
    """Return whether all epochs are done, or as many as the patience since the best one."""
    if not history:
        return False
    losses = [record.validation_loss for record in history]
    n_since_best = len(losses) - 1 - int(np.argmin(losses))
    return len(history) >= config.epochs or n_since_best >= config.patience


class _Recorder(keras.callbacks.Callback):
    """Keeps history, checkpoint and best network on disk, and stops when nothing improves."""

    def __init__(
        self,
        arm: Arm,
        run: RunFolder,
        history: list[EpochRecord],
        config: TrainingConfig,
        worker: Worker,
        on_epoch: Callable[[EpochRecord], None] | None,
    ) -> None:
        super().__init__()
        self.arm, self.run, self.history, self.config = arm, run, history, config
        self.worker, self.on_epoch = worker, on_epoch
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock, and noise and dropout from the epoch, so that resuming repeats it."""
        self.started = time.monotonic()
        for index, layer in enumerate(self.model.layers):
            generator = getattr(layer, 'seed_generator', None)
            if generator is not None:
                generator.state.assign([self.config.seed + index, epoch << 16])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep what the epoch gave and decide whether to go on."""
        logs = logs or {}
        record = EpochRecord(
            epoch=epoch + 1,
            loss=float(logs['loss']),
            joint_rmse=float(logs['joint_rmse']),
            validation_loss=float(logs['val_loss']),
            validation_joint_rmse=float(logs['val_joint_rmse']),
            seconds=time.monotonic() - self.started,
            backend=backend_version(),
        )
        if not math.isfinite(record.validation_loss):
            raise TrainingDivergedError(record.epoch)
        is_best = all(record.validation_loss < done.validation_loss for done in self.history)
        self.history.append(record)
        if self.worker.is_chief:
            self._write(record, is_best=is_best)
        if is_finished(self.history, self.config):
            self.model.stop_training = True

    def _write(self, record: EpochRecord, *, is_best: bool) -> None:
        """Write what the epoch gave; the checkpoint last, since resuming believes it."""
        with on_this_worker():
            if is_best:
                save_network(served(self.model, self.arm), self.run.best)
            self.run.write_history(self.history)
            save_network(self.model, self.run.checkpoint)
        if self.on_epoch is not None:
            self.on_epoch(record)
