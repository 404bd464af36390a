# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM as a flag. Imports nothing heavy: installed before other imports."""

from __future__ import annotations

import signal
from types import FrameType


class StopSignal:
    """
    Records SIGINT or SIGTERM instead of raising an exception at an arbitrary point.

    Context and executor stay valid until the spin loop has ended, so there is no race between
    a signal and a callback, and a node can still publish its final messages.
    """

    def __init__(self) -> None:
        self.is_set = False
        self.raises = False  # KeyboardInterrupt as well, for long waits in which nothing moves

    @classmethod
    def installed(cls) -> StopSignal:
        """Return an instance that handles both signals; call it on the main thread."""
        stop = cls()
        signal.signal(signal.SIGINT, stop._remember)
        signal.signal(signal.SIGTERM, stop._remember)
        return stop

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
        if self.raises:
            raise KeyboardInterrupt


def ignore_signals() -> None:
    """Ignore both signals during teardown: a terminal and its launcher both send SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
