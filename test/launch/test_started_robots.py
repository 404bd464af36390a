# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Launch files with moving robots, started with launch_testing."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import unittest

import pytest
import started

try:
    import launch_testing
    import launch_testing.asserts
    from launch_testing_ros import WaitForTopics
    from sensor_msgs.msg import JointState
    from trajectory_msgs.msg import JointTrajectory
except ImportError:
    launch_testing = None

WHY_NOT = started.why_not()
ISOLATION = contextlib.ExitStack()
COMMANDS = 'joint_trajectory_controller/joint_trajectory'
CASES = (
    ('demo.launch.py', {'log_level': 'info', 'view': 'true'}, ['']),
    ('demo.launch.py', {'namespace': 'cell', 'prefix': 'c1_', 'respawn': 'true'}, ['/cell']),
    ('two_robots.launch.py', {'namespace': 'cell'}, ['/cell/left', '/cell/right']),
)

if not WHY_NOT:

    @pytest.mark.launch_test
    @launch_testing.parametrize('file, arguments, robots', CASES)
    def generate_test_description(file, arguments, robots):
        ISOLATION.enter_context(started.isolated())
        return started.description(file, **arguments)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class TestRobots(unittest.TestCase):
    def test_every_robot_is_commanded_and_moves(self, proc_output, robots):
        for _ in robots:
            proc_output.assertWaitFor('ready for irb2400', timeout=started.WAIT_S)
        topics = [
            topic
            for robot in robots
            for topic in (
                (f'{robot}/{COMMANDS}', JointTrajectory),
                (f'{robot}/joint_states', JointState),
            )
        ]
        with WaitForTopics(
            topics, timeout=started.WAIT_S, messages_received_buffer_length=5
        ) as all_:
            for topic, _ in topics:
                for message in all_.received_messages(topic):
                    names = getattr(message, 'joint_names', None) or message.name
                    expected = 'c1_joint_' if robots == ['/cell'] else robot_prefix(topic)
                    assert all(name.startswith(expected) for name in names), names

    def test_a_node_that_dies_comes_back_where_it_is_asked_for(
        self, proc_info, proc_output, arguments
    ):
        if arguments.get('respawn') != 'true':
            return
        proc_output.assertWaitFor('ready for irb2400', timeout=started.WAIT_S)
        name = next(name for name in proc_info.process_names() if 'neural_ik_node' in name)
        os.kill(proc_info[name].pid, signal.SIGKILL)
        deadline = time.monotonic() + started.WAIT_S
        while sum(line.text.count(b'ready for') for line in proc_output[name]) < 2:
            assert time.monotonic() < deadline, 'it does not come back'
            time.sleep(0.1)


def robot_prefix(topic: str) -> str:
    robots = [name for name in ('left', 'right') if f'/{name}/' in topic]
    return f'{robots[0]}_joint_' if robots else 'joint_'


if not WHY_NOT:

    @launch_testing.post_shutdown_test()
    class TestEnd(unittest.TestCase):
        def test_every_process_ends_with_exit_code_0(self, proc_info):
            ISOLATION.close()
            launch_testing.asserts.assertExitCodes(proc_info)
