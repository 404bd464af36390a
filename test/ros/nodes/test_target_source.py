# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math
import signal
import subprocess
import sys

import numpy as np
import pytest
import yaml
from geometry_msgs.msg import PoseStamped
from numpy.testing import assert_allclose
from peers import assert_clean_exit

from neural_ik_ros.interface.messages import ns_from_time, target_from_pose
from neural_ik_ros.ros.nodes.target_source import TargetSourceConfig, end_time, make_path
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder
from neural_ik_ros.simulation.paths import SHAPES

PERIOD_NS = 4_000_000
LISTENER = """
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.qos import qos_profile_sensor_data

rclpy.init()
node = rclpy.create_node('victim')
node.create_subscription(PoseStamped, 'target_pose', lambda _: None, qos_profile_sensor_data)
rclpy.spin(node)
"""
ROUNDING = 1e-14  # of a rotation matrix that went through a quaternion


def parameters(config: TargetSourceConfig) -> list[str]:
    """Return the command line that makes the node use a configuration."""
    values = dataclasses.asdict(config)
    texts = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v != ''}
    return [item for k, v in texts.items() for item in ('-p', f'{k}:={v}'.replace("'", ''))]


def received(messages: list[PoseStamped]) -> tuple[np.ndarray, np.ndarray]:
    """Return stamps (n,) [ns] and poses (n, 4, 4)."""
    stamps = np.array([ns_from_time(message.header.stamp) for message in messages])
    return stamps, np.array([target_from_pose(message).transform for message in messages])


def test_source_streams_the_path_at_the_times_of_its_stamps(start_node, peer):
    config = TargetSourceConfig(
        path='iso_9283', settle_s=0.2, speed_m_s=1.0, ramp_s=0.1, tool_rpy=(0.3, 2.0, -0.4)
    )
    start_node('target_source', *parameters(config))
    messages = peer.listen(PoseStamped, 'target_pose', qos.with_depth(qos.POSE_IN))
    assert peer.spin_until(lambda: len(messages) > 300)
    stamps, transforms = received(messages)
    steps = np.diff(stamps)
    assert (steps % PERIOD_NS == 0).all(), 'stamps are the scheduled times, free of jitter'
    assert steps.min() == PERIOD_NS
    assert (steps > 0).all()
    # Best effort may have lost the first ones: find out which one came first.
    path = make_path(config)
    since_first = (stamps - stamps[0]) * 1e-9 - config.settle_s
    deviations = [
        np.abs(path.transform(since_first + k * PERIOD_NS * 1e-9) - transforms).max()
        for k in range(500)
    ]
    assert min(deviations) < ROUNDING
    assert messages[0].header.frame_id == 'base_link'


def test_source_waits_in_the_centre_for_its_first_subscriber(start_node, peer):
    process = start_node('target_source', '-p', 'settle_s:=0.5')
    assert peer.spin_until(lambda: peer.node.count_publishers('target_pose'))
    peer.spin_for(1.0)
    assert 'start in' not in process.output
    messages = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: len(messages) > 150)
    stamps, transforms = received(messages)
    is_early = stamps < stamps[0] + 300_000_000
    assert is_early.sum() > 10
    assert_allclose(transforms[is_early, :3, 3], [[1.0, 0.0, 0.9]] * is_early.sum(), atol=0.0)
    assert np.abs(transforms[-1] - transforms[0]).max() > 0.0


def test_source_waits_for_as_many_subscribers_as_reported(start_node, peer):
    process = start_node('target_source', '-p', 'wait_for_subscribers:=2')
    first = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: peer.node.count_publishers('target_pose'))
    peer.spin_for(0.5)
    assert not first, process.output
    second = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: first and second)


def test_source_ends_after_its_duration_when_reported_so(start_node, peer):
    config = TargetSourceConfig(
        path='line', settle_s=0.0, duration_s=0.1, ramp_s=0.1, size_m=0.1, exit_when_done=True
    )
    process = start_node('target_source', *parameters(config))
    messages = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: not process.is_running)
    assert_clean_exit(process, process.wait())
    stamps, transforms = received(messages)
    cycle_ns = round(make_path(config).duration * 1e9)
    assert 0.5 * cycle_ns < stamps[-1] - stamps[0] <= cycle_ns
    assert_allclose(transforms[-1, :3, 3], config.centre, atol=1e-6)


def test_source_stays_silent_after_its_duration(start_node, peer):
    process = start_node('target_source', '-p', 'duration_s:=0.1', '-p', 'speed_m_s:=2.0')
    messages = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: 'path finished' in process.output)
    n_messages = len(messages)
    peer.spin_for(0.5)
    assert len(messages) - n_messages <= 1, 'only what was on its way'
    assert process.is_running


def test_source_has_its_namespace_prefix_and_whole_number_parameters(start_node, peer):
    start_node(
        'target_source',
        *('-r', '__ns:=/left', '-p', 'prefix:=left_', '-p', 'rate_hz:=100'),
        *('-p', 'centre:=[1, 0, 1]'),
    )
    messages = peer.listen(PoseStamped, '/left/target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: len(messages) > 20)
    assert messages[0].header.frame_id == 'left_base_link'
    assert messages[0].pose.position.z == 1.0
    assert np.median(np.diff(received(messages)[0])) == 10_000_000


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('times', [1, 3])
def test_source_ends_cleanly_when_signalled_while_it_streams(start_node, peer, number, times):
    process = start_node('target_source')
    messages = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    assert peer.spin_until(lambda: messages)
    for _ in range(times - 1):
        process.send(number)
    assert_clean_exit(process, process.stop(number))


def test_source_survives_a_subscriber_that_is_killed(start_node, peer):
    process = start_node('target_source', '-p', 'wait_for_subscribers:=2')
    messages = peer.listen(PoseStamped, 'target_pose', qos.POSE_IN)
    victim = subprocess.Popen([sys.executable, '-c', LISTENER])
    try:
        assert peer.spin_until(lambda: messages), 'it starts when both listen'
    finally:
        victim.kill()
        victim.wait()
    n_messages = len(messages)
    assert peer.spin_until(lambda: len(messages) > n_messages + 100)
    assert_clean_exit(process, process.stop())


@pytest.mark.parametrize(
    ('argument', 'reason'),
    [
        ('path:=spiral', f"'spiral' is not one of {', '.join(SHAPES)}"),
        ('speed_m_s:=-1.0', 'speed_m_s'),
        ('centre:=[1.0, 0.0]', '2 elements given, 3 needed'),
        ('laps:=0', 'laps'),
    ],
)
def test_source_refuses_bad_parameters_in_one_line(start_node, argument, reason):
    process = start_node('target_source', '-p', argument)
    assert process.wait() == 1
    lines = process.output.splitlines()
    assert len(lines) == 1, process.output
    assert reason in lines[0]
    assert '; correct it' in lines[0]


def test_end_time_is_that_of_whole_cycles():
    path = make_path(TargetSourceConfig())
    for duration_s, n_cycles in ((0.1, 1), (1.5 * path.duration, 1), (2.5 * path.duration, 2)):
        config = TargetSourceConfig(duration_s=duration_s)
        assert end_time(config, path) == pytest.approx(n_cycles * path.duration)
    assert end_time(TargetSourceConfig(), path) == math.inf


def test_yaml_has_the_defaults_of_the_dataclass():
    text = (share_folder() / 'config' / 'target_source.yaml').read_text(encoding='utf-8')
    in_yaml = yaml.safe_load(text)['/**']['target_source']['ros__parameters']
    defaults = dataclasses.asdict(TargetSourceConfig())
    assert in_yaml == {k: list(v) if isinstance(v, tuple) else v for k, v in defaults.items()}
