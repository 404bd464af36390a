# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a person does to the motion: the services ``~/stop`` and ``~/resume``."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from std_srvs.srv import Trigger

NOT_ACTIVE = 'the node is not active'


class ArmServices:
    """Stops the arm smoothly, and lets it move again after a stop or a fault."""

    def __init__(self, node: Node, *, stop: Callable[[], str], resume: Callable[[], str]) -> None:
        """
        Offer the services.

        :param stop: Stops the arm; returns why it cannot, or nothing.
        :param resume: Acknowledges a stop or a fault; returns why it cannot, or nothing.
        """
        self._node = node
        self._services = [
            node.create_service(Trigger, name, self._answer_with(action))
            for name, action in (('~/stop', stop), ('~/resume', resume))
        ]

    def destroy(self) -> None:
        """Remove the services."""
        for service in self._services:
            self._node.destroy_service(service)

    @staticmethod
    def _answer_with(
        action: Callable[[], str],
    ) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
        def answer(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            problem = action()
            response.success, response.message = not problem, problem
            return response

        return answer
