# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The controls beside the scene, and the readout."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from viser import ViserServer

from ..kinematics import Arm
from .follower import Snapshot, ViewOptions
from .readout import answer_text, branch_table, joint_bars

TEXT_PERIOD_S = 0.1  # between two texts of the readout


class Button(Enum):
    """The buttons, by their labels."""

    NEXT_POSTURE = 'Posture'
    HOME = 'Home'
    RANDOM = 'Random'
    PATH = 'Path'


OPTION_LABELS = {  # label and hint
    'motion_limits': ('Motion limits', 'Move as the node commands; else jump to the answer'),
    'branches': (
        'All solutions',
        'Green may be taken, blue needs another posture, red is refused',
    ),
    'proposal': ('Proposal', 'What the network proposes, before it is refined: amber'),
    'other_postures': ('Other postures', 'Allow them in moves that are not near'),
    'network_first': ('Network first', 'The node as shipped asks the current joints first'),
}


class Readout:
    """Texts (HTML) in the panel, each sent when it has changed, at most ten times a second."""

    def __init__(self, server: ViserServer, *titles: str) -> None:
        """Add a folder for each text."""
        self._texts: dict[str, Any] = {}
        for title in titles:
            with server.gui.add_folder(title):
                self._texts[title] = server.gui.add_html('')
        self._due_s = 0.0

    def show(self, texts: Callable[[], dict[str, str]]) -> None:
        """Show the texts, by their titles, if it is time for it."""
        now = time.monotonic()
        if now < self._due_s:
            return
        self._due_s = now + TEXT_PERIOD_S
        for title, text in texts().items():
            if self._texts[title].content != text:
                self._texts[title].content = text


class Panel:
    """Buttons, options and readout of ``ArmFollower``; callbacks only take note of a press."""

    def __init__(
        self, server: ViserServer, arm: Arm, options: ViewOptions, *, has_network: bool
    ) -> None:
        self._arm, self._options = arm, options
        self._pressed: queue.SimpleQueue[Button] = queue.SimpleQueue()
        labels = [button.value for button in Button]
        buttons = server.gui.add_button_group('Target', labels)
        buttons.on_click(lambda _event: self._pressed.put(Button(buttons.value)))
        self._readout = Readout(server, 'Answer', 'Joints', 'Solutions')
        self._boxes: dict[str, Any] = {}
        with server.gui.add_folder('Options'):
            for name, (label, hint) in OPTION_LABELS.items():
                if has_network or name not in ('network_first', 'proposal'):
                    is_ticked = getattr(options, name)
                    self._boxes[name] = server.gui.add_checkbox(label, is_ticked, hint=hint)

    def pressed(self) -> Iterator[Button]:
        """Yield the buttons pressed since the last call."""
        while not self._pressed.empty():
            yield self._pressed.get()

    def read_options(self) -> None:
        """Take the state of the boxes over into the options."""
        for name, box in self._boxes.items():
            setattr(self._options, name, bool(box.value))

    def show(self, snapshot: Snapshot) -> None:
        """Show the readout of a snapshot."""
        self._readout.show(
            lambda: {
                'Answer': answer_text(snapshot),
                'Joints': joint_bars(self._arm, snapshot.q),
                'Solutions': branch_table(snapshot.branches),
            }
        )
