# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag played to a real node: the same solutions as offline, accepted by a controller."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from peers import assert_clean_exit
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from neural_ik_ros.cli.main import main
from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.ros.runtime import qos

try:
    from neural_ik_ros.replay.bag_reader import BagReader
    from neural_ik_ros.replay.bag_types import INPUTS, TARGET, Topics, message_decoder
except ImportError:
    BagReader = None

pytestmark = pytest.mark.skipif(BagReader is None, reason='rosbags is not installed')
BAGS = Path(__file__).resolve().parents[2] / 'plain' / 'replay' / 'bags'
REFERENCE, PARAMETERS = BAGS / 'reference', BAGS / 'reference.yaml'
N_TARGETS, N_MESSAGES = 280, 560
SAME = 1e-9  # [rad]
LIVE_NODE = ('--params-file', str(PARAMETERS), '-p', 'use_sim_time:=true', '-p', 'autostart:=true')
PLAY = ('-p', f'bag:={REFERENCE}')
FAST = ('-p', 'lock_step:=true', '-p', 'rate:=1000.0')


def replayed(output: Path, *arguments: str, bag: Path = REFERENCE) -> int:
    options = ('--params-file', str(PARAMETERS), '--no-plots', '--output', str(output))
    return main(['replay', str(bag), *options, *arguments])


def messages() -> list[Any]:
    with BagReader(REFERENCE, Topics.of_node('/neural_ik'), wanted=()) as reader:
        return list(reader.messages())


def test_live_replay_gives_the_solutions_of_the_offline_one(tmp_path, capsys):
    assert replayed(tmp_path / 'out', '--live') == 0, capsys.readouterr()
    report = json.loads((tmp_path / 'out/report.json').read_text())
    solutions = report['recorded_solutions']
    assert solutions['compared'] == report['targets']['solved'] == N_TARGETS
    assert solutions['missing'] == solutions['without_replayed_one'] == 0
    assert solutions['difference_rad']['max'] < SAME
    assert report['recorded_commands']['compared'] >= N_TARGETS
    assert 'as replayed' in capsys.readouterr().out


def test_controller_on_the_clock_of_the_bag_refuses_nothing(start_node, peer):
    """One on another clock refuses everything that moves: it "ended" on the day of the bag."""
    reports = peer.listen(DiagnosticArray, '/diagnostics', 1000)
    times = peer.listen(Clock, '/clock', qos.with_depth(qos.CLOCK_OUT))
    start_node('neural_ik_node', *LIVE_NODE)
    arms = {
        name: start_node(
            'simulated_arm',
            *('-r', f'__node:={name}', '-p', f'use_sim_time:={use_sim_time}'),
            *('-r', 'joint_states:=simulated_joint_states'),
        )
        for name, use_sim_time in (('arm_of_then', 'true'), ('arm_of_now', 'false'))
    }
    player = start_node('bag_player', *PLAY, '-p', 'lock_step:=true')

    def counts(arm: str) -> dict[str, str]:
        """Return the newest counts; the last ones come when the arm ends."""
        told = [one for report in reports for one in report.status if arm in one.name]
        return {pair.key: pair.value for pair in told[-1].values} if told else {}

    assert peer.spin_until(lambda: not player.is_running, 60.0), player.output
    assert_clean_exit(player, player.wait())
    for name, arm in arms.items():
        assert_clean_exit(arm, arm.stop())
        assert peer.spin_until(lambda name=name: counts(name)), arm.output
    peer.spin_for(0.3)
    then, now = counts('arm_of_then'), counts('arm_of_now')
    # Each takes the newest one only; nobody waits for the arms.
    assert int(then['accepted']) > N_TARGETS // 4, then
    assert then['rejected'] == '0', then
    assert int(now['rejected']) > N_TARGETS // 4, now
    assert 'the trajectory ended' in now['last_problem'], now
    newest_ns = ns_from_time(times[-1].clock)
    assert newest_ns == messages()[-1].time_ns, 'far in the past of other clocks'


def test_player_publishes_what_the_bag_holds_on_its_clock(start_node, peer):
    heard: list[tuple[str, bytes, int]] = []
    times: list[int] = []
    for role, kind, profile in zip(
        INPUTS, (PoseStamped, JointState), (qos.POSE_IN, qos.JOINT_STATES_IN), strict=True
    ):

        def keep(message: Any, role: str = role) -> None:
            heard.append((role, message, times[-1] if times else 0))

        name = Topics.of_node('/left/neural_ik').name(role)
        peer.node.create_subscription(kind, name, keep, qos.with_depth(profile))
    peer.node.create_subscription(
        Clock,
        '/clock',
        lambda message: times.append(ns_from_time(message.clock)),
        qos.with_depth(qos.CLOCK_OUT),
    )
    start_node('neural_ik_node', *LIVE_NODE, '-r', '__ns:=/left')
    topics = ('target_topic:=/neural_ik/target_pose', 'joint_states_topic:=/joint_states')
    given = [part for topic in topics for part in ('-p', topic)]
    player = start_node('bag_player', *PLAY, *FAST, *given, '-r', '__ns:=/left')
    assert peer.spin_until(lambda: len(heard) == N_MESSAGES, 60.0), player.output
    for role in INPUTS:
        played = [serialize_message(message) for kind, message, _ in heard if kind == role]
        recorded = [one for one in messages() if one.role == role]
        assert len(played) == len(recorded)
        for data, one in zip(played, recorded, strict=True):
            assert decoded_fields(data, role) == decoded_fields(one.data, role)
    expected = {one.time_ns for one in messages()}
    assert peer.spin_until(lambda: expected <= set(times))
    assert times == sorted(times)
    assert_clean_exit(player, player.wait())
    assert f'played {N_MESSAGES} messages' in player.output


def decoded_fields(data: bytes, role: str) -> str:
    kind = 'geometry_msgs/msg/PoseStamped' if role == TARGET else 'sensor_msgs/msg/JointState'
    return str(message_decoder().decode(data, kind))


def test_player_begins_again_when_it_loops(start_node, peer):
    times = peer.listen(Clock, '/clock', qos.with_depth(qos.CLOCK_OUT))
    node = start_node('neural_ik_node', *LIVE_NODE)
    player = start_node('bag_player', *PLAY, '-p', 'loop:=true', '-p', 'rate:=20.0')

    def jumps() -> int:
        stamps = [ns_from_time(one.clock) for one in times]
        return sum(b < a for a, b in pairwise(stamps))

    assert peer.spin_until(lambda: jumps() >= 2, 60.0), player.output
    assert_clean_exit(player, player.stop())
    assert node.is_running
    assert player.output.count(f'played {N_MESSAGES} messages') >= 2


def test_player_that_is_stopped_leaves_no_half_written_bag(start_node, tmp_path):
    start_node('neural_ik_node', *LIVE_NODE)
    player = start_node('bag_player', *PLAY, '-p', f'responses:={tmp_path}/responses')
    player.wait_for_output('plays', 60.0)
    assert_clean_exit(player, player.stop())
    assert not (tmp_path / 'responses').exists()
    assert not list(tmp_path.glob('.responses*'))


def test_player_reports_when_the_node_is_lost(start_node, tmp_path):
    node = start_node('neural_ik_node', *LIVE_NODE)
    script = (
        'from neural_ik_ros.ros.nodes import lifecycle_poller as poller; '
        'poller.REPLY_TIMEOUT_NS = 10**9; '
        'from neural_ik_ros.ros.executables import bag_player; raise SystemExit(bag_player())'
    )
    arguments = ('-p', 'lock_step:=true', '-p', f'responses:={tmp_path}/responses')
    player = start_node('bag_player', *PLAY, *arguments, script=script)
    player.wait_for_output('plays', 60.0)
    node.end()
    assert player.wait() == 1
    assert '/neural_ik: does not reply any more; start it again' in player.output
    assert 'Traceback' not in player.output
    assert not (tmp_path / 'responses').exists()


def truncated(folder: Path) -> Path:
    shutil.copytree(REFERENCE, folder)
    file = folder / 'reference.mcap'
    file.write_bytes(file.read_bytes()[:-20000])
    return folder


def fewer_than_promised(folder: Path) -> Path:
    """Return a bag that turns out to be bad only when it has been played."""
    metadata = Path(shutil.copytree(REFERENCE, folder)) / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('message_count: 280', 'message_count: 290'))
    return folder


BAD = {
    'no bag given': ((), ('parameter bag', 'no bag given')),
    'no such bag': (('bag:=/no/such/bag',), ('does not exist',)),
    'missing topic': (('target_topic:=/goal',), ('no topic /goal', '/neural_ik/target_pose')),
    'wrong type': (('target_topic:=/joint_states',), ('JointState instead of',)),
    'two rounds': (('loop:=true', 'responses:=/tmp/responses'), ('one round only',)),
}


@pytest.mark.parametrize('case', BAD)
def test_player_refuses_bad_parameters_in_one_line(start_node, case):
    given, words = BAD[case]
    bag = PLAY if case not in ('no bag given', 'no such bag') else ()
    player = start_node('bag_player', *bag, *(part for one in given for part in ('-p', one)))
    assert player.wait() == 1
    lines = player.output.splitlines()
    assert len(lines) == 1, player.output
    assert all(word in lines[0] for word in words), lines[0]


def test_player_reports_what_is_wrong_with_a_bag_while_it_plays(start_node, tmp_path):
    start_node('neural_ik_node', *LIVE_NODE)
    bag = fewer_than_promised(tmp_path / 'bad')
    responses = ('-p', f'responses:={tmp_path}/responses')
    player = start_node('bag_player', '-p', f'bag:={bag}', *FAST, *responses)
    assert player.wait(60.0) == 1
    assert 'is truncated: has 280 of 290 messages' in player.output.splitlines()[-1]
    assert 'Traceback' not in player.output
    assert not (tmp_path / 'responses').exists()


@pytest.mark.parametrize('make', [truncated, fewer_than_promised])
def test_live_replay_refuses_a_bad_bag_before_it_starts(tmp_path, capsys, make):
    bag = make(tmp_path / 'bad')
    assert replayed(tmp_path / 'out', '--live', bag=bag) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert 'truncated' in lines[0]
    assert not (tmp_path / 'out').exists()


def test_live_replay_reports_why_the_node_did_not_start(tmp_path, capsys):
    params = tmp_path / 'params.yaml'
    params.write_text('/**:\n  ros__parameters: {use_tf: true}\n')
    assert replayed(tmp_path / 'out', '--live', '--params-file', str(params)) == 1
    assert 'the node did not become active' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
