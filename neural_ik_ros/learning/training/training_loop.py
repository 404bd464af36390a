# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop: fresh samples, checkpoints, early stopping, resuming."""

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

from ...errors import TrainingError
from ...kinematics import Arm
from ..data.dataset import Part
from ..network.architectures import build_network, inference_model
from ..network.losses import JointLoss, JointRmse
from ..network.model_files import load_network, save_network
from .config import LearningConfig, TrainingConfig
from .distributed import SINGLE_WORKER, Worker, without_distribution, worker_batch_rows
from .epoch_batches import EpochBatches, part_arrays
from .run_folder import EpochRecord, RunFolder
from .scaler import fit_scaler

VALIDATION_BATCH = 4096  # rows over all devices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedNetwork:
    """The network of the best epoch, uncompiled, with its scaler and training history."""

    model: keras.Model
    scaler: StandardScaler
    history: tuple[EpochRecord, ...]


def backend() -> str:
    """Return the name of Keras' backend, for example ``tensorflow``."""
    name: str = keras.backend.backend()
    return name


def backend_version() -> str:
    """Return name and version of Keras' backend, whichever package provides it."""
    version: str = sys.modules[backend()].__version__
    return f'{backend()} {version}'


def train(
    arm: Arm,
    config: LearningConfig,
    run: RunFolder,
    *,
    worker: Worker = SINGLE_WORKER,
    verbose: int | str = 'auto',
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> TrainedNetwork | None:
    """
    Train, continuing after the last finished epoch in the run folder, and return the network.

    :param verbose: As in Keras: 0 silent, 1 a progress bar, 2 a line for each epoch.
    :param on_epoch: Called by the chief when an epoch has been written to disk.
    :return: None on workers other than the chief, which alone writes to the run folder.
    :raises ModelFileError: If a checkpoint is damaged or cannot be written.
    :raises TrainingError: If the history is damaged or cannot be written, or the loss diverges.
    """
    keras.utils.set_random_seed(config.training.seed)
    scaler = fit_scaler(arm, config.data)
    model, history = _new_or_resumed(arm, config, run, scaler)
    if not is_finished(history, config.training):
        validation = [
            rows[worker.shard(len(rows))] for rows in part_arrays(arm, config, Part.VALIDATION)
        ]
        model.fit(
            EpochBatches(arm, config, len(history), worker),
            validation_data=tuple(validation),
            validation_batch_size=worker_batch_rows(worker, VALIDATION_BATCH),
            initial_epoch=len(history),
            epochs=config.training.epochs,
            callbacks=[_EpochRecorder(arm, run, history, config.training, worker, on_epoch)],
            shuffle=False,  # EpochBatches shuffles with its own seed
            verbose=verbose if worker.is_chief else 0,
        )
    if not worker.is_chief:
        return None
    with without_distribution():
        best = load_network(run.best)
    return TrainedNetwork(model=best, scaler=scaler, history=tuple(history))


def _new_or_resumed(
    arm: Arm, config: LearningConfig, run: RunFolder, scaler: StandardScaler
) -> tuple[keras.Model, list[EpochRecord]]:
    """Return a new compiled network, or the one in the run folder with its history."""
    steps = math.ceil(config.data.n_train / config.training.batch_size)
    if not run.checkpoint.exists():
        model = build_network(config.network, arm, scaler.mean_, scaler.scale_)
        compile_network(model, config.training, _optimizer(config.training, steps))
        return model, []
    model = load_network(run.checkpoint, is_compiled=True)
    history = run.read_history(int(model.optimizer.iterations) // steps)
    with without_distribution():
        load_network(run.best)  # refused now rather than after the last epoch
    compile_network(model, config.training, model.optimizer)  # with the settings of this backend
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
    """Compile the network with the configured loss."""
    model.compile(
        optimizer=optimizer,
        loss=JointLoss(config.mse_weight, config.periodic_weight),
        metrics=[JointRmse(name='joint_rmse')],
        # XLA makes the unrolled LSTM four times slower on a CPU.
        jit_compile=backend() == 'jax',
    )


def is_finished(history: list[EpochRecord], config: TrainingConfig) -> bool:
    """Whether all epochs are done, or ``patience`` epochs have passed since the best one."""
    if not history:
        return False
    losses = [record.validation_loss for record in history]
    n_since_best = len(losses) - 1 - int(np.argmin(losses))
    return len(history) >= config.epochs or n_since_best >= config.patience


class _EpochRecorder(keras.callbacks.Callback):
    """Writes history, checkpoint and best network after each epoch; stops early."""

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
        """Seed noise and dropout from the epoch, so that a resumed run repeats them."""
        self.started = time.monotonic()
        for index, layer in enumerate(self.model.layers):
            generator = getattr(layer, 'seed_generator', None)
            if generator is not None:
                generator.state.assign([self.config.seed + index, epoch << 16])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the epoch and decide whether to stop."""
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
            raise TrainingError(
                f'epoch {record.epoch}',
                'the validation loss is not finite',
                'choose a smaller training.learning_rate and another --output',
            )
        is_best = all(record.validation_loss < done.validation_loss for done in self.history)
        self.history.append(record)
        if self.worker.is_chief:
            self._write(record, is_best=is_best)
        if is_finished(self.history, self.config):
            self.model.stop_training = True

    def _write(self, record: EpochRecord, *, is_best: bool) -> None:
        """Write the epoch; the checkpoint last, since resuming relies on it."""
        with without_distribution():
            if is_best:
                save_network(inference_model(self.model, self.arm), self.run.best)
            self.run.write_history(self.history)
            save_network(self.model, self.run.checkpoint)
        if self.on_epoch is not None:
            self.on_epoch(record)
