# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a tool has been."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..kinematics import FloatArray


class PointTrail:
    """The latest points at a minimum spacing, in bounded memory."""

    def __init__(self, *, spacing: float = 0.01, max_points: int = 250) -> None:
        """
        Start empty.

        :param spacing: Smallest distance between two points [m].
        """
        self._spacing, self._max_points = spacing, max_points
        self._points: deque[FloatArray] = deque(maxlen=max_points)

    def add(self, point: FloatArray) -> bool:
        """Keep a point (3,) [m] if it is far enough from the last one kept; return whether."""
        if self._points and np.linalg.norm(point - self._points[-1]) < self._spacing:
            return False
        self._points.append(np.array(point))
        return True

    @property
    def padded(self) -> FloatArray:
        """
        As many points as it can hold (n, 3), the newest one repeated; it must have one.

        viser's lines keep the number of points that they were created with.
        """
        points = self.points
        return np.concatenate([points, np.tile(points[-1], (self._max_points - len(points), 1))])

    @property
    def points(self) -> FloatArray:
        """The points (n, 3) [m], oldest first."""
        return np.array(self._points).reshape(-1, 3)
