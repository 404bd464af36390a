# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The continuous choice among the branches along a whole path, by dynamic programming.

``solve`` sees one target and can follow a branch into a dead end. Here every branch of every
target, at all its turns, is a node, and the cheapest way through all of them is taken: fewest
breaks first, then fewest changes of posture, then the least total of the largest movements.

A break is a target without an answer, or to which a joint moves more than ``NEAR_STEP`` from the
one before, or more than ``max_joint_step`` where that is less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kinematics import FloatArray, Joints, Transform, nearest_turn, posture
from .acceptance import NEAR_STEP
from .branches import SAME_JOINTS, without_doubles
from .status import IkStatus

if TYPE_CHECKING:
    from .ik_solver import IkSolver

BREAK_COST, POSTURE_COST = 1e9, 1e4  # against the total of the movements [rad]
MAX_NODES = 256  # of one target; the nearest to those of the target before are kept

Validity = Callable[[Joints], bool]  # of joints (6,): whether the caller accepts them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IkPath:
    """Joints along a path of targets, and where they are not continuous."""

    q: Joints  # (n, 6) [rad], NaN where a target has no answer
    statuses: tuple[IkStatus, ...]  # n; solved, or why a target has no answer
    breaks: tuple[
        int, ...
    ]  # targets to which a joint jumps from the one before, or that have none
    posture_changes: tuple[int, ...]  # targets whose posture differs from that of the one before
    max_joint_step: FloatArray  # (n,) [rad] from the one before, from the current joints at first

    @property
    def is_continuous(self) -> bool:
        """Whether every target has an answer and no joint jumps between two of them."""
        return not self.breaks


def solve_path(
    solver: IkSolver, targets: Transform, q_current: Joints, is_valid: Validity | None
) -> IkPath:
    """
    Return the cheapest way through the branches of all targets.

    :param targets: Shape (n, 4, 4), [m].
    :param q_current: Shape (6,) [rad]; the move from there to the first target may be large.
    """
    layers, statuses = _layers(solver, targets, q_current, is_valid)
    jump = min(NEAR_STEP, solver.options.max_joint_step)
    chosen = _cheapest(solver, layers, q_current, jump)
    nothing = np.full(6, np.nan)
    q = np.array([nothing if k < 0 else layer[k] for layer, k in zip(layers, chosen, strict=True)])
    q = q.reshape(-1, 6)
    before = np.concatenate([q_current[None], q[:-1]])
    steps = np.abs(q - before).max(axis=1)
    is_break = ~(steps <= jump)
    is_break[:1] = np.isnan(q[:1]).any(axis=1)
    signs = posture(solver.arm, np.where(np.isnan(q), 0.0, q))
    signs_before = posture(solver.arm, np.where(np.isnan(before), 0.0, before))
    is_changed = (signs * signs_before < 0).any(axis=1) & np.isfinite(steps)
    return IkPath(
        q=q,
        statuses=statuses,
        breaks=tuple(np.flatnonzero(is_break).tolist()),
        posture_changes=tuple(np.flatnonzero(is_changed).tolist()),
        max_joint_step=steps,
    )


def _layers(
    solver: IkSolver, targets: Transform, q_current: Joints, is_valid: Validity | None
) -> tuple[list[Joints], tuple[IkStatus, ...]]:
    """
    Return the nodes (k, 6) of every target, and its status.

    Beside all branches they hold the answers nearest to each node of the target before: on a
    singularity, where answers form a curve, these continue it.
    """
    layers: list[Joints] = []
    statuses: list[IkStatus] = []
    before = q_current[None]
    for target in targets:
        branches = solver.branches(target)
        nodes = [
            np.where(solver.arm.is_continuous, nearest_turn(branch.q, before[0]), branch.q)
            for branch in branches
            if branch.status.is_solved
        ]
        following = solver.solve_batch(np.tile(target, (len(before), 1, 1)), before)
        is_near = following.is_solved & (following.max_joint_step <= NEAR_STEP)
        layer = without_doubles(
            np.array([*following.q[is_near], *nodes]).reshape(-1, 6), SAME_JOINTS
        )
        status = IkStatus.SOLVED
        if not len(layer):
            status = solver.solve(target, q_current).status
            status = IkStatus.OUTSIDE_LIMITS if status.is_solved else status
        if is_valid is not None and len(layer):
            layer = np.array([q for q in layer if is_valid(q.copy())]).reshape(-1, 6)
            status = status if len(layer) else IkStatus.REJECTED
        if len(layer) > MAX_NODES:
            distances = np.abs(layer[:, None] - before).max(axis=2).min(axis=1)
            layer = layer[np.argsort(distances, kind='stable')[:MAX_NODES]]
        layers.append(layer)
        statuses.append(status)
        before = layer if len(layer) else before
    return layers, tuple(statuses)


def _cheapest(
    solver: IkSolver, layers: Sequence[Joints], q_current: Joints, jump: float
) -> list[int]:
    """Return the index of the node to take in each layer, -1 in an empty one."""
    total = np.zeros(1)
    before, signs_before = q_current[None], posture(solver.arm, q_current)[None]
    parents: list[NDArray[np.int64]] = []
    for index, layer in enumerate(layers):
        if not len(layer):
            parents.append(np.empty(0, np.int64))
            continue
        steps = np.abs(layer[:, None] - before).max(axis=2)
        signs = posture(solver.arm, layer)
        is_changed = (signs[:, None] * signs_before < 0).any(axis=2)
        cost = total + steps + POSTURE_COST * is_changed
        if index > 0:
            cost = cost + BREAK_COST * (steps > jump)
        parents.append(cost.argmin(axis=1))
        total, before, signs_before = cost.min(axis=1), layer, signs
    chosen = [-1] * len(layers)
    node = int(total.argmin())
    for index in range(len(layers) - 1, -1, -1):
        if len(layers[index]):
            chosen[index] = node
            node = int(parents[index][node])
    return chosen
