# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stream a circle to the real node over DDS, with a simulated arm on the other side."""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from picture import draw
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import forward
from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain
from neural_ik_ros.ros.processes.node_process import NodeProcess

CENTRE, RADIUS = (1.0, -0.2, 0.9), 0.2  # [m] starts where the simulated arm stands: (1, 0, 0.9)
DURATION_S, RATE_HZ = 8.0, 250.0
PATIENCE_S = 120.0  # the node's first start compiles its kernels


class CircleStreamer(Node):
    """Sends the poses of a circle, and keeps what the node solves and where the arm is."""

    def __init__(self) -> None:
        super().__init__('circle_streamer')
        self._start_s = math.inf  # of the round; until then the target stands still
        self.n_sent = 0
        self.solved: list[list[float]] = []  # joints of the exact solutions
        self.measured: list[list[float]] = []  # joints of the arm
        self._poses = self.create_publisher(
            PoseStamped, 'neural_ik/target_pose', qos_profile_sensor_data
        )
        self.create_subscription(
            JointState, 'neural_ik/solution', self._on_solution, qos_profile_sensor_data
        )
        self.create_subscription(
            JointState, 'joint_states', self._on_joints, qos_profile_sensor_data
        )
        self.create_timer(1.0 / RATE_HZ, self._send)

    @property
    def share(self) -> float:
        """Which part of its time is over, 0 to 1."""
        return min(max(0.0, (time.monotonic() - self._start_s) / DURATION_S), 1.0)

    def go_round(self) -> None:
        """Start to move, to count and to keep."""
        self._start_s = time.monotonic()
        self.n_sent = 0
        self.solved.clear()
        self.measured.clear()

    def _send(self) -> None:
        share = self.share
        angle = 2.0 * math.pi * (3.0 - 2.0 * share) * share**2  # from rest to rest
        pose = PoseStamped()
        pose.header.stamp = self.get_clock().now().to_msg()
        pose.header.frame_id = 'base_link'
        position = pose.pose.position
        position.x = CENTRE[0] + RADIUS * math.sin(angle)
        position.y = CENTRE[1] + RADIUS * math.cos(angle)
        position.z = CENTRE[2]
        pose.pose.orientation.y = 1.0  # half a turn about y: the tool points down
        pose.pose.orientation.w = 0.0
        self._poses.publish(pose)
        self.n_sent += 1

    def _on_solution(self, message: JointState) -> None:
        self.solved.append(list(message.position))

    def _on_joints(self, message: JointState) -> None:
        angle_of = dict(zip(message.name, message.position, strict=True))
        self.measured.append([angle_of[f'joint_{i}'] for i in range(1, 7)])


def main(output: Path) -> None:
    """Start the nodes, drive one round, print how well it went, draw it."""
    with reserved_domain() as domain_id:  # nobody else is on it
        os.environ.update(isolated_environment(output, domain_id))
        with (
            NodeProcess('simulated_arm', log=output / 'simulated_arm.log'),
            NodeProcess(
                *('neural_ik_node', '-p', 'autostart:=true'), log=output / 'neural_ik.log'
            ) as node,
        ):
            streamer = drive(node)
    report(streamer, output)


def drive(node: NodeProcess) -> CircleStreamer:
    """Stand at the start until the node answers, then go round once; return what was kept."""
    rclpy.init(args=[])
    streamer = CircleStreamer()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (streamer.solved and streamer.measured):
            rclpy.spin_once(streamer, timeout_sec=0.1)
            if time.monotonic() > deadline or not node.is_running:
                raise SystemExit(f'the node does not answer; it says:\n{node.output}')
        streamer.go_round()
        while streamer.share < 1.0:
            rclpy.spin_once(streamer, timeout_sec=0.1)
    finally:
        streamer.destroy_node()
        rclpy.shutdown()
    return streamer


def report(streamer: CircleStreamer, output: Path) -> None:
    """Print by how much the solutions and the arm were off the circle, and draw both."""
    arm = IkSolver.load().arm
    tools = {
        name: forward(arm, np.array(joints))[:, :3, 3]
        for name, joints in (('solutions', streamer.solved), ('simulated arm', streamer.measured))
    }
    print(f'{streamer.n_sent} poses sent, {len(streamer.solved)} solved')
    errors = {name: off_circle(points) for name, points in tools.items()}
    for name, off in errors.items():
        print(f'{name}: off the circle by {np.median(off):.1e} m, at most {off.max():.1e} m')
    draw(CENTRE, RADIUS, tools, errors, output / 'picture.png')


def off_circle(points: np.ndarray) -> np.ndarray:
    """Return the distance (n,) [m] of points (n, 3) [m] from the circle."""
    across = np.linalg.norm(points[:, :2] - CENTRE[:2], axis=1) - RADIUS
    return np.hypot(across, points[:, 2] - CENTRE[2])


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output.resolve())
