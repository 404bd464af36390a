# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM as a flag. Imports nothing heavy: it comes before everything else."""

from __future__ import annotations

import signal
from types import FrameType


class StopSignal:
    """
    Remembers that SIGINT or SIGTERM arrived, instead of raising in the middle of something.

    Context and executor stay valid until the spin loop has ended, so there is no race between
    a signal and a callback, and a node can still publish its last words.
    """

    def __init__(self) -> None:
        self.is_set = False
        self.raises = False  # KeyboardInterrupt, where waiting would take long and nothing moves

    @classmethod
    def installed(cls) -> StopSignal:
        """Return a new one that has taken over both signals; for the main thread."""
        stop = cls()
        signal.signal(signal.SIGINT, stop._remember)
        signal.signal(signal.SIGTERM, stop._remember)
        return stop

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
        if self.raises:
            raise KeyboardInterrupt


def ignore_signals() -> None:
    """Let nothing interrupt a teardown: a terminal and its launcher both send SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
