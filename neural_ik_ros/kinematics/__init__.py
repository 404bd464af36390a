# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Geometry of a six-axis arm: pure functions of arrays, compiled on the hot path."""

from .angles import TAU, angular_distance, nearest_turn
from .arm import N_NODES, Arm, ArmError, CoupledLimit, JointErrors, JointErrorsError
from .arrays.predicted_accuracy import PredictedAccuracy, predicted_accuracy, tool_covariance
from .arrays.refine import RefineResult, lm_bounds, refine, true_lm_bounds, unbounded_limits
from .chain import commanded_joints, forward, jacobian, joint_positions, true_joints
from .closed_form.branches import ClosedForm, branches
from .limits import is_within_limits, random_joints
from .posture import is_same_posture, posture, posture_code
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
from .uncertainty import (
    N_ANGLES,
    N_TWISTS,
    Uncertainty,
    UncertaintyError,
    angle_index,
)
from .urdf.arms import (
    UrdfWarning,
    arm_from_urdf,
    axis_alignments,
    link_names,
    links_fixed_to,
)
from .urdf.tree import UrdfError

__all__ = [
    'N_ANGLES',
    'N_JOINTS',
    'N_NODES',
    'N_TWISTS',
    'TAU',
    'Arm',
    'ArmError',
    'ArrayShapeError',
    'ArrayTypeError',
    'ClosedForm',
    'CoupledLimit',
    'FloatArray',
    'JointErrors',
    'JointErrorsError',
    'Joints',
    'PredictedAccuracy',
    'RefineResult',
    'Transform',
    'Uncertainty',
    'UncertaintyError',
    'UrdfError',
    'UrdfWarning',
    'angle_index',
    'angular_distance',
    'arm_from_urdf',
    'as_array',
    'axis_alignments',
    'branches',
    'commanded_joints',
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
    'predicted_accuracy',
    'quat_from_rotation',
    'random_joints',
    'refine',
    'rotation_angle',
    'rotation_from_quat',
    'rotation_from_rpy',
    'se3_exp',
    'se3_log',
    'smallest_singular_value',
    'tool_covariance',
    'transform_from_xyz_quat',
    'transform_from_xyz_rpy',
    'true_joints',
    'true_lm_bounds',
    'unbounded_limits',
]
