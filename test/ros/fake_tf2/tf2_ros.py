# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
A stand-in for tf2_ros, which has no wheels: the names, arguments and errors of the real one.

It knows frames that are fixed to, or move in, one parent; nothing longer. Its listener takes
single transforms instead of tf2_msgs/TFMessage, which has no wheels either.
"""

from __future__ import annotations

from collections import defaultdict

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

NO_TIME = Duration()


class TransformException(Exception):  # noqa: N818  the name of the real one
    """As the real ones, the root of the others."""


class LookupException(TransformException):
    pass


class ExtrapolationException(TransformException):
    pass


class InvalidArgumentException(TransformException):
    pass


class Buffer:
    def __init__(self) -> None:
        self._fixed: dict[tuple[str, str], TransformStamped] = {}
        self._moving: dict[tuple[str, str], list[TransformStamped]] = defaultdict(list)

    def set_transform(self, transform: TransformStamped, _authority: str) -> None:
        self._moving[transform.header.frame_id, transform.child_frame_id].append(transform)

    def set_transform_static(self, transform: TransformStamped, _authority: str) -> None:
        self._fixed[transform.header.frame_id, transform.child_frame_id] = transform

    def clear(self) -> None:
        self._moving.clear()

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = NO_TIME
    ) -> TransformStamped:
        assert timeout == NO_TIME, 'the real one sleeps'
        if not source_frame or source_frame.startswith('/'):
            raise InvalidArgumentException(f'Invalid argument {source_frame!r}')
        way = target_frame, source_frame
        if way in self._fixed:
            return self._fixed[way]
        known = self._moving.get(way)
        if not known:
            raise LookupException(f'"{source_frame}" passed to lookupTransform does not exist')
        if time.nanoseconds == 0:
            return known[-1]
        stamps = [Time.from_msg(one.header.stamp).nanoseconds for one in known]
        if not stamps[0] <= time.nanoseconds <= stamps[-1]:
            raise ExtrapolationException('Lookup would require extrapolation')
        return known[max(k for k, stamp in enumerate(stamps) if stamp <= time.nanoseconds)]


class TransformListener:
    def __init__(self, buffer: Buffer, node: Node, *, spin_thread: bool = False) -> None:
        assert not spin_thread
        self._node = node
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscriptions = [
            node.create_subscription(
                TransformStamped, '/tf', lambda one: buffer.set_transform(one, ''), 100
            ),
            node.create_subscription(
                TransformStamped,
                '/tf_static',
                lambda one: buffer.set_transform_static(one, ''),
                latched,
            ),
        ]

    def unregister(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
