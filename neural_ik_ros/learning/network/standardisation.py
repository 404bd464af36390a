# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Standardisation of the features as a layer, so that serving needs no scikit-learn."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .estimate import PACKAGE
from .geometry import Tensor


@keras.saving.register_keras_serializable(PACKAGE)
class Standardisation(keras.layers.Layer):
    """``(x - mean) / scale`` with the values of a fitted StandardScaler."""

    def __init__(self, mean: list[float], scale: list[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean, self.scale = list(mean), list(scale)  # 12 each

    def call(self, x: Tensor) -> Tensor:
        """Return the standardised features, shape (n, 12)."""
        dtype = self.compute_dtype
        return (x - ops.array(self.mean, dtype)) / ops.array(self.scale, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), 'mean': self.mean, 'scale': self.scale}
