# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Outcomes that arise outside the solver; ``IkStatus`` has those of solving."""

from __future__ import annotations

from enum import Enum


class StreamStatus(Enum):
    """
    The state of the stream of targets; the value is the sentence shown to users.

    Those from ``STALE_JOINT_STATE`` on end a motion that is under way.
    """

    IDLE = 'waiting for a target'
    UNKNOWN_FRAME = 'the target is given in a frame that is not the base of the arm'
    STALE_TARGET = 'the stamp of the target is too far from the present'
    BAD_TWIST = 'the velocity cannot be followed'
    JOGGING = 'poses are refused while velocities are followed'
    OUTSIDE_WORKSPACE = 'the target, or the way to it, is outside the workspace of the tool'
    SOLUTION_JUMP = 'the joints would move much more than the target did'
    NO_JOINT_STATE = 'no joint state has arrived yet'
    CLOCKS_DIFFER = 'the clock of the controller is ahead of the clock of this computer'
    CONTROLLER_INACTIVE = 'the trajectory controller is not active'
    SPEED_SCALED = 'the controller does not run at full speed'
    STALE_JOINT_STATE = 'the last joint state is too old'
    NOT_FOLLOWING = 'the arm has not begun to move as commanded'
    FOLLOWING_ERROR = 'the arm is not where it was commanded to be'
    STOPPED = 'stopped on request'
    CLOCK_JUMP = 'the clock jumped back'
    COMMAND_OVERDUE = 'a command was due too long ago'
    GOAL_FAILED = 'the controller did not do what it was sent'
    ROBOT_DESCRIPTION_MISMATCH = 'robot_description does not describe the arm that is solved for'
    INTERNAL_ERROR = 'an unexpected error in the node'

    @property
    def is_solved(self) -> bool:
        """Always False: none of these comes with a solution."""
        return False

    @property
    def is_ok(self) -> bool:
        """Whether diagnostics show this status as OK instead of as a warning."""
        return self is StreamStatus.IDLE
