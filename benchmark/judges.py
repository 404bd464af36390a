# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Two independent measurements of every answer: by this package's kinematics and by pinocchio.

The second one shares nothing with the package: pinocchio reads a URDF written for the arm, and its
own logarithm measures the rotation, so that an error of ours cannot hide itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pinocchio
from numpy.typing import NDArray

from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    Joints,
    Transform,
    forward,
    is_within_limits,
    pose_error,
)

from .descriptions import TOOL, arm_urdf

SOLVED_TOL = 1e-5  # [m] and [rad]
EXACT_TOL = 1e-9
LIMIT_SLACK = 1e-6  # [rad] a peer may be beyond a limit
JUDGES_AGREE = 1e-11  # [m] and without unit, in any element of a pose


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdicts:
    """Errors of answers, the larger one of the two measurements."""

    is_answer: NDArray[np.bool_]  # (n,)
    position: FloatArray  # (n,) [m], infinite without an answer
    rotation: FloatArray  # (n,) [rad]
    is_inside: NDArray[np.bool_]  # (n,) within the limits
    disagreement: float  # largest difference between the poses of both

    def is_on_target(self, tolerance: float) -> NDArray[np.bool_]:
        """Return whether answers are on target and within the limits, (n,)."""
        return (self.position <= tolerance) & (self.rotation <= tolerance) & self.is_inside


class Judge:
    """Both judges of one arm."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._model = pinocchio.buildModelFromXML(arm_urdf(arm))
        self._data, self._tool = self._model.createData(), self._model.getFrameId(TOOL)

    def verdicts(self, q: Joints, targets: Transform) -> Verdicts:
        """
        Measure answers.

        :param q: Shape (n, 6) [rad], NaN for no answer.
        :param targets: Shape (n, 4, 4).
        :raises RuntimeError: If the two judges do not compute the same poses.
        """
        is_answer = np.isfinite(q).all(axis=1)
        known = np.where(is_answer[:, None], q, 0.0)
        ours, theirs = forward(self._arm, known), self._pinocchio_forward(known)
        disagreement = float(np.abs(ours - theirs).max(initial=0.0))
        if disagreement > JUDGES_AGREE:
            raise RuntimeError(f'the judges disagree by {disagreement:.1e}')
        errors = zip(pose_error(ours, targets), _pinocchio_error(theirs, targets), strict=True)
        position, rotation = (np.maximum(*pair) for pair in errors)
        return Verdicts(
            is_answer=is_answer,
            position=np.where(is_answer, position, np.inf),
            rotation=np.where(is_answer, rotation, np.inf),
            is_inside=is_within_limits(self._arm, known, margin=-LIMIT_SLACK),
            disagreement=disagreement,
        )

    def _pinocchio_forward(self, q: Joints) -> Transform:
        poses = np.empty((len(q), 4, 4))
        for row, joints in enumerate(q):
            pinocchio.framesForwardKinematics(self._model, self._data, joints)
            poses[row] = self._data.oMf[self._tool].homogeneous
        return poses


def _pinocchio_error(poses: Transform, targets: Transform) -> tuple[FloatArray, FloatArray]:
    """Return distances [m] and angles [rad] between poses (n, 4, 4), by pinocchio alone."""
    position, rotation = np.empty(len(poses)), np.empty(len(poses))
    for row, (pose, target) in enumerate(zip(poses, targets, strict=True)):
        offset = pinocchio.SE3(pose).actInv(pinocchio.SE3(target))
        position[row] = np.linalg.norm(offset.translation)
        rotation[row] = np.linalg.norm(pinocchio.log3(offset.rotation))
    return position, rotation
