# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state that joint_trajectory_controller publishes, which it does only while it is active."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

from ...interface.streaming_node import StreamingNode
from ..runtime import qos
from .control_interfaces import JointTrajectoryControllerState

TOPIC = 'joint_trajectory_controller/controller_state'


class ControllerState:
    """Tells the node whether its controller is active, where control_msgs is installed."""

    def __init__(self, node: Node, streaming: StreamingNode) -> None:
        """Subscribe, if that is possible."""
        self._node, self._streaming = node, streaming
        self._subscription: Any = None
        if JointTrajectoryControllerState is not None:
            self._subscription = node.create_subscription(
                JointTrajectoryControllerState,
                TOPIC,
                self._on_state,
                qos.CONTROLLER_STATE_IN,
                qos_overriding_options=qos.overridable(),
            )

    def look(self) -> None:
        """Expect a state from a controller that offers to publish one; call it now and then."""
        if self._subscription is not None and self._node.count_publishers(
            self._subscription.topic_name
        ):
            self._streaming.expect_controller_state()

    def destroy(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _on_state(self, message: Any) -> None:
        self._streaming.on_controller_state(message.speed_scaling_factor)
