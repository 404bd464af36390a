# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refinement of a seed to the exact joint angles of a tool pose, inside the limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..angles import TAU
from ..arm import Arm, map_error
from ..chain import commanded_joints, true_joints
from ..levenberg_marquardt import refine_batch
from ..types import N_JOINTS, ArrayShapeError, FloatArray, Joints, Transform, as_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefineResult:
    """Result of the refinement; leading axes as those of the seed."""

    q: Joints  # (..., 6) [rad], unbounded joints are not unwound
    position_error: FloatArray  # (...) [m]
    rotation_error: FloatArray  # (...) [rad]
    iterations: FloatArray  # (...) of Levenberg-Marquardt, rejected steps included


def refine(
    arm: Arm,
    q_seed: Joints,
    transform_base_tool: Transform,
    *,
    position_tolerance: float = 1e-10,
    rotation_tolerance: float = 1e-10,
    max_iterations: int = 40,
    is_limited: bool = True,
) -> RefineResult:
    """
    Refine each seed by Levenberg-Marquardt; the errors say whether it reached the target.

    :param q_seed: Shape (..., 6) [rad].
    :param transform_base_tool: Shape (..., 4, 4), same leading axes, rigid, translation in [m].
    :param is_limited: Whether joints with a range below 2 pi stay inside their limits.
    :raises ArrayShapeError: If an array has another shape, or leading axes differ.
    """
    q = np.array(true_joints(arm, as_array('q_seed', q_seed, (N_JOINTS,))))
    targets = as_array('transform_base_tool', transform_base_tool, (4, 4))
    if targets.shape[:-2] != q.shape[:-1]:
        raise ArrayShapeError('transform_base_tool', targets.shape, (*q.shape[:-1], 4, 4))
    errors = np.empty((q.size // N_JOINTS, 3))
    lower, upper = true_lm_bounds(arm) if is_limited else unbounded_limits()
    refine_batch(
        arm.rotations,
        arm.translations,
        lower,
        upper,
        targets.reshape(-1, 4, 4),
        q.reshape(-1, N_JOINTS),
        errors,
        (position_tolerance, rotation_tolerance),
        max_iterations,
    )
    errors = errors.reshape(*q.shape[:-1], 3)
    return RefineResult(
        q=commanded_joints(arm, q),
        position_error=errors[..., 0],
        rotation_error=errors[..., 1],
        iterations=errors[..., 2],
    )


def lm_bounds(arm: Arm) -> tuple[FloatArray, FloatArray]:
    """Return the bounds (6,) [rad] of the refinement: infinite for joints with a range of 2 pi."""
    is_unbounded = arm.upper - arm.lower >= TAU
    return np.where(is_unbounded, -np.inf, arm.lower), np.where(is_unbounded, np.inf, arm.upper)


def true_lm_bounds(arm: Arm) -> tuple[FloatArray, FloatArray]:
    """
    Return ``lm_bounds`` for the true joints of an arm with joint errors.

    Where gravity turns a joint they are wider than its limits by as much as it ever can.
    """
    lower, upper = lm_bounds(arm)
    errors = arm.joint_errors
    if errors is None:
        return lower, upper
    reach = np.cumsum(np.linalg.norm(arm.translations, axis=1))  # of each point from the base
    most = (np.abs(errors.sag) * (reach - reach[:N_JOINTS, None]).clip(0.0)).sum(axis=1)
    for j in np.flatnonzero(np.isfinite(upper)):
        lower[j] += map_error(errors.table[j], lower[j])[0] - most[j]
        upper[j] += map_error(errors.table[j], upper[j])[0] + most[j]
    return lower, upper


def unbounded_limits() -> tuple[FloatArray, FloatArray]:
    """Return infinite bounds (6,)."""
    return np.full(N_JOINTS, -np.inf), np.full(N_JOINTS, np.inf)
