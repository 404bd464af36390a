# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS: stops and faults reach its observers with the input that causes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tracker_bench import state_of

from neural_ik_ros.interface.messages import PoseTarget
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import forward
from neural_ik_ros.motion import Command, Output, StreamStatus
from neural_ik_ros.solver import IkStatus

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FAR = HOME + 0.5
PERIOD_NS, START_NS = 4_000_000, 10**18


class Cell(Observer):
    """A streaming node, its clock, and an arm that is where it is commanded to be."""

    def __init__(self) -> None:
        self.now_ns, self.outputs, self.statuses = START_NS, [], []
        self.ahead_ns = 0  # of the controller's clock
        self.q, self.command, self.obeys = HOME.copy(), None, True
        self.node = StreamingNode(
            NodeConfig(), read_target=lambda target: target, now_ns=lambda: self.now_ns
        )
        self.node.add_observer(self)

    def on_output(self, output: Output, target: Any) -> None:
        self.outputs.append((output, target))
        if output.command is not None:
            self.command: Command | None = output.command

    def on_status_change(self, output: Output) -> None:
        self.statuses.append(output.status)

    def send_joints(self) -> None:
        if self.obeys and self.command is not None:
            self.q = state_of(self.command, self.now_ns + self.ahead_ns)
        sec, nanosec = divmod(self.now_ns + self.ahead_ns, 10**9)
        header = SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=nanosec))
        names = self.node.joint_names
        self.node.on_joint_state(SimpleNamespace(name=names, position=[*self.q], header=header))

    def send_target(self, q: np.ndarray = FAR) -> Output:
        transform = forward(self.node.tracker.solver.arm, q)
        self.node.on_target(
            PoseTarget(transform=transform, frame_id='base_link', stamp_ns=self.now_ns)
        )
        return self.outputs[-1][0]

    def step(self, n: int = 1) -> None:
        for _ in range(n):
            self.now_ns += PERIOD_NS
            self.send_joints()
            self.node.on_tick()

    def begin_motion(self) -> None:
        self.send_joints()
        self.send_target()
        self.step(60)
        assert self.node.health.is_moving
        self.outputs.clear()
        self.statuses.clear()


@pytest.fixture
def cell() -> Cell:
    ready = Cell()
    ready.node.start()
    ready.node.report_status()
    ready.statuses.clear()
    return ready


def assert_stopped(cell: Cell, status: StreamStatus) -> None:
    """One fault has come, with its stop, and nothing comes after it."""
    ((output, target),) = cell.outputs
    assert output.status is status
    assert output.command is not None
    assert target is None
    assert cell.statuses == [status]
    assert cell.node.health.fault == status.name
    cell.step(200)
    assert len(cell.outputs) == 1
    assert not cell.node.health.is_moving


def test_hold_stops_at_once_and_resume_lets_the_arm_move_again(cell):
    cell.begin_motion()
    cell.node.hold()
    assert_stopped(cell, StreamStatus.STOPPED)
    assert cell.send_target().status is StreamStatus.STOPPED
    cell.node.on_report()  # a second is over
    cell.statuses.clear()
    assert cell.node.resume() == ''
    assert cell.statuses == [StreamStatus.IDLE]
    assert cell.send_target().status is IkStatus.SOLVED


def test_hold_at_rest_is_reported_without_a_stop(cell):
    cell.send_joints()
    cell.node.hold()
    ((output, _),) = cell.outputs
    assert output.status is StreamStatus.STOPPED
    assert output.command is None
    assert cell.statuses == [StreamStatus.STOPPED]
    assert cell.send_target().status is StreamStatus.STOPPED


def test_hold_and_resume_are_no_faults_of_an_inactive_node(cell):
    cell.node.stop()
    cell.node.hold()
    assert cell.outputs == []
    assert cell.statuses == []


def test_resume_says_why_it_does_nothing(cell):
    assert cell.node.resume() == '', 'there is nothing to acknowledge'
    cell.node.tracker.inhibit('another arm', cell.now_ns)
    assert 'another arm' in cell.node.resume()


def test_following_error_is_stopped_by_the_joint_state_that_shows_it(cell):
    cell.begin_motion()
    cell.obeys = False
    for _ in range(200):
        if cell.statuses:
            break
        cell.now_ns += PERIOD_NS
        cell.node.on_tick()
        assert cell.statuses == []
        cell.send_joints()
    cell.outputs[:] = cell.outputs[-1:]
    assert cell.outputs[0][0].command.stamp_ns == 0
    assert_stopped(cell, StreamStatus.FOLLOWING_ERROR)


def test_joint_states_of_an_inactive_node_are_used_and_are_no_faults(cell):
    cell.begin_motion()
    cell.node.stop()
    cell.outputs.clear()
    cell.obeys = False
    cell.step(200)
    assert cell.outputs == []
    assert cell.statuses == []


def test_controller_that_stops_publishing_its_state_ends_the_motion(cell):
    cell.begin_motion()
    cell.node.on_controller_state(1.0)
    for _ in range(125):
        cell.step()
        assert cell.statuses == [], 'it may publish twice a second'
        cell.send_target()
    cell.outputs.clear()
    cell.step()
    assert_stopped(cell, StreamStatus.CONTROLLER_INACTIVE)


def test_controller_that_has_not_published_its_state_gets_no_target(cell):
    cell.node.expect_controller_state()
    cell.send_joints()
    assert cell.send_target().status is StreamStatus.CONTROLLER_INACTIVE
    cell.node.on_controller_state(1.0)
    assert cell.send_target().status is IkStatus.SOLVED


@pytest.mark.parametrize('scaling', [0.0, 0.5, 0.99, 1.5])
def test_scaled_speed_ends_the_motion_and_refuses_targets(cell, scaling):
    cell.begin_motion()
    cell.node.on_controller_state(scaling)
    cell.step()
    ((output, _),) = cell.outputs
    assert output.status is StreamStatus.SPEED_SCALED
    assert f'{scaling:.3g} instead of 1' in output.reason
    assert output.command is not None
    cell.step(20)
    assert len(cell.outputs) == 1


def test_clock_of_the_controller_that_is_ahead_too_far_is_refused_by_a_number(cell):
    cell.ahead_ns = 50_000_000
    cell.send_joints()
    output = cell.send_target()
    assert output.status is StreamStatus.CLOCKS_DIFFER
    assert 'by 0.050 s, allowed 0.020 s' in output.reason


@pytest.mark.parametrize('ahead_ns', [-10_000_000, 0, 15_000_000])
def test_commands_are_stamped_with_the_clock_of_the_controller(cell, ahead_ns):
    cell.ahead_ns = ahead_ns
    cell.send_joints()
    output = cell.send_target()
    assert output.status is IkStatus.SOLVED
    command = output.command
    assert command.stamp_ns == cell.now_ns + ahead_ns
    cell.step(400)
    assert np.abs(cell.q - FAR).max() < 1e-8
