# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A streaming node with its arm, and how its tests send poses and velocities to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from neural_ik_ros.interface.messages import PoseTarget
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import FloatArray, Joints, Transform, forward
from neural_ik_ros.motion import Output, TrackerState

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
PERIOD_NS, FINE_NS, START_NS = 4_000_000, 1_000_000, 10**18
PERIOD_S, FINE_S, TIMEOUT_S = 0.004, 0.001, 0.2
CONFIG = {'max_following_error_rad': 0.0, 'twist_timeout_s': TIMEOUT_S}
X, Z = np.array([1.0, 0, 0, 0, 0, 0]), np.array([0, 0, 1.0, 0, 0, 0])
TURN = np.array([0, 0, 0, 0, 0, 1.0])


class Cell(Observer):
    """A streaming node and an arm that is where it is told to be, on a clock of their own."""

    def __init__(self, **changes: Any) -> None:
        self.now_ns = START_NS
        self.node = StreamingNode(
            NodeConfig(**(CONFIG | changes)),
            read_target=lambda target: target,
            now_ns=lambda: self.now_ns,
        )
        self.node.add_observer(self)
        self.arm = self.node.tracker.solver.arm
        self.outputs: list[Output] = []
        self.start()

    def start(self, q: Joints = HOME) -> None:
        self.now_ns += 10**9
        self.q = q
        self.node.start()
        self.send_joints()
        self.outputs.clear()

    def on_output(self, output: Output, target: object) -> None:
        self.outputs.append(output)

    def send_joints(self) -> None:
        header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0))
        names = self.node.joint_names
        self.node.on_joint_state(SimpleNamespace(name=names, position=list(self.q), header=header))

    def twist(self, twist: FloatArray, frame: str = '', *, age_ns: int | None = None) -> None:
        stamp = divmod(0 if age_ns is None else self.now_ns - age_ns, 10**9)
        header = SimpleNamespace(
            frame_id=frame, stamp=SimpleNamespace(sec=stamp[0], nanosec=stamp[1])
        )
        linear, angular = (SimpleNamespace(x=p[0], y=p[1], z=p[2]) for p in np.split(twist, 2))
        self.node.on_twist(
            SimpleNamespace(header=header, twist=SimpleNamespace(linear=linear, angular=angular))
        )

    def pose(self, transform: Transform) -> str:
        """Return the status of a pose."""
        self.node.on_target(
            PoseTarget(transform=transform, frame_id='base_link', stamp_ns=self.now_ns)
        )
        return self.status

    def run(self, duration_s: float, twist: FloatArray | None = None, frame: str = '') -> Joints:
        """Return the commanded joints (n, 6) [rad], each period; a velocity comes every 20 ms."""
        rows = []
        for k in range(round(duration_s / PERIOD_S)):
            self.now_ns += PERIOD_NS
            self.send_joints()
            if twist is not None and k % 5 == 0:
                self.twist(twist, frame)
            self.node.on_tick()
            self.q = self.commanded
            rows.append(self.q)
        return np.array(rows)

    def run_finely(self) -> Joints:
        """Run for a period; return the commanded joints (n, 6) [rad] each millisecond of it."""
        self.run(PERIOD_S)
        return np.array([self._commanded(self.now_ns + k * FINE_NS) for k in range(4)])

    @property
    def commanded(self) -> Joints:
        """The joints (6,) [rad] that the arm is commanded to have now."""
        return self._commanded(self.now_ns)

    def _commanded(self, time_ns: int) -> Joints:
        tracker = self.node.tracker
        if tracker.state(self.now_ns) is TrackerState.IDLE:
            return self.q
        joints: Joints = tracker._mode.path.state_at(time_ns).q
        return joints

    @property
    def tool(self) -> Transform:
        return forward(self.arm, self.q)

    @property
    def status(self) -> str:
        return self.outputs[-1].status.name


def speeds(cell: Cell, rows: Joints, *, window: int = 1) -> FloatArray:
    """Return the speed of the tool (n - window,) [m/s] over some commands."""
    positions = forward(cell.arm, rows)[:, :3, 3]
    steps = positions[window:] - positions[:-window]
    return np.linalg.norm(steps, axis=1) / (window * PERIOD_S)
