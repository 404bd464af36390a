# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What measurements left uncertain of an arm, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainedError
from .angles import TAU
from .types import N_JOINTS, FloatArray, Joints, Transform

N_ANGLES = 120  # of a turn, for coverage and uncertainty of the maps: 3 degrees each
N_TWISTS = 6 * (N_JOINTS + 2)  # of base, frames of the joints, tool


class UncertaintyError(ExplainedError):
    """Numbers are not those of an uncertainty."""

    def __init__(self, problem: str) -> None:
        super().__init__('uncertainty', problem, 'calibrate again, or correct the file')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertainty:
    """
    The standard deviations of a measured arm; every array is read-only.

    The covariance of the frames is that for known joint maps, and the deviations of the maps are
    those for known frames: both together stand for the covariance of all parameters, which has a
    million numbers.
    """

    factor: FloatArray  # (N_TWISTS, N_TWISTS) covariance = factor @ factor.T [m], [rad], see below
    map_sds: FloatArray  # (6, N_ANGLES) [rad] of the maps, 3 degrees each
    residual: FloatArray  # (2,) [m], [rad] an axis, of what the model leaves; NaN: not measured
    covered: NDArray[np.bool_]  # (6, N_ANGLES) measured angles of each joint

    # Rows of the factor are small displacements of the base, of the joints' frames before they
    # turn, and of the tool, each by translation and rotation vector in its own axes.

    def __post_init__(self) -> None:
        """
        Check the arrays.

        :raises UncertaintyError: If one has another shape, or is not finite, or is negative.
        """
        shapes = {
            'factor': (N_TWISTS, N_TWISTS), 'map_sds': (N_JOINTS, N_ANGLES), 'residual': (2,),
            'covered': (N_JOINTS, N_ANGLES),
        }  # fmt: skip
        for field, shape in shapes.items():
            kind = bool if field == 'covered' else np.float64
            array = np.array(getattr(self, field), dtype=kind)
            is_finite = np.isfinite(array[:1] if field == 'residual' else array).all()
            if array.shape != shape or not is_finite:
                raise UncertaintyError(f'{field} must be finite with shape {shape}')
            if field in ('map_sds', 'residual') and (array < 0.0).any():
                raise UncertaintyError(f'{field} has a negative standard deviation')
            array.flags.writeable = False
            object.__setattr__(self, field, array)

    def is_covered(self, q: Joints) -> NDArray[np.bool_]:
        """Return whether each joint was measured near its angle, (..., 6) for joints (..., 6)."""
        is_covered: NDArray[np.bool_] = self.covered[np.arange(N_JOINTS), angle_index(q)]
        return is_covered

    def with_tool(self, transform_tip_tool: Transform) -> Uncertainty:
        """Return the same for a tool (4, 4) [m] that is fixed to the tip."""
        factor = self.factor.copy()
        factor[-6:] = _adjoint_of_inverse(transform_tip_tool) @ factor[-6:]
        return replace(self, factor=factor)


def angle_index(angles: FloatArray) -> NDArray[np.int64]:
    """Return which of the ``N_ANGLES`` parts of a turn angles [rad] lie in."""
    parts = np.floor(np.mod(angles, TAU) * (N_ANGLES / TAU)).astype(np.int64)
    return np.minimum(parts, N_ANGLES - 1)


def _adjoint_of_inverse(transform: Transform) -> FloatArray:
    """Return the matrix (6, 6) that takes twists from the first frame to the second."""
    rotation, (x, y, z) = transform[:3, :3], transform[:3, 3]
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    adjoint = np.zeros((6, 6))
    adjoint[:3, :3] = adjoint[3:, 3:] = rotation.T
    adjoint[:3, 3:] = -rotation.T @ skew
    return adjoint
