# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The wrist centre: the point where axes 4, 5 and 6 meet.

With a spherical wrist every function below gives the same point. On a calibrated arm the axes miss
one another by a fraction of a millimetre, and the point depends on the link that carries it:

- link 3: the point of axis 4 nearest to axis 5, fixed while joints 4 to 6 move;
- link 4: the point of axis 5 nearest to axis 4, fixed while joints 5 and 6 move; it decides the
  posture;
- tool: the point of axis 6 nearest to axis 5, fixed while joint 6 moves: it follows
  from a tool pose alone;
- ``fit_wrist_centre``: the point with the least squared distance to the three axes, for the closed
  form, which takes them to meet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .arm import Arm
from .chain import frames_into
from .compiled import compiled
from .types import N_JOINTS, FloatArray

PARALLEL = 1e-9  # squared sine between two axes below which no point of one is nearest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WristFit:
    """The point nearest to axes 4, 5 and 6 in the least-squares sense."""

    in_link3: FloatArray  # (3,) [m] in the frame of joint 3, after its rotation
    in_tool: FloatArray  # (3,) [m]
    max_distance: float  # [m] to the axis that is farthest from it


def fit_wrist_centre(arm: Arm) -> WristFit:
    """Fit the wrist centre, and measure how far the axes are from it."""
    q = np.ones(N_JOINTS)  # axes 4 and 6 parallel would hide a distance between them
    tool, frames = np.empty((4, 4)), np.empty((6, 6))
    frames_into(arm.rotations, arm.translations, q, tool, frames)
    origins, axes = frames[:3, 3:].T, frames[3:, 3:].T
    projection = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    centre = np.linalg.lstsq(
        projection.reshape(9, 3), (projection @ origins[..., None]).ravel(), rcond=None
    )[0]
    max_distance = float(np.linalg.norm(projection @ (centre - origins)[..., None], axis=1).max())
    rotation, translation = np.eye(3), np.zeros(3)
    for i in range(3):
        translation = translation + rotation @ arm.translations[i]
        cosine, sine = math.cos(q[i]), math.sin(q[i])
        rotz = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        rotation = rotation @ arm.rotations[i] @ rotz
    return WristFit(
        in_link3=rotation.T @ (centre - translation),
        in_tool=tool[:3, :3].T @ (centre - tool[:3, 3]),
        max_distance=max_distance,
    )


def wrist_centre_in_link3(rotations: ArrayLike, translations: ArrayLike) -> FloatArray:
    """
    Return the point of axis 4 nearest to axis 5 in the frame of joint 3, after its rotation.

    :param rotations: As of ``Arm``, shape (7, 3, 3).
    :param translations: As of ``Arm``, shape (7, 3) [m].
    :return: Shape (3,) [m].
    """
    along4 = wrist_centre_in_link4(rotations, translations)[2]
    point: FloatArray = np.asarray(translations)[3] + along4 * np.asarray(rotations)[3, :, 2]
    return point


def wrist_centre_in_link4(rotations: ArrayLike, translations: ArrayLike) -> FloatArray:
    """
    Return the point of axis 5 nearest to axis 4 in the frame of joint 4, after its rotation.

    :param rotations: As of ``Arm``, shape (7, 3, 3).
    :param translations: As of ``Arm``, shape (7, 3) [m].
    :return: Shape (3,) [m].
    """
    axis5, origin5 = np.asarray(rotations)[4, :, 2], np.asarray(translations)[4]
    point: FloatArray = origin5 + _offset_to_z(axis5, origin5) * axis5
    return point


def wrist_centre_in_tool(rotations: ArrayLike, translations: ArrayLike) -> FloatArray:
    """
    Return the point of axis 6 nearest to axis 5 in the frame of the tool.

    :param rotations: As of ``Arm``, shape (7, 3, 3).
    :param translations: As of ``Arm``, shape (7, 3) [m].
    :return: Shape (3,) [m].
    """
    rotations, translations = np.asarray(rotations), np.asarray(translations)
    along6 = _offset_to_z(rotations[5, :, 2], translations[5])
    point: FloatArray = rotations[6].T @ (np.array([0.0, 0.0, along6]) - translations[6])
    return point


def _offset_to_z(axis: FloatArray, origin: FloatArray) -> float:
    """Return where on an axis [m] the z axis of the frame in which it is given is nearest."""
    z, zero = np.array([0.0, 0.0, 1.0]), np.zeros(3)
    return offset_to_nearest(np.array(axis, float), np.array(origin, float), z, zero)


@compiled
def wrist_centre_into(frames: FloatArray, centre: FloatArray) -> None:
    """
    Write the point of axis 5 nearest to axis 4, in the base.

    :param frames: Joint frames (6, 6), as ``frames_into`` writes them.
    :param centre: Shape (3,) [m], written.
    """
    z5 = frames[3:, 4]
    shift = offset_to_nearest(z5, frames[:3, 4], frames[3:, 3], frames[:3, 3])
    for k in range(3):
        centre[k] = frames[k, 4] + shift * z5[k]


@compiled
def offset_to_nearest(
    axis: FloatArray, origin: FloatArray, other_axis: FloatArray, other_origin: FloatArray
) -> float:
    """Return where on an axis, from its origin [m], another is nearest; 0 for parallel axes."""
    cosine, along, along_other = 0.0, 0.0, 0.0
    for k in range(3):
        offset = other_origin[k] - origin[k]
        cosine += other_axis[k] * axis[k]
        along += offset * axis[k]
        along_other += offset * other_axis[k]
    sine_squared = 1.0 - cosine * cosine
    return (along - cosine * along_other) / sine_squared if sine_squared > PARALLEL else 0.0
