# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik view --ros``: a running node in the browser, and targets for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.executors import Executor
from viser import ViserServer

from ...kinematics import forward
from ...view.appearance import ANSWER, OTHER, PROPOSAL, REFUSED, Ghost, css
from ...view.browser import served_page
from ...view.dead_man import DeadManBox
from ...view.local_view import FRAME_S
from ...view.panel import Readout
from ...view.readout import STYLE, joint_bars
from ...view.scene import Scene
from ...view.shapes import arm_shapes
from ...view.trail import PointTrail
from .watcher import NodeWatcher, watching

SHOWN_VALUES = 12  # of a status


def view_node(
    node_name: str,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """
    Serve a page that shows a node, until ``is_over``.

    :param announce: Called with the address of the page.
    :raises ProcessError: If the node does not answer, or the address cannot be listened on.
    """
    with watching(node_name) as (watcher, executor), served_page(host, port) as (server, url):
        view = NodeView(server, watcher)
        announce(url)
        while not is_over():
            _spin_for(executor, FRAME_S)
            with server.atomic():
                view.frame()


def _spin_for(executor: Executor, duration_s: float) -> None:
    """Call what is due until a time [s] has passed."""
    end_s = time.monotonic() + duration_s
    while (left_s := end_s - time.monotonic()) > 0.0:
        executor.spin_once(timeout_sec=left_s)


class NodeView:
    """Measured arm, newest solution, targets and status; a handle that commands if it may."""

    def __init__(self, server: ViserServer, watcher: NodeWatcher) -> None:
        self._watcher, self._frames = watcher, watcher.frames
        arm = watcher.arm
        groups = arm_shapes(watcher.description, arm, Path())
        self._scene = Scene(server, arm, groups, self._frames.transform_tip_tool)
        with server.gui.add_folder('Robot'):
            self._dead_man = DeadManBox(server)
        self._readout = Readout(server, 'Node', 'Joints')
        self._trails = {name: PointTrail() for name in ('target', 'solution', 'tool')}
        self._colours = {'target': PROPOSAL, 'solution': ANSWER, 'tool': OTHER}
        self._solution_shown: Any = None
        self._is_commanding = False

    def frame(self) -> None:
        """Draw what is new, and send the handle's pose while the box is held."""
        watcher = self._watcher
        if watcher.q_measured is None:
            self._dead_man.is_held()
        else:
            self._scene.draw_arm(watcher.q_measured)
            self._command()
        if watcher.q_solution is not None and watcher.q_solution is not self._solution_shown:
            self._solution_shown = watcher.q_solution
            self._scene.draw_ghosts([Ghost(q=watcher.q_solution, colour=ANSWER, opacity=0.25)])
        self._draw_trails()
        self._readout.show(self._texts)

    def _command(self) -> None:
        """Send the handle; where the box is not held, the handle follows the measured tool."""
        is_held = self._dead_man.is_held()
        if is_held and self._is_commanding:
            self._watcher.send_target(self._scene.target)
        else:  # also in the frame in which the box is ticked: the robot must not jump
            self._scene.place_handle(self._tool(self._watcher.q_measured))
        self._is_commanding = is_held

    def _tool(self, q: Any) -> Any:
        """Return the pose (4, 4) [m] of the tool in the base for joints (6,) [rad]."""
        return forward(self._watcher.arm, q) @ self._frames.transform_tip_tool

    def _draw_trails(self) -> None:
        watcher = self._watcher
        points = {
            'target': watcher.transform_base_target,
            'solution': None if watcher.q_solution is None else self._tool(watcher.q_solution),
            'tool': None if watcher.q_measured is None else self._tool(watcher.q_measured),
        }
        for name, pose in points.items():
            if pose is not None and self._trails[name].add(pose[:3, 3]):
                self._scene.draw_trail(name, self._trails[name], self._colours[name])

    def _texts(self) -> dict[str, str]:
        watcher = self._watcher
        q = watcher.q_measured
        bars = 'no joint states yet' if q is None else joint_bars(watcher.arm, q)
        return {'Node': status_text(watcher.status), 'Joints': bars}


def status_text(status: DiagnosticStatus) -> str:
    """Return a status as HTML; what it says is not trusted."""
    colour = css(ANSWER if status.level == DiagnosticStatus.OK else REFUSED)
    rows = [f'<b style="color:{colour}">{escape(status.message)}</b>']
    rows += [f'{escape(p.key)}: {escape(p.value)}' for p in status.values[:SHOWN_VALUES]]
    return f'<div style="{STYLE}">{"<br>".join(rows)}</div>'
