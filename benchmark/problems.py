# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Problems made from random seeds: an arm, targets and current joints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neural_ik_ros.kinematics import (
    Arm,
    ClosedForm,
    Joints,
    Transform,
    branches,
    forward,
    is_same_posture,
    is_within_limits,
    posture,
    random_joints,
    rotation_from_rpy,
)
from neural_ik_ros.kinematics.angles import unwind_into
from neural_ik_ros.learning.data.set_definitions import STEP_SECONDS
from neural_ik_ros.solver import IkStatus

SEED = 7
NEAR = 0.1  # [rad] per joint


@dataclass(frozen=True, kw_only=True, eq=False)
class Problems:
    """Targets for one arm."""

    arm: Arm
    targets: Transform  # (n, 4, 4) [m]
    q_current: Joints  # (n, 6) [rad]


def solvable_problems(arm: Arm, q: Joints, q_current: Joints) -> Problems:
    """Return problems that ``q`` (n, 6) solves."""
    return Problems(arm=arm, targets=forward(arm, q), q_current=q_current)


def reachable_sets(arm: Arm, n: int) -> dict[str, Problems]:
    """Return the sets of n reachable targets by name."""
    rng = np.random.default_rng(SEED)
    q, q_current = random_joints(arm, rng, n), random_joints(arm, rng, n)
    near = np.clip(q + rng.uniform(-NEAR, NEAR, q.shape), arm.lower, arm.upper)
    limits, wrist = q.copy(), q.copy()
    wrist[:, 4] = rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-12.0, -2.0, n)
    rows, joints = np.arange(n), rng.integers(0, 6, n)
    limits[rows, joints] = np.where(rng.random(n) < 0.5, arm.lower[joints], arm.upper[joints])
    shoulder = near_shoulder_singularity(arm, q, rng)
    moved = rng.uniform(-1.0, 1.0, q.shape) * arm.velocity * rng.uniform(*STEP_SECONDS, (n, 1))
    return {
        'near': solvable_problems(arm, q, near),
        'step': solvable_problems(arm, q, np.clip(q - moved, arm.lower, arm.upper)),
        'far': solvable_problems(arm, q, joints_in_same_posture(arm, q, rng)),
        'any': solvable_problems(arm, q, q_current),
        'wrist': solvable_problems(arm, wrist, q_current),
        'shoulder': solvable_problems(arm, shoulder, q_current[: len(shoulder)]),
        'limits': solvable_problems(arm, limits, q_current),
    }


def calibrated_problems(nominal: Arm, seed: int, n: int) -> Problems:
    """Return problems as ``any`` on an arm that is not quite the nominal one."""
    arm, rng = calibrated_arm(nominal, seed), np.random.default_rng(seed)
    return solvable_problems(arm, *(random_joints(arm, rng, n) for _ in range(2)))


def unsolvable_problems(arm: Arm, n: int) -> Problems:
    """Return targets around the arm that no joints within the limits reach."""
    drawn = random_poses(4 * n + 16)
    is_solvable = np.array([expected_status(arm, target).is_solved for target in drawn])
    q_current = random_joints(arm, np.random.default_rng(SEED + 2), n)
    return Problems(arm=arm, targets=drawn[~is_solvable][:n], q_current=q_current)


def expected_status(arm: Arm, target: Transform) -> IkStatus:
    """Return the status of one target (4, 4) by all branches of an arm with a spherical wrist."""
    assert ClosedForm.from_arm(arm).is_exact  # noqa: S101 - else branches may be missing
    middle = np.zeros(6)
    found = branches(arm, target, middle)
    on_target = np.abs(forward(arm, found) - target).max(axis=(1, 2)) < 1e-6
    if any(unwind_into(q, middle, arm.lower, arm.upper) for q in found[on_target]):
        return IkStatus.SOLVED
    return IkStatus.OUTSIDE_LIMITS if on_target.any() else IkStatus.UNREACHABLE


def joints_in_same_posture(arm: Arm, q: Joints, rng: np.random.Generator) -> Joints:
    """Return random joints (n, 6), each in the posture of its row of ``q``."""
    signs, q_current = posture(arm, q), q.copy()
    todo = np.arange(len(q))
    while len(todo):
        drawn = random_joints(arm, rng, len(todo))
        is_same = is_same_posture(posture(arm, drawn), signs[todo])
        q_current[todo[is_same]] = drawn[is_same]
        todo = todo[~is_same]
    return q_current


def near_shoulder_singularity(arm: Arm, q: Joints, rng: np.random.Generator) -> Joints:
    """Return joints of the IRB2400 with the wrist centre 1e-12 to 1e-2 m from axis 1."""
    q, distance = q.copy(), rng.choice([-1.0, 1.0], len(q)) * 10.0 ** rng.uniform(-12, -2, len(q))
    a = 0.705 + 0.135 * np.cos(q[:, 2]) - 0.755 * np.sin(q[:, 2])
    b = 0.755 * np.cos(q[:, 2]) + 0.135 * np.sin(q[:, 2])
    q[:, 1] = np.arcsin((distance - 0.1) / np.hypot(a, b)) - np.arctan2(b, a)
    return q[is_within_limits(arm, q)]


def calibrated_arm(nominal: Arm, seed: int) -> Arm:
    """Return the arm with every frame off by up to 1 mm and 1 mrad about each axis."""
    rng = np.random.default_rng(seed)
    return replace(
        nominal,
        rotations=nominal.rotations @ rotation_from_rpy(rng.uniform(-1e-3, 1e-3, (7, 3))),
        translations=nominal.translations + rng.uniform(-1e-3, 1e-3, (7, 3)),
    )


def random_poses(n: int) -> Transform:
    """Return random poses (n, 4, 4) in a box around the arm, many of them out of reach."""
    rng = np.random.default_rng(SEED + 1)
    targets = np.tile(np.eye(4), (n, 1, 1))
    turns = rng.standard_normal((n, 4))
    w, x, y, z = (turns / np.linalg.norm(turns, axis=1, keepdims=True)).T
    targets[:, 0, :3] = np.stack(
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], 1
    )
    targets[:, 1, :3] = np.stack(
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], 1
    )
    targets[:, 2, :3] = np.stack(
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1
    )
    targets[:, :3, 3] = rng.uniform([-1.7, -1.7, -0.4], [1.7, 1.7, 2.2], (n, 3))
    return targets
