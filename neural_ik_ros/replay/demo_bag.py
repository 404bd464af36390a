# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag of the node at work on a simulated arm, made without ROS and without waiting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..interface.factory import make_tracker
from ..interface.messages import trajectory_from_message
from ..interface.node_config import NodeConfig
from ..kinematics import Transform, forward, posture, random_joints
from ..simulation.paths import CartesianPath, PathConfig
from ..simulation.simulated_controller import START_JOINTS, Counts, SimulatedController
from ..units import NS_PER_S
from .bag_types import Topics
from .bag_writer import BagWriter, Messages
from .offline_node import Answer, OfflineNode
from .offline_replay import Progress, write

START_NS = 1_700_000_000 * NS_PER_S  # any time will do; always the same makes the same bag
SEED = 0  # of the jumps
SETTLE_S = 0.2  # in the centre before the path begins
ANSWER_NS = 500_000  # from a target to the recording of its command, about what DDS makes of it


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBagOptions:
    """What is recorded."""

    node: str
    storage: str
    config: NodeConfig
    path: PathConfig
    duration_s: float
    rate_hz: float  # of targets and joint states
    jump_every: int = 0  # so many targets one is anywhere within reach; 0 for none


def record_demo(options: DemoBagOptions, folder: Path, begin: Progress) -> Counts:
    """
    Write the bag to a new folder; return what the simulated arm had to refuse.

    :param begin: Called with the number of targets; what it returns, with how many more are done.
    :raises NeuralIkError: If the network, a parameter or the path cannot be used.
    """
    path = CartesianPath(options.path)
    n_targets = max(round(options.duration_s * options.rate_hz), 1)
    advance, rng = begin(n_targets), np.random.default_rng(SEED)
    with BagWriter(folder, options.storage, Topics.of_node(options.node)) as writer:
        recording = _Recording(options, writer)
        period_ns = round(NS_PER_S / options.rate_hz)
        for k in range(n_targets):
            now_ns = START_NS + k * period_ns
            recording.joints(now_ns)
            target_ns = now_ns + period_ns // 2
            if options.jump_every and (k + 1) % options.jump_every == 0:
                transform = recording.somewhere(rng)
            else:
                time_s = (target_ns - START_NS) / NS_PER_S - SETTLE_S
                transform = path.transform(np.array(time_s))
            recording.target(transform, target_ns)
            advance(1)
    return recording.counts


class _Recording:
    """Node and arm, each hearing the other."""

    def __init__(self, options: DemoBagOptions, writer: BagWriter) -> None:
        tracker, config = make_tracker(options.config), options.config
        arm = tracker.solver.arm
        self._node, self._writer, self._arm = options.node, writer, arm
        joint_names = [config.prefix + name for name in arm.joint_names]
        self._messages = Messages(joint_names, tracker.config.base_frame)
        self._player = OfflineNode(tracker, joint_names, self._take)
        self._controller = SimulatedController(
            replace(arm, joint_names=tuple(joint_names)),
            np.array(START_JOINTS),
            period_ns=round(NS_PER_S / options.rate_hz),
        )

    @property
    def counts(self) -> Counts:
        """What the simulated arm had to refuse."""
        return self._controller.counts

    def joints(self, now_ns: int) -> None:
        """Let the arm move and tell where it is."""
        self._player.wait(now_ns)
        self._controller.update(now_ns)
        joints = self._controller.joints
        message = self._messages.joints(joints.q, joints.qd, now_ns)
        self._writer.joints(message, now_ns)
        self._player.joints(message, now_ns)

    def target(self, transform: Transform, now_ns: int) -> None:
        """Let the node answer a target."""
        message = self._messages.target(transform, now_ns)
        self._writer.target(message, now_ns)
        self._player.target(message, now_ns)

    def somewhere(self, rng: np.random.Generator) -> Transform:
        """Return a pose that the arm can reach in the posture it starts in."""
        wanted = posture(self._arm, np.array(START_JOINTS))
        while True:
            q = random_joints(self._arm, rng, 1)[0]
            if (posture(self._arm, q) == wanted).all():
                return forward(self._arm, q)

    def _take(self, answer: Answer) -> None:
        if answer.output.command is not None:
            message = self._messages.trajectory(answer.output.command)
            self._controller.receive(trajectory_from_message(message), answer.now_ns)
        write(self._writer, self._messages, self._node, answer, delay_ns=ANSWER_NS)
