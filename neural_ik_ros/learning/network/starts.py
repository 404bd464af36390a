# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the network's looks start: joints that stand for a posture, turned towards the target."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ...kinematics import N_JOINTS
from .estimate import PACKAGE, ArmLayer, batch_last
from .geometry import Tensor, posture_values, tool_error

NEAR = 1.0  # [rad] of error below which Newton from the current joints needs no network


@keras.saving.register_keras_serializable(PACKAGE)
class PostureStarts(ArmLayer):
    """
    A start in the posture of the current joints, then one on each other side.

    A side is a sign of shoulder and one of elbow; the wrist stays bent as it is. Of a rare posture
    see ``representatives``. Joint 1 is turned so that the wrist has the azimuth of the target's
    wrist, which is right where axes 4, 5 and 6 meet; it may be a turn outside its limits.
    """

    def __init__(self, representatives: list[Any], azimuths: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.representatives, self.azimuths = representatives, azimuths  # (8, k, 6), (8, k) [rad]

    def call(self, target: Tensor, q_current: Tensor) -> Tensor:
        """
        Return the starts, shape (n, k, 6) [rad].

        :param target: From ``TargetPose``, shape (n, 3, 5).
        :param q_current: Shape (n, 6) [rad].
        """
        signs = posture_values(self._arm, self._arm.frames(ops.transpose(q_current))) >= 0.0
        bits = ops.cast(signs, 'float32') * np.array([[1.0], [2.0], [4.0]], np.float32)
        code = ops.cast(ops.sum(bits, axis=0), 'int32')
        starts = ops.take(np.array(self.representatives, np.float32), code, axis=0)
        azimuth = ops.transpose(self._arm.azimuth(batch_last(target[:, :, 4:])))
        first = azimuth - ops.take(np.array(self.azimuths, np.float32), code, axis=0)
        return ops.concatenate([first[..., None], starts[..., 1:]], axis=-1)

    def compute_output_shape(self, target_shape: Any, q_current_shape: Any) -> Any:  # noqa: ARG002
        """Return the shape of the starts."""
        return (target_shape[0], len(self.representatives[0]), N_JOINTS)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        starts = {'representatives': self.representatives, 'azimuths': self.azimuths}
        return {**super().get_config(), **starts}


@keras.saving.register_keras_serializable(PACKAGE)
class NearStart(ArmLayer):
    """The current joints in place of the first start where they are near the target."""

    def call(self, target: Tensor, q_current: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """
        Return the start (n, 6) [rad] and what the network's answers count from it (n, 1).

        :return: 0 counts nothing: from current joints near the target Newton alone is exact.
        """
        _, size = tool_error(self._arm.frames(ops.transpose(q_current)), batch_last(target))
        is_far = ops.cast(ops.transpose(size) > NEAR, 'float32')
        return is_far * start + (1.0 - is_far) * q_current, is_far

    def compute_output_shape(
        self,
        target_shape: Any,
        q_current_shape: Any,  # noqa: ARG002
        start_shape: Any,
    ) -> Any:
        """Return the shapes of start and share."""
        return start_shape, (target_shape[0], 1)
