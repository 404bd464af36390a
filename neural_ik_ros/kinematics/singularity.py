# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How close an arm is to a singularity."""

from __future__ import annotations

import numpy as np

from .arm import Arm
from .chain import jacobian
from .types import FloatArray, Joints


def manipulability(arm: Arm, q: Joints) -> FloatArray:
    """
    Return Yoshikawa's measure (1985), ``sqrt(det(J J^T))``, which is ``|det J|`` for six joints.

    :param q: Shape (..., 6) [rad].
    :return: Shape (...) [m^3], with radians counted as one.
    """
    measure: FloatArray = np.abs(np.linalg.det(jacobian(arm, q)))
    return measure


def smallest_singular_value(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the smallest singular value of the Jacobian, metres and radians weighted alike.

    Near a singularity it is about the sine of the angle left to it (wrist) or the distance in [m].

    :param q: Shape (..., 6) [rad].
    :return: Shape (...).
    """
    singular_values = np.linalg.svd(jacobian(arm, q), compute_uv=False)
    return np.asarray(singular_values[..., -1], dtype=np.float64)
