# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What an arm gets from a running cell with the real joint_trajectory_controller.

Start ros2_control with that controller first, then measure; the node is started here:

    ros2 launch neural_ik_ros cell.launch.py starts_node:=false
    python -m benchmark.controller.real stream --starts 50

Each start of the stream is a target source of its own, so the phase between targets and updates is
another one each time. The output of the controller is recorded from ``controller_state``, at every
update that it publishes; an acceleration is between the times of neighbouring updates, without the
pairs that enclose an update late by a period. Needs control_msgs, and controller_manager_msgs for
the activations.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from std_srvs.srv import Trigger

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.kinematics import Arm, FloatArray, arm_from_urdf, quat_from_rotation
from neural_ik_ros.motion import MotionLimits
from neural_ik_ros.ros.node.control_interfaces import JointTrajectoryControllerState
from neural_ik_ros.ros.processes.node_process import NodeProcess
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

from .cell import MAX_ACCELERATION, MAX_JERK, S
from .figures import acceleration_use, delay_and_error, speed_use, tool_positions
from .run import near_home

CONTROLLER = 'joint_trajectory_controller'
LATE_PERIODS = 1.9  # pairs of updates farther apart are not compared
MOVING = 1e-4  # [rad/s]
APPROACH_S = 3.0  # to the start of the path, before it is measured
DISCOVERY_S, START_S = 1.0, 60.0
StampArray = npt.NDArray[np.int64]  # [ns]
STREAM, TRAJECTORY, ACTION, ACTIVATION = 'stream', 'trajectory', 'action', 'activation'


class Figures(NamedTuple):
    """Of one recorded motion."""

    p95: float  # [x limit], while something moves
    largest: float  # [x limit]
    speed: float  # over its limit
    delay_ms: float
    error_p99_mm: float
    n_late: int  # updates


class CellNode(Node):
    """Records the controller and the targets, serialised; they are decoded afterwards."""

    def __init__(self, arm: Arm, node_name: str) -> None:
        """Subscribe to the controller, and be ready to ask the node."""
        super().__init__('cell_benchmark')
        self.arm = arm
        self.limits = MotionLimits.from_arm(arm, acceleration=MAX_ACCELERATION, jerk=MAX_JERK)
        self.states: list[bytes] = []
        self.targets: list[bytes] = []
        profile = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        topic = f'{CONTROLLER}/controller_state'
        kind = JointTrajectoryControllerState
        self.create_subscription(kind, topic, self.states.append, profile, raw=True)
        topic = f'{node_name}/target_pose'
        self.create_subscription(
            PoseStamped, topic, self.targets.append, qos_profile_sensor_data, raw=True
        )
        self.target_publisher = self.create_publisher(PoseStamped, topic, 1)
        self.resume = self.create_client(Trigger, f'{node_name}/resume')

    def spin(self, duration_s: float) -> None:
        """Record for a time."""
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            rclpy.spin_once(self, timeout_sec=0.05)

    def record(self, duration_s: float) -> None:
        """Forget what was recorded, and record for a time."""
        self.states.clear()
        self.targets.clear()
        self.spin(duration_s)

    def call(self, client: Any, request: Any) -> Any:
        """Return the answer of a service."""
        if not client.wait_for_service(10.0):
            raise SystemExit(f'no service {client.srv_name}: is the cell running?')
        future = client.call_async(request)
        rclpy.spin_until_future_complete(self, future, timeout_sec=10.0)
        return future.result()

    def updates(self) -> tuple[StampArray, FloatArray]:
        """Return stamps (n,) [ns] and outputs (n, 6) [rad] of the controller."""
        states = [deserialize_message(one, JointTrajectoryControllerState) for one in self.states]
        names = set(self.arm.joint_names)
        if len(states) < 3 or any(names - set(state.joint_names) for state in states):
            raise SystemExit(f'no outputs of {CONTROLLER} for {sorted(names)}: is it active?')
        order = [list(states[0].joint_names).index(name) for name in self.arm.joint_names]
        stamps = np.array([ns_from_time(state.header.stamp) for state in states])
        return stamps, np.array([state.output.positions for state in states])[:, order]

    def path(self) -> tuple[StampArray, FloatArray]:
        """Return stamps (n,) [ns] and positions (n, 3) [m] of the targets."""
        targets = [deserialize_message(one, PoseStamped) for one in self.targets]
        stamps = np.array([ns_from_time(target.header.stamp) for target in targets])
        positions = [target.pose.position for target in targets]
        return stamps, np.array([(one.x, one.y, one.z) for one in positions])

    def figures(self) -> Figures:
        """Return what the recording gave; delay and error are 0 without a stream of targets."""
        stamps, q = self.updates()
        times = (stamps - stamps[0]) / S
        steps = np.diff(times)
        is_late = steps > LATE_PERIODS * np.median(steps)
        use = acceleration_use(times, q, self.limits)
        speed = np.abs(np.diff(q, axis=0)).max(axis=1) / steps
        is_moving = (speed[1:] > MOVING) & ~is_late[1:] & ~is_late[:-1]
        if not is_moving.any():
            raise SystemExit('the arm does not move: is the node active, and has it joint states?')
        delay_s, error = 0.0, 0.0
        if len(self.targets) > len(stamps) // 20:
            target_stamps, path = self.path()
            delay_s, error = self._delay(stamps, q, target_stamps, path)
        return Figures(
            float(np.quantile(use[is_moving], 0.95)),
            float(use[is_moving].max()),
            speed_use(times, q, self.limits),
            1e3 * delay_s,
            1e3 * error,
            int(is_late.sum()),
        )

    def _delay(
        self, stamps: StampArray, q: FloatArray, target_stamps: StampArray, path: FloatArray
    ) -> tuple[float, float]:
        zero = target_stamps[0]
        target_times = (target_stamps - zero) / S

        def position(times: FloatArray) -> FloatArray:
            columns = [np.interp(times, target_times, axis) for axis in path.T]
            return np.stack(columns, axis=1)

        times = (stamps - zero) / S
        inside = (times > 1.0) & (times < target_times[-1] - 0.2)  # after it has caught up
        return delay_and_error(times[inside], tool_positions(self.arm, q[inside]), position)


def stream(cell: CellNode, given: argparse.Namespace, folder: Path) -> Iterator[Figures]:
    """Track the circle of the demo, from the rest at its start, with another phase each time."""
    arguments = [
        *('-p', 'path:=circle', '-p', 'laps:=100', '-p', f'rate_hz:={given.rate}'),
        *('-p', f'settle_s:={APPROACH_S}', '-r', f'target_pose:={given.node}/target_pose'),
    ]
    for _ in range(given.starts):
        with NodeProcess('target_source', *arguments, log=folder / 'source.log') as process:
            started(process, 'cycles of')
            cell.spin(APPROACH_S - 0.3)
            cell.record(given.duration)
        yield cell.figures()
        cell.spin(1.0)  # the arm comes to rest


def replacements(cell: CellNode, given: argparse.Namespace, _folder: Path) -> Iterator[Figures]:
    """Replace motions between random poses on the way."""
    rng = np.random.default_rng(1)
    goals = near_home(cell.arm, rng)
    for _ in range(given.starts):
        goal, target = next(goals), PoseStamped()
        target.header.frame_id = 'base_link'
        target.header.stamp = cell.get_clock().now().to_msg()
        at, turned = target.pose.position, target.pose.orientation
        at.x, at.y, at.z = goal[:3, 3].tolist()
        turned.x, turned.y, turned.z, turned.w = quat_from_rotation(goal[:3, :3])
        cell.target_publisher.publish(target)
        cell.record(float(rng.uniform(0.3, 0.8)))
        yield cell.figures()


def activations(cell: CellNode, given: argparse.Namespace, folder: Path) -> Iterator[Figures]:
    """Activate the controller at any moment while targets flow."""
    from controller_manager_msgs.srv import SwitchController

    client = cell.create_client(SwitchController, 'controller_manager/switch_controller')
    strict = SwitchController.Request.STRICT
    on = SwitchController.Request(activate_controllers=[CONTROLLER], strictness=strict)
    off = SwitchController.Request(deactivate_controllers=[CONTROLLER], strictness=strict)
    rng = np.random.default_rng(2)
    arguments = [
        *('-p', 'path:=circle', '-p', 'laps:=1000', '-p', f'rate_hz:={given.rate}'),
        *('-p', 'settle_s:=0.2', '-r', f'target_pose:={given.node}/target_pose'),
    ]
    with NodeProcess('target_source', *arguments, log=folder / 'source.log') as process:
        started(process, 'cycles of')
        for _ in range(given.starts):
            cell.call(client, off)
            cell.spin(0.9)
            cell.call(cell.resume, Trigger.Request())  # acknowledges the fault, if there is one
            cell.record(float(rng.uniform(0.05, 0.6)))
            cell.call(client, on)
            cell.spin(1.2)
            yield cell.figures()


RUNS = {STREAM: stream, TRAJECTORY: replacements, ACTION: replacements, ACTIVATION: activations}


def started(process: NodeProcess, text: str) -> None:
    """Wait until a process has printed a text; end with its output if it does not."""
    if not process.wait_for_output(text, START_S):
        raise SystemExit(f'{process.executable} does not start:\n{process.output}')


@contextmanager
def measured_node(given: argparse.Namespace, folder: Path) -> Iterator[None]:
    """Run the node that is measured, until it is left."""
    mode = given.what if given.what in (TRAJECTORY, ACTION) else STREAM
    arguments = ('-p', 'autostart:=true', '-p', f'output_mode:={mode}')
    with NodeProcess('neural_ik_node', *arguments, log=folder / 'node.log') as process:
        started(process, 'ready for')
        yield


def main() -> None:
    """Print a line for each start, and the worst of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('what', choices=list(RUNS), help='what happens')
    parser.add_argument('--starts', type=int, default=50, help='or replacements, or activations')
    parser.add_argument('--duration', type=float, default=4.0, help='of each start, in seconds')
    parser.add_argument('--rate', type=float, default=250.0, help='targets a second')
    parser.add_argument('--node', default='neural_ik', help='name of the node')
    given = parser.parse_args()
    if JointTrajectoryControllerState is None:
        raise SystemExit('control_msgs is missing: sudo apt install ros-$ROS_DISTRO-control-msgs')
    rclpy.init()
    cell = CellNode(arm_from_urdf(read_urdf(shipped_urdf())), given.node)
    head = ('p95 [x limit]', 'max', 'speed / limit', 'delay [ms]', 'p99 [mm]', 'late updates')
    print('| Start |', ' | '.join(head), '|\n|---|---|---|---|---|---|---|')
    rows = []
    with tempfile.TemporaryDirectory() as name, measured_node(given, Path(name)):
        cell.spin(DISCOVERY_S)
        for row in RUNS[given.what](cell, given, Path(name)):
            rows.append(row)
            print(f'| {len(rows)} |', ' | '.join(f'{one:.3g}' for one in row), '|', flush=True)
    summarise(rows)


def summarise(rows: list[Figures]) -> None:
    """Print the worst of all."""
    p95, largest, speed, delay, error, late = np.array(rows).T
    print(
        f'\n{len(rows)}: p95 median {np.median(p95):.3f}, at most {p95.max():.3f}, above 0.3 in '
        f'{(p95 > 0.3).sum()}; largest: median {np.median(largest):.3f}, at most '
        f'{largest.max():.3f}, above 1 in {(largest > 1.0).sum()}, above 1.1 in '
        f'{(largest > 1.1).sum()}; speed at most {speed.max():.3f} of the limit; '
        f'delay median {np.median(delay):.2f} ms, error p99 median {np.median(error):.4f} mm; '
        f'{late.sum():.0f} late updates'
    )


if __name__ == '__main__':
    main()
