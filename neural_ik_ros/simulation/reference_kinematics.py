# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Independent forward kinematics of the IRB2400, to check the demo with.

Shares nothing with ``kinematics``: no URDF and no compiled kernel, only the published dimensions
as a chain of elementary displacements.
"""

from __future__ import annotations

import numpy as np

from ..kinematics import FloatArray, Joints, Transform


def irb2400_forward(q: Joints) -> Transform:
    """
    Return ``transform_base_tool``, shape (n, 4, 4) [m], of joint angles (n, 6) [rad].

    Dimensions [m]: 0.100 and 0.615 to axis 2, 0.705 to axis 3, 0.135 and 0.755 to the wrist, 0.085
    to the flange.
    """
    chain = (
        _rotation('z', q[:, 0]),
        _translation(0.100, 0.0, 0.615),
        _rotation('y', q[:, 1]),
        _translation(0.0, 0.0, 0.705),
        _rotation('y', q[:, 2]),
        _translation(0.755, 0.0, 0.135),  # along axis 4, so it commutes with that rotation
        _rotation('x', q[:, 3]),
        _rotation('y', q[:, 4]),
        _rotation('x', q[:, 5]),
        _translation(0.085, 0.0, 0.0),
        _rotation('y', np.array([0.5 * np.pi])),
    )
    transform: Transform = np.eye(4)
    for displacement in chain:
        transform = transform @ displacement
    return transform


def _translation(x: float, y: float, z: float) -> Transform:
    transform = np.eye(4)
    transform[:3, 3] = x, y, z
    return transform


def _rotation(axis: str, angle: FloatArray) -> Transform:
    """Return rotations (n, 4, 4) about a coordinate axis by angles (n,)."""
    transform = np.tile(np.eye(4), (len(angle), 1, 1))
    i, j = {'x': (1, 2), 'y': (2, 0), 'z': (0, 1)}[axis]
    transform[:, i, i] = transform[:, j, j] = np.cos(angle)
    transform[:, j, i] = np.sin(angle)
    transform[:, i, j] = -transform[:, j, i]
    return transform
