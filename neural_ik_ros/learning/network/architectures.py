# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks from a configuration: baseline LSTM and MLP here, iterative in its own file."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ...kinematics import N_JOINTS, Arm, FloatArray
from ..data.features import N_FEATURES
from .config import NetworkConfig
from .estimate import PACKAGE
from .geometry import Tensor
from .iterative import STANDARDISATION, served_graph, trained_graph
from .standardisation import Standardisation


@keras.saving.register_keras_serializable(PACKAGE)
class SequenceGeneration(keras.layers.Layer):
    """The same vector ``length`` times: (n, k) to (n, length, k)."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def call(self, x: Tensor) -> Tensor:
        """Return the sequence, shape (n, length, k)."""
        return ops.stack([x] * self.length, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape with the new axis."""
        return (input_shape[0], self.length, *input_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), 'length': self.length}


def build_network(
    config: NetworkConfig, arm: Arm, mean: FloatArray, scale: FloatArray
) -> keras.Model:
    """
    Return the untrained network from raw features (n, 12) to joint angles [rad].

    The iterative network returns all its estimates (n, k, 6), so that each enters the loss;
    ``inference_model`` starts it in every posture and returns the best result.

    :param arm: Arm whose geometry is part of the graph of the iterative network.
    :param mean: Mean of each feature, shape (12,).
    :param scale: Standard deviation of each feature, shape (12,).
    """
    inputs = keras.Input((N_FEATURES,), name='features')
    standardisation = Standardisation(
        np.asarray(mean).tolist(), np.asarray(scale).tolist(), name=STANDARDISATION
    )
    if config.architecture == 'iterative':
        estimates = trained_graph(config, arm, inputs, standardisation)
        return keras.Model(inputs, estimates, name='neural_ik')
    x = standardisation(inputs)
    q = _baseline_lstm(config, x) if config.architecture == 'described' else _mlp(config, x)
    if config.output == 'change':
        q = keras.layers.Add()([inputs[:, -N_JOINTS:], q])
    return keras.Model(inputs, q, name='neural_ik')


def inference_model(model: keras.Model, arm: Arm) -> keras.Model:
    """
    Return the network without optimiser and with one output (n, 6), sharing the weights.

    :param model: Result of ``build_network`` or of this function.
    """
    has_single_output = len(model.output.shape) == 2
    answer = model.output if has_single_output else served_graph(model, arm)
    return keras.Model(model.input, answer, name=model.name)


def _baseline_lstm(config: NetworkConfig, x: Tensor) -> Tensor:
    """Return the output (n, 6) of the LSTM with residual blocks for standardised input."""
    x = keras.layers.GaussianNoise(config.input_noise)(x)
    x = SequenceGeneration(config.sequence_length)(x)
    # Unrolled: LiteRT then needs no control flow and no operations outside its own.
    regularizer = keras.regularizers.L2(config.l2)
    x = keras.layers.LSTM(config.lstm_units, unroll=True, kernel_regularizer=regularizer)(x)
    x = keras.layers.BatchNormalization()(x)
    for width in config.widths:
        x = _residual_block(x, width, config)
    return keras.layers.Dense(N_JOINTS, kernel_regularizer=regularizer)(x)


def _mlp(config: NetworkConfig, x: Tensor) -> Tensor:
    """Return the output (n, 6) of a multi-layer perceptron for standardised input."""
    for width in config.widths:
        x = keras.layers.Dense(width, activation='relu')(x)
    return keras.layers.Dense(N_JOINTS)(x)


def _residual_block(x: Tensor, width: int, config: NetworkConfig) -> Tensor:
    """Return the stream, projected where the width changes, plus the output of a dense layer."""
    regularizer = keras.regularizers.L2(config.l2)
    added = keras.layers.Dense(width, kernel_regularizer=regularizer)(x)
    added = keras.layers.LayerNormalization()(added)
    added = keras.layers.LeakyReLU(negative_slope=config.leaky_slope)(added)
    added = keras.layers.Dropout(config.dropout)(added)
    if x.shape[-1] != width:
        x = keras.layers.Dense(width, use_bias=False, kernel_regularizer=regularizer)(x)
    return keras.layers.Add()([x, added])
