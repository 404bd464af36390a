# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scikit-learn scaler of the features, kept beside the network as plain data."""

from __future__ import annotations

import zipfile

import numpy as np
import skops.io
from sklearn.preprocessing import StandardScaler

from ...errors import NeuralIkError
from ...kinematics import Arm, FloatArray
from ..data.dataset import DataConfig, Part, blocks
from ..data.features import N_FEATURES


class ScalerError(NeuralIkError):
    """A scaler file holds something else."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f'scaler.skops is not a StandardScaler of {N_FEATURES} features ({problem}); '
            'make the bundle again with neural_ik train.'
        )


def fit_scaler(arm: Arm, config: DataConfig) -> StandardScaler:
    """Return the scaler fitted to the features of the first epoch's training part."""
    scaler = StandardScaler()
    for samples in blocks(arm, config, Part.TRAIN):
        scaler.partial_fit(samples.features)
    return scaler


def scaler_values(scaler: StandardScaler) -> FloatArray:
    """Return means and scales of the features, shape (2, 12)."""
    return np.array([scaler.mean_, scaler.scale_])


def scaler_to_bytes(scaler: StandardScaler) -> bytes:
    """Return the content of a .skops file, which is data without code."""
    content: bytes = skops.io.dumps(scaler)
    return content


def scaler_from_bytes(content: bytes) -> StandardScaler:
    """
    Return the fitted scaler in the content of a .skops file.

    :raises ScalerError: If it holds anything else.
    """
    try:
        scaler = skops.io.loads(content, trusted=[])
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ScalerError(str(error).splitlines()[0][:160]) from error
    if type(scaler) is not StandardScaler or getattr(scaler, 'n_features_in_', 0) != N_FEATURES:
        raise ScalerError(f'it is {type(scaler).__name__}')
    return scaler
