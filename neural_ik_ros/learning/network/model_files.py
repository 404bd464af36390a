# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Networks as files: Keras written and read, conversion to LiteRT."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ...atomic_files import atomic_write
from ...errors import ModelFileError
from ...kinematics import FloatArray
from ..data.features import N_FEATURES
from . import architectures  # noqa: F401  registers its layers with Keras
from .choice import BestEnd
from .estimate import ArmLayer
from .standardisation import Standardisation


def save_network(model: keras.Model, path: Path) -> None:
    """
    Write a network and, if it is compiled, its optimiser; the whole file or nothing.

    :raises ModelFileError: If the file cannot be written.
    """
    try:
        with atomic_write(path) as partial:
            model.save(partial)
    except OSError as error:
        remedy = 'free space or choose another folder'
        raise ModelFileError(path, f'not written ({error})', remedy) from error


def load_network(path: Path, *, is_compiled: bool = False) -> keras.Model:
    """
    Return the network in a .keras file, which may use layers of Keras and of this package.

    :param is_compiled: Whether to restore optimiser and loss too.
    :raises ModelFileError: If the file holds no such network.
    """
    try:
        return keras.saving.load_model(path, compile=is_compiled, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        is_whole = zipfile.is_zipfile(path)
        reason = str(error).splitlines()[0][:160] if is_whole else 'missing or cut off'
        remedy = 'train again in another folder'
        raise ModelFileError(path, f'not a Keras network ({reason})', remedy) from error


def network_from_bytes(content: bytes) -> keras.Model:
    """
    Return the network in the bytes of a .keras file.

    :raises ModelFileError: If they hold no such network.
    """
    with tempfile.NamedTemporaryFile(suffix='.keras') as file:  # Keras reads paths only
        file.write(content)
        file.flush()
        return load_network(Path(file.name))


def standardisation(model: keras.Model) -> FloatArray:
    """
    Return the means and scales of the features in the graph, shape (2, 12).

    :raises ModelFileError: If the network does not have them in one layer.
    """
    layers = [layer for layer in model.layers if isinstance(layer, Standardisation)]
    if len(layers) != 1:
        raise ModelFileError('network', f'{len(layers)} layers standardise, not 1', 'train again')
    return np.array([layers[0].mean, layers[0].scale])


def arm_geometries(model: keras.Model) -> list[tuple[FloatArray, FloatArray]]:
    """Return rotations (7, 3, 3) and translations (7, 3) [m] stored in each layer with an arm."""
    layers = [layer for layer in _all_layers(model) if isinstance(layer, ArmLayer)]
    return [(np.array(layer.rotations), np.array(layer.translations)) for layer in layers]


def arm_limits(model: keras.Model) -> list[tuple[FloatArray, FloatArray]]:
    """Return lower and upper joint limits (6,) [rad] stored in each layer with limits."""
    layers = [layer for layer in _all_layers(model) if isinstance(layer, BestEnd)]
    return [(np.array(layer.lower), np.array(layer.upper)) for layer in layers]


def _all_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers of a network, including those of nested networks."""
    inner = [_all_layers(layer) for layer in model.layers if isinstance(layer, keras.Model)]
    return [*model.layers, *(layer for layers in inner for layer in layers)]


def evaluate_network(
    model: keras.Model, features: FloatArray | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the joints (n, 6) [rad] that the network predicts for features (n, 12)."""
    outputs = model(features.astype(np.float32), training=False)
    return np.asarray(keras.ops.convert_to_numpy(outputs))


def to_litert(model: keras.Model) -> bytes:
    """
    Return the network as a LiteRT model for any number of rows, built-in operations only.

    :raises ModelFileError: If Keras does not run on TensorFlow.
    """
    content: bytes = litert_converter(model).convert()
    return content


def litert_converter(model: keras.Model) -> Any:
    """
    Return TensorFlow's converter for a network; the caller may still set its options.

    :raises ModelFileError: If Keras does not run on TensorFlow.
    """
    if keras.backend.backend() != 'tensorflow':
        problem = 'conversion needs KERAS_BACKEND=tensorflow'
        raise ModelFileError('model.tflite', problem, 'set it and add --resume')
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    def serve(features: Any) -> Any:
        return model(features, training=False)

    signature = tf.TensorSpec((None, N_FEATURES), tf.float32, name='features')
    concrete = tf.function(serve).get_concrete_function(signature)
    # Without this step the converter leaves the weights out and the model returns NaN.
    frozen = convert_variables_to_constants_v2(concrete)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter
