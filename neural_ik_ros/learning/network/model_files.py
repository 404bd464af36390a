# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files the network becomes: Keras, written and read, and LiteRT."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ...atomic_files import atomic_write
from ...errors import NeuralIkError
from ...kinematics import FloatArray
from ..data.features import N_FEATURES
from . import architectures  # noqa: F401  whose layers are known to Keras from then on
from .choice import BestEnd
from .estimate import ArmLayer
from .standardisation import Standardisation


class ArtifactError(NeuralIkError):
    """A file of a network cannot be written, read or converted."""

    def __init__(self, file: Path | str, problem: str) -> None:
        self.file = file
        super().__init__(f'{file}: {problem}.')


def save_network(model: keras.Model, path: Path) -> None:
    """
    Write a network and, if it is compiled, its optimiser; whole or not at all.

    :raises ArtifactError: If the file cannot be written.
    """
    try:
        with atomic_write(path) as partial:
            model.save(partial)
    except OSError as error:
        problem = f'not written ({error}); free space or choose another folder'
        raise ArtifactError(path, problem) from error


def load_network(path: Path, *, is_compiled: bool = False) -> keras.Model:
    """
    Return the network in a .keras file; layers are those of Keras and of this package only.

    :param is_compiled: Whether to restore optimiser and loss too.
    :raises ArtifactError: If the file is not one.
    """
    try:
        return keras.saving.load_model(path, compile=is_compiled, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        is_whole = zipfile.is_zipfile(path)
        reason = str(error).splitlines()[0][:160] if is_whole else 'missing or cut off'
        raise ArtifactError(
            path, f'not a Keras network ({reason}); train again in another folder'
        ) from error


def network_from_bytes(content: bytes) -> keras.Model:
    """
    Return the network in the content of a .keras file.

    :raises ArtifactError: If it is not one.
    """
    with tempfile.NamedTemporaryFile(suffix='.keras') as file:  # Keras reads paths only
        file.write(content)
        file.flush()
        return load_network(Path(file.name))


def standardisation(model: keras.Model) -> FloatArray:
    """
    Return the means and scales in the graph, shape (2, 12).

    :raises ArtifactError: If the network does not have them in one layer.
    """
    layers = [layer for layer in model.layers if isinstance(layer, Standardisation)]
    if len(layers) != 1:
        raise ArtifactError('network', f'{len(layers)} layers standardise, not 1; train again')
    return np.array([layers[0].mean, layers[0].scale])


def geometries(model: keras.Model) -> list[tuple[FloatArray, FloatArray]]:
    """Return rotations (7, 3, 3) and translations (7, 3) [m] of the arm in each layer with one."""
    layers = [layer for layer in _all_layers(model) if isinstance(layer, ArmLayer)]
    return [(np.array(layer.rotations), np.array(layer.translations)) for layer in layers]


def limits(model: keras.Model) -> list[tuple[FloatArray, FloatArray]]:
    """Return lower and upper joint limits (6,) [rad] in each layer that knows them."""
    layers = [layer for layer in _all_layers(model) if isinstance(layer, BestEnd)]
    return [(np.array(layer.lower), np.array(layer.upper)) for layer in layers]


def _all_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers of a network, those of networks inside it too."""
    inner = [_all_layers(layer) for layer in model.layers if isinstance(layer, keras.Model)]
    return [*model.layers, *(layer for layers in inner for layer in layers)]


def evaluate_network(
    model: keras.Model, features: FloatArray | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the network's joints (n, 6) [rad] for features (n, 12)."""
    answers = model(features.astype(np.float32), training=False)
    return np.asarray(keras.ops.convert_to_numpy(answers))


def to_litert(model: keras.Model) -> bytes:
    """
    Return the network as a LiteRT model for any number of rows, with LiteRT's own operations only.

    :raises ArtifactError: If Keras does not run on TensorFlow.
    """
    content: bytes = litert_converter(model).convert()
    return content


def litert_converter(model: keras.Model) -> Any:
    """
    Return TensorFlow's converter of a network, whose options are still to be chosen.

    :raises ArtifactError: If Keras does not run on TensorFlow.
    """
    if keras.backend.backend() != 'tensorflow':
        raise ArtifactError(
            'model.tflite', 'conversion needs KERAS_BACKEND=tensorflow; set it and add --resume'
        )
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    def serve(features: Any) -> Any:
        return model(features, training=False)

    signature = tf.TensorSpec((None, N_FEATURES), tf.float32, name='features')
    concrete = tf.function(serve).get_concrete_function(signature)
    # Without this step the converter leaves the weights out and the model answers NaN.
    frozen = convert_variables_to_constants_v2(concrete)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter
