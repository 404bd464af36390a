# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Geometry of a six-axis arm: pure functions of arrays, compiled on the hot path."""

from .angles import TAU, angular_distance, nearest_turn
from .arm import Arm, ArmError, CoupledLimit
from .chain import forward, jacobian, joint_positions
from .closed_form.branches import ClosedForm, branches
from .limits import is_within_limits, random_joints
from .posture import is_same_posture, posture, posture_code
from .refine import RefineResult, lm_bounds, refine, unbounded_limits
from .se3 import (
    invert,
    pose_error,
    quat_from_rotation,
    rotation_angle,
    rotation_from_quat,
    rotation_from_rpy,
    se3_exp,
    se3_log,
    transform_from_xyz_quat,
    transform_from_xyz_rpy,
)
from .singularity import smallest_singular_value
from .types import (
    N_JOINTS,
    ArrayShapeError,
    ArrayTypeError,
    FloatArray,
    Joints,
    Transform,
    as_array,
)
from .urdf import UrdfError, arm_from_urdf, link_names, links_fixed_to

__all__ = [
    'N_JOINTS',
    'TAU',
    'Arm',
    'ArmError',
    'ArrayShapeError',
    'ArrayTypeError',
    'ClosedForm',
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
    'joint_positions',
    'link_names',
    'links_fixed_to',
    'lm_bounds',
    'nearest_turn',
    'pose_error',
    'posture',
    'posture_code',
    'quat_from_rotation',
    'random_joints',
    'refine',
    'rotation_angle',
    'rotation_from_quat',
    'rotation_from_rpy',
    'se3_exp',
    'se3_log',
    'smallest_singular_value',
    'transform_from_xyz_quat',
    'transform_from_xyz_rpy',
    'unbounded_limits',
]
