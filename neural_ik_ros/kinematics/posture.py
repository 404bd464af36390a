# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Postures: which way shoulder, elbow and wrist are bent."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .arm import Arm
from .chain import frames_into
from .compiled import compiled
from .types import N_JOINTS, FloatArray, Joints, as_array

BORDER_SINE = 0.05  # within about 3 degrees of a border both sides count as the same posture


def posture(arm: Arm, q: Joints, *, border: float = BORDER_SINE) -> NDArray[np.int8]:
    """
    Return the signs of shoulder, elbow and wrist; 0 means on the border between two postures.

    Each sign is that of a factor of the Jacobian's determinant, so it changes only through a
    singularity: shoulder +1 when the wrist centre is in front of axis 1 (as axis 2 sees it),
    elbow +1 when the forearm is bent about axis 3 in its positive sense, wrist +1 when axes 4, 5
    and 6 form a right-handed triple.

    :param q: Shape (..., 6) [rad].
    :param border: Sine of the angle, for the shoulder distance [m], below which a sign is 0.
    :return: Shape (..., 3), each -1, 0 or +1.
    """
    q = as_array('q', q, (N_JOINTS,))
    flat = q.reshape(-1, N_JOINTS)
    signs = np.empty((len(flat), 3), dtype=np.int8)
    _posture_batch(arm.rotations, arm.translations, flat, border, signs)
    return signs.reshape(*q.shape[:-1], 3)


def is_same_posture(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.bool_]:
    """
    Return whether no sign differs; a posture on a border agrees with both sides of it.

    :param a: Shape (..., 3).
    :param b: Shape (..., 3).
    :return: Shape (...).
    """
    is_same: NDArray[np.bool_] = np.all(np.multiply(a, b) >= 0, axis=-1)
    return is_same


@compiled
def _posture_batch(
    rotations: FloatArray,
    translations: FloatArray,
    q: FloatArray,
    border: float,
    signs: NDArray[np.int8],
) -> None:
    transform, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(q.shape[0]):
        frames_into(rotations, translations, q[i], transform, frames)
        posture_into(frames, signs[i], border)


@compiled
def posture_into(frames: FloatArray, signs: NDArray[np.int8], border: float = BORDER_SINE) -> None:
    """Write the three signs (3,) of the arm whose joint frames (6, 6) are given."""
    wrist = np.empty(3)
    _wrist_centre_into(frames, wrist)
    z1, z2 = frames[3:, 0], frames[3:, 1]
    upper_arm, forearm = np.empty(3), np.empty(3)
    reach = np.empty(3)
    for k in range(3):
        reach[k] = wrist[k] - frames[k, 0]
        upper_arm[k] = frames[k, 2] - frames[k, 1]
        forearm[k] = wrist[k] - frames[k, 2]
    # Shifting a joint's origin along its own axis must not matter: project z1 and z2 out.
    _remove_component(reach, z1)
    _remove_component(upper_arm, z2)
    _remove_component(forearm, z2)
    signs[0] = _sign(_triple(z2, z1, reach), border)  # a distance [m]
    signs[1] = _sign(_triple(z2, upper_arm, forearm), border * _norm(upper_arm) * _norm(forearm))
    signs[2] = _sign(_triple(frames[3:, 3], frames[3:, 4], frames[3:, 5]), border)


@compiled
def _wrist_centre_into(frames: FloatArray, wrist: FloatArray) -> None:
    """Write the point of axis 5 nearest to axis 4: where they meet, if they do."""
    z4, z5 = frames[3:, 3], frames[3:, 4]
    cosine, along4, along5 = 0.0, 0.0, 0.0
    for k in range(3):
        offset = frames[k, 3] - frames[k, 4]
        cosine += z4[k] * z5[k]
        along4 += offset * z4[k]
        along5 += offset * z5[k]
    sine_squared = 1.0 - cosine * cosine
    shift = (along5 - cosine * along4) / sine_squared if sine_squared > 1e-9 else 0.0
    for k in range(3):
        wrist[k] = frames[k, 4] + shift * z5[k]


@compiled
def _triple(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """Return the determinant of [a b c]."""
    return float(
        a[0] * (b[1] * c[2] - b[2] * c[1])
        + a[1] * (b[2] * c[0] - b[0] * c[2])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )


@compiled
def _remove_component(vector: FloatArray, axis: FloatArray) -> None:
    along = vector[0] * axis[0] + vector[1] * axis[1] + vector[2] * axis[2]
    for k in range(3):
        vector[k] -= along * axis[k]


@compiled
def _norm(vector: FloatArray) -> float:
    return math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)


@compiled
def _sign(value: float, border: float) -> int:
    if abs(value) <= border:
        return 0
    return 1 if value > 0.0 else -1
