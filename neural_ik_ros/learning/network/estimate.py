# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Layers that look at an estimate of the joint angles and change it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ...kinematics import N_JOINTS
from .geometry import (
    METRES_PER_RADIAN,
    GraphArm,
    Tensor,
    damped_step,
    frame_of,
    jacobian_transposed,
    length,
    posture_values,
    rotation_from_rpy,
    seen_from,
    tool_error,
)

PACKAGE = 'neural_ik_ros'  # under which Keras files name what is ours
LEAST_DAMPING = 2e-5  # less would be lost in float32 next to a singularity
DAMPING = 0.1  # of the squared error, as Sugihara has it: far away the step stays short
STRAIGHT = 0.3  # added to the cosines, so that an untrained network stays near the estimate
N_OBSERVED = 12 + 44 + 7 + 3 + 10 + 7


class ArmLayer(keras.layers.Layer):
    """A layer made from an arm's geometry."""

    def __init__(self, rotations: list[Any], translations: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rotations, self.translations = rotations, translations  # (7, 3, 3), (7, 3) [m]
        self._arm = GraphArm(rotations, translations)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        geometry = {'rotations': self.rotations, 'translations': self.translations}
        return {**super().get_config(), **geometry}


@keras.saving.register_keras_serializable(PACKAGE)
class TargetPose(ArmLayer):
    """The target as columns in base axes: rotation, position of tool and of wrist."""

    def call(self, numbers: Tensor) -> Tensor:
        """Return the columns (n, 3, 5) of the network's twelve inputs; positions in [m]."""
        pose = ops.transpose(numbers[:, :6])
        position = ops.reshape(pose[:3], (3, 1, -1))
        tool = ops.concatenate([rotation_from_rpy(pose[3:]), position], axis=1)
        columns = ops.concatenate([tool, self._arm.wrist_of_tool(tool)], axis=1)
        return ops.transpose(columns, (2, 0, 1))

    def compute_output_shape(self, numbers_shape: Any) -> Any:
        """Return the shape of the columns."""
        return (numbers_shape[0], 3, 5)


@keras.saving.register_keras_serializable(PACKAGE)
class EstimateView(ArmLayer):
    """
    What the arm's geometry says about an estimate of the joint angles.

    Everything is seen from a link, so that joint 1 drops out: where the target and its wrist are
    (the point of axis 6 nearest to axis 5), how the target is turned against link 1, forearm,
    link 4 and tool, the damped Newton step, and the signs of the posture, with which directions
    are also multiplied: they choose among the solutions.
    """

    def call(self, target: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return the observation (n, 83), the Newton step (n, 6) [rad] and the weight (n, 1).

        :param target: From ``TargetPose``, shape (n, 3, 5).
        :param q: The estimate, shape (n, 6) [rad].
        :return: The weight is 0 at the target, where the step is exact, and 1 far away.
        """
        target, q = batch_last(target), ops.transpose(q)
        frames = self._arm.frames(q)
        error, size, step = newton_step(frames, target)
        signs = _soft_sign(posture_values(self._arm, frames))
        directions = ops.swapaxes(ops.reshape(error / size, (2, 3, -1)), 0, 1)
        link1 = frame_of(frames, 0)
        places = target[:, 3:] - link1[:, 3:]
        seen = seen_from(link1[:, :3], ops.concatenate([directions, places], axis=1))
        observed = [
            ops.reshape(seen, (12, -1)),
            *self._rotations(frames, target[:, :3], signs[2:]),
            *self._reaches(frames, target[:, 4:], seen[:2, 3:], signs[:1]),
            signs,
            *(ops.sin(q[1:]), ops.cos(q[1:])),
            *(step / size, ops.tanh(size)),
        ]
        fourth = ops.square(ops.square(size))
        weight = fourth / (1.0 + fourth)
        return tuple(map(ops.transpose, (ops.concatenate(observed, axis=0), step, weight)))

    def _rotations(self, frames: Tensor, target: Tensor, wrist: Tensor) -> list[Tensor]:
        """Return the target's rotation seen from links, and how joint 4 is to turn (44, n)."""
        link1, link4, tool = (frames[k : k + 1, :, :3] for k in (0, 3, 6))
        forearm = self._arm.forearm(frames[2:3, :, :3])
        links = [link1, ops.reshape(forearm, (1, 3, 3, -1)), link4, tool]
        seen = seen_from(ops.concatenate(links, axis=0), target)
        rows = ops.reshape(seen[2:3], (3, 3, -1))
        axis6 = ops.reshape(self._arm.axis6(rows[:2]), (2, -1))
        bend = length(axis6)
        signed = ops.concatenate([axis6 / bend, ops.reshape(rows[2:], (3, -1))], axis=0)
        return [ops.reshape(seen, (36, -1)), axis6 / bend, wrist * signed, bend]

    def _reaches(
        self, frames: Tensor, wrist: Tensor, place: Tensor, shoulder: Tensor
    ) -> list[Tensor]:
        """Return where the wrist is to be as axes 1 and 2 see it (7, n)."""
        origin2 = frame_of(frames, 1)[:, 3:]
        current = self._arm.wrist_of_tool(frame_of(frames, N_JOINTS))
        radius = length(place)
        azimuth = ops.reshape(place, (2, -1)) / radius
        reaches = [length(wrist - origin2), length(current - origin2)]
        return [radius, azimuth, shoulder * azimuth, *reaches]

    def compute_output_shape(self, target_shape: Any, q_shape: Any) -> Any:  # noqa: ARG002
        """Return the shapes of observation, step and weight."""
        n = target_shape[0]
        return (n, N_OBSERVED), (n, N_JOINTS), (n, 1)


@keras.saving.register_keras_serializable(PACKAGE)
class NewtonStep(ArmLayer):
    """The estimate after one damped Newton step, nothing learned."""

    def call(self, target: Tensor, q: Tensor) -> Tensor:
        """Return the next estimate, shape (n, 6) [rad]."""
        frames = self._arm.frames(ops.transpose(q))
        return q + ops.transpose(newton_step(frames, batch_last(target))[2])


@keras.saving.register_keras_serializable(PACKAGE)
class EstimateChange(keras.layers.Layer):
    """
    The next estimate: Newton's near the target, the network's far away.

    ``q + (1 - w^2) step + atan2(w sine, 1 - w + w cosine)`` with sine and cosine of an answer
    scaled to less than one: the weight w falls with the fourth power of the error, and what the
    network adds with it, faster than the error of Newton's step does.
    """

    def call(self, q: Tensor, step: Tensor, weight: Tensor, answer: Tensor) -> Tensor:
        """
        Return the next estimate, shape (n, 6) [rad].

        :param answer: What the network answers, shape (n, 12): sines, then cosines.
        """
        sine, cosine = answer[:, :N_JOINTS], answer[:, N_JOINTS:] + STRAIGHT
        # At most of length one, so that the weight bounds the change.
        share = weight * ops.rsqrt(1.0 + ops.square(sine) + ops.square(cosine))
        change = ops.arctan2(share * sine, 1.0 - weight + share * cosine)
        return q + (1.0 - ops.square(weight)) * step + change


def newton_step(frames: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """
    Return error (6, n), its size (1, n) and the damped Newton step (6, n) [rad].

    The error is in units of ``METRES_PER_RADIAN`` and radians, base axes.

    :param frames: Of joints and tool, shape (7, 3, 4, n).
    :param target: Rotation and position as columns, shape (3, 4 or more, n).
    """
    error, size = tool_error(frames, target)
    scale = np.array(3 * [[1.0 / METRES_PER_RADIAN]] + 3 * [[1.0]], np.float32)
    damping = LEAST_DAMPING + DAMPING * ops.square(size)
    return error, size, damped_step(jacobian_transposed(frames) * scale, error, damping)


def batch_last(target: Tensor) -> Tensor:
    """Return what ``TargetPose`` returns, (n, 3, 5), as the geometry wants it, (3, 5, n)."""
    return ops.transpose(target, (1, 2, 0))


def _soft_sign(value: Tensor) -> Tensor:
    return value / ops.sqrt(ops.square(value) + 1e-4)
