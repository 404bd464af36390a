# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Records a bag of the node driving a simulated arm, without ROS and faster than real time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..interface.messages import trajectory_from_message
from ..interface.node_config import NodeConfig
from ..kinematics import Transform, forward, posture, random_joints
from ..motion import Output
from ..simulation.paths import CartesianPath, PathConfig
from ..simulation.simulated_controller import START_JOINTS, Counts, SimulatedController
from ..units import NS_PER_S
from .bag_types import Topics
from .bag_writer import BagWriter, MessageBuilder
from .offline_node import OfflineNode, Response
from .offline_replay import Progress, write_response

START_NS = 1_700_000_000 * NS_PER_S  # fixed, so that the same options give the same bag
SEED = 0  # of the jumps
SETTLE_S = 0.2  # in the centre before the path begins
RESPONSE_NS = 500_000  # from a target to the recording of its command, about as over DDS


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBagOptions:
    """What is recorded."""

    node_name: str
    storage: str
    config: NodeConfig
    path: PathConfig
    duration_s: float
    rate_hz: float  # of targets and joint states
    jump_every: int = 0  # replace every n-th target by a random reachable pose; 0 for none


def record_demo(options: DemoBagOptions, folder: Path, begin: Progress) -> Counts:
    """
    Write the bag to a new folder; return what the simulated arm accepted and refused.

    :param begin: Called with the number of targets; returns a function to be called with the
        number of targets done since its last call.
    :raises NeuralIkError: If the network, a parameter or the path cannot be used.
    """
    path = CartesianPath(options.path)
    n_targets = max(round(options.duration_s * options.rate_hz), 1)
    advance, rng = begin(n_targets), np.random.default_rng(SEED)
    with BagWriter(folder, options.storage, Topics.of_node(options.node_name)) as writer:
        recording = _Recording(options, writer)
        period_ns = round(NS_PER_S / options.rate_hz)
        for k in range(n_targets):
            now_ns = START_NS + k * period_ns
            recording.joints(now_ns)
            target_ns = now_ns + period_ns // 2
            if options.jump_every and (k + 1) % options.jump_every == 0:
                transform = recording.random_reachable_pose(rng)
            else:
                time_s = (target_ns - START_NS) / NS_PER_S - SETTLE_S
                transform = path.transform(np.array(time_s))
            recording.target(transform, target_ns)
            advance(1)
    return recording.counts


class _Recording:
    """Node and arm in a closed loop."""

    def __init__(self, options: DemoBagOptions, writer: BagWriter) -> None:
        self._name, self._writer = options.node_name, writer
        self._node = OfflineNode(options.config, self._on_response, self._on_status)
        streaming = self._node.streaming
        self._arm = arm = streaming.tracker.solver.arm
        joint_names = streaming.joint_names
        self._messages = MessageBuilder(joint_names, streaming.base_frame)
        self._controller = SimulatedController(
            replace(arm, joint_names=tuple(joint_names)),
            np.array(START_JOINTS),
            period_ns=round(NS_PER_S / options.rate_hz),
        )

    @property
    def counts(self) -> Counts:
        """Commands that the simulated arm accepted and refused."""
        return self._controller.counts

    def joints(self, now_ns: int) -> None:
        """Move the arm and send its joint state to the node."""
        self._node.advance(now_ns)
        self._controller.update(now_ns)
        joints = self._controller.joints
        message = self._messages.joint_state(joints.q, joints.qd, now_ns)
        self._writer.write_joint_state(message, now_ns)
        self._node.send_joint_state(message, now_ns)

    def target(self, transform: Transform, now_ns: int) -> None:
        """Send a target to the node."""
        message = self._messages.target(transform, now_ns)
        self._writer.write_target(message, now_ns)
        self._node.send_target(message, now_ns)

    def random_reachable_pose(self, rng: np.random.Generator) -> Transform:
        """Return a random pose that the arm reaches in the posture it starts in."""
        wanted = posture(self._arm, np.array(START_JOINTS))
        while True:
            q = random_joints(self._arm, rng, 1)[0]
            if (posture(self._arm, q) == wanted).all():
                return forward(self._arm, q)

    def _on_response(self, response: Response) -> None:
        if response.output.command is not None:
            message = self._messages.trajectory(response.output.command)
            self._controller.receive(trajectory_from_message(message), response.now_ns)
        write_response(self._writer, self._messages, response, delay_ns=RESPONSE_NS)

    def _on_status(self, output: Output, now_ns: int) -> None:
        message = self._messages.status(self._name, output)
        self._writer.write_status(message, now_ns + RESPONSE_NS)
