# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fitting the network: fresh samples, checkpoints after each epoch, early stopping, resume."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from ..errors import NeuralIkError
from ..kinematics import Arm
from .artifact import load_network, save_network
from .config import LearningConfig, TrainingConfig
from .dataset import Part, blocks
from .network import JointLoss, build_network
from .run_folder import EpochRecord, RunFolder
from .scaling import fit_scaler

Float32Array = NDArray[np.float32]


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


def train(
    arm: Arm, config: LearningConfig, run: RunFolder, *, verbose: int | str = 'auto'
) -> TrainedNetwork:
    """
    Return the trained network; continues after the last finished epoch the run folder holds.

    :param verbose: As in Keras: 0 silent, 1 a progress bar, 2 a line for each epoch.
    :raises ArtifactError: If a checkpoint is damaged or cannot be written.
    :raises TrainingDivergedError: If the loss is no longer a number.
    """
    keras.utils.set_random_seed(config.training.seed)
    scaler = fit_scaler(arm, config.data)
    epoch, history = 0, []
    steps = math.ceil(config.data.n_train / config.training.batch_size)
    if run.checkpoint.exists():
        model = load_network(run.checkpoint, is_compiled=True)
        epoch = int(model.optimizer.iterations) // steps
        history = run.read_history()[:epoch]
    else:
        model = build_network(config.network, scaler.mean_, scaler.scale_)
        compile_network(model, config.training, steps)
    if not is_finished(history, config.training):
        model.fit(
            EpochSamples(arm, config, epoch),
            validation_data=arrays(arm, config, Part.VALIDATION),
            validation_batch_size=4096,
            initial_epoch=epoch,
            epochs=config.training.epochs,
            callbacks=[_Recorder(run, history, config, scaler)],
            shuffle=False,  # EpochSamples does it, from its own seed
            verbose=verbose,
        )
    return TrainedNetwork(model=load_network(run.best), scaler=scaler, history=tuple(history))


def compile_network(model: keras.Model, config: TrainingConfig, steps: int) -> None:
    """Give the network its loss and an optimiser for epochs of ``steps`` steps."""
    rate: Any
    if config.schedule == 'cosine':
        rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * steps)
    else:
        rate = keras.optimizers.schedules.ExponentialDecay(
            config.learning_rate, round(config.decay_epochs * steps), config.decay_rate
        )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=JointLoss(config.mse_weight, config.periodic_weight),
        metrics=[keras.metrics.RootMeanSquaredError(name='joint_rmse')],
        # Compiled by XLA, the unrolled LSTM trains four times slower on a CPU.
        jit_compile=keras.backend.backend() == 'jax',
    )


def is_finished(history: list[EpochRecord], config: TrainingConfig) -> bool:
    """Return whether all epochs are done, or the best is more than the patience ago."""
    if not history:
        return False
    losses = [record.validation_loss for record in history]
    n_since_best = len(losses) - 1 - int(np.argmin(losses))
    return len(history) >= config.epochs or n_since_best >= config.patience


def arrays(
    arm: Arm, config: LearningConfig, part: Part, epoch: int = 0
) -> tuple[Float32Array, Float32Array]:
    """Return features (n, 12) and answers (n, 6) of one part."""
    drawn = list(blocks(arm, config.data, part, epoch=epoch))
    inputs = np.concatenate([samples.features for samples in drawn])
    answers = np.concatenate([samples.q for samples in drawn])
    return inputs.astype(np.float32), answers.astype(np.float32)


class EpochSamples(keras.utils.PyDataset):
    """The training part of one epoch after another, in batches."""

    def __init__(self, arm: Arm, config: LearningConfig, epoch: int) -> None:
        super().__init__()
        self.arm, self.config, self.epoch = arm, config, epoch
        self._draw()

    def __len__(self) -> int:
        return math.ceil(self.config.data.n_train / self.config.training.batch_size)

    def __getitem__(self, index: int) -> tuple[Float32Array, Float32Array]:
        start = index * self.config.training.batch_size
        rows = self._order[start : start + self.config.training.batch_size]
        return self._inputs[rows], self._answers[rows]

    def on_epoch_end(self) -> None:
        """Draw the samples, or the order, of the next epoch."""
        self.epoch += 1
        self._draw()

    def _draw(self) -> None:
        data = self.config.data
        if data.is_fresh_each_epoch or not hasattr(self, '_inputs'):
            epoch = self.epoch if data.is_fresh_each_epoch else 0
            self._inputs, self._answers = arrays(self.arm, self.config, Part.TRAIN, epoch)
        rng = np.random.default_rng([self.config.training.seed, self.epoch])
        self._order = rng.permutation(data.n_train)


class _Recorder(keras.callbacks.Callback):
    """Keeps history, checkpoint and best network on disk, and stops when nothing improves."""

    def __init__(
        self,
        run: RunFolder,
        history: list[EpochRecord],
        config: LearningConfig,
        scaler: StandardScaler,
    ) -> None:
        super().__init__()
        self.run, self.history, self.config, self.scaler = run, history, config, scaler
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock, and noise and dropout from the epoch, so that resuming repeats it."""
        self.started = time.monotonic()
        for index, layer in enumerate(self.model.layers):
            generator = getattr(layer, 'seed_generator', None)
            if generator is not None:
                generator.state.assign([self.config.training.seed + index, epoch << 16])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write what the epoch gave; the checkpoint last, since resuming believes it."""
        logs = logs or {}
        record = EpochRecord(
            epoch=epoch + 1,
            loss=float(logs['loss']),
            joint_rmse=float(logs['joint_rmse']),
            validation_loss=float(logs['val_loss']),
            validation_joint_rmse=float(logs['val_joint_rmse']),
            seconds=time.monotonic() - self.started,
        )
        if not math.isfinite(record.validation_loss):
            raise TrainingDivergedError(record.epoch)
        if all(record.validation_loss < earlier.validation_loss for earlier in self.history):
            save_network(self._uncompiled(), self.run.best)
        self.history.append(record)
        self.run.write_history(self.history)
        save_network(self.model, self.run.checkpoint)
        if is_finished(self.history, self.config.training):
            self.model.stop_training = True

    def _uncompiled(self) -> keras.Model:
        """Return a copy without the optimiser, whose state is twice the size of the weights."""
        copy = build_network(self.config.network, self.scaler.mean_, self.scaler.scale_)
        copy.set_weights(self.model.get_weights())
        return copy
