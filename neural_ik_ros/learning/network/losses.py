# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Loss and metric of the training."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from .estimate import PACKAGE
from .geometry import Tensor


@keras.saving.register_keras_serializable(PACKAGE)
class JointLoss(keras.losses.Loss):
    """
    ``mse_weight * mean(e^2) + periodic_weight * mean(1 - cos(e))``, e in radians.

    If the network returns several estimates, each has the same weight.
    """

    def __init__(self, mse_weight: float, periodic_weight: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mse_weight, self.periodic_weight = mse_weight, periodic_weight

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss (n,) or (n, k) of outputs (n, 6) or estimates (n, k, 6)."""
        error = y_pred - (y_true if len(y_pred.shape) == 2 else y_true[:, None])
        periodic = 2.0 * ops.square(ops.sin(0.5 * error))  # 1 - cos, exact for small errors
        return ops.mean(
            self.mse_weight * ops.square(error) + self.periodic_weight * periodic, axis=-1
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        weights = {'mse_weight': self.mse_weight, 'periodic_weight': self.periodic_weight}
        return {**super().get_config(), **weights}


@keras.saving.register_keras_serializable(PACKAGE)
class JointRmse(keras.metrics.Mean):
    """Root mean squared angular distance [rad] of the output, or of the last estimate."""

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        """Add a batch."""
        error = (y_pred if len(y_pred.shape) == 2 else y_pred[:, -1]) - y_true
        error = error - math.tau * ops.round(error / math.tau)
        super().update_state(ops.mean(ops.square(error), axis=-1), sample_weight)

    def result(self) -> Tensor:
        """Return the root over all batches since the last reset."""
        return ops.sqrt(super().result())
