# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Every branch of an arm with a spherical wrist, as seeds for Newton.

Pieper's decomposition (1968) for any geometry of the first three axes: the target fixes the wrist
centre; its height along axis 1 and its distance from joint 1 depend on joints 2 and 3 only and
leave one trigonometric polynomial in joint 3; joint 1 turns the wrist centre into place, joints 4
to 6 the tool. Where the last three axes miss one another (a calibrated arm) the branches are that
much off, which Newton mends. They know no limits and no turns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..angles import TAU
from ..arm import Arm
from ..chain import frames_into
from ..compiled import compiled
from ..types import N_JOINTS, FloatArray, Joints, Transform, as_array
from .trig_polynomial import MAX_ROOTS, interpolate_into, roots_into
from .wrist import EXACT_SLACK, MAX_WRISTS, TURNS, wrists_into

LARGEST_MISS = 0.1  # [m] a wrist whose axes pass its centre farther away is none
EXACT_MISS = 1e-9  # [m] and one by less is
LEAST_SINE = 1e-5  # between two directions, below it they count as parallel
ON_AXIS = 1e-3  # [m] a wrist centre this near to axis 1 can be in front of it or behind
SLACK = 0.02  # [m], [rad] EXACT_SLACK of an arm whose branches are not exact
ASIDE = 1e-4  # [rad] enough to leave the axis
MAX_BRANCHES = 2 * MAX_ROOTS * (2 + TURNS) * MAX_WRISTS


# (3, 3): the wrist's centre in the turned frame of joint 3 and in the tool [m]; slack, 0, 0
Wrist: TypeAlias = FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branches:
    """Whether an arm has branches that can be told in closed form, and what they need."""

    wrist: Wrist
    is_known: bool  # the last three axes meet, at least nearly
    is_exact: bool  # they meet to rounding: what is not among the branches does not exist

    @classmethod
    def of(cls, arm: Arm) -> Branches:
        """Measure where axes 4, 5 and 6 meet, and by how much they miss."""
        q = np.ones(N_JOINTS)  # axes 4 and 6 parallel would hide a miss between them
        tool, frames = np.empty((4, 4)), np.empty((6, 6))
        frames_into(arm.rotations, arm.translations, q, tool, frames)
        origins, axes = frames[:3, 3:].T, frames[3:, 3:].T
        across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
        centre = np.linalg.lstsq(
            across.reshape(9, 3), (across @ origins[..., None]).ravel(), rcond=None
        )[0]
        miss = float(np.linalg.norm(across @ (centre - origins)[..., None], axis=1).max())
        rotation, translation = np.eye(3), np.zeros(3)
        for i in range(3):
            translation = translation + rotation @ arm.translations[i]
            cosine, sine = math.cos(q[i]), math.sin(q[i])
            turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
            rotation = rotation @ arm.rotations[i] @ turn
        in_tool = tool[:3, :3].T @ (centre - tool[:3, 3])
        is_exact = miss <= EXACT_MISS
        slack = np.array([EXACT_SLACK if is_exact else SLACK, 0.0, 0.0])
        wrist = np.stack([rotation.T @ (centre - translation), in_tool, slack])
        # Axes 1 and 2 parallel leave the height to joint 3 alone: another decomposition.
        is_crossing = abs(float(arm.rotations[1, 2, 2])) < 1.0 - LEAST_SINE
        is_known = miss <= LARGEST_MISS and is_crossing
        return cls(wrist=wrist, is_known=is_known, is_exact=is_known and is_exact)


def branches(arm: Arm, transform_base_tool: Transform, q_near: Joints) -> Joints:
    """
    Return joint angles (k, 6) [rad] near every branch of one pose, modulo whole turns.

    :param transform_base_tool: Shape (4, 4), translation in [m].
    :param q_near: Shape (6,) [rad], for joints that are free at a singularity.
    """
    found = Branches.of(arm)
    seeds = np.empty((MAX_BRANCHES, N_JOINTS))
    if not found.is_known:
        return seeds[:0]
    target = as_array('transform_base_tool', transform_base_tool, (4, 4))
    q_near = as_array('q_near', q_near, (N_JOINTS,))
    n = branches_into(arm.rotations, arm.translations, found.wrist, target, q_near, seeds)
    return seeds[:n]


@compiled
def branches_into(
    rotations: FloatArray,
    translations: FloatArray,
    wrist: Wrist,
    target: FloatArray,
    q_near: FloatArray,
    seeds: FloatArray,
    shift: float = 0.0,
) -> int:
    """
    Write the branches of a target (4, 4) into ``seeds`` (MAX_BRANCHES, 6); return how many.

    :param shift: Unless 0, only seeds whose joint 1 may stand anywhere, from another of its angles
        on: a share, in (0, 1), of the way from one of them to the next.
    """
    centre, regional = np.empty(3), np.empty((2 * MAX_ROOTS, 3))
    for i in range(3):
        centre[i] = 0.0
        for k in range(3):
            tool = target[k, 3] - translations[0, k]
            for j in range(3):
                tool += target[k, j] * wrist[1, j]
            centre[i] += rotations[0, k, i] * tool
    heading, radius = math.atan2(centre[1], centre[0]), math.hypot(centre[0], centre[1])
    slack, count = wrist[2, 0], 0
    for k in range(_elbows_into(rotations, translations, wrist[0], centre, regional)):
        q2, q3, azimuth = regional[k]
        q = (heading - azimuth, q2, q3)
        if shift == 0.0:
            count = wrists_into(rotations, target, q, q_near, slack, seeds, count)
        if shift == 0.0 and radius < max(ON_AXIS, slack):
            q = (heading - azimuth + math.pi, q2, q3)
            count = wrists_into(rotations, target, q, q_near, slack, seeds, count)
        for turn in range(TURNS if radius < slack else 0):
            q = (q_near[0] + (turn + shift) * TAU / TURNS, q2, q3)
            count = wrists_into(rotations, target, q, q_near, slack, seeds, count)
    return count


@compiled
def _elbows_into(
    rotations: FloatArray,
    translations: FloatArray,
    in_forearm: FloatArray,
    centre: FloatArray,
    regional: FloatArray,
) -> int:
    """
    Write joints 2 and 3, and the azimuth that the wrist centre then has, one row a solution.

    :param centre: Wrist centre (3,) in the frame of joint 1 before its turn.
    :param regional: Shape (2 MAX_ROOTS, 3), written from the front.
    """
    up, offset = rotations[1, 2, :2], np.empty(2)  # axis 1 and joint 2, seen along axis 2
    for k in range(2):
        offset[k] = 0.0
        for i in range(3):
            offset[k] += rotations[1, i, k] * translations[1, i]
    samples, coefficients, roots = np.empty(5), np.empty(5), np.empty(MAX_ROOTS)
    demand, count = np.empty(4), 0
    for k in range(5):
        _demand_into(rotations, translations, in_forearm, centre, TAU * k / 5.0, demand)
        samples[k] = _disagreement(up, offset, demand)
    interpolate_into(samples, coefficients)
    for k in range(roots_into(coefficients, roots)):
        _demand_into(rotations, translations, in_forearm, centre, roots[k], demand)
        q2, q2_other, n = _shoulders(up, offset, demand)
        regional[count, 0], regional[count, 1] = q2, roots[k]
        if n == 2:
            regional[count + 1, 0], regional[count + 1, 1] = q2_other, roots[k]
        count += n
    for k in range(count):
        q2, q3 = regional[k, 0], regional[k, 1]
        regional[k, 2] = _azimuth(rotations, translations, in_forearm, q2, q3)
    return count


@compiled
def _area(a: FloatArray, b: FloatArray) -> float:
    """Return the cross product of two plane vectors; 0 if they are as good as parallel."""
    area = float(a[0] * b[1] - a[1] * b[0])
    return area if abs(area) > LEAST_SINE * (a[0] * a[0] + a[1] * a[1]) else 0.0


@compiled
def _disagreement(up: FloatArray, offset: FloatArray, demand: FloatArray) -> float:
    """Return what vanishes where joint 2 can satisfy height and distance together."""
    area = _area(up, offset)
    x = demand[0] * offset[0] - demand[1] * up[0]
    y = demand[0] * offset[1] - demand[1] * up[1]
    if area == 0.0:  # both ask for the same product: they must agree
        return float(x * up[0] + y * up[1])
    return float(x * x + y * y - area * area * (demand[2] ** 2 + demand[3] ** 2))


@compiled
def _shoulders(up: FloatArray, offset: FloatArray, demand: FloatArray) -> tuple[float, float, int]:
    """Return the angles of joint 2 that turn the forearm as demanded, and how many they are."""
    area, lever = _area(up, offset), math.atan2(demand[3], demand[2])
    if area != 0.0:
        x = (demand[0] * offset[1] - demand[1] * up[1]) / area
        y = (demand[1] * up[0] - demand[0] * offset[0]) / area
        q2 = math.atan2(y, x) - lever
        return q2, q2, 1
    length = up[0] * up[0] + up[1] * up[1]
    squared = length * (demand[2] ** 2 + demand[3] ** 2) - demand[0] ** 2
    middle = math.atan2(up[1], up[0]) - lever
    half = math.atan2(math.sqrt(max(squared, 0.0)), demand[0])
    return middle + half, middle - half, 2


@compiled
def _demand_into(
    rotations: FloatArray,
    translations: FloatArray,
    in_forearm: FloatArray,
    centre: FloatArray,
    q3: float,
    demand: FloatArray,
) -> None:
    """
    Write what the forearm must do across axis 2: its products with ``up`` and ``offset``.

    :param demand: Shape (4,), written: both products, and the forearm's x and y before joint 2.
    """
    cosine, sine = math.cos(q3), math.sin(q3)
    x = cosine * in_forearm[0] - sine * in_forearm[1]
    y = sine * in_forearm[0] + cosine * in_forearm[1]
    forearm, squared, shoulder, lift = np.empty(3), 0.0, 0.0, 0.0
    for i in range(3):
        r = rotations[2, i]
        forearm[i] = translations[2, i] + r[0] * x + r[1] * y + r[2] * in_forearm[2]
        squared += centre[i] * centre[i] - forearm[i] * forearm[i]
        shoulder += translations[1, i] * translations[1, i]
        lift += rotations[1, i, 2] * translations[1, i]
    demand[0] = centre[2] - translations[1, 2] - rotations[1, 2, 2] * forearm[2]
    demand[1] = 0.5 * (squared - shoulder) - lift * forearm[2]
    demand[2], demand[3] = forearm[0], forearm[1]


@compiled
def _azimuth(
    rotations: FloatArray,
    translations: FloatArray,
    in_forearm: FloatArray,
    q2: float,
    q3: float,
) -> float:
    """
    Return the direction of the wrist centre about axis 1 before joint 1 turns.

    On the axis itself it is the direction in which joint 2 moves the wrist centre.
    """
    azimuth = 0.0
    for aside in (0.0, ASIDE):
        point = in_forearm
        for i, q in ((2, q3), (1, q2 + aside)):
            cosine, sine = math.cos(q), math.sin(q)
            x, y = cosine * point[0] - sine * point[1], sine * point[0] + cosine * point[1]
            z, point = point[2], np.empty(3)
            for k in range(3):
                r = rotations[i, k]
                point[k] = translations[i, k] + r[0] * x + r[1] * y + r[2] * z
        azimuth = math.atan2(point[1], point[0])
        if math.hypot(point[0], point[1]) > 10.0 * EXACT_SLACK:
            break
    return azimuth
