# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What an arm gets from a running cell with the real joint_trajectory_controller.

Start the cell first, for example with mock hardware, then measure:

    ros2 launch neural_ik_ros cell.launch.py
    python -m benchmark.controller.real --starts 50

Each start is a target source of its own, so the phase between targets and updates is another one
each time. The output of the controller is recorded from ``controller_state`` at every update that
it publishes; the acceleration is between the times of neighbouring updates. Needs control_msgs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.kinematics import FloatArray, arm_from_urdf
from neural_ik_ros.motion import MotionLimits
from neural_ik_ros.ros.node.control_interfaces import JointTrajectoryControllerState
from neural_ik_ros.ros.processes.node_process import NodeProcess
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

from .cell import MAX_ACCELERATION, MAX_JERK, S, acceleration_use, speed_use

TOPIC = 'joint_trajectory_controller/controller_state'
LATE_PERIODS = 1.9  # pairs of updates farther apart are not compared
MOVING = 1e-4  # [rad/s]
SETTLE_S = 0.5  # before the path moves


class Recorder(Node):
    """Keeps the serialised states of the controller; they are decoded afterwards."""

    def __init__(self) -> None:
        super().__init__('controller_recorder')
        self.messages: list[bytes] = []
        profile = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        self.create_subscription(
            JointTrajectoryControllerState, TOPIC, self.messages.append, profile, raw=True
        )

    def record(self, duration_s: float) -> None:
        """Record for a time."""
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            rclpy.spin_once(self, timeout_sec=0.05)

    def updates(self, joint_names: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
        """Return and forget the times (n,) [s] and commands (n, 6) [rad] of the updates."""
        states = [
            deserialize_message(one, JointTrajectoryControllerState) for one in self.messages
        ]
        self.messages.clear()
        rows = [row for state in states if (row := _output(state, joint_names)) is not None]
        times = [ns_from_time(state.header.stamp) for state in states]
        if len(rows) != len(times) or len(times) < 3:
            raise SystemExit(f'no commands on {TOPIC}: is the controller active?')
        return (np.array(times) - times[0]) / S, np.array(rows)


def _output(state: Any, joint_names: tuple[str, ...]) -> list[float] | None:
    positions = dict(zip(state.joint_names, state.output.positions, strict=False))
    return (
        [positions[name] for name in joint_names] if set(joint_names) <= set(positions) else None
    )


def main() -> None:
    """Print a line for each start, and the worst of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--starts', type=int, default=50)
    parser.add_argument('--duration', type=float, default=4.0, help='of each, in seconds')
    parser.add_argument('--rate', type=float, default=250.0, help='targets a second')
    parser.add_argument('--node', default='neural_ik', help='name of the node')
    given = parser.parse_args()
    if JointTrajectoryControllerState is None:
        raise SystemExit('control_msgs is missing: sudo apt install ros-$ROS_DISTRO-control-msgs')
    arm = arm_from_urdf(read_urdf(shipped_urdf()))
    limits = MotionLimits.from_arm(arm, acceleration=MAX_ACCELERATION, jerk=MAX_JERK)
    rclpy.init()
    recorder, lines = Recorder(), []
    source = [
        *('-p', 'path:=circle', '-p', f'rate_hz:={given.rate}', '-p', f'settle_s:={SETTLE_S}'),
        *('-r', f'target_pose:={given.node}/target_pose'),
    ]
    print('| Start | p95 [x limit] | max | speed / limit | late updates |\n|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as folder:
        for start in range(given.starts):
            with NodeProcess('target_source', *source, log=Path(folder) / 'source.log') as process:
                process.wait_for_output('cycles of', 30.0)
                recorder.messages.clear()
                recorder.record(given.duration)
                times, q = recorder.updates(arm.joint_names)
            lines.append(measured(times, q, limits))
            print(
                f'| {start + 1} |', ' | '.join(f'{one:.3g}' for one in lines[-1]), '|', flush=True
            )
            recorder.record(1.0)  # the arm comes to rest
    p95, largest, speed, late = np.array(lines).T
    print(
        f'\n{len(lines)} starts: p95 at most {p95.max():.3f}, above 0.3 in {(p95 > 0.3).sum()}; '
        f'max {largest.max():.2f}, above 1 in {(largest > 1.0).sum()}; '
        f'speed at most {speed.max():.2f} of the limit; {late.sum():.0f} late updates'
    )


def measured(
    times: FloatArray, q: FloatArray, limits: MotionLimits
) -> tuple[float, float, float, int]:
    """Return 95th percentile and largest acceleration, speed (over limits), and late updates."""
    steps = np.diff(times)
    is_late = steps > LATE_PERIODS * np.median(steps)
    use = acceleration_use(times, q, limits)
    speed = np.abs(np.diff(q, axis=0)).max(axis=1) / steps
    is_moving = (speed[1:] > MOVING) & ~is_late[1:] & ~is_late[:-1]
    if not is_moving.any():
        raise SystemExit('the arm does not move: is the node active, and has it joint states?')
    moving = use[is_moving]
    return (
        float(np.quantile(moving, 0.95)),
        float(moving.max()),
        speed_use(times, q, limits),
        int(is_late.sum()),
    )


if __name__ == '__main__':
    main()
