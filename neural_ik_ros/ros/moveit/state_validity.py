# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Asks move_group, which has the planning scene, whether the arm may be somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from ...interface.position_ik import state_with
from ...kinematics import Joints
from .moveit_interfaces import GetStateValidity

TIMEOUT_S = 0.5  # for one state: move_group may itself be waiting for the answer to its request


class StateValidity:
    """
    A client of GetStateValidity with a node and an executor of its own.

    It is called inside the callback of a service, whose executor waits for that meanwhile.
    """

    def __init__(self, name: str, *, namespace: str) -> None:
        """
        Make the client; the service may come later.

        :param name: Of the service, fully qualified.
        """
        self._node = Node(
            'neural_ik_state_validity',
            namespace=namespace,
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._client = self._node.create_client(GetStateValidity, name)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)

    def __call__(self, request: Any, joint_names: Sequence[str], q: Joints) -> bool | None:
        """
        Return whether a state is valid, None if nobody answers.

        :param request: The ``PositionIKRequest`` whose state and group the question is about.
        :param joint_names: Of the arm, as in the request.
        :param q: Its joints (6,) [rad]; the others are those of the request.
        """
        if not self._client.service_is_ready():
            return None
        question = GetStateValidity.Request(group_name=request.group_name)
        question.robot_state = state_with(request.robot_state, joint_names, q)
        future = self._client.call_async(question)
        self._executor.spin_until_future_complete(future, timeout_sec=TIMEOUT_S)
        if not future.done():
            self._client.remove_pending_request(future)
            return None
        return bool(future.result().valid)

    def destroy(self) -> None:
        """Remove the client; not while it is called."""
        self._executor.shutdown()
        self._node.destroy_node()
