# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scikit-learn scaler of the features: fitted, and stored without code (skops)."""

from __future__ import annotations

import zipfile

import numpy as np
import skops.io
from sklearn.preprocessing import StandardScaler

from ...errors import ModelFileError
from ...kinematics import Arm, FloatArray
from ..data.dataset import DataConfig, Part, sample_blocks
from ..data.features import N_FEATURES


def fit_scaler(arm: Arm, config: DataConfig) -> StandardScaler:
    """Return a scaler fitted to the training features of the first epoch."""
    scaler = StandardScaler()
    for samples in sample_blocks(arm, config, Part.TRAIN):
        scaler.partial_fit(samples.features)
    return scaler


def scaler_values(scaler: StandardScaler) -> FloatArray:
    """Return means and scales of the features, shape (2, 12)."""
    return np.array([scaler.mean_, scaler.scale_])


def scaler_to_bytes(scaler: StandardScaler) -> bytes:
    """Return the scaler as the bytes of a .skops file, which holds no code."""
    content: bytes = skops.io.dumps(scaler)
    return content


def scaler_from_bytes(content: bytes) -> StandardScaler:
    """
    Return the fitted scaler in the bytes of a .skops file.

    :raises ModelFileError: If they hold anything else.
    """
    try:
        scaler = skops.io.loads(content, trusted=[])
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise _scaler_error(str(error).splitlines()[0][:160]) from error
    if type(scaler) is not StandardScaler or getattr(scaler, 'n_features_in_', 0) != N_FEATURES:
        raise _scaler_error(f'it is {type(scaler).__name__}')
    return scaler


def _scaler_error(reason: str) -> ModelFileError:
    problem = f'not a StandardScaler of {N_FEATURES} features ({reason})'
    return ModelFileError('scaler.skops', problem, 'make the bundle again with neural_ik train')
