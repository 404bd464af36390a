# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Replaying a bag: the node's answers, the same every time, in a bag of the same format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cells import CELL
from replay_bags import (
    COMMANDS,
    JOINTS,
    N_TARGETS,
    REFERENCE,
    TARGETS,
    changed,
    needs_bags,
    recorded,
    replayed,
    report_of,
)

from neural_ik_ros.cli.main import main
from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.interface.messages import (
    JointReader,
    JointReading,
    PoseTarget,
    ns_from_time,
    target_from_pose,
    trajectory_from_message,
)
from neural_ik_ros.kinematics import arm_from_urdf, forward

pytestmark = needs_bags
SOLUTION, STATUS = '/neural_ik/solution', '/neural_ik/status'
ROUNDING = 1e-9  # [rad] between commands of two networks, whose solutions are exact
TRANSIENT = 1e-3  # [rad] what the motion may make of rounding where it switches
EXACT = 1e-8  # [m], [rad]
MAX_BEHIND_NS = 20_000_000  # of the stamps of commands, by which the controller's may be behind


def by_topic(bag: Path) -> dict[str, list[tuple[int, object]]]:
    found: dict[str, list[tuple[int, object]]] = {}
    for topic, time_ns, message in recorded(bag):
        found.setdefault(topic, []).append((time_ns, message))
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file() and path.name != 'times.json'
    }


@pytest.fixture(scope='module')
def output(tmp_path_factory) -> Path:
    """Return the folder of a replay of the reference bag."""
    folder = tmp_path_factory.mktemp('replay') / 'out'
    assert replayed(REFERENCE, folder) == 0
    return folder


def test_replay_twice_gives_the_same_bytes(tmp_path, output):
    assert replayed(REFERENCE, tmp_path / 'out') == 0
    first, second = bytes_of(output), bytes_of(tmp_path / 'out')
    assert set(first) == {'bag/bag.mcap', 'bag/metadata.yaml', 'report.json'}
    assert first == second


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_replay_answers_in_the_storage_of_the_bag(tmp_path, storage):
    bag = changed(
        tmp_path / 'bag', lambda number, topic, time_ns, message: (time_ns, message), storage
    )
    for name in ('one', 'two'):
        assert replayed(bag, tmp_path / name) == 0
    assert bytes_of(tmp_path / 'one') == bytes_of(tmp_path / 'two')
    assert f'storage_identifier: {storage}' in (tmp_path / 'one/bag/metadata.yaml').read_text()
    assert report_of(tmp_path / 'one')['targets']['solved'] == N_TARGETS


def test_replay_solves_every_target_of_the_reference_exactly(output, arm):
    targets = {
        target.stamp_ns: target.transform
        for topic, _, message in recorded(REFERENCE)
        if topic == TARGETS and isinstance(target := target_from_pose(message), PoseTarget)
    }
    reader = JointReader(arm.joint_names)
    readings = [reader.read(message) for _, message in by_topic(output / 'bag')[SOLUTION]]
    assert len(readings) == len(targets) == N_TARGETS
    for reading in readings:
        assert isinstance(reading, JointReading)
        assert np.abs(forward(arm, reading.q) - targets[reading.stamp_ns]).max() < EXACT


def test_replay_sends_the_commands_that_were_recorded(output):
    report = report_of(output)['recorded_commands']
    assert report['compared'] == sum(topic == COMMANDS for topic, *_ in recorded(REFERENCE))
    assert report['without_replayed_one'] == 0
    assert report['difference_rad']['p50'] < ROUNDING
    assert report['difference_rad']['max'] < TRANSIENT


def test_replayed_commands_are_accepted_by_the_controller_when_they_were_sent(output, arm):
    commands = by_topic(output / 'bag')[COMMANDS]
    assert len(commands) >= N_TARGETS
    for time_ns, message in commands:
        trajectory = trajectory_from_message(message)
        assert abs(trajectory.stamp_ns - time_ns) <= MAX_BEHIND_NS, 'of the clock of the bag'
        for late_ns in (0, 190_000_000):
            assert first_violation(trajectory, arm.joint_names, now_ns=time_ns + late_ns) is None


def test_replay_keeps_the_clock_of_the_bag(output):
    target_times = [time_ns for topic, time_ns, _ in recorded(REFERENCE) if topic == TARGETS]
    solutions = by_topic(output / 'bag')[SOLUTION]
    assert [time_ns for time_ns, _ in solutions] == target_times
    every = [time_ns for _, time_ns, _ in recorded(output / 'bag')]
    assert every == sorted(every)


def test_replay_reports_statuses_when_they_change(tmp_path):
    """Some targets before the motion begins are beyond reach."""

    def change(number, topic, time_ns, message):
        if topic == TARGETS and 20 < number < 40:
            far = replace(message.pose.position, x=9.0)
            message = replace(message, pose=replace(message.pose, position=far))
        return time_ns, message

    bag = changed(tmp_path / 'bag', change)
    assert replayed(bag, tmp_path / 'out') == 0
    by_status = report_of(tmp_path / 'out')['targets']['by_status']
    assert set(by_status) == {'SOLVED', 'UNREACHABLE'}
    assert sum(by_status.values()) == N_TARGETS
    statuses = [message.values[0].value for _, message in by_topic(tmp_path / 'out/bag')[STATUS]]
    assert statuses == ['SOLVED', 'UNREACHABLE', 'SOLVED']


def test_replay_ends_the_motion_when_joint_states_end(tmp_path):
    """As the watchdog of the node does; the clock of the bag goes on with the targets."""

    def change(number, topic, time_ns, message):
        return None if topic == JOINTS and number > 300 else (time_ns, message)

    bag = changed(tmp_path / 'bag', change)
    assert replayed(bag, tmp_path / 'out') == 0
    report = report_of(tmp_path / 'out')
    assert report['faults'] == {'STALE_JOINT_STATE': 1}
    assert report['targets']['solved'] < N_TARGETS


def test_replay_reads_remapped_topics(tmp_path):
    assert replayed(REFERENCE, tmp_path / 'out', '--commands-topic', '/other') == 0
    assert report_of(tmp_path / 'out')['bag']['commands'] == 0
    arguments = ('--node', '/left/neural_ik', '--target-topic', TARGETS)
    params = tmp_path / 'params.yaml'
    params.write_text('/**:\n  ros__parameters: {rate_hz: 100}\n')
    more = ('--joint-states-topic', JOINTS)
    assert replayed(REFERENCE, tmp_path / 'two', *arguments, *more, params=params) == 0
    topics = set(by_topic(tmp_path / 'two/bag'))
    assert topics == {
        '/left/joint_trajectory_controller/joint_trajectory',
        '/left/neural_ik/solution',
        '/left/neural_ik/status',
    }


def test_replay_takes_the_file_of_a_bag_as_well(tmp_path, output):
    assert replayed(REFERENCE / 'reference.mcap', tmp_path / 'out') == 0
    one, two = report_of(output), report_of(tmp_path / 'out')
    assert two['targets'] == one['targets']
    assert two['bag']['duration_s'] == pytest.approx(one['bag']['duration_s'])


def test_replay_crosses_a_pause_of_years_at_once(tmp_path):
    def change(number, topic, time_ns, message):
        if number > 400:
            stamp = replace(message.header.stamp, sec=message.header.stamp.sec + 10**8)
            message = replace(message, header=replace(message.header, stamp=stamp))
            time_ns += 10**17
        return time_ns, message

    bag = changed(tmp_path / 'bag', change)
    assert replayed(bag, tmp_path / 'out') == 0
    report = report_of(tmp_path / 'out')
    assert report['faults'] == {'STALE_JOINT_STATE': 1}, 'the arm was on its way'
    assert report['bag']['duration_s'] > 9e7


def test_replay_keeps_times_out_of_the_report(output):
    times = json.loads((output / 'times.json').read_text())
    assert times['solve_ms']['p50'] > 0.0
    assert times['messages_per_s'] > 0.0
    assert 'solve_ms' not in (output / 'report.json').read_text()


def test_replay_draws_pictures(tmp_path):
    assert main(['replay', str(REFERENCE), '--output', str(tmp_path / 'out')]) == 0
    for name in ('errors.png', 'joints.png'):
        assert (tmp_path / 'out' / name).read_bytes().startswith(b'\x89PNG')


def test_record_demo_makes_the_same_bag_again(tmp_path):
    for name in ('one', 'two'):
        folder = tmp_path / name / 'bag'
        assert main(['record-demo', '--duration', '0.5', '--output', str(folder)]) == 0
    one, two = bytes_of(tmp_path / 'one'), bytes_of(tmp_path / 'two')
    assert set(one) == {'bag/bag.mcap', 'bag/metadata.yaml'}
    assert one == two


def test_record_demo_with_a_prefix_is_replayed_with_it(tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text('/**:\n  ros__parameters: {prefix: left_}\n')
    options = ('--duration', '0.5', '--storage', 'sqlite3', '--params-file', str(params))
    assert main(['record-demo', '--output', str(tmp_path / 'bag'), *options]) == 0
    assert replayed(tmp_path / 'bag', tmp_path / 'out', params=params) == 0
    report = report_of(tmp_path / 'out')
    assert report['targets']['solved'] == 125
    assert report['recorded_commands']['difference_rad']['max'] == 0.0
    stamps = [
        ns_from_time(m.header.stamp) for t, _, m in recorded(tmp_path / 'bag') if t == JOINTS
    ]
    assert len(stamps) == 125


# The description that the node received


@pytest.fixture
def cell_file(tmp_path) -> Path:
    file = tmp_path / 'cell.urdf'
    file.write_text(CELL)
    return file


@pytest.mark.parametrize('setting', ['robot_description_mode: use', 'base_frame: world'])
def test_replay_solves_in_the_cell_of_a_description_and_not_without(
    tmp_path, cell_file, capsys, setting
):
    params = tmp_path / 'params.yaml'
    params.write_text(f'/neural_ik:\n  ros__parameters:\n    {setting}\n')
    assert replayed(REFERENCE, tmp_path / 'none', params=params) == 1
    error = capsys.readouterr().err.strip()
    assert 'no robot_description has been received' in error
    assert error.endswith('give the URDF that the node received (--robot-description).')
    given = ('--robot-description', str(cell_file))
    assert replayed(REFERENCE, tmp_path / 'out', *given, params=params) == 0
    assert report_of(tmp_path / 'out')['targets']['solved'] == N_TARGETS
    solution = by_topic(tmp_path / 'out' / 'bag')[SOLUTION][0][1]
    expected = 'world' if 'world' in setting else 'base_link'
    assert solution.header.frame_id == expected


def test_replay_follows_the_tool_of_a_description(tmp_path, cell_file):
    """The same poses, asked of the tool, need other joints."""
    params = tmp_path / 'params.yaml'
    params.write_text(
        '/neural_ik:\n  ros__parameters:\n    tool_frame: tcp\n    max_following_error_rad: 0.0\n'
    )
    replayed(REFERENCE, tmp_path / 'out', '--robot-description', str(cell_file), params=params)
    found, given = by_topic(tmp_path / 'out' / 'bag'), by_topic(REFERENCE)
    targets = {ns_from_time(one.header.stamp): one for _, one in given[TARGETS]}
    whole, n = arm_from_urdf(CELL, tool_frame='tcp'), 0
    for _, solution in found[SOLUTION]:
        target = target_from_pose(targets[ns_from_time(solution.header.stamp)])
        pose = forward(whole, np.array(solution.position))
        np.testing.assert_allclose(pose, target.transform, atol=EXACT)
        n += 1
    assert n > 50


def test_replay_gives_no_description_to_a_live_node(tmp_path, cell_file, capsys):
    given = ('--live', '--robot-description', str(cell_file))
    assert replayed(REFERENCE, tmp_path / 'out', *given) == 1
    assert '--robot-description: is for offline replays' in capsys.readouterr().err
