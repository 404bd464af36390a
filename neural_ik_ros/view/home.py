# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joints to start from on any arm."""

from __future__ import annotations

import itertools

import numpy as np

from ..kinematics import Joints, random_joints, smallest_singular_value, transform_from_xyz_rpy
from ..solver import IkSolver

FORWARD_SHARES = (0.35, 0.5, 0.65)  # of the length of the arm, in front of the base
UP_SHARES = (0.15, 0.3, 0.45)
N_RANDOM = 1000
SEED = 0


def home_joints(solver: IkSolver) -> Joints:
    """
    Return joints (6,) [rad] with the tool down in front of the arm, far from singularities.

    Of an arm that reaches no such pose, the least singular of random joints.
    """
    arm = solver.arm
    length = float(np.linalg.norm(arm.translations, axis=1).sum())
    candidates = [
        branch.q
        for forward_share, up_share in itertools.product(FORWARD_SHARES, UP_SHARES)
        for branch in solver.branches(
            transform_from_xyz_rpy(
                [forward_share * length, 0.0, up_share * length], [0.0, np.pi, 0.0]
            )
        )
        if branch.status.is_solved and np.abs(branch.q).max() < np.pi
    ]
    if not candidates:
        candidates = list(random_joints(arm, np.random.default_rng(SEED), N_RANDOM))
    q = np.array(candidates)
    best: Joints = q[int(smallest_singular_value(arm, q).argmax())]
    return best
