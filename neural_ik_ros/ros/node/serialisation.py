# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Targets and commands as bytes, without a message object for each number.

Half of the time that a message takes goes into Python objects that live for a tenth of a
millisecond. What the templates and readers of ``interface.cdr`` do not know is left to the
middleware.
"""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import PoseStamped
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from ...interface.cdr import CdrError, TrajectoryTemplate, example_command, pose_from_cdr
from ...interface.messages import (
    InvalidMessage,
    PoseTarget,
    fill_trajectory,
    make_trajectory,
    target_from_pose,
    target_from_xyz_quat,
)
from ...motion import Command

RMWError = rclpy_implementation.RMWError


def target_from_bytes(content: bytes) -> PoseTarget | InvalidMessage:
    """Return the target in a serialised ``PoseStamped``, or why it is invalid."""
    try:
        return target_from_xyz_quat(*pose_from_cdr(content))
    except CdrError:  # the middleware says what is wrong, or reads another encoding
        pass
    try:
        return target_from_pose(deserialize_message(content, PoseStamped))
    except RMWError as error:
        return InvalidMessage(reason=f'no PoseStamped: {error}')


class TrajectorySerialiser:
    """Serialises commands with a limited number of points."""

    def __init__(self, joint_names: Sequence[str], max_points: int) -> None:
        """Make a template for each length, and drop those that this middleware misreads."""
        self._joint_names = joint_names
        templates = (TrajectoryTemplate(n, self._serialise) for n in range(1, max_points + 1))
        self._templates = {one.n: one for one in templates if self._reads_back(one)}

    def serialise(self, command: Command) -> bytes | None:
        """Return the bytes to publish, or None for a command that has no template."""
        template = self._templates.get(len(command.time_ns))
        return None if template is None else template.encode(command)

    def _reads_back(self, template: TrajectoryTemplate) -> bool:
        """Return whether the middleware reads other numbers in the template as intended."""
        command = example_command(template.n, seed=1)
        return template.is_found and bool(
            deserialize_message(template.encode(command), JointTrajectory)
            == self._message(command)
        )

    def _serialise(self, command: Command) -> bytes:
        content: bytes = serialize_message(self._message(command))
        return content

    def _message(self, command: Command) -> JointTrajectory:
        message = make_trajectory(self._joint_names)
        fill_trajectory(message, command)
        return message
