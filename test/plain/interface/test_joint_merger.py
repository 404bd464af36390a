# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint states of an arm in several messages, merged by name: as old as its oldest part."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from neural_ik_ros.interface.joint_merger import PARTIAL, JointMerger
from neural_ik_ros.interface.messages import InvalidMessage, JointReading
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.streaming_node import Observer, StreamingNode
from neural_ik_ros.kinematics import forward

NAMES = tuple(f'joint_{i + 1}' for i in range(6))
FRONT, BACK = NAMES[:3], NAMES[3:]
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
PERIOD_NS, NS_PER_S = 10_000_000, 10**9


def message(names, positions, stamp_ns: int = 0) -> SimpleNamespace:
    stamp = SimpleNamespace(sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)
    header = SimpleNamespace(stamp=stamp)
    return SimpleNamespace(name=list(names), position=list(positions), header=header)


@pytest.fixture
def merger() -> JointMerger:
    return JointMerger(NAMES)


def test_whole_message_is_a_reading_at_once(merger):
    for k in range(3):
        reading = merger.read(message((*NAMES, 'finger'), [*range(6), 9.0], k))
        assert_array_equal(reading.q, range(6))
        assert reading.stamp_ns == k


def test_halves_make_a_reading_with_the_stamp_of_the_older_one(merger):
    first = merger.read(message(FRONT, [1, 2, 3], 100))
    assert first == InvalidMessage(reason='joint state lacks joint_4, joint_5, joint_6')
    reading = merger.read(message(BACK, [4, 5, 6], 200))
    assert_array_equal(reading.q, [1, 2, 3, 4, 5, 6])
    assert reading.stamp_ns == 100
    assert merger.read(message(FRONT, [7, 8, 9], 300)) is PARTIAL
    reading = merger.read(message(BACK, [4, 5, 7], 250))
    assert_array_equal(reading.q, [7, 8, 9, 4, 5, 7])
    assert reading.stamp_ns == 250


def test_faster_part_is_taken_as_new_as_it_comes(merger):
    merger.read(message(FRONT, [0, 0, 0], 1))
    merger.read(message(BACK, [0, 0, 0], 1))
    for k in range(2, 12):
        assert merger.read(message(FRONT, [k, k, k], k)) is PARTIAL
    reading = merger.read(message(BACK, [5, 5, 5], 12))
    assert_array_equal(reading.q, [11, 11, 11, 5, 5, 5])
    assert reading.stamp_ns == 11


def test_part_that_stops_ends_the_readings_and_is_named(merger):
    merger.read(message(FRONT, [0, 0, 0]))
    merger.read(message(BACK, [0, 0, 0]))
    assert merger.awaited == ()
    for _ in range(100):
        assert merger.read(message(FRONT, [0, 0, 0])) is PARTIAL
    assert merger.awaited == BACK


def test_other_joints_are_ignored_alone_and_beside_a_part(merger):
    assert merger.read(message(['finger'], [1.0])) is None
    assert merger.read(message([], [])) is None
    merger.read(message((*FRONT, 'finger'), [1, 2, 3, math.nan]))
    reading = merger.read(message(('finger', *BACK), [math.nan, 4, 5, 6]))
    assert_array_equal(reading.q, [1, 2, 3, 4, 5, 6])
    assert merger.read(message(['finger'], [1.0])) is None


@pytest.mark.parametrize('number', [math.nan, math.inf])
def test_part_that_is_not_finite_is_refused_and_not_kept(merger, number):
    merger.read(message(FRONT, [1, 2, 3]))
    bad = merger.read(message(BACK, [4, number, 6]))
    assert bad == InvalidMessage(reason='joint state has no finite position for joint_5')
    assert isinstance(merger.read(message(FRONT, [1, 2, 3])), InvalidMessage)


def test_part_with_too_few_positions_is_refused(merger):
    found = merger.read(message(FRONT, [1, 2]))
    assert found == InvalidMessage(reason='joint state has 3 names and 2 positions')


def test_joint_that_only_whole_messages_had_is_still_missing(merger):
    """A driver that suddenly leaves out a joint is no part of anything."""
    merger.read(message(NAMES, range(6)))
    found = merger.read(message(NAMES[:5], range(5)))
    assert found == InvalidMessage(reason='joint state lacks joint_6')


@given(
    parts=st.lists(st.sets(st.sampled_from(NAMES), min_size=1, max_size=5), max_size=60),
)
def test_reading_has_the_newest_of_each_joint_and_all_are_new(parts):
    merger, newest = JointMerger(NAMES), {}
    since: set[str] = set()
    for k, names in enumerate(parts, start=1):
        ordered = sorted(names)
        found = merger.read(message(ordered, [float(k)] * len(ordered), k))
        newest.update(dict.fromkeys(names, k))
        since |= names
        is_whole = len(since) == len(NAMES)
        assert isinstance(found, JointReading) == is_whole
        if isinstance(found, JointReading):
            assert_array_equal(found.q, [newest[name] for name in NAMES])
            assert found.stamp_ns == min(newest.values())
            since.clear()
        else:
            assert isinstance(found, InvalidMessage) == (len(newest) < len(NAMES))


class Cell(Observer):
    """An active node whose arm has two drivers."""

    def __init__(self) -> None:
        self.now_ns, self.statuses = 10**18, []
        config = NodeConfig(max_following_error_rad=0.0)
        self.node = StreamingNode(
            config, read_target=lambda target: target, now_ns=lambda: self.now_ns
        )
        self.node.add_observer(self)
        self.node.start()

    def on_status_change(self, output):
        self.statuses.append(output)

    def step(self, *halves) -> None:
        for half in halves:
            self.now_ns += PERIOD_NS // 2
            q = HOME[:3] if half is FRONT else HOME[3:]
            self.node.on_joint_state(message(half, q, self.now_ns))
        self.now_ns += PERIOD_NS // 2
        self.node.on_tick()

    def ask(self) -> str:
        from neural_ik_ros.interface.messages import PoseTarget

        pose = forward(self.node.tracker.solver.arm, HOME + 0.3)
        self.node.on_target(PoseTarget(transform=pose, frame_id='base_link', stamp_ns=0))
        return self.statuses[-1].status.name if self.statuses else ''


def test_node_with_two_drivers_moves_and_stops_when_one_of_them_dies():
    cell = Cell()
    cell.step(FRONT, BACK)
    assert cell.ask() == 'SOLVED'
    for _ in range(10):
        cell.step(FRONT, BACK)
    assert cell.node.health.is_moving
    for _ in range(100):
        cell.step(FRONT)
    fault = cell.statuses[-1]
    assert fault.status.name == 'STALE_JOINT_STATE'
    assert fault.reason.endswith('; joint_4, joint_5, joint_6 missing')
    assert cell.ask() == 'STALE_JOINT_STATE'
    for _ in range(100):
        cell.step(FRONT, BACK)
    assert cell.ask() == 'SOLVED'


def test_node_without_any_driver_names_no_joints():
    cell = Cell()
    cell.step(FRONT, BACK)
    for _ in range(200):
        cell.step()
    cell.node.on_report()
    assert cell.statuses[-1].status.name == 'STALE_JOINT_STATE'
    assert 'missing' not in cell.statuses[-1].reason


def test_node_whose_second_driver_never_comes_says_what_is_missing():
    cell = Cell()
    for _ in range(3):
        cell.step(FRONT)
    assert cell.ask() == 'BAD_JOINT_STATE'
    assert cell.statuses[-1].reason.endswith('joint state lacks joint_4, joint_5, joint_6')
