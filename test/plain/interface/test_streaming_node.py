# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS: every status that it decides, and what its observers see of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neural_ik_ros.interface.messages import InvalidMessage, JointReading, PoseTarget
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import forward
from neural_ik_ros.motion import StreamStatus
from neural_ik_ros.solver import IkStatus
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FAR = HOME + 0.5
PERIOD_NS, START_NS = 4_000_000, 10**18
OUT_OF_REACH = 10.0  # [m]
TIMEOUT_S = 10.0  # of joint states
CONFIG = NodeConfig(max_following_error_rad=0.0, joint_state_timeout_s=TIMEOUT_S)
SLOW_NS = 3 * PERIOD_NS  # of a refusal


class Log(Observer):
    """Keeps what it sees, in that order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def on_joint_state(self, reading):
        self.events.append(('joint state', reading))

    def on_target(self, target):
        self.events.append(('target', target))

    def on_output(self, output, target):
        self.events.append(('output', (output, target)))

    def on_status_change(self, output):
        self.events.append(('status', output))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def all(self, name: str) -> list[Any]:
        return [event for kind, event in self.events if kind == name]


class Cell:
    """A streaming node, its clock, and what it is given."""

    def __init__(self) -> None:
        self.now_ns, self.log, self.late = START_NS, Log(), Log()
        self.unknown_frame = ''
        self.node = StreamingNode(
            CONFIG,
            read_target=lambda target: target,
            now_ns=lambda: self.now_ns,
            to_base=self.to_base,
        )
        for log in (self.log, self.late):
            self.node.add_observer(log)
        self.arm = self.node.tracker.solver.arm

    def to_base(self, target: PoseTarget, _now_ns: int) -> PoseTarget | InvalidMessage:
        return InvalidMessage(reason=self.unknown_frame) if self.unknown_frame else target

    def start(self) -> None:
        self.now_ns += 10**9
        self.unknown_frame = ''
        self.node.start()
        self.node.report_status()
        for log in (self.log, self.late):
            log.events.clear()

    def send_joints(self, q=HOME, names=None) -> None:
        names = self.node.joint_names if names is None else names
        header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0))
        self.node.on_joint_state(SimpleNamespace(name=names, position=list(q), header=header))

    def target(self, q=FAR, offset: float = 0.0) -> PoseTarget:
        transform = forward(self.arm, q)
        transform[0, 3] += offset
        return PoseTarget(transform=transform, frame_id='base_link', stamp_ns=self.now_ns)

    def step(self) -> None:
        self.now_ns += PERIOD_NS
        self.node.on_tick()

    def begin_motion(self) -> None:
        self.send_joints()
        self.node.on_target(self.target())
        for _ in range(10):
            self.step()
        assert self.node.health.is_moving
        self.log.events.clear()

    @property
    def statuses(self) -> list[str]:
        return [output.status.name for output in self.log.all('status')]


@pytest.fixture(scope='module')
def made() -> Cell:
    return Cell()


@pytest.fixture
def cell(made):
    made.start()
    return made


def test_target_is_answered_with_its_solution_and_a_command(cell):
    cell.send_joints()
    target = cell.target()
    cell.node.on_target(target)
    assert cell.log.names == ['joint state', 'target', 'output', 'status']
    assert isinstance(cell.log.all('joint state')[0], JointReading)
    output, answered = cell.log.all('output')[0]
    assert answered is target
    assert output.command is not None
    assert output.status is IkStatus.SOLVED
    assert cell.statuses == ['SOLVED']
    assert cell.late.events == cell.log.events, 'every observer sees everything'


def test_status_is_reported_when_it_changes_only(cell):
    cell.send_joints()
    for _ in range(3):
        cell.node.on_target(cell.target())
        cell.step()
    assert cell.statuses == ['SOLVED']
    assert cell.node.statistics.counts == {'SOLVED': 3}


def test_commands_continue_between_targets_until_the_arm_rests(cell):
    cell.begin_motion()
    for _ in range(2000):
        cell.step()
    outputs = cell.log.all('output')
    assert len(outputs) > 100
    assert all(target is None and output.command is not None for output, target in outputs)
    assert cell.statuses == []
    assert not cell.node.health.is_moving


@pytest.mark.parametrize(
    ('given', 'status', 'reason'),
    [
        ('bad target', 'BAD_TARGET', 'zero quaternion'),
        ('unknown frame', 'UNKNOWN_FRAME', 'no transform to world'),
        ('out of reach', 'UNREACHABLE', ''),
        ('no joints', 'NO_JOINT_STATE', ''),
    ],
)
def test_target_that_cannot_be_answered_is_refused_with_its_status(cell, given, status, reason):
    if given != 'no joints':
        cell.send_joints()
    target: Any = cell.target(offset=OUT_OF_REACH if given == 'out of reach' else 0.0)
    if given == 'bad target':
        target = InvalidMessage(reason=reason)
    if given == 'unknown frame':
        cell.unknown_frame = reason
        target = replace(target, frame_id='world')
    cell.node.on_target(target)
    output, answered = cell.log.all('output')[0]
    assert (output.status.name, output.command, answered) == (status, None, target)
    assert output.reason.endswith(reason)
    assert cell.statuses == [status]
    assert cell.node.statistics.counts == {status: 1}


def test_motion_continues_after_a_slow_refusal_at_the_time_of_then(cell, monkeypatch):
    cell.begin_motion()
    solve = cell.node.tracker.solver.solve

    def solve_slowly(*arguments):
        cell.now_ns += SLOW_NS
        return solve(*arguments)

    monkeypatch.setattr(cell.node.tracker.solver, 'solve', solve_slowly)
    ticked_ns = []
    on_tick = cell.node.tracker.on_tick
    monkeypatch.setattr(
        cell.node.tracker, 'on_tick', lambda now_ns: ticked_ns.append(now_ns) or on_tick(now_ns)
    )
    arrived_ns = cell.now_ns
    cell.node.on_target(cell.target(offset=OUT_OF_REACH))
    assert ticked_ns == [arrived_ns + SLOW_NS]
    (refused, target), (command, none) = cell.log.all('output')
    assert refused.status is IkStatus.UNREACHABLE
    assert target is not None
    assert (command.status, none) == (IkStatus.SOLVED, None)
    assert cell.log.names[-1] == 'status', 'after the command, which must not be late'


def test_joint_state_that_cannot_be_used_is_seen_and_becomes_a_status(cell):
    cell.send_joints(names=[*cell.node.joint_names[:5], 'other'])
    assert cell.log.all('joint state') == [InvalidMessage(reason='joint state lacks joint_6')]
    cell.node.on_report()
    assert cell.statuses == ['BAD_JOINT_STATE']


def test_joint_state_of_other_joints_is_counted_only(cell):
    cell.send_joints(names=[f'left_{name}' for name in cell.node.joint_names])
    assert cell.log.events == []
    assert cell.node.statistics.n_other_joints == 1


def test_goal_that_failed_ends_the_motion_with_the_next_tick(cell):
    cell.begin_motion()
    cell.node.on_goal_failed('aborted, error code -4')
    assert cell.log.events == []
    cell.step()
    output, _ = cell.log.all('output')[0]
    assert output.status is StreamStatus.GOAL_FAILED
    assert output.reason.endswith('aborted, error code -4')
    assert output.command is None
    assert cell.statuses == ['GOAL_FAILED']
    cell.step()
    assert cell.statuses == ['GOAL_FAILED'], 'once'
    assert not cell.node.health.is_moving


def test_goal_that_failed_before_activation_is_forgotten(cell):
    cell.node.stop()
    cell.node.on_goal_failed('aborted')
    cell.start()
    cell.step()
    assert cell.log.events == []


def test_observer_may_have_a_callback_of_its_own(cell):
    """Set on the instance, it counts as overridden."""
    seen, observer = [], Observer()
    observer.on_output = lambda output, target: seen.append(output)
    cell.node.add_observer(observer)
    cell.send_joints()
    cell.node.on_target(cell.target())
    assert len(seen) == 1


def test_goal_that_failed_is_of_no_interest_once_a_command_replaces_it(cell):
    cell.begin_motion()
    cell.node.on_goal_failed('aborted')
    cell.node.on_target(cell.target())
    cell.step()
    assert cell.statuses == []
    assert cell.node.health.is_moving


def test_failure_while_a_goal_is_sent_is_that_of_the_new_goal():
    cell = Cell()

    class FailingAction(Observer):
        def on_output(self, output, target):
            if output.command is not None and target is not None:
                cell.node.on_goal_failed('there is no action server')

    cell.node.add_observer(FailingAction())
    cell.start()
    cell.send_joints()
    cell.node.on_target(cell.target())
    cell.step()
    assert cell.statuses == ['SOLVED', 'GOAL_FAILED']


def test_description_of_another_arm_ends_the_motion_and_inhibits(cell):
    text = read_urdf(shipped_urdf())
    assert cell.node.on_description(text)
    assert not cell.node.on_description(text), 'the same again'
    cell.begin_motion()
    other = text.replace('joint_6', 'joint_7')
    try:
        assert cell.node.on_description(other)
        output, target = cell.log.all('output')[0]
        assert output.status is StreamStatus.ROBOT_DESCRIPTION_MISMATCH
        assert output.command is not None, 'the stop, at once'
        assert target is None
        assert cell.statuses == ['ROBOT_DESCRIPTION_MISMATCH']
        cell.step()
        assert len(cell.log.all('output')) == 1, 'once'
        cell.node.on_target(cell.target())
        assert cell.log.all('output')[-1][0].status is StreamStatus.ROBOT_DESCRIPTION_MISMATCH
    finally:
        cell.node.on_description(text)


def test_report_is_silent_until_the_status_without_targets_changes(cell):
    cell.send_joints()
    cell.node.on_report()
    cell.node.on_report()
    assert cell.statuses == [], 'IDLE has been reported at the start'
    cell.now_ns += round(1.1 * TIMEOUT_S * 1e9)
    cell.node.on_report()
    cell.node.on_report()
    assert cell.statuses == ['STALE_JOINT_STATE']


def test_inactive_node_ignores_targets_and_ticks_and_takes_parameters(cell):
    cell.begin_motion()
    assert not cell.node.accepts_parameters
    cell.node.stop()
    stop, _ = cell.log.all('output')[0]
    assert len(stop.command.time_ns) - stop.command.n_known > 1, 'a whole stop'
    assert not stop.command.states[-1, 1:].any()
    cell.log.events.clear()
    cell.node.on_target(cell.target())
    cell.step()
    assert cell.log.events == []
    assert cell.node.accepts_parameters
    cell.node.stop()
    assert cell.log.events == [], 'nothing moves'
    cell.node.report_inactive()
    last = cell.log.all('status')[0]
    assert last.status is StreamStatus.IDLE
    assert last.reason.endswith('the node is not active')


def test_parameters_set_at_rest_are_used(cell):
    assert cell.node.accepts_parameters
    cell.node.reconfigure(replace(CONFIG, joint_state_timeout_s=0.001))
    try:
        cell.send_joints()
        cell.now_ns += PERIOD_NS
        cell.node.on_target(cell.target())
        assert cell.statuses == ['STALE_JOINT_STATE']
    finally:
        cell.node.reconfigure(CONFIG)
