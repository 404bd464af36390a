# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Polls the lifecycle state of a node; a reply implies that earlier messages were processed."""

from __future__ import annotations

from time import monotonic_ns

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.task import Future

from ...errors import ProcessError
from ...units import NS_PER_S

RETRY_NS = NS_PER_S // 2  # requests are lost while nodes have not discovered each other
POLL_PERIOD_NS = NS_PER_S // 20  # while the node is not active
REPLY_TIMEOUT_NS = 20 * NS_PER_S


class LifecyclePoller:
    """
    Sends one request at a time, which the node answers after the messages that came before.

    Create it after the publishers, so that a reply also implies that the node has discovered them.
    """

    def __init__(self, node: Node, name: str) -> None:
        """Create the client of a node with this fully qualified name."""
        self._client = node.create_client(GetState, f'{name}/get_state')
        self._name = name
        self._request: Future | None = None
        self._sent_ns = self._first_sent_ns = 0
        self.is_active = False

    @property
    def is_waiting(self) -> bool:
        """Whether a request has not been answered yet."""
        return self._request is not None

    def poll(self) -> None:
        """Send a request."""
        self._first_sent_ns = monotonic_ns()
        self._send()

    def poll_periodically(self) -> None:
        """Send a request if the last one was sent some time ago."""
        if monotonic_ns() - self._sent_ns > POLL_PERIOD_NS:
            self.poll()

    def retry(self) -> None:
        """
        Send the request again if there has been no reply for some time.

        :raises ProcessError: If an active node has not replied within the timeout.
        """
        now_ns = monotonic_ns()
        if self.is_active and now_ns - self._first_sent_ns > REPLY_TIMEOUT_NS:
            remedy = 'start it again, then play again'
            raise ProcessError(self._name, 'does not reply any more', remedy)
        if now_ns - self._sent_ns > RETRY_NS:
            self._send()

    def _send(self) -> None:
        self._sent_ns = monotonic_ns()
        if self._request is not None:
            self._client.remove_pending_request(self._request)
        self._request = self._client.call_async(GetState.Request())
        self._request.add_done_callback(self._on_reply)

    def _on_reply(self, request: Future) -> None:
        state = request.result().current_state
        if request is self._request:
            self._request = None
            self.is_active = state.id == State.PRIMARY_STATE_ACTIVE
