# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that RViz and Foxglove draw: where a tool has been, and how it is doing."""

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
TEXT_ABOVE = 0.12  # [m] over the target
LIFETIME_S = 2  # of a marker that is not published again
GOOD = ColorRGBA(r=0.25, g=0.75, b=0.25, a=1.0)
BAD = ColorRGBA(r=1.0, g=0.25, b=0.25, a=1.0)
NEUTRAL = ColorRGBA(r=1.0, g=0.75, b=0.0, a=1.0)


class Trail:
    """The places where a tool has been, thinned out; memory does not grow."""

    def __init__(self, *, spacing: float, length: int) -> None:
        """
        Start from nothing.

        :param spacing: Least distance between two places [m].
        :param length: Number of places, the oldest ones go.
        """
        self._spacing = spacing
        self._poses: deque[PoseStamped] = deque(maxlen=length)
        self._newest: FloatArray | None = None  # (3,) [m]

    def add(self, transform: Transform) -> None:
        """Take a pose (4, 4) of the tool, if it is far enough from the last one taken."""
        place = transform[:3, 3]
        if self._newest is not None and np.linalg.norm(place - self._newest) < self._spacing:
            return
        self._newest = place
        self._poses.append(PoseStamped(pose=pose_from_transform(transform)))

    def message(self, header: Header) -> Path:
        """Return the places, oldest first."""
        for pose in self._poses:
            pose.header = header
        return Path(header=header, poses=list(self._poses))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What there is to see around the tool."""

    transform_base_target: Transform  # (4, 4)
    transform_base_tool: Transform | None  # as measured
    status: str
    is_good: bool


def markers(scene: Scene, header: Header) -> MarkerArray:
    """Return a ball at the target, its status above it, and the way the tool has yet to go."""
    colour = GOOD if scene.is_good else BAD
    ball = _marker(header, 'target', Marker.SPHERE, colour)
    ball.pose = pose_from_transform(scene.transform_base_target)
    ball.scale.x = ball.scale.y = ball.scale.z = TARGET_DIAMETER
    text = _marker(header, 'status', Marker.TEXT_VIEW_FACING, colour)
    text.pose.position = _point(scene.transform_base_target)
    text.pose.position.z += TEXT_ABOVE
    text.scale.z, text.text = TEXT_HEIGHT, scene.status
    if scene.transform_base_tool is None:
        return MarkerArray(markers=[ball, text])
    way = _marker(header, 'way', Marker.LINE_STRIP, NEUTRAL)
    way.scale.x = LINE_WIDTH
    way.points = [_point(scene.transform_base_tool), _point(scene.transform_base_target)]
    return MarkerArray(markers=[ball, text, way])


def _marker(header: Header, name: str, kind: int, colour: ColorRGBA) -> Marker:
    return Marker(
        header=header, ns=name, type=kind, color=colour, lifetime=Duration(sec=LIFETIME_S)
    )


def _point(transform: Transform) -> Point:
    x, y, z = transform[:3, 3].tolist()
    return Point(x=x, y=y, z=z)
