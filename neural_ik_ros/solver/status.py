# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Outcomes of the solver, each with a sentence for people."""

from __future__ import annotations

from enum import Enum


class IkStatus(Enum):
    """
    The outcome of solving one target; the value is the sentence shown to people.

    Only ``SOLVED`` and ``SOLVED_OTHER_POSTURE`` carry a command.
    """

    SOLVED = 'solved near the current joints, or in their posture'
    SOLVED_OTHER_POSTURE = 'solved, but shoulder, elbow or wrist changes its posture'
    OTHER_POSTURE = 'reachable only far away in another posture, which is not allowed'
    UNREACHABLE = 'outside the reach of the arm'
    OUTSIDE_LIMITS = 'within reach, but only with joints outside their limits'
    NEAR_SINGULARITY = 'the solution is closer to a singularity than allowed'
    STEP_TOO_LARGE = 'the solution is farther from the current joints than allowed'
    REJECTED = 'every solution was rejected by the validity check of the caller'
    BAD_TARGET = 'the target is not a finite rigid transform'
    BAD_JOINT_STATE = 'the current joints are not six angles within or near their limits'
    ITERATION_LIMIT = 'the search ended without an answer, and there may be one'

    @property
    def is_solved(self) -> bool:
        """Whether this status carries a command."""
        return self in (IkStatus.SOLVED, IkStatus.SOLVED_OTHER_POSTURE)

    @property
    def is_ok(self) -> bool:
        """Whether diagnostics show this status as OK instead of as a warning."""
        return self.is_solved


STATUSES = tuple(IkStatus)  # arrays hold the index of a status in it
