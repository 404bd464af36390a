# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples as training batches, drawn anew for each epoch."""

from __future__ import annotations

import math

import keras
import numpy as np
from numpy.typing import NDArray

from ...kinematics import Arm
from ..data.dataset import Part, sample_blocks
from .config import LearningConfig
from .distributed import SINGLE_WORKER, Worker

Float32Array = NDArray[np.float32]


def part_arrays(
    arm: Arm, config: LearningConfig, part: Part, epoch: int = 0
) -> tuple[Float32Array, Float32Array]:
    """Return features (n, 12) and solutions (n, 6) [rad] of one part of the data."""
    drawn = list(sample_blocks(arm, config.data, part, epoch=epoch))
    inputs = np.concatenate([samples.features for samples in drawn])
    solutions = np.concatenate([samples.q for samples in drawn])
    return inputs.astype(np.float32), solutions.astype(np.float32)


class EpochBatches(keras.utils.PyDataset):
    """Batches of the training part, epoch after epoch; of each batch the worker's shard."""

    def __init__(
        self, arm: Arm, config: LearningConfig, epoch: int, worker: Worker = SINGLE_WORKER
    ) -> None:
        super().__init__()
        self.arm, self.config, self.epoch, self.worker = arm, config, epoch, worker
        self._draw()

    def __len__(self) -> int:
        return math.ceil(self.config.data.n_train / self.config.training.batch_size)

    def __getitem__(self, index: int) -> tuple[Float32Array, Float32Array]:
        start = index * self.config.training.batch_size
        rows = self._order[start : start + self.config.training.batch_size]
        rows = rows[self.worker.shard(len(rows))]
        return self._inputs[rows], self._solutions[rows]

    def on_epoch_end(self) -> None:
        """Draw the samples of the next epoch, or only their order."""
        self.epoch += 1
        self._draw()

    def _draw(self) -> None:
        data = self.config.data
        if data.is_fresh_each_epoch or not hasattr(self, '_inputs'):
            epoch = self.epoch if data.is_fresh_each_epoch else 0
            self._inputs, self._solutions = part_arrays(self.arm, self.config, Part.TRAIN, epoch)
        rng = np.random.default_rng([self.config.training.seed, self.epoch])
        self._order = rng.permutation(data.n_train)
