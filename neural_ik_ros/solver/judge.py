# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The judge: forward kinematics, limits, posture and joint step of a proposed answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kinematics import Arm, FloatArray, Joints, Transform
from ..kinematics.angles import unwind_into
from ..kinematics.chain import frames_into
from ..kinematics.compiled import compiled
from ..kinematics.newton import refine_batch
from ..kinematics.posture import posture_into
from ..kinematics.refine import free_limits, step_limits
from ..kinematics.se3 import rotation_vector_into

POSITION, ROTATION, ITERATIONS, STEP, INSIDE = range(5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """The ends of Newton from some seeds, unwound towards the current joints, and judged."""

    q: Joints  # (n, 6) [rad]
    signs: NDArray[np.int8]  # (n, 3) posture
    evidence: FloatArray  # (n, 5): see the column names above; INSIDE is 1 within the limits


class Judge:
    """Refines seeds on one arm and measures what came out; keeps nothing between calls."""

    def __init__(self, arm: Arm, *, tolerances: tuple[float, float]) -> None:
        """Take the arm and the tolerances [m], [rad] at which Newton may stop."""
        self._arm = arm
        # Newton goes a little beyond what is asked for, so that rounding cannot decide.
        self._tolerances = (0.1 * tolerances[0], 0.1 * tolerances[1])
        self._limits = step_limits(arm)
        self._no_limits = free_limits()
        limit = arm.coupled_limit
        self._coupled = (
            (0, 0, -math.inf, math.inf)
            if limit is None
            else (limit.first, limit.second, limit.lower, limit.upper)
        )

    def attempt(
        self,
        transforms: Transform,
        q_seeds: Joints,
        q_current: Joints,
        *,
        max_iterations: int,
        is_limited: bool = True,
    ) -> Attempt:
        """
        Refine and judge each seed.

        :param transforms: Targets (n, 4, 4), C-contiguous.
        :param q_seeds: Shape (n, 6) [rad], left unchanged.
        :param q_current: Shape (n, 6) [rad], what angles are unwound towards.
        """
        n = len(q_seeds)
        q, signs, evidence = q_seeds.copy(), np.empty((n, 3), np.int8), np.empty((n, 5))
        lower, upper = self._limits if is_limited else self._no_limits
        arm = self._arm
        _attempt_batch(
            (arm.rotations, arm.translations, lower, upper, arm.lower, arm.upper),
            self._coupled,
            (transforms, q_current),
            (q, signs, evidence),
            self._tolerances,
            max_iterations,
        )
        return Attempt(q=q, signs=signs, evidence=evidence)


@compiled
def _attempt_batch(
    arm: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray],
    coupled: tuple[int, int, float, float],
    problems: tuple[FloatArray, FloatArray],
    results: tuple[FloatArray, NDArray[np.int8], FloatArray],
    tolerances: tuple[float, float],
    max_iterations: int,
) -> None:
    rotations, translations, step_lower, step_upper, lower, upper = arm
    targets, q_current = problems
    q, signs, evidence = results
    refine_batch(
        rotations, translations, step_lower, step_upper, targets, q, evidence, tolerances,
        max_iterations,
    )  # fmt: skip
    tool, frames = np.empty((4, 4)), np.empty((6, 6))
    for i in range(q.shape[0]):
        is_inside = unwind_into(q[i], q_current[i], lower, upper)
        total = q[i, coupled[0]] + q[i, coupled[1]]
        is_inside = is_inside and coupled[2] <= total <= coupled[3]
        frames_into(rotations, translations, q[i], tool, frames)
        posture_into(frames, signs[i])
        evidence[i, 0], evidence[i, 1] = _tool_error(tool, targets[i])
        evidence[i, 3] = np.abs(q[i] - q_current[i]).max()
        evidence[i, 4] = 1.0 if is_inside else 0.0


@compiled
def _tool_error(tool: FloatArray, target: FloatArray) -> tuple[float, float]:
    """Return the distance [m] and the angle [rad] between two poses (4, 4)."""
    offset, vector = np.empty((3, 3)), np.empty(3)
    for i in range(3):
        for j in range(3):
            offset[i, j] = (
                tool[0, i] * target[0, j] + tool[1, i] * target[1, j] + tool[2, i] * target[2, j]
            )
    squared = 0.0
    for i in range(3):
        squared += (tool[i, 3] - target[i, 3]) ** 2
    return math.sqrt(squared), rotation_vector_into(offset, vector)
