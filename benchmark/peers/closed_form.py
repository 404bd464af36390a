# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Closed forms: every branch of an arm that has one; the nearest is chosen here, compiled."""

from __future__ import annotations

import math

import numpy as np

from neural_ik_ros.kinematics import Arm, Joints, Transform

from ..descriptions import fixed_parts
from .adapter import REQUESTED_TOL, Adapter, RefusedArmError, Solve, nearest

# Published OPW parameters [m] of the IRB2400/10 (Jmeyer1292/opw_kinematics, Apache-2.0).
OPW_LENGTHS = {'a1': 0.1, 'a2': -0.135, 'b': 0.0}
OPW_LENGTHS |= {'c1': 0.615, 'c2': 0.705, 'c3': 0.755, 'c4': 0.085}
OPW_OFFSETS = (0.0, 0.0, -0.5 * math.pi, 0.0, 0.0, 0.0)


def _opw(arm: Arm) -> Solve:
    """Return the closed form of the nominal arm, also for an arm that is off from it."""
    from py_opw_kinematics import KinematicModel, Robot
    from scipy.spatial.transform import RigidTransform

    robot = Robot(KinematicModel(**OPW_LENGTHS, offsets=OPW_OFFSETS), degrees=False)

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        # ``inverse`` loses more branches of poses in the wrist singularity than this does.
        found = robot.reach(RigidTransform.from_matrix(target[None]))
        return nearest(arm, found.joints[0], q_current)

    return solve


def _eaik(arm: Arm) -> Solve:
    from eaik.IK_Homogeneous import HomogeneousRobot

    in_base = np.eye(4)
    frames = np.array([in_base := in_base @ part for part in fixed_parts(arm)])
    robot = HomogeneousRobot(frames)
    if not robot.hasKnownDecomposition():
        raise RefusedArmError('EAIK', robot.getKinematicFamily())

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        found = robot.IK(target)
        q, is_exact = np.asarray(found.Q), ~np.asarray(found.is_LS, dtype=bool)
        if not is_exact.any():
            # Least-squares candidates are near misses, or as good as exact near a singularity.
            misses = [np.abs(robot.fwdKin(joints) - target).max() for joints in q]
            is_exact = np.array(misses) < REQUESTED_TOL
        return nearest(arm, q[is_exact], q_current) if is_exact.any() else None

    return solve


def _ssik(arm: Arm) -> Solve:
    import ssik

    limits = np.stack([arm.lower, arm.upper], axis=1)
    robot = ssik.Manipulator.from_transforms(fixed_parts(arm), limits=limits)
    if 'general' in robot.solver_name:
        raise RefusedArmError('ssik', 'general 6R; its preparation takes minutes for each arm')

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        found = robot.solve(target, q_seed=q_current, max_solutions=1)
        return found[0].q if found else None

    return solve


ADAPTERS = (
    Adapter(
        name='py-opw-kinematics',
        package='py-opw-kinematics',
        kind='closed form',
        call='reach; turns and choice by the adapter',
        build=_opw,
    ),
    Adapter(
        name='EAIK',
        package='EAIK',
        kind='closed form',
        call='IK; turns and choice by the adapter',
        build=_eaik,
    ),
    Adapter(
        name='ssik',
        package='ssik',
        kind='closed form',
        call='solve with q_seed and max_solutions=1',
        build=_ssik,
    ),
)
