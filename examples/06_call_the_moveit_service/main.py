# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the node's service for joint angles as MoveIt does, and judge every answer."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from picture import draw
from rclpy.node import Node

from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import Arm, forward, invert, is_within_limits, se3_log
from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain
from neural_ik_ros.ros.processes.node_process import NodeProcess

try:
    from moveit_msgs.srv import GetPositionIK
except ImportError:
    GetPositionIK = None

SUCCESS, NO_IK_SOLUTION = 1, -31  # of moveit_msgs/MoveItErrorCodes
DOWN = (0.0, 1.0, 0.0, 0.0)  # quaternion x, y, z, w: half a turn about y
X, Z = np.linspace(-1.5, 1.7, 49), np.linspace(-0.8, 2.0, 43)  # [m] of the map, at y = 0
Q_SEED = (0.0, 0.3, 0.3, 0.0, 1.0, 0.0)  # [rad]
EXACT = 1e-9  # [m], [rad] what the node promises
PATIENCE_S = 120.0  # the node's first start compiles its kernels


class IkClient(Node):
    """Asks a node for joint angles, one pose after the other."""

    def __init__(self, arm: Arm) -> None:
        super().__init__('ik_client')
        self.arm = arm
        self.times_ms: list[float] = []  # from each question to its answer
        self._client = self.create_client(GetPositionIK, 'solve_ik')

    def is_served(self) -> bool:
        """Return whether somebody answers; look for a tenth of a second."""
        return self._client.wait_for_service(timeout_sec=0.1)

    def ask(self, position: Any, **changes: Any) -> Any:
        """Return the response for a tool that points down at a position (3,) [m]."""
        request = GetPositionIK.Request()
        fill(request, self.arm, position, **changes)
        start_s = time.perf_counter()
        future = self._client.call_async(request)
        while not future.done():
            rclpy.spin_once(self, timeout_sec=1.0)
        self.times_ms.append(1e3 * (time.perf_counter() - start_s))
        return future.result()


def fill(
    request: Any, arm: Arm, position: Any, *, group: str = 'manipulator', link: str = ''
) -> None:
    """Fill a request as MoveIt does: group, seed by name, pose without a stamp."""
    asked = request.ik_request
    asked.group_name, asked.ik_link_name = group, link or arm.tool_frame
    seed = asked.robot_state.joint_state
    seed.name, seed.position = list(arm.joint_names), list(Q_SEED)
    asked.pose_stamped.header.frame_id = arm.base_frame
    pose = asked.pose_stamped.pose
    pose.position.x, pose.position.y, pose.position.z = map(float, position)
    pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = DOWN


def tool_error(arm: Arm, response: Any, position: Any) -> float:
    """Return how far the tool is from where it was asked for [m, rad], NaN outside the limits."""
    state = response.solution.joint_state
    angle_of = dict(zip(state.name, state.position, strict=True))
    q = np.array([angle_of[name] for name in arm.joint_names])
    if not is_within_limits(arm, q):
        return float('nan')
    target = np.diag([-1.0, 1.0, -1.0, 1.0])  # the tool points down
    target[:3, 3] = position
    return float(np.abs(se3_log(invert(target) @ forward(arm, q))).max())


def main(output: Path) -> None:
    """Start a node, ask it, print what it says, draw where the tool can point down."""
    if GetPositionIK is None:
        raise SystemExit(
            'moveit_msgs cannot be imported, so there is no service to call. '
            'Install it: sudo apt install ros-$ROS_DISTRO-moveit-msgs'
        )
    with reserved_domain() as domain_id:  # nobody else is on it
        os.environ.update(isolated_environment(output, domain_id))
        arguments = ('neural_ik_node', '-p', 'autostart:=true')
        with NodeProcess(*arguments, log=output / 'neural_ik.log') as node:
            rclpy.init(args=[])
            client = IkClient(IkSolver.load().arm)
            try:
                wait(client, node)
                report(client, output)
            finally:
                client.destroy_node()
                rclpy.shutdown()


def wait(client: IkClient, node: NodeProcess) -> None:
    """Wait until the service is there."""
    deadline = time.monotonic() + PATIENCE_S
    while not client.is_served():
        if time.monotonic() > deadline or not node.is_running:
            raise SystemExit(f'there is no service; the node says:\n{node.output}')


def report(client: IkClient, output: Path) -> None:
    """Ask for one pose, make two mistakes, then ask for a map of poses."""
    for changes in ({}, {'group': 'gripper'}, {'link': 'camera'}):
        response = client.ask((1.0, 0.0, 0.9), **changes)
        error = response.error_code
        print(f'{changes or "a good request"}: {error.val}, {error.message}')
        if response.error_code.val == SUCCESS:
            print('joints [rad]:', np.round(response.solution.joint_state.position, 4))

    client.times_ms.clear()
    codes = np.zeros((len(Z), len(X)), dtype=int)
    errors = []
    for i, z in enumerate(Z):
        for j, x in enumerate(X):
            response = client.ask((x, 0.0, z))
            codes[i, j] = response.error_code.val
            if codes[i, j] == SUCCESS:
                errors.append(tool_error(client.arm, response, (x, 0.0, z)))
    counts = Counter(codes.ravel().tolist())
    n_solved, n_hopeless = counts[SUCCESS], counts[NO_IK_SOLUTION]
    print(f'{codes.size} poses: {n_solved} solved, {n_hopeless} have no solution')
    n_exact = int((np.array(errors) < EXACT).sum())
    print(f'checked by forward kinematics: {n_exact} right, off by at most {max(errors):.1e}')
    print(f'an answer takes {np.median(client.times_ms):.2f} ms (median)')
    is_solved, seed = codes == SUCCESS, np.array(Q_SEED)
    draw(client.arm, seed, X, Z, is_solved, client.times_ms, output / 'picture.png')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output.resolve())
