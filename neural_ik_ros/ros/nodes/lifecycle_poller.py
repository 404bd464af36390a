# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Asks the node ``neural_ik`` how it is; its answer tells that it has done what came before."""

from __future__ import annotations

from time import monotonic_ns

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.task import Future

from ...errors import NeuralIkError
from ...units import NS_PER_S

AGAIN_NS = NS_PER_S // 2  # answers get lost while nodes do not know each other
PAUSE_NS = NS_PER_S // 20  # between questions to a node that is not active yet
GIVE_UP_NS = 20 * NS_PER_S


class NodeLostError(NeuralIkError):
    """The node has ended, or hangs."""

    def __init__(self, name: str) -> None:
        super().__init__(f'{name} answers no more. Start it again, then play again.')


class LifecyclePoller:
    """
    One question at a time; the node answers it in turn, after the messages that came before.

    Make it after the publishers: who answers has learnt of them before.
    """

    def __init__(self, node: Node, name: str) -> None:
        """Ask nothing yet."""
        self._client = node.create_client(GetState, f'{name}/get_state')
        self._name = name
        self._question: Future | None = None
        self._asked_ns = self._first_ns = 0
        self.is_active = False

    @property
    def is_waiting(self) -> bool:
        """Whether a question is not answered yet."""
        return self._question is not None

    def ask(self) -> None:
        """Ask."""
        self._first_ns = monotonic_ns()
        self._send()

    def ask_now_and_then(self) -> None:
        """Ask, if the last time is some time ago."""
        if monotonic_ns() - self._asked_ns > PAUSE_NS:
            self.ask()

    def remind(self) -> None:
        """
        Ask again if there is no answer for long; to be called now and then.

        :raises NodeLostError: If there is none for very long.
        """
        now_ns = monotonic_ns()
        if self.is_active and now_ns - self._first_ns > GIVE_UP_NS:
            raise NodeLostError(self._name)
        if now_ns - self._asked_ns > AGAIN_NS:
            self._send()

    def _send(self) -> None:
        self._asked_ns = monotonic_ns()
        if self._question is not None:
            self._client.remove_pending_request(self._question)
        self._question = self._client.call_async(GetState.Request())
        self._question.add_done_callback(self._take)

    def _take(self, question: Future) -> None:
        state = question.result().current_state
        if question is self._question:
            self._question = None
            self.is_active = state.id == State.PRIMARY_STATE_ACTIVE
