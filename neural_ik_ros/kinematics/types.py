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
NUMBER_KINDS = 'biuf'  # of numpy: booleans, integers, floats


class ArrayShapeError(NeuralIkError):
    """An array argument has the wrong trailing shape."""

    def __init__(
        self, name: str, shape: tuple[int, ...], trailing: tuple[int, ...], leading: str = '...'
    ) -> None:
        """Say what is wrong; ``leading`` stands for the axes before the trailing ones."""
        self.name, self.shape, self.trailing = name, shape, trailing
        wanted = _shape_text(trailing, leading)
        super().__init__(f'{name} has shape {shape}; pass an array of shape {wanted}.')


class ArrayTypeError(NeuralIkError):
    """An array argument does not hold real numbers."""

    def __init__(self, name: str, values: object, trailing: tuple[int, ...], leading: str) -> None:
        self.name = name
        wanted = _shape_text(trailing, leading)
        super().__init__(
            f'{name} is a {type(values).__name__} that is no array of real numbers; '
            f'pass numbers of shape {wanted}.'
        )


def as_array(
    name: str, values: ArrayLike, trailing: tuple[int, ...], leading: str = '...'
) -> FloatArray:
    """
    Return ``values`` as a C-contiguous float64 array whose last axes are ``trailing``.

    :param leading: What an error calls the axes before them.
    :raises ArrayShapeError: If they have another shape.
    :raises ArrayTypeError: If they are no real numbers: text, None, complex, ragged lists.
    """
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        array = np.ascontiguousarray(values)
    else:
        array = _numbers(name, values, trailing, leading)
    if array.shape[array.ndim - len(trailing) :] != trailing or array.ndim < len(trailing):
        raise ArrayShapeError(name, array.shape, trailing, leading)
    return array


def _numbers(name: str, values: ArrayLike, trailing: tuple[int, ...], leading: str) -> FloatArray:
    """Return any form of numbers as float64."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in NUMBER_KINDS:
            raise ArrayTypeError(name, values, trailing, leading)
        return np.ascontiguousarray(array, dtype=np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise ArrayTypeError(name, values, trailing, leading) from error


def _shape_text(trailing: tuple[int, ...], leading: str) -> str:
    shape = [*([leading] if leading else []), *map(str, trailing)]
    return f'({", ".join(shape)}{"," if len(shape) == 1 else ""})'
