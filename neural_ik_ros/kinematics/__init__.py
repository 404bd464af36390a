# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Geometry of a six-axis arm: pure functions of arrays, compiled where they are hot."""

from .angles import TAU, angular_distance, nearest_turn
from .arm import Arm, ArmError, CoupledLimit
from .chain import forward, jacobian, skeleton
from .closed_form.branches import Branches, branches
from .limits import is_within_limits, random_joints
from .posture import is_same_posture, posture
from .refine import RefineResult, lm_bounds, refine, unbounded_limits
from .se3 import invert, rotation_angle, rotation_from_rpy, se3_log, transform_from_xyz_rpy
from .singularity import manipulability, smallest_singular_value
from .types import N_JOINTS, ArrayShapeError, FloatArray, Joints, Transform, as_array
from .urdf import CorrectionError, UrdfError, arm_from_urdf, links_fixed_to

__all__ = [
    'N_JOINTS',
    'TAU',
    'Arm',
    'ArmError',
    'ArrayShapeError',
    'Branches',
    'CorrectionError',
    'CoupledLimit',
    'FloatArray',
    'Joints',
    'RefineResult',
    'Transform',
    'UrdfError',
    'angular_distance',
    'arm_from_urdf',
    'as_array',
    'branches',
    'forward',
    'invert',
    'is_same_posture',
    'is_within_limits',
    'jacobian',
    'links_fixed_to',
    'lm_bounds',
    'manipulability',
    'nearest_turn',
    'posture',
    'random_joints',
    'refine',
    'rotation_angle',
    'rotation_from_rpy',
    'se3_log',
    'skeleton',
    'smallest_singular_value',
    'transform_from_xyz_rpy',
    'unbounded_limits',
]
