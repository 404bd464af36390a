# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far the tool is expected from where a measured arm says that it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arm import Arm
from ..chain import true_joints
from ..types import N_JOINTS, FloatArray, Joints, Transform, as_array
from ..uncertainty import N_TWISTS, Uncertainty, angle_index

MEDIAN, P95 = 0.0, 1.6448536  # quantiles of the standard normal distribution
NOTHING_CLAIMED = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedAccuracy:
    """Expected distances of the real tool from the pose that was solved for."""

    position_median: float  # [m] as far, or less, in half of all cases
    position_p95: float  # [m] in 95 % of them
    rotation_median: float  # [rad]
    rotation_p95: float  # [rad]
    uncovered: tuple[str, ...]  # joints outside their measured angles: then all others are NaN


def predicted_accuracy(arm: Arm, q: Joints) -> PredictedAccuracy | None:
    """
    Return the accuracy expected at joints (6,) [rad], or nothing if no measurement says.

    Errors of position and of rotation are taken as normally distributed, with the covariance that
    the uncertain parameters have at the tool plus what the model leaves unexplained. Relative to
    base and tool as they were measured.
    """
    known = arm.uncertainty
    if known is None or not np.isfinite(q).all():
        return None
    q = as_array('q', q, (N_JOINTS,))
    covered = known.is_covered(q)
    if not covered.all():
        names = (name for name, one in zip(arm.joint_names, covered, strict=True) if not one)
        return PredictedAccuracy(
            position_median=NOTHING_CLAIMED, position_p95=NOTHING_CLAIMED,
            rotation_median=NOTHING_CLAIMED, rotation_p95=NOTHING_CLAIMED, uncovered=tuple(names),
        )  # fmt: skip
    covariance = tool_covariance(arm, known, q[None])[0]
    position, rotation = covariance[:3, :3], covariance[3:, 3:]
    return PredictedAccuracy(
        position_median=_quantile(position, MEDIAN),
        position_p95=_quantile(position, P95),
        rotation_median=_quantile(rotation, MEDIAN),
        rotation_p95=_quantile(rotation, P95),
        uncovered=(),
    )


def tool_covariance(arm: Arm, known: Uncertainty, q: Joints) -> FloatArray:
    """
    Return the covariance (n, 6, 6) of the tool's pose [m], [rad], in axes of the base.

    :param q: Shape (n, 6) [rad]; coverage is not looked at.
    """
    columns = parameter_columns(arm, q)
    spread = columns @ known.factor
    joints = columns[:, :, 11 : 11 + 6 * N_JOINTS : 6]  # a joint turns about z of its frame
    joints = joints * known.map_sds[np.arange(N_JOINTS), angle_index(q)][:, None, :]
    covariance: FloatArray = spread @ spread.swapaxes(1, 2) + joints @ joints.swapaxes(1, 2)
    covariance[:, range(6), range(6)] += np.repeat(known.residual**2, 3)
    return covariance


def parameter_columns(arm: Arm, q: Joints) -> FloatArray:
    """
    Return the derivatives (n, 6, N_TWISTS) of the tool's pose by the rows of the factor.

    A twist ``[v, w]`` of a frame moves the tool as ``dp = v + w x (p - p_frame)``, ``dR = w``.
    """
    frames = _frames(arm, true_joints(arm, q))
    rotations, offsets = frames[..., :3, :3], frames[:, :, :3, 3] - frames[:, -1:, :3, 3]
    columns = np.zeros((len(q), 6, N_JOINTS + 2, 6))
    by_frame = columns.swapaxes(1, 2)
    by_frame[..., :3, :3] = by_frame[..., 3:, 3:] = rotations
    by_frame[..., :3, 3:] = np.cross(offsets[..., None, :], rotations.swapaxes(2, 3)).swapaxes(
        2, 3
    )
    return columns.reshape(len(q), 6, N_TWISTS)


def _frames(arm: Arm, q_true: Joints) -> Transform:
    """Return the frames (n, 8, 4, 4) of base, joints before they turn, and tool."""
    frames = np.tile(np.eye(4), (len(q_true), N_JOINTS + 2, 1, 1))
    turned = frames[:, 0].copy()
    for i in range(N_JOINTS + 1):
        fixed = np.eye(4)
        fixed[:3, :3], fixed[:3, 3] = arm.rotations[i], arm.translations[i]
        frames[:, i + 1] = turned @ fixed
        if i < N_JOINTS:
            turn = np.tile(np.eye(4), (len(q_true), 1, 1))
            turn[:, 0, 0] = turn[:, 1, 1] = np.cos(q_true[:, i])
            turn[:, 1, 0] = np.sin(q_true[:, i])
            turn[:, 0, 1] = -turn[:, 1, 0]
            turned = frames[:, i + 1] @ turn
    return frames


def _quantile(covariance: FloatArray, z: float) -> float:
    """
    Return a quantile of the length of a normally distributed vector.

    Its square is taken as a multiple of a chi-square variable with the same mean and variance
    (Satterthwaite 1946), whose quantile is that of Wilson and Hilferty (1931).

    :param covariance: Shape (3, 3).
    :param z: The quantile of the standard normal distribution.
    """
    mean, half_variance = np.trace(covariance), (covariance**2).sum()
    if mean == 0.0:
        return 0.0
    spread = 2.0 * half_variance / (9.0 * mean**2)  # 2 / (9 degrees of freedom)
    return float(math.sqrt(mean) * max(1.0 - spread + z * math.sqrt(spread), 0.0) ** 1.5)
