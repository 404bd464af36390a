# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loop of ``neural_ik view`` without ROS: handle in, arm out, once a frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from viser import ViserServer

from ..kinematics import Transform, forward, invert
from .appearance import OTHER
from .follower import ArmFollower, Snapshot
from .panel import Button, Panel
from .readout import ghosts_of
from .scene import Scene
from .shapes import Shape
from .trail import PointTrail

FRAME_S = 1.0 / 60.0
SAME_POSE = 1e-6  # [m] and unitless: single precision of the browser


class LocalView:
    """Ties handle, follower, scene and panel together; ``frame`` is called from one thread."""

    def __init__(
        self,
        server: ViserServer,
        follower: ArmFollower,
        groups: Sequence[Sequence[Shape]],
        tool: Transform,
    ) -> None:
        """
        Add scene and panel.

        :param tool: Pose (4, 4) [m] of the tool, which the handle holds, in the tip of the arm.
        """
        self._server, self._follower = server, follower
        self._transform_tip_tool, self._transform_tool_tip = tool, invert(tool)
        self._scene = Scene(server, follower.arm, groups, tool)
        self._panel = Panel(
            server, follower.arm, follower.options, has_network=follower.has_network
        )
        self._trail = PointTrail()
        self._drawn: Snapshot | None = None
        self._placed = np.eye(4)
        self._place_handle()
        self._actions = {
            Button.NEXT_POSTURE: follower.go_to_next_posture,
            Button.HOME: follower.go_home,
            Button.RANDOM: follower.go_to_random_target,
            Button.PATH: follower.start_path,
        }

    def frame(self, dt: float) -> Snapshot:
        """Read handle and panel, advance the arm by ``dt`` seconds and draw what has changed."""
        follower = self._follower
        handle = self._scene.target
        if not np.allclose(handle, self._placed, rtol=0.0, atol=SAME_POSE):
            self._placed = handle
            follower.set_target(handle @ self._transform_tool_tip)
        for button in self._panel.pressed():
            self._actions[button]()
        self._panel.read_options()
        snapshot = follower.step(dt)
        with self._server.atomic():
            self._place_handle()
            self._scene.draw_arm(snapshot.q)
            if self._drawn is None or not _shows_the_same_ghosts(snapshot, self._drawn):
                self._scene.draw_ghosts(ghosts_of(snapshot))
            self._drawn = snapshot
            tool = forward(follower.arm, snapshot.q) @ self._transform_tip_tool
            if self._trail.add(tool[:3, 3]):
                self._scene.draw_trail('tool', self._trail, OTHER)
            self._panel.show(snapshot)
        self._server.flush()  # else it waits for up to a frame
        return snapshot

    def _place_handle(self) -> None:
        """Move the handle where the follower has set the target by itself."""
        pose = self._follower.target @ self._transform_tip_tool
        if not np.allclose(pose, self._placed, rtol=0.0, atol=SAME_POSE):
            self._placed = pose
            self._scene.place_handle(pose)


def run_frames(frame: Callable[[float], object], is_over: Callable[[], bool]) -> None:
    """Call ``frame`` with the time [s] since the last one, sixty times a second, until over."""
    last = due = time.monotonic()
    while not is_over():
        due = max(due + FRAME_S, time.monotonic())
        time.sleep(max(due - time.monotonic(), 0.0))
        now = time.monotonic()
        frame(now - last)
        last = now


def _shows_the_same_ghosts(a: Snapshot, b: Snapshot) -> bool:
    is_same = a.branches is b.branches and a.q_proposal is b.q_proposal
    return is_same and a.is_moving == b.is_moving
