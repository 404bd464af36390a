# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an adapter is, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import Arm, FloatArray, Joints, Transform
from neural_ik_ros.kinematics.angles import unwind_into
from neural_ik_ros.kinematics.compiled import compiled

REQUESTED_TOL = 1e-6  # [m] and [rad] for iterative peers; a tenth of what counts as solved

Solve = Callable[[Transform, Joints], Joints | None]


class RefusedArmError(NeuralIkError):
    """A peer has no method for this arm."""

    def __init__(self, peer: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f'{peer} refuses the arm: {reason}. Leave it out for this arm.')


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One peer: what it is, how it is called, and how to make it for an arm."""

    name: str
    package: str  # the distribution that is measured
    kind: str
    call: str  # what is timed
    build: Callable[[Arm], Solve]  # imports the package; raises RefusedArmError
    is_solver: bool = True  # or a network alone, which cannot be exact

    @property
    def version(self) -> str:
        """Return the installed version."""
        return metadata.version(self.package)


def nearest(arm: Arm, candidates: FloatArray, q_current: Joints) -> Joints | None:
    """
    Return the candidate within the limits, after turns, whose largest joint move is smallest.

    :param candidates: Shape (k, 6) [rad]; rows with NaN do not count.
    """
    q = np.array(candidates, np.float64, order='C').reshape(-1, 6)
    best = _nearest_row(q, q_current, arm.lower, arm.upper)
    return q[best] if best >= 0 else None


@compiled
def _nearest_row(q: FloatArray, q_near: Joints, lower: FloatArray, upper: FloatArray) -> int:
    best, smallest = -1, np.inf
    for row in range(q.shape[0]):
        if not np.isfinite(q[row]).all() or not unwind_into(q[row], q_near, lower, upper):
            continue
        move = np.abs(q[row] - q_near).max()
        if move < smallest:
            best, smallest = row, move
    return best
