# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joints that stand for each posture of an arm, and how they are turned towards a target."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...kinematics import (
    N_JOINTS,
    Arm,
    FloatArray,
    Joints,
    Transform,
    forward,
    invert,
    posture_code,
    random_joints,
)
from ...kinematics.wrist import wrist_centre_in_tool

N_POSTURES = 8  # signs of shoulder (1), elbow (2) and wrist (4)
WRIST = 4
N_DRAWN = 20_000
SEED = 20260201  # fixed: an arm has the same representatives everywhere
RARE = 0.005  # of random joints: a posture this rare is none the arm works in


def representatives(arm: Arm) -> tuple[FloatArray, FloatArray]:
    """
    Return joints for each posture code (8, k, 6) and the azimuths of their wrists (8, k) [rad].

    The first of k is in the posture itself, or in the one most like it if the posture is rare. The
    others are on each other side of shoulder and elbow, the wrist bent the same way unless that is
    rare. Each is, of random joints in its posture, those next to their median, joint 1 at zero.
    """
    pool = random_joints(arm, np.random.default_rng(SEED), N_DRAWN)
    codes = posture_code(arm, pool)
    middles = {code: _middle(arm, pool[codes == code]) for code in _common(codes)}
    sides = sorted({code % WRIST for code in middles})
    rows = [_row(code, sides, middles) for code in range(N_POSTURES)]
    chosen = np.array([[middles[known] for known in row] for row in rows])
    chosen[..., 0] = 0.0
    return chosen, _azimuth(arm, forward(arm, chosen))


def _common(codes: NDArray[np.int64]) -> list[int]:
    """Return the codes that are not rare."""
    counts = np.bincount(codes, minlength=N_POSTURES)
    return [code for code in range(N_POSTURES) if counts[code] > RARE * len(codes)]


def _middle(arm: Arm, members: FloatArray) -> FloatArray:
    """Return the row of members (n, 6) next to their median, measured in ranges of the joints."""
    off = (members - np.median(members, axis=0)) / np.ptp(arm.first_turn, axis=0)
    middle: FloatArray = members[np.argmin((off**2).sum(axis=1))]
    return middle


def _row(code: int, sides: list[int], known: dict[int, FloatArray]) -> list[int]:
    """Return the known posture most like this one, then one on each of the other sides."""
    own = _most_like(code, known)
    row = [own]
    for side in sides:
        if side != own % WRIST:
            row.append(_most_like(side + (own & WRIST), [c for c in known if c % WRIST == side]))
    return row


def _most_like(code: int, known: Iterable[int]) -> int:
    """Return the known code with the fewest other signs, the smallest of several."""
    return min(known, key=lambda other: (bin(code ^ other).count('1'), other))


def facing_starts(arm: Arm, targets: Transform, q_current: Joints) -> Joints:
    """
    Return the start of each target in the posture of its current joints, (n, 6) [rad].

    As ``PostureStarts`` has it in the graph, here without Keras: joint 1 is turned so that the
    wrist has the azimuth of the target's wrist, which is right where axes 4, 5 and 6 meet.

    :param targets: Shape (n, 4, 4), [m].
    :param q_current: Shape (n, 6) [rad].
    """
    joints, azimuths = representatives(arm)
    codes = posture_code(arm, q_current)
    starts: Joints = joints[codes, 0]
    starts[:, 0] = _azimuth(arm, targets) - azimuths[codes, 0]
    return starts


def fixed_transforms(rotations: ArrayLike, translations: ArrayLike) -> Transform:
    """Return an arm's rotations (7, 3, 3) and translations (7, 3) [m] as poses (7, 4, 4)."""
    fixed = np.tile(np.eye(4), (N_JOINTS + 1, 1, 1))
    fixed[:, :3, :3], fixed[:, :3, 3] = rotations, translations
    return fixed


def _azimuth(arm: Arm, transform_base_tool: Transform) -> FloatArray:
    """Return where the wrists of tool poses (..., 4, 4) are about axis 1, (...,) [rad]."""
    tool = invert(arm.transform_base_joint1) @ transform_base_tool
    in_tool = wrist_centre_in_tool(arm.rotations, arm.translations)
    wrist = tool[..., :3, :3] @ in_tool + tool[..., :3, 3]
    azimuth: FloatArray = np.arctan2(wrist[..., 1], wrist[..., 0])
    return azimuth
