# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that RViz and Foxglove draw: the path of a tool, its target and the status."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from ...interface.messages import pose_from_transform
from ...kinematics import FloatArray, Transform

TARGET_DIAMETER, LINE_WIDTH, TEXT_HEIGHT = 0.03, 0.006, 0.05  # [m]
TEXT_OFFSET = 0.12  # [m] above the target
LIFETIME_S = 2  # of a marker that is not published again
OK_COLOUR = ColorRGBA(r=0.25, g=0.75, b=0.25, a=1.0)
PROBLEM_COLOUR = ColorRGBA(r=1.0, g=0.25, b=0.25, a=1.0)
LINE_COLOUR = ColorRGBA(r=1.0, g=0.75, b=0.0, a=1.0)


class Trail:
    """The latest poses of a tool at a minimum spacing, in bounded memory."""

    def __init__(self, *, spacing: float, max_poses: int) -> None:
        """
        Start empty.

        :param spacing: Smallest distance between two poses [m].
        :param max_poses: Number of poses kept; the oldest are dropped.
        """
        self._spacing = spacing
        self._poses: deque[PoseStamped] = deque(maxlen=max_poses)
        self._newest: FloatArray | None = None  # (3,) [m]

    def add(self, transform: Transform) -> None:
        """Keep a pose (4, 4) of the tool if it is far enough from the last one kept."""
        position = transform[:3, 3]
        if self._newest is not None and np.linalg.norm(position - self._newest) < self._spacing:
            return
        self._newest = position
        self._poses.append(PoseStamped(pose=pose_from_transform(transform)))

    def path(self, header: Header) -> Path:
        """Return the poses, oldest first."""
        for pose in self._poses:
            pose.header = header
        return Path(header=header, poses=list(self._poses))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What is drawn around the target."""

    transform_base_target: Transform  # (4, 4)
    transform_base_tool: Transform | None  # as measured
    status: str
    is_ok: bool


def make_markers(scene: Scene, header: Header) -> MarkerArray:
    """Return a ball at the target, the status above it, and a line from the tool to the target."""
    colour = OK_COLOUR if scene.is_ok else PROBLEM_COLOUR
    ball = _marker(header, 'target', Marker.SPHERE, colour)
    ball.pose = pose_from_transform(scene.transform_base_target)
    ball.scale.x = ball.scale.y = ball.scale.z = TARGET_DIAMETER
    text = _marker(header, 'status', Marker.TEXT_VIEW_FACING, colour)
    text.pose.position = _point(scene.transform_base_target)
    text.pose.position.z += TEXT_OFFSET
    text.scale.z, text.text = TEXT_HEIGHT, scene.status
    if scene.transform_base_tool is None:
        return MarkerArray(markers=[ball, text])
    line = _marker(header, 'tool_to_target', Marker.LINE_STRIP, LINE_COLOUR)
    line.scale.x = LINE_WIDTH
    line.points = [_point(scene.transform_base_tool), _point(scene.transform_base_target)]
    return MarkerArray(markers=[ball, text, line])


def _marker(header: Header, name: str, kind: int, colour: ColorRGBA) -> Marker:
    return Marker(
        header=header, ns=name, type=kind, color=colour, lifetime=Duration(sec=LIFETIME_S)
    )


def _point(transform: Transform) -> Point:
    x, y, z = transform[:3, 3].tolist()
    return Point(x=x, y=y, z=z)
