# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Postures: on which side of their singularities shoulder, elbow and wrist are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .arm import Arm
from .chain import frames_into, true_joints
from .compiled import compiled
from .linalg3 import dot3, norm3, triple3
from .types import N_JOINTS, FloatArray, Joints, as_array
from .wrist import wrist_centre_into

BOUNDARY_SINE = 0.05  # within about 3 degrees of a boundary both sides count as the same posture
CODE_BITS = np.array([1, 2, 4])  # of shoulder, elbow and wrist in a posture code


def posture(arm: Arm, q: Joints, *, boundary: float = BOUNDARY_SINE) -> NDArray[np.int8]:
    """
    Return the signs of shoulder, elbow and wrist; 0 means on the boundary between two postures.

    Each sign is that of a factor of the Jacobian's determinant, so it changes only through a
    singularity: shoulder +1 if the wrist centre is in front of axis 1 (seen along axis 2),
    elbow +1 if the forearm is bent about axis 3 in its positive sense, wrist +1 if axes 4, 5 and 6
    form a right-handed triple.

    :param q: Shape (..., 6) [rad].
    :param boundary: Sine of the angle, for the shoulder distance [m], up to which a sign is 0.
    :return: Shape (..., 3), each -1, 0 or +1.
    """
    q = true_joints(arm, as_array('q', q, (N_JOINTS,)))
    flat = q.reshape(-1, N_JOINTS)
    signs = np.empty((len(flat), 3), dtype=np.int8)
    _posture_batch(arm.rotations, arm.translations, flat, boundary, signs)
    return signs.reshape(*q.shape[:-1], 3)


def is_same_posture(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.bool_]:
    """
    Return whether no sign differs; a posture on a boundary agrees with both sides.

    :param a: Shape (..., 3).
    :param b: Shape (..., 3).
    :return: Shape (...).
    """
    is_same: NDArray[np.bool_] = np.all(np.multiply(a, b) >= 0, axis=-1)
    return is_same


def posture_code(arm: Arm, q: Joints) -> NDArray[np.int64]:
    """
    Return the posture as one number, as ``code_from_signs``, without boundaries.

    :param q: Shape (..., 6) [rad].
    :return: Shape (...), 0 to 7.
    """
    return code_from_signs(posture(arm, q, boundary=0.0))


def code_from_signs(signs: NDArray[np.int8]) -> NDArray[np.int64]:
    """
    Return signs as one number: 1 for shoulder, 2 for elbow and 4 for wrist if not negative.

    :param signs: Shape (..., 3).
    :return: Shape (...), 0 to 7.
    """
    code: NDArray[np.int64] = (signs >= 0) @ CODE_BITS
    return code


@compiled
def _posture_batch(
    rotations: FloatArray,
    translations: FloatArray,
    q: FloatArray,
    boundary: float,
    signs: NDArray[np.int8],
) -> None:
    transform, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(q.shape[0]):
        frames_into(rotations, translations, q[i], transform, frames)
        posture_into(frames, signs[i], boundary)


@compiled
def posture_into(
    frames: FloatArray, signs: NDArray[np.int8], boundary: float = BOUNDARY_SINE
) -> None:
    """Write the signs (3,) of the posture with these joint frames (6, 6), see ``frames_into``."""
    values = np.empty(3)
    posture_values_into(frames, values)
    for k in range(3):
        signs[k] = 0 if abs(values[k]) <= boundary else int(math.copysign(1.0, values[k]))


@compiled
def posture_values_into(frames: FloatArray, values: FloatArray) -> None:
    """
    Write the factors of the Jacobian's determinant whose signs are the posture.

    :param frames: Joint frames (6, 6), as ``frames_into`` writes them.
    :param values: Shape (3,), written: distance of the wrist centre from axis 1 in the plane
        normal to axis 2 [m], sine of the elbow's angle from straight, sine of the wrist's.
    """
    wrist = np.empty(3)
    wrist_centre_into(frames, wrist)
    z1, z2 = frames[3:, 0], frames[3:, 1]
    upper_arm, forearm = np.empty(3), np.empty(3)
    reach = np.empty(3)
    for k in range(3):
        reach[k] = wrist[k] - frames[k, 0]
        upper_arm[k] = frames[k, 2] - frames[k, 1]
        forearm[k] = wrist[k] - frames[k, 2]
    # Where on its axis a joint has its origin must not matter: project z1 and z2 out.
    _remove_component(reach, z1)
    _remove_component(upper_arm, z2)
    _remove_component(forearm, z2)
    values[0] = triple3(z2, z1, reach)
    lengths = norm3(upper_arm) * norm3(forearm)
    values[1] = triple3(z2, upper_arm, forearm) / lengths if lengths > 0.0 else 0.0
    values[2] = triple3(frames[3:, 3], frames[3:, 4], frames[3:, 5])


@compiled
def _remove_component(vector: FloatArray, axis: FloatArray) -> None:
    along = dot3(vector, axis)
    for k in range(3):
        vector[k] -= along * axis[k]
