# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Solutions drawn from where the inverse problem is hard, for any six-axis arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...kinematics import (
    N_JOINTS,
    Arm,
    FloatArray,
    Joints,
    is_within_limits,
    jacobian,
    random_joints,
)
from ...kinematics.wrist import wrist_centre_in_link3
from .set_definitions import BOUNDARY_REACH, LIMIT_MARGIN, MAX_WRIST_DETERMINANT

N_CELLS = 4096  # that a joint's range is divided into, to find where a condition holds
MAX_REDRAWS = 1000


def draw_solutions(arm: Arm, hard_case: str, rng: np.random.Generator, n: int) -> Joints:
    """
    Return joints within the limits (n, 6) [rad] as solutions of the targets they reach.

    :param hard_case: A key of ``HARD_CASES``; empty for joints uniform within the limits.
    :raises DataError: If the arm has no such joints.
    """
    q = random_joints(arm, rng, n)
    if not hard_case:
        return q
    q = _DRAWS[hard_case](arm, rng, q)
    for _ in range(MAX_REDRAWS):  # a coupled limit may exclude the new angle
        outside = ~is_within_limits(arm, q)
        if not outside.any():
            return q
        q[outside] = _DRAWS[hard_case](arm, rng, random_joints(arm, rng, int(outside.sum())))
    raise _nothing_within_limits(arm, hard_case)


def wrist_determinant(arm: Arm, q: Joints) -> FloatArray:
    """Return the determinant of the directions of axes 4, 5 and 6 at joints (..., 6)."""
    determinant: FloatArray = np.linalg.det(jacobian(arm, q)[..., 3:, 3:])
    return determinant


def wrist_distance_to_axis_2(arm: Arm, q3: FloatArray) -> FloatArray:
    """
    Return the distance [m] of the wrist from axis 2, which depends on joint 3 alone.

    The wrist is the one that link 3 carries, see ``kinematics.wrist``.
    """
    x, y, z = wrist_centre_in_link3(arm.rotations, arm.translations)
    cosine, sine = np.cos(q3), np.sin(q3)
    turned = np.stack([cosine * x - sine * y, sine * x + cosine * y, np.full_like(q3, z)], axis=-1)
    wrist = arm.translations[2] + turned @ arm.rotations[2].T
    distance: FloatArray = np.hypot(wrist[..., 0], wrist[..., 1])
    return distance


def _draw_near_wrist_singularity(arm: Arm, rng: np.random.Generator, q: Joints) -> Joints:
    def is_inside(q5: FloatArray) -> NDArray[np.bool_]:
        joints = np.zeros((len(q5), N_JOINTS))
        joints[:, 4] = q5
        return np.abs(wrist_determinant(arm, joints)) <= MAX_WRIST_DETERMINANT

    q[:, 4] = _uniform_where(arm, rng, 4, is_inside, len(q), 'wrist')
    return q


def _draw_near_limits(arm: Arm, rng: np.random.Generator, q: Joints) -> Joints:
    rows, joints = np.arange(len(q)), rng.integers(N_JOINTS, size=len(q))
    lower, upper = arm.first_turn
    inwards = rng.uniform(0.0, np.minimum(LIMIT_MARGIN, upper - lower)[joints])
    is_lower = rng.random(len(q)) < 0.5
    q[rows, joints] = np.where(is_lower, lower[joints] + inwards, upper[joints] - inwards)
    return q


def _draw_near_workspace_boundary(arm: Arm, rng: np.random.Generator, q: Joints) -> Joints:
    lower, upper = arm.first_turn
    angles = np.linspace(lower[2], upper[2], N_CELLS + 1)
    largest = wrist_distance_to_axis_2(arm, angles).max()

    def is_inside(q3: FloatArray) -> NDArray[np.bool_]:
        is_far: NDArray[np.bool_] = wrist_distance_to_axis_2(arm, q3) >= BOUNDARY_REACH * largest
        return is_far

    q[:, 2] = _uniform_where(arm, rng, 2, is_inside, len(q), 'boundary')
    return q


def _uniform_where(
    arm: Arm,
    rng: np.random.Generator,
    joint: int,
    is_inside: Callable[[FloatArray], NDArray[np.bool_]],
    n: int,
    hard_case: str,
) -> FloatArray:
    """Return n angles (n,) [rad] of a joint, uniform where the condition holds within limits."""
    lower, upper = arm.first_turn
    edges = np.linspace(lower[joint], upper[joint], N_CELLS + 1)
    is_edge_inside = is_inside(edges)
    cells = np.flatnonzero(is_edge_inside[:-1] | is_edge_inside[1:])
    if len(cells) == 0:
        raise _nothing_within_limits(arm, hard_case)
    angles = np.empty(n)
    rejected = np.arange(n)
    while len(rejected):  # a cell at the border of the region lies partly outside
        chosen = cells[rng.integers(len(cells), size=len(rejected))]
        angles[rejected] = rng.uniform(edges[chosen], edges[chosen + 1])
        rejected = rejected[~is_inside(angles[rejected])]
    return angles


def _nothing_within_limits(arm: Arm, hard_case: str) -> DataError:
    problem = f'has no joints within its limits for the hard case {hard_case!r}'
    return DataError(f'arm {arm.name!r}', problem, 'leave it out')


_DRAWS: Mapping[str, Callable[[Arm, np.random.Generator, Joints], Joints]] = MappingProxyType(
    {
        'wrist': _draw_near_wrist_singularity,
        'limits': _draw_near_limits,
        'boundary': _draw_near_workspace_boundary,
    }
)
