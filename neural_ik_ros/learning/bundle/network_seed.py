# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network of a bundle as the seed predictor of the solver."""

from __future__ import annotations

import numpy as np

from ...kinematics import N_JOINTS, Joints, Transform
from ..data.features import N_FEATURES, features_into
from .engines import Engine


class NetworkSeed:
    """Seed predictor that returns the network's output, neither refined nor checked."""

    name = 'network'

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """
        Return the joint angles that the network predicts for the target.

        :param transform_base_tool: Shape (..., 4, 4), translation in [m].
        :param q_current: Shape (..., 6) [rad].
        :return: Shape (..., 6) [rad]; need not be inside the limits.
        """
        rows = np.empty((q_current.size // N_JOINTS, N_FEATURES), np.float32)
        features_into(transform_base_tool.reshape(-1, 4, 4), q_current.reshape(-1, N_JOINTS), rows)
        return self.engine.run(rows).reshape(q_current.shape)
