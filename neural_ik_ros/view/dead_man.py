# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The box that must be ticked, by a client that is still there, while a robot is commanded."""

from __future__ import annotations

from typing import Any

from viser import ViserServer

LABEL = 'Command the robot'
HINT = 'Dead-man box: the handle is sent to the node while this is ticked and the page is open'


class DeadManBox:
    """Is released by unticking, and when the client that ticked it is gone."""

    def __init__(self, server: ViserServer) -> None:
        """Add the box, not ticked."""
        self._server = server
        self._holder: int | None = None
        self._box = server.gui.add_checkbox(LABEL, False, hint=HINT)
        self._box.on_update(self._on_update)

    def _on_update(self, event: Any) -> None:
        if event.client_id is not None:  # else it was set here
            self._holder = event.client_id if self._box.value else None

    def is_held(self) -> bool:
        """Return whether the robot may be commanded now."""
        if self._holder is not None and self._holder not in self._server.get_clients():
            self._holder = None
        if self._holder is None and self._box.value:
            self._box.value = False
        return self._holder is not None
