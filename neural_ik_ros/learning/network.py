# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network: standardised input, an LSTM over a short sequence, a residual stream."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ..kinematics import N_JOINTS, FloatArray
from .config import NetworkConfig
from .features import N_FEATURES

PACKAGE = 'neural_ik_ros'


@keras.saving.register_keras_serializable(PACKAGE)
class Standardisation(keras.layers.Layer):
    """``(x - mean) / scale`` with the figures of a fitted StandardScaler."""

    def __init__(self, mean: list[float], scale: list[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean, self.scale = list(mean), list(scale)  # 12 each

    def call(self, x: Any) -> Any:
        """Return the standardised features, shape (n, 12)."""
        dtype = self.compute_dtype
        return (x - ops.array(self.mean, dtype)) / ops.array(self.scale, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), 'mean': self.mean, 'scale': self.scale}


@keras.saving.register_keras_serializable(PACKAGE)
class SequenceGeneration(keras.layers.Layer):
    """The same vector ``length`` times: (n, k) to (n, length, k)."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def call(self, x: Any) -> Any:
        """Return the sequence, shape (n, length, k)."""
        return ops.stack([x] * self.length, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape with the new axis."""
        return (input_shape[0], self.length, *input_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), 'length': self.length}


@keras.saving.register_keras_serializable(PACKAGE)
class JointLoss(keras.losses.Loss):
    """``mse_weight * mean(e^2) + periodic_weight * mean(1 - cos(e))``, e in radians."""

    def __init__(self, mse_weight: float, periodic_weight: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mse_weight, self.periodic_weight = mse_weight, periodic_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample, shape (n,)."""
        error = y_pred - y_true
        periodic = 2.0 * ops.square(ops.sin(0.5 * error))  # 1 - cos, exact for small errors
        return ops.mean(
            self.mse_weight * ops.square(error) + self.periodic_weight * periodic, axis=-1
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        weights = {'mse_weight': self.mse_weight, 'periodic_weight': self.periodic_weight}
        return {**super().get_config(), **weights}


def build_network(config: NetworkConfig, mean: FloatArray, scale: FloatArray) -> keras.Model:
    """
    Return the untrained network: 12 raw features (n, 12) to joint angles (n, 6) in [rad].

    :param mean: Of each feature, shape (12,).
    :param scale: Standard deviation of each feature, shape (12,).
    """
    inputs = keras.Input((N_FEATURES,), name='features')
    standardisation = Standardisation(np.asarray(mean).tolist(), np.asarray(scale).tolist())
    x = standardisation(inputs)
    x = keras.layers.GaussianNoise(config.input_noise)(x)
    x = SequenceGeneration(config.sequence_length)(x)
    # Unrolled: LiteRT then needs no control flow and no operations outside its own.
    regularizer = keras.regularizers.L2(config.l2)
    x = keras.layers.LSTM(config.lstm_units, unroll=True, kernel_regularizer=regularizer)(x)
    x = keras.layers.BatchNormalization()(x)
    for width in config.widths:
        x = _residual_block(x, width, config)
    q = keras.layers.Dense(N_JOINTS, kernel_regularizer=regularizer)(x)
    if config.output == 'change':
        q = keras.layers.Add()([inputs[:, -N_JOINTS:], q])
    return keras.Model(inputs, q, name='neural_ik')


def _residual_block(x: Any, width: int, config: NetworkConfig) -> Any:
    """Return the stream, projected where the width changes, plus what a dense layer adds."""
    regularizer = keras.regularizers.L2(config.l2)
    added = keras.layers.Dense(width, kernel_regularizer=regularizer)(x)
    added = keras.layers.LayerNormalization()(added)
    added = keras.layers.LeakyReLU(negative_slope=config.leaky_slope)(added)
    added = keras.layers.Dropout(config.dropout)(added)
    if x.shape[-1] != width:
        x = keras.layers.Dense(width, use_bias=False, kernel_regularizer=regularizer)(x)
    return keras.layers.Add()([x, added])
