# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Short forms of ``make soak``."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import rclpy
from driver import shipped_arm

from neural_ik_ros.ros.node import NeuralIkNode

for folder in ('soak', 'plain'):
    sys.path.append(str(Path(__file__).resolve().parents[1] / folder))

from in_process import PARAMETERS, check_limits, fuzz  # noqa: E402


@pytest.fixture
def node():
    """Return an active node in this process that nobody spins."""
    rclpy.init(args=['--ros-args', *PARAMETERS, '-p', 'autostart:=true'])
    node = NeuralIkNode()
    yield node
    node.destroy_node()
    rclpy.shutdown()
    gc.unfreeze()


def test_node_takes_hostile_messages_without_a_bad_command(node):
    assert fuzz(node, 3000) == []
    assert node._outputs.n_commands > 300
    assert len(node._statistics.counts) >= 6


def test_commands_keep_every_limit_whatever_the_targets():
    assert check_limits(shipped_arm(), 6000) == []
