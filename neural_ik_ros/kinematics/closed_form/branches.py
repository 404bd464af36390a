# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Every branch of an arm with a spherical wrist, as seeds for the refinement.

Pieper's decomposition (1968) for any geometry of the first three axes: the target gives the wrist
centre, joints 1 to 3 place it (``regional``), joints 4 to 6 orient the tool (``wrist_joints``).
Where the last three axes miss one another, as on a calibrated arm, the branches are off by about
as much, and the refinement makes them exact. Joint limits and equivalent turns are not considered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..angles import TAU
from ..arm import Arm
from ..chain import commanded_joints, frames_into
from ..compiled import compiled
from ..types import N_JOINTS, FloatArray, Joints, Transform, as_array
from ..wrist import fit_wrist_centre, wrist_centre_into
from .joints_1_to_3 import MAX_REGIONAL, PARALLEL_SINE, solve_regional_into
from .joints_4_to_6 import (
    FREE_JOINT_TOL_EXACT,
    MAX_WRIST_SOLUTIONS,
    N_FREE_ANGLES,
    wrist_joints_into,
)

MAX_AXIS_DISTANCE = 0.1  # [m] from the wrist centre: beyond it the wrist is not spherical at all
EXACT_AXIS_DISTANCE = 1e-9  # [m] up to here it is spherical to rounding
AXIS1_TOL = 1e-3  # [m] a wrist centre this near to axis 1 can be in front of it or behind
FREE_JOINT_TOL_APPROXIMATE = (
    0.02  # [m], [rad] FREE_TOL_EXACT of an arm whose branches are approximate
)
EXACT_MARGIN, APPROXIMATE_MARGIN = 1e-6, 0.05  # [rad], [m] see Separation
MAX_BRANCHES = MAX_REGIONAL * (2 + N_FREE_ANGLES) * MAX_WRIST_SOLUTIONS


# (3, 3): the wrist centre in link 3 and in the tool [m]; tolerance for free joints, 0, 0
WristParams: TypeAlias = FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """
    How far apart the branches of an arm are, where that follows from its posture.

    With axes 2 and 3 parallel and normal to axis 1, axis 5 normal to axes 4 and 6, and a spherical
    wrist, two branches of one target differ in the sign of the wrist and in joint 4 by pi, or in
    the elbow and joint 3 is mirrored at the straight elbow, or in the shoulder and joint 1 differs
    by twice ``atan2(|x|, |lateral|)``, ``x`` being its value in ``posture_values_into``.
    """

    margin: (
        float  # [rad], [m] of these distances, for arms that nearly are so; infinite for others
    )
    lateral: float  # [m] of the wrist centre along axis 2 from axis 1
    straight: float  # [rad] joint 3 with a straight elbow

    @classmethod
    def from_arm(cls, arm: Arm, wrist_distance: float) -> Separation:
        """
        Measure the geometry of an arm.

        :param wrist_distance: From the wrist centre to the farthest of its axes [m].
        """
        tool, frames, centre = np.empty((4, 4)), np.empty((6, 6)), np.empty(3)
        frames_into(arm.rotations, arm.translations, np.ones(N_JOINTS), tool, frames)
        wrist_centre_into(frames, centre)
        axes = frames[3:].T
        cosines = [axes[0] @ axes[1], axes[3] @ axes[4], axes[4] @ axes[5]]
        defect = max(np.linalg.norm(np.cross(axes[1], axes[2])), np.abs(cosines).max())
        lateral = float(axes[1] @ (centre - frames[:3, 0]))
        upper_arm, forearm = frames[:3, 2] - frames[:3, 1], centre - frames[:3, 2]
        across = np.eye(3) - np.outer(axes[1], axes[1])
        cosine = upper_arm @ across @ forearm
        bend = math.atan2(axes[1] @ np.cross(across @ upper_arm, across @ forearm), cosine)
        straight = 1.0 - math.copysign(bend, bend * float(axes[1] @ axes[2]))
        margin = math.inf
        # Joint errors bend these distances of commanded joints: no proof then.
        is_proven = arm.joint_errors is None
        if is_proven and max(defect, wrist_distance) <= FREE_JOINT_TOL_APPROXIMATE:
            is_exact = max(defect, wrist_distance) <= EXACT_AXIS_DISTANCE
            margin = EXACT_MARGIN if is_exact else APPROXIMATE_MARGIN
        return cls(margin=margin, lateral=lateral, straight=straight)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClosedForm:
    """Whether the branches of an arm are known in closed form, and what the kernels need."""

    wrist: WristParams
    is_known: bool  # the last three axes meet, at least nearly
    is_exact: bool  # they meet to rounding: a solution that is no branch does not exist
    axis_distance: float  # [m] from the wrist centre to the farthest of the last three axes
    separation: Separation

    @classmethod
    def from_arm(cls, arm: Arm) -> ClosedForm:
        """Return what the geometry of the arm allows."""
        fit = fit_wrist_centre(arm)
        is_exact = fit.max_distance <= EXACT_AXIS_DISTANCE
        free_joint_tol = FREE_JOINT_TOL_EXACT if is_exact else FREE_JOINT_TOL_APPROXIMATE
        wrist = np.stack([fit.in_link3, fit.in_tool, np.array([free_joint_tol, 0.0, 0.0])])
        # With axes 1 and 2 parallel the height depends on joint 3 alone: another decomposition.
        is_crossing = abs(float(arm.rotations[1, 2, 2])) < 1.0 - PARALLEL_SINE
        is_known = fit.max_distance <= MAX_AXIS_DISTANCE and is_crossing
        return cls(
            wrist=wrist,
            is_known=is_known,
            is_exact=is_known and is_exact,
            axis_distance=fit.max_distance,
            separation=Separation.from_arm(arm, fit.max_distance),
        )


def branches(arm: Arm, transform_base_tool: Transform, q_near: Joints) -> Joints:
    """
    Return joint angles (k, 6) [rad] near every branch of one pose, modulo whole turns.

    :param transform_base_tool: Shape (4, 4), translation in [m].
    :param q_near: Shape (6,) [rad], for joints that are free at a singularity.
    """
    known = ClosedForm.from_arm(arm)
    seeds = np.empty((MAX_BRANCHES, N_JOINTS))
    if not known.is_known:
        return seeds[:0]
    target = as_array('transform_base_tool', transform_base_tool, (4, 4))
    q_near = as_array('q_near', q_near, (N_JOINTS,))
    n = branches_into(arm.rotations, arm.translations, known.wrist, target, q_near, seeds)
    return commanded_joints(arm, seeds[:n])


@compiled
def branches_into(
    rotations: FloatArray,
    translations: FloatArray,
    wrist: WristParams,
    target: FloatArray,
    q_near: FloatArray,
    seeds: FloatArray,
    shift: float = 0.0,
) -> int:
    """
    Write the branches of a target (4, 4) into ``seeds`` (MAX_BRANCHES, 6); return how many.

    :param shift: Unless 0, only seeds whose joint 1 is free, at angles moved by this fraction, in
        (0, 1), of the spacing between two of them.
    """
    centre, regional = np.empty(3), np.empty((MAX_REGIONAL, 3))
    for i in range(3):
        centre[i] = 0.0
        for k in range(3):
            in_base = target[k, 3] - translations[0, k]
            for j in range(3):
                in_base += target[k, j] * wrist[1, j]
            centre[i] += rotations[0, k, i] * in_base
    heading, radius = math.atan2(centre[1], centre[0]), math.hypot(centre[0], centre[1])
    free_joint_tol, count = wrist[2, 0], 0
    for k in range(solve_regional_into(rotations, translations, wrist[0], centre, regional)):
        q2, q3, azimuth = regional[k]
        q = (heading - azimuth, q2, q3)
        if shift == 0.0:
            count = wrist_joints_into(rotations, target, q, q_near, free_joint_tol, seeds, count)
        if shift == 0.0 and radius < max(AXIS1_TOL, free_joint_tol):
            q = (heading - azimuth + math.pi, q2, q3)
            count = wrist_joints_into(rotations, target, q, q_near, free_joint_tol, seeds, count)
        for angle in range(N_FREE_ANGLES if radius < free_joint_tol else 0):
            q = (q_near[0] + (angle + shift) * TAU / N_FREE_ANGLES, q2, q3)
            count = wrist_joints_into(rotations, target, q, q_near, free_joint_tol, seeds, count)
    return count
