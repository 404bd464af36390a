# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS and without a network: any arm, from a URDF or robot_description."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from geometries import GEOMETRIES
from numpy.testing import assert_allclose

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.factory import load_predictor, motion_limits
from neural_ik_ros.interface.messages import PoseTarget
from neural_ik_ros.interface.node_config import ROBOT_DESCRIPTION, NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import UrdfError, forward

PERIOD_NS, START_NS = 4_000_000, 10**18
CONFIG = NodeConfig(
    urdf=ROBOT_DESCRIPTION, base_frame='base', tool_frame='flange', current_joints_first=True
)
WRAPS = {
    'never': lambda q: q,
    'at half a turn': lambda q: (q + np.pi) % (2.0 * np.pi) - np.pi,
    'at a whole turn': lambda q: q % (2.0 * np.pi),
}


class Cell(Observer):
    """A node and an arm that follows its commands at once."""

    def __init__(self, text: str, config: NodeConfig = CONFIG) -> None:
        self.now_ns, self.outputs = START_NS, []
        self.node = StreamingNode(
            config,
            read_target=lambda target: target,
            now_ns=lambda: self.now_ns,
            robot_description=text,
        )
        self.node.on_description(text)
        self.node.add_observer(self)
        self.node.start()

    def on_output(self, output, target):
        self.outputs.append(output)

    def send_joints(self, q) -> None:
        header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0))
        names = self.node.joint_names
        self.node.on_joint_state(SimpleNamespace(name=names, position=list(q), header=header))

    def send_target(self, q) -> None:
        arm = self.node.tracker.solver.arm
        frame = self.node.frames.base_frame
        target = PoseTarget(transform=forward(arm, q), frame_id=frame, stamp_ns=self.now_ns)
        self.node.on_target(target)


@pytest.mark.parametrize('name', ['UR5e', 'CRX-10iA', 'continuous joints'])
def test_node_solves_for_the_received_arm_without_a_network(name):
    cell, q = Cell(GEOMETRIES[name].text), np.array([0.1, -0.8, 0.9, 0.2, 0.7, 0.3])
    assert cell.node.joint_names == [f'j{i}' for i in range(1, 7)]
    assert load_predictor(CONFIG).name == 'current'
    cell.send_joints(q)
    cell.send_target(q + 0.01)
    assert cell.outputs[-1].status.is_solved
    assert_allclose(cell.outputs[-1].solution.q, q + 0.01, rtol=0.0, atol=1e-8)


def test_node_reads_the_arm_of_a_file_and_its_prefix(tmp_path):
    geometry = GEOMETRIES['two arms in one file']
    path = tmp_path / 'cell.urdf'
    path.write_text(geometry.text)
    config = replace(CONFIG, urdf=str(path), prefix='right_')
    cell, q = Cell(geometry.text, config), np.array([0.1, -0.8, 0.9, 0.2, 0.7, 0.3])
    assert cell.node.joint_names[0] == 'right_j1'
    assert cell.node.description.problem == ''
    cell.send_joints(q)
    cell.send_target(q + 0.01)
    assert cell.outputs[-1].status.is_solved


def test_node_refuses_an_arm_that_is_not_there():
    with pytest.raises(UrdfError, match="name base and tip: 'base' and 'l6'"):
        Cell(GEOMETRIES['UR5e'].text, replace(CONFIG, tool_frame='tool9'))
    with pytest.raises(ConfigError, match='publish it, or give the path'):
        Cell('')


def test_node_refuses_the_description_of_another_arm_later():
    cell = Cell(GEOMETRIES['UR5e'].text)
    cell.node.on_description(GEOMETRIES['UR5e, all joints continuous'].text)
    assert 'other limits' in cell.node.description.problem
    cell.node.on_description(GEOMETRIES['CRX-10iA'].text)
    assert 'another arm' in cell.node.description.problem


def test_network_and_urdf_exclude_each_other():
    with pytest.raises(ConfigError, match='not for another one'):
        NodeConfig(urdf='arm.urdf', bundle='bundle')


def test_arm_without_velocity_limits_needs_them_from_the_parameters():
    text = GEOMETRIES['UR5e'].text.replace('velocity="2"', 'velocity="0"', 1)
    with pytest.raises(ConfigError, match='no velocity limit of j1; set six'):
        Cell(text)
    cell = Cell(text, replace(CONFIG, max_velocity=(1.0, 3.0, 0.0, 3.0, 3.0, 0.5)))
    limits = motion_limits(cell.node.tracker.solver.arm, cell.node.config)
    assert limits.velocity.tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 0.5]


@pytest.mark.parametrize('wrap', WRAPS)
def test_continuous_joints_are_followed_over_the_wrap_of_a_driver(wrap):
    """Joint 6 turns once and a half; the arm is where it was commanded."""
    cell, wrapped = Cell(GEOMETRIES['continuous joints'].text), WRAPS[wrap]
    start = np.array([3.0, 0.3, 0.2, 0.1, 0.7, 3.0])
    q, turn = start, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    for step in range(2000):
        cell.now_ns += PERIOD_NS
        cell.send_joints(wrapped(q))
        target = start + turn * min(0.006 * step, 3.0 * np.pi)
        cell.send_target(target)
        assert cell.outputs[-1].status.is_solved, cell.outputs[-1].reason
        q = cell.node.tracker.start_state().q
    assert_allclose(q, target, rtol=0.0, atol=1e-3)
    assert {output.status.name for output in cell.outputs} == {'SOLVED'}
