# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which of several ends the network answers with: forward kinematics and limits decide."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ...kinematics import N_JOINTS
from .estimate import PACKAGE, ArmLayer, batch_last
from .geometry import Tensor, tool_error

# An end costs 0 to 1 for its error, 0 to 1 for how far outside the limits it is, and its place.
CLOSE = 0.03  # [rad] of error that costs nothing: from here Newton's next steps hardly ever fail
OFF = 0.1  # [rad] beyond it that cost one half
SLACK = 1e-4  # [rad] beyond a limit that cost nothing
OUTSIDE = 0.005  # [rad] beyond it that cost one half
PREFERENCE = 0.1  # each place in the order costs


@keras.saving.register_keras_serializable(PACKAGE)
class BestEnd(ArmLayer):
    """
    The first of several ends that is at the target and within the limits.

    The limits are those of each joint: one on the sum of two joints is left to the solver.
    """

    def __init__(self, lower: list[float], upper: list[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lower, self.upper = lower, upper  # (6,) [rad]

    def call(self, target: Tensor, ends: Tensor, q_current: Tensor) -> Tensor:
        """
        Return the best end in the turns nearest to the current joints, shape (n, 6) [rad].

        :param target: From ``TargetPose``, shape (n, 3, 5).
        :param ends: Shape (k, n, 6) [rad], the preferred one first.
        :param q_current: Shape (n, 6) [rad].
        """
        n_ends, near = ends.shape[0], ops.reshape(ops.transpose(q_current), (N_JOINTS, 1, -1))
        ends = self._unwound(ops.transpose(ends, (2, 0, 1)), near)
        frames = self._arm.frames(ops.reshape(ends, (N_JOINTS, -1)))
        _, sizes = tool_error(frames, ops.concatenate([batch_last(target)] * n_ends, axis=-1))
        miss = ops.relu(ops.reshape(sizes, (n_ends, -1)) - CLOSE)
        lower, upper = self._limits()
        outside = ops.max(ops.relu(ops.maximum(lower - ends, ends - upper) - SLACK), axis=0)
        cost = miss / (miss + OFF) + outside / (outside + OUTSIDE)
        best, least = ends[:, :1], cost[:1]
        for k in range(1, n_ends):
            other = cost[k : k + 1] + k * PREFERENCE
            is_better = ops.cast(other < least, 'float32')
            best = best + is_better * (ends[:, k : k + 1] - best)
            least = ops.minimum(least, other)
        return ops.transpose(ops.reshape(best, (N_JOINTS, -1)))

    def _limits(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        lower, upper = np.array([self.lower, self.upper], np.float32)[..., None, None]
        return lower, upper

    def _unwound(self, q: Tensor, q_near: Tensor) -> Tensor:
        """Return the equivalents of angles (6, k, n) nearest to others within the limits."""
        lower, upper = self._limits()
        least = ops.ceil((lower - SLACK - q) / math.tau)
        most = ops.floor((upper + SLACK - q) / math.tau)
        nearest = ops.round((q_near - q) / math.tau)
        within = ops.minimum(ops.maximum(nearest, least), most)
        least_outside = ops.round((0.5 * (lower + upper) - q) / math.tau)
        is_possible = ops.cast(least <= most, 'float32')
        turns = least_outside + is_possible * (within - least_outside)
        return q + math.tau * turns

    def compute_output_shape(
        self,
        target_shape: Any,  # noqa: ARG002
        ends_shape: Any,  # noqa: ARG002
        q_current_shape: Any,
    ) -> Any:
        """Return the shape of the answer."""
        return q_current_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), 'lower': self.lower, 'upper': self.upper}
