# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A streaming node without ROS, whose clock a test sets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from neural_ik_ros.interface.messages import PoseTarget
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.motion import Output

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
NEAR = HOME + 0.05


class Cell(Observer):
    """A streaming node, its clock, and its answers."""

    def __init__(self, *, starts: bool = True, **parameters: Any) -> None:
        self.now_ns = 10**18
        self.outputs: list[Output] = []
        parameters = {'max_following_error_rad': 0.0, **parameters}
        self.config = NodeConfig(**parameters)
        self.node = StreamingNode(
            self.config, read_target=lambda target: target, now_ns=lambda: self.now_ns
        )
        self.node.add_observer(self)
        if starts:
            self.node.start()

    def on_output(self, output, target):
        self.outputs.append(output)

    def ask(self, transform, frame: str) -> Output:
        self.now_ns += 4_000_000
        self.outputs.clear()
        header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0))
        names = self.node.joint_names
        self.node.on_joint_state(SimpleNamespace(name=names, position=[*HOME], header=header))
        self.node.on_target(PoseTarget(transform=transform, frame_id=frame, stamp_ns=0))
        return self.outputs[0]

    def tick(self) -> list[Output]:
        self.now_ns += 4_000_000
        self.outputs.clear()
        self.node.on_tick()
        return self.outputs
