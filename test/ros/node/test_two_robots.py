# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Two robots side by side, as two_robots.launch.py starts them: neither hears the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from driver import shipped_arm
from geometry_msgs.msg import PoseStamped
from peers import NodeProcess, Peer
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.messages import ns_from_time, target_from_pose
from neural_ik_ros.interface.parameter_schema import config_from_values, parameters_of
from neural_ik_ros.kinematics import forward
from neural_ik_ros.ros.nodes.target_source import TargetSourceConfig
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder

TARGETS = share_folder() / 'config' / 'two_robots.yaml'
ROBOTS = ('left', 'right')
EXACT = 1e-8  # [m], [-] of a pose whose solution is exact
N = 50  # solutions of each that are looked at


class Robot:
    """One of the two: its processes, and all that is heard under its name."""

    def __init__(self, name: str, start: Callable[..., NodeProcess], peer: Peer) -> None:
        self.name = name
        self.targets: list[Any] = peer.listen(
            PoseStamped, f'/{name}/neural_ik/target_pose', qos.with_depth(qos.POSE_IN)
        )
        self.solutions: list[Any] = peer.listen(
            JointState, f'/{name}/neural_ik/solution', qos.with_depth(qos.POSE_IN)
        )
        self.joint_states: list[Any] = peer.listen(
            JointState, f'/{name}/joint_states', qos.with_depth(qos.JOINT_STATES_IN)
        )
        place = ('-r', f'__ns:=/{name}', '-p', f'prefix:={name}_')
        self.arm = start('simulated_arm', *place)
        self.node = start('neural_ik_node', *place, '-p', 'autostart:=true')
        self.source = start(
            'target_source',
            *('--params-file', str(TARGETS), *place),
            *('-r', 'target_pose:=neural_ik/target_pose', '-p', 'wait_for_subscribers:=2'),
        )

    def is_running(self) -> bool:
        return len(self.solutions) >= N

    def way(self) -> float:
        """Return how far the joint that moved most has moved [rad]."""
        q = np.array([message.position for message in self.joint_states]).reshape(-1, 6)
        return float(np.ptp(q, axis=0).max()) if len(q) else 0.0

    def clear(self) -> None:
        for messages in (self.targets, self.solutions, self.joint_states):
            messages.clear()


@pytest.fixture
def robots(start_node, peer) -> dict[str, Robot]:
    robots = {name: Robot(name, start_node, peer) for name in ROBOTS}
    for robot in robots.values():
        assert peer.spin_until(robot.is_running, 60.0), robot.node.output
    return robots


def test_two_robots_do_their_own_work(robots, peer):
    arm, reports = shipped_arm(), peer.listen(DiagnosticArray, '/diagnostics', 100)
    for name, robot in robots.items():
        names = [f'{name}_{joint}' for joint in arm.joint_names]
        assert all(list(message.name) == names for message in robot.joint_states)
        wanted = {ns_from_time(message.header.stamp): message for message in robot.targets}
        assert len(wanted) >= N
        for solution in robot.solutions:
            assert list(solution.name) == names
            target = target_from_pose(wanted[ns_from_time(solution.header.stamp)])
            assert target.frame_id == solution.header.frame_id == f'{name}_base_link'
            pose = forward(arm, np.array(solution.position))
            assert np.abs(pose - target.transform).max() < EXACT
    told: dict[str, dict[str, str]] = {}

    def is_told() -> bool:
        for status in (status for report in reports for status in report.status):
            told[status.name] = {pair.key: pair.value for pair in status.values}
        return len(told) == 4

    assert peer.spin_until(is_told), sorted(told)
    for robot in ROBOTS:
        arm_figures = told[f'/{robot}/simulated_arm: joint_trajectory_controller']
        assert int(arm_figures['accepted']) >= N
        assert arm_figures['rejected'] == '0', 'commands for the joints of the other'
        assert int(told[f'/{robot}/neural_ik']['count SOLVED']) >= N


def test_one_robot_goes_on_when_the_other_ends(robots, peer):
    left, right = robots['left'], robots['right']
    for process in (left.source, left.node):
        process.end()

    def is_at_rest() -> bool:
        return not any(left.joint_states[-1].velocity)

    peer.spin_for(0.1)
    assert peer.spin_until(is_at_rest)
    for robot in (left, right):
        robot.clear()
    assert peer.spin_until(lambda: right.is_running() and right.way() > EXACT), 'after each dwell'
    assert left.targets == left.solutions == []
    assert left.joint_states
    assert left.way() < EXACT, 'it stands while the other one moves'


def test_parameters_of_two_robots_are_parameters_of_the_source():
    content = yaml.safe_load(TARGETS.read_text(encoding='utf-8'))['/**']
    assert tuple(content) == ROBOTS
    defaults = {name: default for name, _, _, default in parameters_of(TargetSourceConfig)}
    for robot in ROBOTS:
        given = content[robot]['target_source']['ros__parameters']
        assert set(given) <= set(defaults)
        assert (
            config_from_values(TargetSourceConfig, {**defaults, **given}).centre
            != defaults['centre']
        )
