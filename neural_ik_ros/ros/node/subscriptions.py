# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The subscriptions and timers of the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile

from ..runtime import qos

# The last one: whether the callback is given serialised messages.
Subscription: TypeAlias = tuple[type, str, Callable[[Any], None], QoSProfile, bool]
Timer: TypeAlias = tuple[float, Callable[[], None]]  # period [s]


class Subscriptions:
    """Subscriptions with quality of service that users may override, and timers."""

    def __init__(
        self, node: Node, subscriptions: Sequence[Subscription], timers: Sequence[Timer]
    ) -> None:
        """Subscribe and start the timers."""
        self._node = node
        self._subscriptions = [
            node.create_subscription(
                kind, topic, callback, profile, qos_overriding_options=qos.overridable(), raw=raw
            )
            for kind, topic, callback, profile, raw in subscriptions
        ]
        # A steady clock: simulated time may stand still, and the motion must end all the same.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timers = [
            node.create_timer(period_s, callback, clock=steady) for period_s, callback in timers
        ]

    def diagnostic_values(self) -> dict[str, str]:
        """Return the number of publishers of each topic, as values of diagnostics."""
        topics = [subscription.topic_name for subscription in self._subscriptions]
        return {f'publishers of {one}': f'{self._node.count_publishers(one)}' for one in topics}

    def destroy(self) -> None:
        """Unsubscribe and end the timers."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for timer in self._timers:
            self._node.destroy_timer(timer)
