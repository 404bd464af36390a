# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Joints 1 to 3 of a branch, the regional structure: they place the wrist centre.

With ``c`` the wrist centre in the frame of joint 1 at zero, ``w`` the wrist centre in link 3, and
``R1 t1``, ``R2 t2`` the rotations and translations of joints 2 and 3 in ``Arm``::

    f(q3) = t2 + R2 Rz(q3) w                   wrist centre in link 2
    c     = Rz(q1) (t1 + R1 Rz(q2) f)

Joint 1 changes neither the height of ``c`` nor its distance from the origin, which leaves two
constraints on ``g``, the x and y of ``Rz(q2) f``::

    u . g = c_z - t1_z - (R1)_zz f_z                           height
    o . g = (|c|^2 - |f|^2 - |t1|^2) / 2 - (R1^T t1)_z f_z      distance

with ``u`` the x and y of ``R1^T z`` and ``o`` those of ``R1^T t1``. They determine ``g``, and
``|g|^2 = f_x^2 + f_y^2`` is one equation in joint 3: a trigonometric polynomial of degree two.
"""

from __future__ import annotations

import math

import numpy as np

from ..angles import TAU
from ..compiled import compiled
from ..linalg3 import in_parent_frame
from ..types import FloatArray
from .trig_polynomial import MAX_ROOTS, interpolate_into, roots_into

PARALLEL_SINE = 1e-5  # between two directions, below it they count as parallel
PERTURBATION = 1e-4  # [rad] of joint 2, enough to move the wrist centre off axis 1
NO_AZIMUTH = 1e-6  # [m] distance of the wrist centre from axis 1 below which it has no azimuth
MAX_REGIONAL = 2 * MAX_ROOTS


@compiled
def solve_regional_into(
    rotations: FloatArray,
    translations: FloatArray,
    wrist_in_link3: FloatArray,
    centre: FloatArray,
    regional: FloatArray,
) -> int:
    """
    Write joints 2 and 3, and the azimuth the wrist centre has at q1 = 0; return how many.

    :param centre: Wrist centre (3,) [m] in the frame of joint 1 at zero.
    :param regional: Shape (MAX_REGIONAL, 3) [rad], written from the front, one row a solution.
    """
    u, o = rotations[1, 2, :2], np.empty(2)
    for k in range(2):
        o[k] = 0.0
        for i in range(3):
            o[k] += rotations[1, i, k] * translations[1, i]
    samples, coefficients, roots = np.empty(5), np.empty(5), np.empty(MAX_ROOTS)
    constraints, count = np.empty(4), 0
    for k in range(5):
        q3 = TAU * k / 5.0
        _constraints_into(rotations, translations, wrist_in_link3, centre, q3, constraints)
        samples[k] = _residual(u, o, constraints)
    interpolate_into(samples, coefficients)
    for k in range(roots_into(coefficients, roots)):
        _constraints_into(rotations, translations, wrist_in_link3, centre, roots[k], constraints)
        q2, q2_other, n = _joint2_solutions(u, o, constraints)
        regional[count, 0], regional[count, 1] = q2, roots[k]
        if n == 2:
            regional[count + 1, 0], regional[count + 1, 1] = q2_other, roots[k]
        count += n
    for k in range(count):
        q2, q3 = regional[k, 0], regional[k, 1]
        regional[k, 2] = _azimuth(rotations, translations, wrist_in_link3, q2, q3)
    return count


@compiled
def _constraints_into(
    rotations: FloatArray,
    translations: FloatArray,
    wrist_in_link3: FloatArray,
    centre: FloatArray,
    q3: float,
    constraints: FloatArray,
) -> None:
    """
    Write the right-hand sides of the two constraints on joint 2 at an angle of joint 3.

    :param constraints: Shape (4,), written: height [m], distance [m^2], and f_x, f_y [m].
    """
    forearm = in_parent_frame(rotations[2], translations[2], q3, wrist_in_link3)
    squared, shoulder, lift = 0.0, 0.0, 0.0
    for i in range(3):
        squared += centre[i] * centre[i] - forearm[i] * forearm[i]
        shoulder += translations[1, i] * translations[1, i]
        lift += rotations[1, i, 2] * translations[1, i]
    constraints[0] = centre[2] - translations[1, 2] - rotations[1, 2, 2] * forearm[2]
    constraints[1] = 0.5 * (squared - shoulder) - lift * forearm[2]
    constraints[2], constraints[3] = forearm[0], forearm[1]


@compiled
def _residual(u: FloatArray, o: FloatArray, constraints: FloatArray) -> float:
    """Return the residual of the joint-3 equation: zero where a joint 2 meets both constraints."""
    cross = _cross2(u, o)
    x = constraints[0] * o[0] - constraints[1] * u[0]
    y = constraints[0] * o[1] - constraints[1] * u[1]
    if cross == 0.0:  # u and o are parallel: the two right-hand sides must agree
        return float(x * u[0] + y * u[1])
    return float(x * x + y * y - cross * cross * (constraints[2] ** 2 + constraints[3] ** 2))


@compiled
def _joint2_solutions(
    u: FloatArray, o: FloatArray, constraints: FloatArray
) -> tuple[float, float, int]:
    """Return the angles of joint 2 that meet the constraints, and how many there are."""
    cross, azimuth = _cross2(u, o), math.atan2(constraints[3], constraints[2])
    if cross != 0.0:
        x = (constraints[0] * o[1] - constraints[1] * u[1]) / cross
        y = (constraints[1] * u[0] - constraints[0] * o[0]) / cross
        q2 = math.atan2(y, x) - azimuth
        return q2, q2, 1
    length = u[0] * u[0] + u[1] * u[1]
    squared = length * (constraints[2] ** 2 + constraints[3] ** 2) - constraints[0] ** 2
    middle = math.atan2(u[1], u[0]) - azimuth
    half = math.atan2(math.sqrt(max(squared, 0.0)), constraints[0])
    return middle + half, middle - half, 2


@compiled
def _cross2(a: FloatArray, b: FloatArray) -> float:
    """Return the cross product of two plane vectors, 0 if they are nearly parallel."""
    cross = float(a[0] * b[1] - a[1] * b[0])
    return cross if abs(cross) > PARALLEL_SINE * (a[0] * a[0] + a[1] * a[1]) else 0.0


@compiled
def _azimuth(
    rotations: FloatArray,
    translations: FloatArray,
    wrist_in_link3: FloatArray,
    q2: float,
    q3: float,
) -> float:
    """
    Return the azimuth of the wrist centre about axis 1 at q1 = 0.

    On axis 1 it is the direction in which joint 2 moves the wrist centre.
    """
    azimuth = 0.0
    in_link2 = in_parent_frame(rotations[2], translations[2], q3, wrist_in_link3)
    for perturbation in (0.0, PERTURBATION):
        point = in_parent_frame(rotations[1], translations[1], q2 + perturbation, in_link2)
        azimuth = math.atan2(point[1], point[0])
        if math.hypot(point[0], point[1]) > NO_AZIMUTH:
            break
    return azimuth
