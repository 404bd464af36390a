# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What replay.launch.py would start, without starting a process."""

from __future__ import annotations

import pytest
from described import commands_of, executables_of, needs_launch, nodes_of, parameters_of, start

try:
    from launch.actions import LogInfo, RegisterEventHandler
    from launch_ros.event_handlers import OnStateTransition
except ImportError:
    LogInfo = None

from neural_ik_ros.errors import ConfigError

pytestmark = needs_launch


def test_replay_without_a_bag_is_refused(context):
    with pytest.raises(ConfigError, match='pass bag:='):
        start('replay.launch.py', context, bag='')


def test_replay_plays_on_the_clock_of_the_bag(context):
    node, player = nodes_of(start('replay.launch.py', context, rate='2.0', output='out/'))
    played = parameters_of(player)
    assert played['bag'] == '/a/bag'
    assert played['rate'] == 2.0
    assert played['lock_step'] is True
    assert played['responses'] == 'out_live'
    assert parameters_of(node)['use_sim_time'] is True
    assert player._ExecuteLocal__respawn is False


def test_replay_that_loops_keeps_no_responses(context):
    _, player = nodes_of(start('replay.launch.py', context, loop='true'))
    assert parameters_of(player)['loop'] is True
    assert parameters_of(player)['responses'] == ''


def test_replay_has_a_controller_that_does_not_disturb_the_recorded_joints(context):
    _, arm, _ = nodes_of(start('replay.launch.py', context, controller='true'))
    assert arm.node_executable == 'simulated_arm'
    assert arm.expanded_remapping_rules == [('joint_states', 'simulated_joint_states')]


def test_replay_says_what_ros2_bag_needs_and_plays_without_it(context):
    actions = start('replay.launch.py', context, player='ros2_bag')
    assert 'bag_player' in executables_of(actions)
    assert any(isinstance(action, LogInfo) for action in actions)


def test_replay_uses_ros2_bag_where_it_is_installed(context, tmp_path):
    for package in ('ros2bag', 'rosbag2_transport'):
        (tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages' / package).touch()
    arguments = {'player': 'ros2_bag', 'namespace': 'left', 'target_topic': '/goal'}
    actions = start('replay.launch.py', context, **arguments)
    assert executables_of(actions) == ['neural_ik_node']
    (record,) = commands_of(actions, context)
    assert record[:2] == ['bag', 'record']
    assert record[record.index('--topics') + 1 :] == [
        *('/left/neural_ik/solution', '/left/neural_ik/status'),
        '/left/joint_trajectory_controller/joint_trajectory',
    ]
    (is_active,) = (
        action.event_handler
        for action in actions
        if isinstance(action, RegisterEventHandler)
        and isinstance(action.event_handler, OnStateTransition)
    )
    (play,) = commands_of(is_active.entities, context)
    assert play[:4] == ['bag', 'play', '/a/bag', '--clock-topics-all']
    assert play[play.index('--topics') + 1 : play.index('--remap')] == [
        '/goal',
        '/left/joint_states',
    ]
    assert '/goal:=/left/neural_ik/target_pose' in play
