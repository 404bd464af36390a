# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The reachable pose nearest to a target that has no solution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kinematics import (
    N_JOINTS,
    Arm,
    FloatArray,
    Joints,
    Transform,
    forward,
    invert,
    is_within_limits,
    jacobian,
    lm_bounds,
    posture,
    se3_log,
)
from ..kinematics.angles import unwind_into
from .seeds import SeedTable

N_STORED = 32  # seeds, beside the current joints
MAX_ITERATIONS = 200  # the error does not vanish, so convergence is linear
INITIAL_DAMPING, MIN_DAMPING, MAX_DAMPING = 1e-2, 1e-9, 1e6
MAX_STEP = 0.5  # [rad] per joint and iteration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestPose:
    """Joints within the limits whose tool is nearest to a target, and its errors."""

    q: Joints  # (6,) [rad], NaN if target or current joints are malformed
    position_error: float  # [m]
    rotation_error: float  # [rad]


NO_POSE = NearestPose(q=np.full(N_JOINTS, np.nan), position_error=np.nan, rotation_error=np.nan)


def nearest_pose(arm: Arm, table: SeedTable, target: Transform, q_current: Joints) -> NearestPose:
    """
    Minimise ``position_error**2 + rotation_error**2`` from many seeds; return the best minimum.

    One metre weighs as much as one radian.

    :param target: Shape (4, 4), rigid, [m].
    :param q_current: Shape (6,) [rad], one of the seeds; the turns nearest to it are returned.
    """
    stored = table.nearest(target, posture(arm, q_current), N_STORED)
    starts = np.clip(np.concatenate([q_current[None], stored]), *lm_bounds(arm))
    minima = _minimise(arm, target, starts[_obeys_coupled_limit(arm, starts)])
    for q in minima:
        unwind_into(q, q_current, arm.lower, arm.upper)
    minima = minima[is_within_limits(arm, minima)]
    errors = _residuals(arm, target, minima)
    best = int((errors**2).sum(axis=1).argmin())
    return NearestPose(
        q=minima[best],
        position_error=float(np.linalg.norm(errors[best, :3])),
        rotation_error=float(np.linalg.norm(errors[best, 3:])),
    )


def _minimise(arm: Arm, target: Transform, q: Joints) -> Joints:
    """
    Return the local minima (n, 6) that Levenberg-Marquardt reaches from seeds inside the limits.

    Unlike the residual of ``refine``, the logarithm on SE(3), this one has ``J^T e`` as its exact
    gradient, which matters where the error does not vanish.
    """
    q, (lower, upper) = q.copy(), lm_bounds(arm)
    errors, damping = _residuals(arm, target, q), np.full(len(q), INITIAL_DAMPING)
    for _ in range(MAX_ITERATIONS):
        matrix = jacobian(arm, q)
        gradient = np.einsum('nij,ni->nj', matrix, errors)
        is_held = ((q >= upper) & (gradient > 0.0)) | ((q <= lower) & (gradient < 0.0))
        gradient[is_held] = 0.0
        matrix = np.where(is_held[:, None], 0.0, matrix)
        normal = matrix.swapaxes(1, 2) @ matrix + damping[:, None, None] * np.eye(N_JOINTS)
        step = np.linalg.solve(normal, gradient[..., None])[..., 0]
        trial = np.clip(q + np.clip(step, -MAX_STEP, MAX_STEP), lower, upper)
        trial_errors = _residuals(arm, target, trial)
        is_better = (trial_errors**2).sum(axis=1) < (errors**2).sum(axis=1)
        is_better &= _obeys_coupled_limit(arm, trial)
        q[is_better], errors[is_better] = trial[is_better], trial_errors[is_better]
        damping = np.clip(damping * np.where(is_better, 0.3, 10.0), MIN_DAMPING, MAX_DAMPING)
        if (damping == MAX_DAMPING).all():
            break
    return q


def _residuals(arm: Arm, target: Transform, q: Joints) -> FloatArray:
    """Return translation [m] and rotation vector [rad] to the target, (n, 6) in base axes."""
    tools = forward(arm, q)
    rotation_vectors = se3_log(target @ invert(tools))[:, 3:]
    return np.concatenate([target[:3, 3] - tools[:, :3, 3], rotation_vectors], axis=1)


def _obeys_coupled_limit(arm: Arm, q: Joints) -> NDArray[np.bool_]:
    """Return whether joints (n, 6) obey the coupled limit of the arm, if it has one, (n,)."""
    limit = arm.coupled_limit
    return np.ones(len(q), bool) if limit is None else limit.contains(q)
