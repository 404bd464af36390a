# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps warnings that arise a thousand times a second from flooding the log."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from ...units import NS_PER_S

LOG_PERIOD_NS = NS_PER_S  # for each topic
MAX_TOPICS = 64  # remembered


class WarningThrottle:
    """Logs at most one warning a second about each topic; for one thread."""

    def __init__(self, logger: Any) -> None:
        """Log to a logger of rclpy."""
        self._logger = logger
        self._warned_ns: dict[str, int] = {}

    def warn(self, topic: str, text: str) -> None:
        """Log the text, unless one about the same topic was logged within the last second."""
        if self._is_due(topic):
            self._logger.warning(text)

    def error(self, topic: str, text: str) -> None:
        """Log an error in the same way."""
        if self._is_due(topic):
            self._logger.error(text)

    def _is_due(self, topic: str) -> bool:
        now_ns = perf_counter_ns()
        if now_ns - self._warned_ns.get(topic, -LOG_PERIOD_NS) < LOG_PERIOD_NS:
            return False
        if len(self._warned_ns) >= MAX_TOPICS:
            self._warned_ns.clear()
        self._warned_ns[topic] = now_ns
        return True
