# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Is the question a question? Targets and joint states before any solving."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..kinematics import N_JOINTS, Arm, FloatArray, invert
from .problem import IkProblem
from .status import IkStatus

RIGID_TOLERANCE = 1e-4  # how far R^T R may be from the identity; a typed-in matrix has 1e-5
LARGEST_ANGLE = 1e3  # [rad] an encoder that has turned farther is not believed


def checked(transform_base_tool: ArrayLike, q_current: ArrayLike) -> IkProblem | IkStatus:
    """Return the problem with its rotation made orthonormal, or the status that refuses it."""
    target, q = _numbers(transform_base_tool), _numbers(q_current)
    if q.shape != (N_JOINTS,) or not (np.abs(q) <= LARGEST_ANGLE).all():
        return IkStatus.BAD_JOINT_STATE
    if target.shape != (4, 4) or not np.isfinite(target).all() or not _made_rigid(target):
        return IkStatus.BAD_TARGET
    return IkProblem(transform_base_tool=target, q_current=q)


def _numbers(values: ArrayLike) -> FloatArray:
    """Return a copy of the values, or an empty array if they are not numbers."""
    try:
        return np.array(values, dtype=np.float64, order='C')
    except (OverflowError, TypeError, ValueError):
        return np.empty(0)


def _made_rigid(target: FloatArray) -> bool:
    """Make the rotation orthonormal in place; return whether it nearly was."""
    rotation = target[:3, :3]
    excess = rotation.T @ rotation - np.eye(3)
    if not np.abs(excess).max() <= RIGID_TOLERANCE or np.linalg.det(rotation) < 0.0:
        return False
    if (target[3] != (0.0, 0.0, 0.0, 1.0)).any():
        return False
    # Newton's iteration for the nearest rotation: 1e-4 -> 1e-8 -> 1e-16.
    for _ in range(2):
        rotation[:] = rotation @ (1.5 * np.eye(3) - 0.5 * (rotation.T @ rotation))
    return True


class Reach:
    """A ball around the shoulder that holds every tool position; cheap proof of the impossible."""

    def __init__(self, arm: Arm) -> None:
        """Measure the arm: the sum of its links after joint 2, and where joint 2 can be."""
        self._transform_joint1_base = invert(arm.transform_base_joint1)
        shoulder = arm.translations[1]
        self._shoulder_radius = float(np.hypot(shoulder[0], shoulder[1]))
        self._shoulder_height = float(shoulder[2])
        self._length = float(np.linalg.norm(arm.translations[2:], axis=1).sum())

    def contains(self, position: FloatArray) -> bool:
        """Return whether the position (3,) [m] in the base is not provably out of reach."""
        rotation, translation = (
            self._transform_joint1_base[:3, :3],
            self._transform_joint1_base[:3, 3],
        )
        x, y, z = rotation @ position + translation
        radial = float(np.hypot(x, y)) - self._shoulder_radius
        return float(np.hypot(radial, z - self._shoulder_height)) <= self._length + 1e-9
