# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The solver's statuses as error codes of MoveIt."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from ..solver import IkStatus


class MoveItCode(IntEnum):
    """The values of moveit_msgs/msg/MoveItErrorCodes that the service returns."""

    SUCCESS = 1
    TIMED_OUT = -6
    INVALID_GROUP_NAME = -15
    INVALID_GOAL_CONSTRAINTS = -16
    INVALID_ROBOT_STATE = -17
    INVALID_LINK_NAME = -18
    FRAME_TRANSFORM_FAILURE = -21
    NO_IK_SOLUTION = -31
    FAILURE = 99999


CODE_OF_STATUS: Mapping[IkStatus, MoveItCode] = {
    IkStatus.SOLVED: MoveItCode.SUCCESS,
    IkStatus.SOLVED_OTHER_POSTURE: MoveItCode.SUCCESS,
    IkStatus.OTHER_POSTURE: MoveItCode.NO_IK_SOLUTION,
    IkStatus.UNREACHABLE: MoveItCode.NO_IK_SOLUTION,
    IkStatus.OUTSIDE_LIMITS: MoveItCode.NO_IK_SOLUTION,
    IkStatus.NEAR_SINGULARITY: MoveItCode.NO_IK_SOLUTION,
    IkStatus.STEP_TOO_LARGE: MoveItCode.NO_IK_SOLUTION,
    IkStatus.REJECTED: MoveItCode.NO_IK_SOLUTION,
    IkStatus.BAD_TARGET: MoveItCode.INVALID_GOAL_CONSTRAINTS,
    IkStatus.BAD_JOINT_STATE: MoveItCode.INVALID_ROBOT_STATE,
    IkStatus.ITERATION_LIMIT: MoveItCode.TIMED_OUT,
}
