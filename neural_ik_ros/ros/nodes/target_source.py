# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``target_source``: streams the poses of a Cartesian test path."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from ...interface.messages import fill_pose, fill_time
from ...interface.parameter_schema import parameter
from ...simulation.paths import SHAPES, CartesianPath, PathConfig
from ...units import NS_PER_S
from ..runtime import qos
from ..runtime.parameters import declare_parameters

PATH = PathConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSourceConfig:
    """Parameters of the node ``target_source``."""

    path: str = parameter(
        PATH.shape, 'Shape of the path, which starts and ends in its centre', choices=SHAPES
    )
    size_m: float = parameter(
        PATH.size,
        'Length of the line, diameter, width of the lemniscate, edge of the ISO 9283 cube',
        unit='m',
        low=0.001,
        high=10.0,
    )
    speed_m_s: float = parameter(
        PATH.speed, 'Speed along the path', unit='m/s', low=0.001, high=10.0
    )
    ramp_s: float = parameter(PATH.ramp, 'Time from rest to speed', unit='s', low=0.01, high=60.0)
    dwell_s: float = parameter(
        PATH.dwell, 'Rest at each corner and cycle end', unit='s', low=0.0, high=60.0
    )
    laps: int = parameter(PATH.laps, 'Laps between two rests in the centre', low=1, high=1000)
    centre: tuple[float, ...] = parameter(
        PATH.centre, 'x, y, z of the centre in frame_id', unit='m', size=3
    )
    plane_rpy: tuple[float, ...] = parameter(
        PATH.plane_rpy, 'Roll, pitch, yaw of the plane of the path', unit='rad', size=3
    )
    tool_rpy: tuple[float, ...] = parameter(
        PATH.tool_rpy, 'Roll, pitch, yaw of the tool, constant', unit='rad', size=3
    )
    frame_id: str = parameter('base_link', 'Frame of the targets')
    prefix: str = parameter('', 'Prefix of frame_id')
    rate_hz: float = parameter(250.0, 'Targets per second', unit='Hz', low=1.0, high=1000.0)
    settle_s: float = parameter(
        1.0, 'Hold in the centre before moving', unit='s', low=0.0, high=600.0
    )
    duration_s: float = parameter(
        0.0,
        'Stop after the whole cycles that fit, at least one; 0 for never',
        unit='s',
        low=0.0,
        high=1e6,
    )
    wait_for_subscribers: int = parameter(
        1, 'Number of subscribers to wait for before the start', low=0, high=100
    )
    exit_when_done: bool = parameter(
        False, 'End the process after duration_s, else only stop publishing'
    )


class TargetSource(Node):
    """Publishes poses of the path at evenly spaced times."""

    def __init__(self) -> None:
        super().__init__('target_source')
        self._config = declare_parameters(self, TargetSourceConfig)
        self._path = make_path(self._config)
        self._end_s = end_time(self._config, self._path)
        self._start_ns: int | None = None  # of the schedule, on the node's clock
        self._last_index = -1
        self.is_finished = False
        self._message = PoseStamped()
        self._message.header.frame_id = self._config.prefix + self._config.frame_id
        self._targets = self.create_publisher(
            PoseStamped, 'target_pose', qos.POSE_OUT, qos_overriding_options=qos.overridable()
        )
        self._timer = self.create_timer(1.0 / self._config.rate_hz, self._tick)
        self._period_ns: int = self._timer.timer_period_ns

    def _tick(self) -> None:
        due_ns = self._due_ns()
        if self._start_ns is None:
            if self._targets.get_subscription_count() < self._config.wait_for_subscribers:
                return
            self._start_ns = due_ns
            cycle_s, settle_s = self._path.duration, self._config.settle_s
            self.get_logger().info(f'cycles of {cycle_s:.2f} s start in {settle_s} s')
        index = round((due_ns - self._start_ns) / self._period_ns)
        if index <= self._last_index:
            return
        self._last_index = index
        time_s = index * self._period_ns / NS_PER_S - self._config.settle_s
        if time_s > self._end_s:
            self._finish()
            return
        fill_pose(self._message.pose, self._path.transform(time_s))
        fill_time(self._message.header.stamp, self._start_ns + index * self._period_ns)
        self._targets.publish(self._message)

    def _due_ns(self) -> int:
        """Return when this tick was due: not later than now, and without wake-up jitter."""
        now_ns: int = self.get_clock().now().nanoseconds
        until_next_ns: int = self._timer.time_until_next_call()
        return now_ns + until_next_ns - self._period_ns

    def _finish(self) -> None:
        self._timer.cancel()
        self.get_logger().info(f'path finished after {self._last_index} targets')
        self.is_finished = self._config.exit_when_done


def make_path(config: TargetSourceConfig) -> CartesianPath:
    """Return the path that the parameters describe."""
    return CartesianPath(
        PathConfig(
            shape=config.path,
            size=config.size_m,
            speed=config.speed_m_s,
            ramp=config.ramp_s,
            dwell=config.dwell_s,
            laps=config.laps,
            centre=config.centre,
            plane_rpy=config.plane_rpy,
            tool_rpy=config.tool_rpy,
        )
    )


def end_time(config: TargetSourceConfig, path: CartesianPath) -> float:
    """Return the time to stop at [s]: the end of a cycle, where the tool is at rest."""
    if config.duration_s == 0.0:
        return math.inf
    return path.duration * max(1, math.floor(config.duration_s / path.duration))
