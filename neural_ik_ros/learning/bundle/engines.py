# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines: LiteRT for serving, Keras where it is installed."""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ...errors import ConfigError, MissingLibraryError, ModelFileError
from ...kinematics import N_JOINTS, Joints
from ..data.features import N_FEATURES
from .card import MODEL, NETWORK
from .storage import Bundle

ENGINES = ('litert', 'keras')
MIN_CHUNK_ROWS = 6  # fewer rows are quicker one by one than as part of a chunk
CHUNK = 64  # rows computed at once in a batch; a row then costs a tenth of a single call

Float32Array = NDArray[np.float32]


class Engine(Protocol):
    """Evaluates the network."""

    def run(self, features: Float32Array) -> Joints:
        """Return joint angles (n, 6) [rad] for n rows of features (n, 12)."""
        ...


class LiteRtEngine:
    """
    The LiteRT interpreter: one for single rows, a second for batches, made on first use.

    Not thread-safe: inputs and outputs are kept in the interpreter.
    """

    def __init__(self, model: bytes, *, n_threads: int = 1, chunk: int = CHUNK) -> None:
        """
        Allocate the interpreter and check the shapes of the model.

        :param chunk: Rows computed at once in a batch.
        :raises ModelFileError: If it is no LiteRT model with 12 inputs and 6 outputs.
        """
        self._model, self._n_threads = model, n_threads
        self._single, self._n_chunk = _FixedBatch(model, 1, n_threads), chunk
        self._chunk: _FixedBatch | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the model; the interpreters are made again."""
        make = functools.partial(LiteRtEngine, n_threads=self._n_threads, chunk=self._n_chunk)
        return make, (self._model,)

    def run(self, features: Float32Array) -> Joints:
        """Return joint angles (n, 6) [rad] for n rows of features (n, 12)."""
        joints = np.empty((len(features), N_JOINTS))
        if len(features) < MIN_CHUNK_ROWS:
            for row in range(len(features)):
                self._single.run_into(features[row : row + 1], joints[row : row + 1])
            return joints
        if self._chunk is None:
            self._chunk = _FixedBatch(self._model, self._n_chunk, self._n_threads)
        for start in range(0, len(features), self._n_chunk):
            rows = slice(start, start + self._n_chunk)
            self._chunk.run_into(features[rows], joints[rows])
        return joints


class KerasEngine:
    """The trained Keras network on Keras' current backend."""

    def __init__(self, network: bytes) -> None:
        """
        Load the network from the bytes of a .keras file.

        :raises MissingLibraryError: If Keras is not installed.
        """
        try:
            from ..network.model_files import network_from_bytes
        except ImportError as error:
            remedy = 'install the extra [learning] or use the engine litert'
            raise MissingLibraryError(error.name, remedy) from error
        self._network = network_from_bytes(network)

    def run(self, features: Float32Array) -> Joints:
        """Return joint angles (n, 6) [rad] for n rows of features (n, 12)."""
        return np.asarray(self._network.predict_on_batch(features), np.float64)


def make_engine(bundle: Bundle, engine: str = 'litert') -> Engine:
    """
    Return the engine of this name, loaded with the bundle's network.

    :raises ConfigError: If the name is unknown.
    :raises MissingLibraryError: If Keras is asked for and not installed.
    """
    if engine == 'litert':
        return LiteRtEngine(bundle.files[MODEL])
    if engine == 'keras':
        return KerasEngine(bundle.files[NETWORK])
    raise ConfigError('engine', f'{engine!r} is unknown', f'choose from {ENGINES}')


class _FixedBatch:
    """A LiteRT interpreter allocated for a fixed number of rows."""

    def __init__(self, model: bytes, n_rows: int, n_threads: int) -> None:
        self._n_rows = n_rows
        try:
            self._interpreter = Interpreter(model_content=model, num_threads=n_threads)
            inputs = self._interpreter.get_input_details()
            self._interpreter.resize_tensor_input(inputs[0]['index'], (n_rows, N_FEATURES))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0][:160]
            problem = f'no usable LiteRT model ({reason})'
            raise ModelFileError(MODEL, problem, 'train again') from error
        outputs = self._interpreter.get_output_details()
        shapes = [tuple(tensor['shape']) for tensor in (*inputs, *outputs)]
        if [shape[1:] for shape in shapes] != [(N_FEATURES,), (N_JOINTS,)]:
            raise ModelFileError(MODEL, f'has shapes {shapes}', 'train again')
        self._input, self._output = inputs[0]['index'], outputs[0]['index']
        self._features = np.zeros((n_rows, N_FEATURES), np.float32)

    def run_into(self, features: Float32Array, joints: Joints) -> None:
        """Write the outputs for up to ``n_rows`` rows of features (n, 12) into joints (n, 6)."""
        n = len(features)
        self._features[:n] = features
        # Copies take 2 us less than views of the tensors, which must not outlive the call.
        self._interpreter.set_tensor(self._input, self._features)
        self._interpreter.invoke()
        joints[:] = self._interpreter.get_tensor(self._output)[:n]
