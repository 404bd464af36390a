# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How near the tool can come to a target that it cannot reach."""

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

N_STORED = 32  # seeds of several postures, beside the current joints
MAX_STEPS = 200  # no error vanishes here, so that the steps shorten slowly
DAMPING_START, DAMPING_LEAST, DAMPING_MOST = 1e-2, 1e-9, 1e6
LARGEST_STEP = 0.5  # [rad]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestPose:
    """Joints within the limits whose tool is near a target, and by how much it misses."""

    q: Joints  # (6,) [rad], NaN if the question is malformed
    position_error: float  # [m]
    rotation_error: float  # [rad]


NO_POSE = NearestPose(q=np.full(N_JOINTS, np.nan), position_error=np.nan, rotation_error=np.nan)


def nearest_pose(arm: Arm, table: SeedTable, target: Transform, q_current: Joints) -> NearestPose:
    """
    Return the best of the local optima to which least squares descends from many seeds.

    A metre counts as a radian: ``position_error**2 + rotation_error**2`` is what is small.

    :param target: Shape (4, 4), rigid, [m].
    :param q_current: Shape (6,) [rad], one of the seeds; turns are those nearest to it.
    """
    stored = table.nearest(target, posture(arm, q_current), N_STORED)
    starts = np.clip(np.concatenate([q_current[None], stored]), *lm_bounds(arm))
    ends = _descend(arm, target, starts[_obeys_coupled_limit(arm, starts)])
    for q in ends:
        unwind_into(q, q_current, arm.lower, arm.upper)
    ends = ends[is_within_limits(arm, ends)]
    errors = _errors(arm, target, ends)
    best = int((errors**2).sum(axis=1).argmin())
    return NearestPose(
        q=ends[best],
        position_error=float(np.linalg.norm(errors[best, :3])),
        rotation_error=float(np.linalg.norm(errors[best, 3:])),
    )


def _descend(arm: Arm, target: Transform, q: Joints) -> Joints:
    """
    Return where Levenberg and Marquardt's steps inside the limits end, (n, 6).

    Unlike Newton's in ``refine`` they follow the true gradient where the error does not vanish.
    """
    q, (lower, upper) = q.copy(), lm_bounds(arm)
    errors, damping = _errors(arm, target, q), np.full(len(q), DAMPING_START)
    for _ in range(MAX_STEPS):
        matrix = jacobian(arm, q)
        gradient = np.einsum('nij,ni->nj', matrix, errors)
        is_held = ((q >= upper) & (gradient > 0.0)) | ((q <= lower) & (gradient < 0.0))
        gradient[is_held] = 0.0
        matrix = np.where(is_held[:, None], 0.0, matrix)
        normal = matrix.swapaxes(1, 2) @ matrix + damping[:, None, None] * np.eye(N_JOINTS)
        step = np.linalg.solve(normal, gradient[..., None])[..., 0]
        trial = np.clip(q + np.clip(step, -LARGEST_STEP, LARGEST_STEP), lower, upper)
        trial_errors = _errors(arm, target, trial)
        is_better = (trial_errors**2).sum(axis=1) < (errors**2).sum(axis=1)
        is_better &= _obeys_coupled_limit(arm, trial)
        q[is_better], errors[is_better] = trial[is_better], trial_errors[is_better]
        damping = np.clip(damping * np.where(is_better, 0.3, 10.0), DAMPING_LEAST, DAMPING_MOST)
        if (damping == DAMPING_MOST).all():
            break
    return q


def _errors(arm: Arm, target: Transform, q: Joints) -> FloatArray:
    """Return distance and rotation vector to the target, (n, 6) in base axes, [m] and [rad]."""
    tools = forward(arm, q)
    turns = se3_log(target @ invert(tools))[:, 3:]
    return np.concatenate([target[:3, 3] - tools[:, :3, 3], turns], axis=1)


def _obeys_coupled_limit(arm: Arm, q: Joints) -> NDArray[np.bool_]:
    """Return whether the sum of two joints is inside its limit, where the arm has one, (n,)."""
    limit = arm.coupled_limit
    if limit is None:
        return np.ones(len(q), bool)
    total = q[:, limit.first] + q[:, limit.second]
    return (total >= limit.lower) & (total <= limit.upper)
