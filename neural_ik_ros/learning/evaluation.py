# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How good proposals are: joint and tool errors on samples with known answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kinematics import (
    Arm,
    Joints,
    angular_distance,
    forward,
    is_same_posture,
    posture,
    refine,
    rotation_angle,
)
from .dataset import Samples

REFINED = 1e-6  # [m], [rad] that count as reached
MAX_STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedErrors:
    """Errors of proposals over the samples of one set, and what Newton makes of them."""

    n_samples: int
    joint_rmse: float  # [rad] of the true angular distance to the answer
    position_median: float  # [m] at the tool
    position_p95: float  # [m]
    rotation_median: float  # [rad] at the tool
    rotation_p95: float  # [rad]
    refined: float  # share of the targets that Newton reaches from the proposals
    posture_kept: float  # share that it reaches in the posture of the joints at the start
    newton_steps: float  # mean of those that reach


def seed_errors(arm: Arm, samples: Samples, q_seed: Joints) -> SeedErrors:
    """
    Return the errors of proposals, judged by forward kinematics.

    :param q_seed: Shape (n, 6) [rad], one proposal for each sample.
    """
    reached, target = forward(arm, q_seed), samples.transform_base_tool
    position = np.linalg.norm(reached[:, :3, 3] - target[:, :3, 3], axis=-1)
    rotation = rotation_angle(reached[:, :3, :3].swapaxes(-1, -2) @ target[:, :3, :3])
    joint = angular_distance(q_seed, samples.q)
    steps = refine(
        arm,
        q_seed,
        target,
        position_tolerance=REFINED,
        rotation_tolerance=REFINED,
        max_iterations=MAX_STEPS,
    )
    is_refined = (steps.position_error <= REFINED) & (steps.rotation_error <= REFINED)
    is_kept = is_same_posture(posture(arm, steps.q), posture(arm, samples.q_current))
    return SeedErrors(
        n_samples=len(joint),
        joint_rmse=float(np.sqrt(np.mean(joint**2))),
        position_median=float(np.median(position)),
        position_p95=float(np.percentile(position, 95)),
        rotation_median=float(np.median(rotation)),
        rotation_p95=float(np.percentile(rotation, 95)),
        refined=float(is_refined.mean()),
        posture_kept=float((is_refined & is_kept).mean()),
        newton_steps=float(steps.iterations[is_refined].mean()) if is_refined.any() else 0.0,
    )
