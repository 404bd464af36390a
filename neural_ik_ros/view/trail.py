# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a tool has been."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..kinematics import FloatArray


class PointTrail:
    """The latest points at a minimum spacing, in bounded memory."""

    def __init__(self, *, spacing: float = 0.004, max_points: int = 400) -> None:
        """
        Start empty.

        :param spacing: Smallest distance between two points [m].
        """
        self._spacing = spacing
        self._points: deque[FloatArray] = deque(maxlen=max_points)

    def add(self, point: FloatArray) -> bool:
        """Keep a point (3,) [m] if it is far enough from the last one kept; return whether."""
        if self._points and np.linalg.norm(point - self._points[-1]) < self._spacing:
            return False
        self._points.append(np.array(point))
        return True

    @property
    def points(self) -> FloatArray:
        """The points (n, 3) [m], oldest first."""
        return np.array(self._points).reshape(-1, 3)
