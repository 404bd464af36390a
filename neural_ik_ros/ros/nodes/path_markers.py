# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Node ``path_markers``: paths of targets, solutions and tool for RViz and Foxglove.

A process of its own, on any machine: publishing a path of 500 poses takes longer than a target
takes ``neural_ik``, and would block its single thread.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String
from visualization_msgs.msg import MarkerArray

from ...errors import ConfigError
from ...interface.description_check import add_prefix
from ...interface.joint_merger import JointMerger
from ...interface.messages import JointReader, JointReading, PoseTarget, target_from_pose
from ...interface.parameter_schema import parameter
from ...kinematics import Transform, UrdfError, arm_from_urdf, forward
from ...kinematics.urdf.target_frames import (
    FrameSettings,
    TargetFrames,
    fixed_links,
    target_frames,
)
from ...urdf_file import read_urdf, shipped_urdf
from ..runtime import qos
from ..runtime.parameters import declare_parameters
from .markers import Scene, Trail, make_markers

TARGET, SOLUTION, TOOL = 'target', 'solution', 'tool'
PATHS = (TARGET, SOLUTION, TOOL)
TARGET_SHOWN_S = 1.0  # after its arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class PathMarkersConfig:
    """Parameters of the node ``path_markers``."""

    rate_hz: float = parameter(10.0, 'Paths and markers per second', unit='Hz', low=1.0, high=60.0)
    spacing_m: float = parameter(
        0.005, 'Smallest distance between the poses of a path', unit='m', low=0.0, high=1.0
    )
    max_poses: int = parameter(
        300, 'Number of poses in a path; the oldest are dropped', low=2, high=5000
    )
    prefix: str = parameter('', 'Prefix of joint and frame names, e.g. left_')
    base_frame: str = parameter('base_link', 'Frame that targets are given in')
    tool_frame: str = parameter('', 'Link that targets are poses of; empty for the tip of the arm')
    tool: tuple[float, ...] = parameter(
        FrameSettings().tool,
        'Tip of the tool in tool_frame: x, y, z [m], roll, pitch, yaw [rad]',
        low=-10.0,
        high=10.0,
        size=6,
    )


class PathMarkers(Node):
    """Keeps the paths of targets, solutions and the tool, and publishes them to subscribers."""

    def __init__(self) -> None:
        super().__init__('path_markers')
        self._config = declare_parameters(self, PathMarkersConfig)
        self._trails = {
            name: Trail(spacing=self._config.spacing_m, max_poses=self._config.max_poses)
            for name in PATHS
        }
        self._frames: TargetFrames | None = None  # until a description has them
        with suppress(ConfigError):  # a frame or tool that only robot_description has
            self._use_description(add_prefix(read_urdf(shipped_urdf()), self._config.prefix))
        self._transform_base_target: Transform | None = None
        self._transform_base_tool: Transform | None = None
        self._target_s = 0.0
        self._status, self._is_ok = '', True
        self._make_subscriptions()
        self._paths = {
            name: self.create_publisher(Path, f'~/{name}_path', qos.MARKERS_OUT) for name in PATHS
        }
        self._markers = self.create_publisher(MarkerArray, '~/markers', qos.MARKERS_OUT)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._config.rate_hz, self._publish, clock=steady)

    def _make_subscriptions(self) -> None:
        subscriptions = (
            (String, 'robot_description', self._on_description, qos.ROBOT_DESCRIPTION),
            (PoseStamped, 'neural_ik/target_pose', self._on_target, qos.POSE_IN),
            (JointState, 'neural_ik/solution', self._on_solution, qos.SOLUTION_OUT),
            (DiagnosticStatus, 'neural_ik/status', self._on_status, qos.STATUS_OUT),
            (JointState, 'joint_states', self._on_joints, qos.JOINT_STATES_IN),
        )
        for kind, topic, callback, profile in subscriptions:
            self.create_subscription(kind, topic, callback, profile)

    def _set_readers(self, joint_names: list[str]) -> None:
        # One for each topic, because a reader caches the order of the names.
        self._solution_reader = JointReader(joint_names)
        self._tool_reader = JointMerger(joint_names)

    def _on_description(self, message: String) -> None:
        try:
            self._use_description(message.data)
        except (UrdfError, ConfigError) as error:
            self.get_logger().warning(f'robot_description is not used: {error}')

    def _use_description(self, urdf: str) -> None:
        """
        Draw the arm, the frame and the tool of a description.

        :raises UrdfError: If it has no such arm.
        :raises ConfigError: If it has no such frame or tool.
        """
        config = self._config
        self._arm = arm = arm_from_urdf(urdf, prefix=config.prefix)
        self._set_readers(list(arm.joint_names))
        settings = FrameSettings(
            prefix=config.prefix,
            base_frame=config.base_frame,
            tool_frame=config.tool_frame,
            tool=config.tool,
        )
        self._frames = None
        base, tip = arm.base_frame, arm.tool_frame
        links = fixed_links(urdf, base_link=base, tip_link=tip)
        self._frames = target_frames(settings, links, base_link=base, tip_link=tip, urdf=urdf)

    def _on_target(self, message: PoseStamped) -> None:
        target, frames = target_from_pose(message), self._frames
        if not isinstance(target, PoseTarget) or frames is None or target.frame_id not in frames:
            return  # the status says what is wrong with it
        transform = frames.tool_pose(frames.tip_pose(target.transform, target.frame_id))
        self._transform_base_target, self._target_s = transform, monotonic()
        self._trails[TARGET].add(transform)

    def _on_solution(self, message: JointState) -> None:
        transform = self._tool_pose(self._solution_reader, message)
        if transform is not None:
            self._trails[SOLUTION].add(transform)

    def _on_joints(self, message: JointState) -> None:
        transform = self._tool_pose(self._tool_reader, message)
        if transform is not None:
            self._transform_base_tool = transform
            self._trails[TOOL].add(transform)

    def _tool_pose(
        self, reader: JointReader | JointMerger, message: JointState
    ) -> Transform | None:
        """Return the pose of the tool, None if the message lacks joints of the arm."""
        reading, frames = reader.read(message), self._frames
        if frames is None or not isinstance(reading, JointReading):
            return None
        return frames.tool_pose(forward(self._arm, reading.q))

    def _on_status(self, message: DiagnosticStatus) -> None:
        names = [pair.value for pair in message.values if pair.key == 'status']
        self._status = names[0] if names else message.message
        self._is_ok = message.level == DiagnosticStatus.OK

    def _publish(self) -> None:
        if self._frames is None:
            return
        stamp = self.get_clock().now().to_msg()
        header = Header(frame_id=self._frames.base_frame, stamp=stamp)
        for name, publisher in self._paths.items():
            if _has_subscribers(publisher):
                publisher.publish(self._trails[name].path(header))
        scene = self._scene()
        if scene is not None and _has_subscribers(self._markers):
            self._markers.publish(make_markers(scene, header))

    def _scene(self) -> Scene | None:
        """Return what to draw around the target, None once targets have ended."""
        target = self._transform_base_target
        if target is None or monotonic() - self._target_s > TARGET_SHOWN_S:
            return None
        return Scene(
            transform_base_target=target,
            transform_base_tool=self._transform_base_tool,
            status=self._status,
            is_ok=self._is_ok,
        )


def _has_subscribers(publisher: Any) -> bool:
    return bool(publisher.get_subscription_count())
