# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Targets in other frames than the base of the arm, through TF where it is installed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from ...errors import MissingLibraryError
from ...interface.messages import InvalidMessage, PoseTarget, ns_from_time, transform_from_message
from ...units import NS_PER_S

try:
    import tf2_ros
except ImportError:  # it has no wheels
    tf2_ros = None

REMEDY = 'install it with sudo apt install ros-$ROS_DISTRO-tf2-ros-py, or set use_tf to false'


class Frames:
    """Transforms targets to the base frame through TF; never guesses and never waits."""

    def __init__(self, node: Node, base_frame: str, *, uses_tf: bool) -> None:
        """
        Listen to TF if it is used: its messages cost time on the node's only thread.

        :raises MissingLibraryError: If tf2_ros is needed and missing.
        """
        self._base_frame = base_frame
        self._last_now_ns = 0
        self._buffer: Any = None
        if not uses_tf:
            return
        if tf2_ros is None:
            raise MissingLibraryError('tf2_ros', REMEDY)
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def destroy(self) -> None:
        """Stop listening to TF."""
        if self._buffer is not None:
            self._listener.unregister()
            self._buffer = None

    def to_base(
        self, target: PoseTarget, *, now_ns: int, timeout_s: float
    ) -> PoseTarget | InvalidMessage:
        """
        Return the target in the base frame, or why it cannot be transformed.

        Without TF it stays in its frame.

        :param timeout_s: Largest age of the latest transform, accepted when there is none at the
            target's stamp.
        """
        frame = target.frame_id.removeprefix('/')
        if self._buffer is None or frame == self._base_frame:
            return target
        if now_ns < self._last_now_ns:
            self._buffer.clear()  # a bag that loops, or a simulation that was reset
        self._last_now_ns = now_ns
        return self._transformed(target, frame, max(target.stamp_ns or now_ns, 0), timeout_s)

    def to_base_at_stamp(
        self, target: PoseTarget, *, timeout_s: float
    ) -> PoseTarget | InvalidMessage:
        """
        Return the target in the base frame at its stamp; without one, by the latest transform.

        Thread-safe: keeps no state, and TF has its own lock.
        """
        if self._buffer is None:
            return target
        frame = target.frame_id.removeprefix('/')
        return self._transformed(target, frame, max(target.stamp_ns, 0), timeout_s)

    def _transformed(
        self, target: PoseTarget, frame: str, stamp_ns: int, timeout_s: float
    ) -> PoseTarget | InvalidMessage:
        try:
            found = self._look_up(frame, stamp_ns, timeout_s)
        except tf2_ros.TransformException as error:
            return InvalidMessage(reason=f'{frame!r}: {error}')
        transform_base_frame = transform_from_message(found)
        if isinstance(transform_base_frame, InvalidMessage):
            return InvalidMessage(reason=f'{frame!r}: {transform_base_frame.reason}')
        return replace(
            target,
            transform=transform_base_frame @ target.transform,
            frame_id=self._base_frame,
        )

    def _look_up(self, frame: str, stamp_ns: int, timeout_s: float) -> Any:
        """Return the transform at a time, or the latest one if that is near enough."""
        try:
            return self._buffer.lookup_transform(
                self._base_frame, frame, Time(nanoseconds=stamp_ns)
            )
        except tf2_ros.ExtrapolationException:
            latest = self._buffer.lookup_transform(self._base_frame, frame, Time())
            if abs(stamp_ns - ns_from_time(latest.header.stamp)) > timeout_s * NS_PER_S:
                raise
            return latest
