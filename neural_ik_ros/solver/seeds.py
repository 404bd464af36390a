# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Seeds of the refinement: the predictor protocol, the current joints, and stored seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..kinematics import (
    N_JOINTS,
    Arm,
    ClosedForm,
    FloatArray,
    Joints,
    Transform,
    forward,
    invert,
    posture,
    random_joints,
)
from ..kinematics.posture import code_from_signs
from .acceptance import Acceptance
from .batch import Records
from .problem import BRANCH, RESTART, RESTART_LONG, SolverOptions
from .stages import FEW_ITERATIONS

TABLE_SIZE = 4096
TABLE_SEED = 20260101  # fixed: the same query gives the same answer on every machine
LONG_FACTOR = 10  # times max_iterations: along the valley of a singularity progress is slow
RESTART_ITERATIONS = 15  # a next stored seed is worth more than patience with this one
ROTATION_WEIGHT = 0.3  # [m/rad] of rotations against distances when seeds are ranked


class SeedPredictor(Protocol):
    """Proposes joint angles: a network, or the current joints."""

    name: str

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """
        Return a guess of the joint angles that reach the target, close to the current ones.

        :param transform_base_tool: Shape (..., 4, 4), translation in [m].
        :param q_current: Shape (..., 6) [rad].
        :return: Shape (..., 6) [rad]; need not be inside the limits.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Seed source, acceptance rule and iteration limit of one stage of the search."""

    source: str
    acceptance: int  # an Acceptance, as the plain int that kernels take
    max_iterations: int  # from one seed


def make_stages(
    predictor: str, closed_form: ClosedForm, options: SolverOptions
) -> tuple[Stage, ...]:
    """
    Return the stages of the search in their order.

    Known branches come before a network that does not come first: they are quicker, and where
    they are exact nothing but rounding needs another seed.

    :param predictor: Name of the predictor.
    """
    sources = [CurrentJoints.name]
    if closed_form.is_known:
        sources.append(BRANCH)
    if predictor != CurrentJoints.name:
        sources.insert(len(sources) if options.current_joints_first else 0, predictor)
    if options.n_restarts > 0 and not closed_form.is_exact:
        sources += [RESTART, RESTART_LONG]
    return tuple(
        _make_stage(source, tuple(sources[index + 1 :]), closed_form.is_exact, options)
        for index, source in enumerate(sources)
    )


def _make_stage(
    source: str, following: tuple[str, ...], is_exact: bool, options: SolverOptions
) -> Stage:
    """
    Return the stage of a source; its rules depend on the sources that follow.

    Every answer that a later seed may find and the rule may prefer is waited for; stored seeds
    are tried only until there is an answer that the rule does not refuse.
    """
    acceptance, max_iterations = Acceptance.SETTLED, options.max_iterations
    if following in ((), (RESTART_LONG,)) or (source == BRANCH and is_exact):
        acceptance = Acceptance.ANY
    elif following[0] == RESTART or source == BRANCH:
        acceptance = Acceptance.KEPT
    if source == RESTART_LONG:
        max_iterations *= LONG_FACTOR
    elif source == RESTART:
        max_iterations = min(max_iterations, RESTART_ITERATIONS)
    elif BRANCH in following:
        max_iterations = min(max_iterations, FEW_ITERATIONS)
    return Stage(source=source, acceptance=int(acceptance), max_iterations=max_iterations)


class CurrentJoints:
    """The simplest predictor: the current joints."""

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
        self._poses, azimuth = self._split_azimuth(forward(arm, self._q))
        self._q[:, 0] -= azimuth

    def nearest(self, transform_base_tool: Transform, signs: NDArray[np.int8], n: int) -> Joints:
        """
        Return the ``n`` stored seeds whose tool is nearest, those of a posture first.

        :param signs: Posture (3,) of three quarters of the seeds.
        :return: Shape (n, 6) [rad].
        """
        pose, _ = self._split_azimuth(transform_base_tool[None])
        offset = self._poses[:, :3, 3] - pose[0, :3, 3]
        cosine = 0.5 * (np.einsum('nij,ij->n', self._poses[:, :3, :3], pose[0, :3, :3]) - 1.0)
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        distance = np.einsum('ni,ni->n', offset, offset) + (ROTATION_WEIGHT * angle) ** 2
        is_other = (self._posture * signs < 0).any(axis=1)
        n_other = n // 4  # of other postures: the target may be out of reach in this one
        same = np.argsort(distance + 1e6 * is_other, kind='stable')[: n - n_other]
        others = np.argsort(distance + 1e6 * ~is_other, kind='stable')[:n_other]
        return self._aim_joint1(self._q[np.concatenate([same, others])], transform_base_tool)

    def nearest_each(self, batch: Records, n: int) -> Joints:
        """Return ``nearest`` for the target and the current posture of each row, (m, n, 6)."""
        seeds = np.empty((len(batch), n, N_JOINTS))
        for k, row in enumerate(batch):
            seeds[k] = self.nearest(row['target'], row['signs'], n)
        return seeds

    def diverse_seeds(self, transforms: Transform, n: int) -> Joints:
        """
        Return for each target stored seeds of every posture, spread over the joint space.

        The stored seeds of a posture are divided into n parts; the nearest of each part is taken.

        :param transforms: Targets (m, 4, 4).
        :param n: Seeds of each posture.
        :return: Shape (m, k, 6) [rad].
        """
        poses, azimuth = self._split_azimuth(transforms)
        stored, wanted = _embed(self._poses), _embed(poses)
        squares = 0.5 * (stored**2).sum(axis=1)
        codes = code_from_signs(self._posture)
        parts = [
            part
            for code in np.unique(codes)
            for part in np.array_split(np.flatnonzero(codes == code), n)
            if len(part)
        ]
        nearest = [
            part[(squares[part] - wanted @ stored[part].T).argmin(axis=1)] for part in parts
        ]
        q: Joints = self._q[np.stack(nearest, axis=1)]
        q[..., 0] += azimuth[:, None]
        return q

    def _split_azimuth(self, transforms: Transform) -> tuple[Transform, FloatArray]:
        """Return poses (n, 4, 4) rotated about axis 1 to azimuth zero, and their azimuths (n,)."""
        poses = self._transform_joint1_base @ transforms
        azimuth: FloatArray = np.arctan2(poses[:, 1, 3], poses[:, 0, 3])
        rotation = np.tile(np.eye(4), (len(poses), 1, 1))
        rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(azimuth)
        rotation[:, 0, 1] = np.sin(azimuth)
        rotation[:, 1, 0] = -rotation[:, 0, 1]
        return rotation @ poses, azimuth

    def _aim_joint1(self, q: Joints, transform_base_tool: Transform) -> Joints:
        """Return stored seeds (n, 6) with joint 1 turned towards the target."""
        q = q.copy()
        q[:, 0] += self._split_azimuth(transform_base_tool[None])[1][0]
        return q


def _embed(poses: Transform) -> FloatArray:
    """Return poses (n, 4, 4) as points (n, 12) [m] whose distances rank poses as ``nearest``."""
    rotations = poses[:, :3, :3].reshape(-1, 9)
    return np.concatenate([poses[:, :3, 3], ROTATION_WEIGHT / np.sqrt(2.0) * rotations], axis=1)
