# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Array types and shape checks."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import NeuralIkError

FloatArray: TypeAlias = NDArray[np.float64]
Joints: TypeAlias = FloatArray  # (..., 6) joint angles [rad]
Transform: TypeAlias = FloatArray  # (..., 4, 4) rigid, translation in [m]

N_JOINTS = 6


class ArrayShapeError(NeuralIkError):
    """An array argument has the wrong trailing shape."""

    def __init__(self, name: str, shape: tuple[int, ...], trailing: tuple[int, ...]) -> None:
        self.name, self.shape, self.trailing = name, shape, trailing
        wanted = ', '.join(['...', *map(str, trailing)])
        super().__init__(f'{name} has shape {shape}; pass an array of shape ({wanted}).')


def as_array(name: str, values: ArrayLike, trailing: tuple[int, ...]) -> FloatArray:
    """
    Return ``values`` as a C-contiguous float64 array whose last axes are ``trailing``.

    :raises ArrayShapeError: If they are not.
    """
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.shape[array.ndim - len(trailing) :] != trailing or array.ndim < len(trailing):
        raise ArrayShapeError(name, array.shape, trailing)
    return array
