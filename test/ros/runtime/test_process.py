# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import signal
from pathlib import Path

import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from peers import assert_clean_exit

from neural_ik_ros.ros.runtime.transport import LOCALHOST, TRANSPORTS, is_fast_dds

LIFECYCLE = """
from rclpy.lifecycle import LifecycleNode
from neural_ik_ros.ros.runtime import process

{setup}
raise SystemExit(process.run(lambda: LifecycleNode('subject')))
"""
NODE = """
from rclpy.node import Node
from neural_ik_ros.ros.runtime.process import run


class Subject(Node):
    def __init__(self):
        super().__init__('subject')
        self.create_timer(0.01, self.tick)

    def tick(self):
        {tick}

    def before_exit(self):
        print('goodbye from', self.get_name())


raise SystemExit(run(Subject))
"""
BUILTIN = {TRANSPORTS: 'DEFAULT'}
needs_fast_dds = pytest.mark.skipif(not is_fast_dds(), reason='Fast DDS only')
EXECUTORS = {'events': '', 'single': 'process.EventsExecutor = None'}


@pytest.fixture(params=EXECUTORS)
def lifecycle_process(request, start_node):
    return start_node('subject', script=LIFECYCLE.format(setup=EXECUTORS[request.param]))


def change_state(peer, transition: int) -> bool:
    request = ChangeState.Request()
    request.transition.id = transition
    return peer.call(ChangeState, 'subject/change_state', request).success


def test_run_answers_a_disallowed_transition_and_goes_on(lifecycle_process, peer):
    """Rclpy issue 1209: elsewhere on Jazzy this ends the node, and the client waits for ever."""
    assert not change_state(peer, Transition.TRANSITION_ACTIVATE)
    assert change_state(peer, Transition.TRANSITION_CONFIGURE)
    assert not change_state(peer, Transition.TRANSITION_CONFIGURE)
    assert change_state(peer, Transition.TRANSITION_ACTIVATE)
    state = peer.call(GetState, 'subject/get_state', GetState.Request()).current_state
    assert state.id == State.PRIMARY_STATE_ACTIVE
    assert 'transition 3 refused' in lifecycle_process.output
    assert_clean_exit(lifecycle_process, lifecycle_process.stop())


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_run_calls_before_exit_of_the_node(start_node, number):
    process = start_node('subject', script=NODE.format(tick='print("tick", flush=True)'))
    process.wait_for_output('tick')
    assert_clean_exit(process, process.stop(number))
    assert process.output.replace('tick\n', '') == 'goodbye from subject\n'


@needs_fast_dds
def test_processes_of_the_tests_keep_to_the_loopback(start_node):
    """Also if the profile should be broken one day: Fast DDS would go on without it."""
    process = start_node('subject', script=NODE.format(tick='print("tick", flush=True)'))
    process.wait_for_output('tick')
    assert process.udp_addresses() == {'127.0.0.1'}
    assert not process.shared_memory_files()


@needs_fast_dds
@pytest.mark.parametrize(('transports', 'has_shared_memory'), [({}, False), (BUILTIN, True)])
def test_run_goes_without_shared_memory_unless_reported(
    start_node, monkeypatch, transports, has_shared_memory
):
    """The successor of a killed process may receive nothing through it (Fast-DDS 4737)."""
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        monkeypatch.delenv(name)  # as on a robot PC
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')  # nothing gets out
    monkeypatch.delenv(TRANSPORTS, raising=False)
    script = NODE.format(tick='print("tick", flush=True)')
    process = start_node('subject', script=script, environment=transports)
    process.wait_for_output('tick')
    files = process.shared_memory_files()
    assert bool(files) == has_shared_memory
    assert_clean_exit(process, process.stop())
    assert not [name for name in files if Path(name).exists()]


@needs_fast_dds
@pytest.mark.parametrize(('variable', 'value'), LOCALHOST)
def test_run_warns_where_fast_dds_insists_on_shared_memory(start_node, variable, value):
    script = NODE.format(tick='self.is_finished = True')
    process = start_node('subject', script=script, environment={variable: value})
    assert_clean_exit(process, process.wait())
    assert f'{variable}={value} makes Fast DDS use shared memory' in process.output


def test_run_ends_when_the_node_is_finished(start_node):
    process = start_node('subject', script=NODE.format(tick='self.is_finished = True'))
    assert_clean_exit(process, process.wait())
    assert process.output == 'goodbye from subject\n'


def test_run_ends_when_the_context_is_shut_down(start_node):
    process = start_node('subject', script=NODE.format(tick='self.context.try_shutdown()'))
    assert_clean_exit(process, process.wait())


def test_run_lets_a_bug_escape(start_node):
    process = start_node('subject', script=NODE.format(tick="raise KeyError('bug')"))
    assert process.wait() == 1
    assert "KeyError: 'bug'" in process.output
    assert 'goodbye' in process.output


def test_run_refuses_arguments_that_are_not_for_ros(start_node):
    script = 'import sys; sys.argv += ["--rate", "5"]\n' + NODE.format(tick='pass')
    process = start_node('subject', script=script)
    assert process.wait() == 1
    assert len(process.output.splitlines()) == 1
    assert "unknown arguments ['--rate', '5']" in process.output


def test_run_refuses_an_unknown_quality_of_service(start_node):
    override = 'qos_overrides./joint_states.publisher.reliability:=perfect'
    process = start_node('simulated_arm', '-p', override)
    assert process.wait() == 1
    assert len(process.output.splitlines()) == 1
    assert 'perfect' in process.output
