# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where Newton starts: the seed protocol, the current joints, and a table of stored seeds."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..kinematics import (
    Arm,
    FloatArray,
    Joints,
    Transform,
    forward,
    invert,
    manipulability,
    posture,
    random_joints,
)

TABLE_SIZE = 4096
TABLE_SEED = 20260101  # fixed: the same query gives the same answer on every machine
ROTATION_WEIGHT = 0.3  # [m/rad] how a rotation compares with a distance when seeds are ranked


class SeedPredictor(Protocol):
    """Whoever proposes joint angles: a network, the current joints, a closed form."""

    name: str

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """
        Return a guess of the joint angles that reach the target, close to the current ones.

        :param transform_base_tool: Shape (..., 4, 4), translation in [m].
        :param q_current: Shape (..., 6) [rad].
        :return: Shape (..., 6) [rad]; need not be inside the limits.
        """
        ...


class CurrentJoints:
    """The simplest predictor: stay where you are."""

    name = 'current'

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """Return the current joints (..., 6) [rad]."""
        del transform_base_tool
        return q_current


class SeedTable:
    """
    Stored joint angles, looked up by tool pose, as IKSel does (arXiv 2503.22234).

    The azimuth of the target is free: joint 1 of a stored seed is turned towards the target.
    """

    def __init__(self, arm: Arm) -> None:
        """Sample the arm once; about 1 ms."""
        rng = np.random.default_rng(TABLE_SEED)
        self._transform_joint1_base = invert(arm.transform_base_joint1)
        self._q = random_joints(arm, rng, TABLE_SIZE)
        self._posture = posture(arm, self._q)
        self._poses, azimuth = self._without_azimuth(forward(arm, self._q))
        self._q[:, 0] -= azimuth
        self._representatives = self._most_dexterous(manipulability(arm, self._q))

    def representatives(self, signs: NDArray[np.int8], azimuth_of: Transform) -> Joints:
        """
        Return one dexterous joint vector for each posture, best match with ``signs`` first.

        :param signs: Posture (3,) that is wanted.
        :param azimuth_of: Target (4, 4); joint 1 faces it.
        :return: Shape (k, 6) [rad].
        """
        q = self._q[self._representatives]
        agreement = (self._posture[self._representatives] * signs).sum(axis=1)
        return self._facing(q[np.argsort(-agreement, kind='stable')], azimuth_of)

    def nearest(self, transform_base_tool: Transform, signs: NDArray[np.int8], n: int) -> Joints:
        """
        Return the ``n`` stored seeds whose tool is nearest, those of the wanted posture first.

        :param signs: Posture (3,) that is wanted.
        :return: Shape (n, 6) [rad].
        """
        pose, _ = self._without_azimuth(transform_base_tool[None])
        offset = self._poses[:, :3, 3] - pose[0, :3, 3]
        cosine = 0.5 * (np.einsum('nij,ij->n', self._poses[:, :3, :3], pose[0, :3, :3]) - 1.0)
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        distance = np.einsum('ni,ni->n', offset, offset) + (ROTATION_WEIGHT * angle) ** 2
        is_other = (self._posture * signs < 0).any(axis=1)
        # Three quarters for the wanted posture, the rest for whatever reaches the target at all.
        n_other = n // 4
        wanted = np.argsort(distance + 1e6 * is_other, kind='stable')[: n - n_other]
        others = np.argsort(distance + 1e6 * ~is_other, kind='stable')[:n_other]
        return self._facing(self._q[np.concatenate([wanted, others])], transform_base_tool)

    def _without_azimuth(self, transforms: Transform) -> tuple[Transform, FloatArray]:
        """Return poses (n, 4, 4) turned about axis 1 into its x-z plane, and the turns (n,)."""
        poses = self._transform_joint1_base @ transforms
        azimuth: FloatArray = np.arctan2(poses[:, 1, 3], poses[:, 0, 3])
        turn = np.tile(np.eye(4), (len(poses), 1, 1))
        turn[:, 0, 0] = turn[:, 1, 1] = np.cos(azimuth)
        turn[:, 0, 1] = np.sin(azimuth)
        turn[:, 1, 0] = -turn[:, 0, 1]
        return turn @ poses, azimuth

    def _facing(self, q: Joints, transform_base_tool: Transform) -> Joints:
        q = q.copy()
        q[:, 0] += self._without_azimuth(transform_base_tool[None])[1][0]
        return q

    def _most_dexterous(self, measure: FloatArray) -> NDArray[np.intp]:
        """Return, for each strict posture that occurs, the row with the largest measure."""
        best: dict[tuple[int, ...], int] = {}
        for row in np.argsort(measure):
            signs = tuple(int(sign) for sign in self._posture[row])
            if 0 not in signs:
                best[signs] = int(row)
        return np.array([best[signs] for signs in sorted(best)], dtype=np.intp)
