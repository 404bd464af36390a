# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What escapes from a callback of the node: logged with its type, and the node lives on."""

from __future__ import annotations

import pytest
from driver import (
    ACTIVATE,
    ACTIVE,
    AUTOSTART,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    FAR,
    FINALIZED,
    HOME,
    INACTIVE,
    PATIENT,
    UNCONFIGURED,
    Driver,
)
from lifecycle_msgs.msg import Transition

SCRIPT = """
import pathlib
from neural_ik_ros.interface.streaming_node import StreamingNode
from neural_ik_ros.ros.node.publishers import Publishers
from neural_ik_ros.ros.node.subscriptions import Subscriptions
from neural_ik_ros.motion import PoseTracker

FLAG = pathlib.Path({flag!r})

def fail_while_flag_exists(owner, name):
    method = getattr(owner, name)
    def failing(self, *arguments, **options):
        if FLAG.exists():
            raise LookupError('no {name}'.format(name=name))
        return method(self, *arguments, **options)
    failing.__qualname__ = method.__qualname__
    setattr(owner, name, failing)

for owner, name in [{failing}]:
    fail_while_flag_exists(owner, name)
from neural_ik_ros.ros.executables import neural_ik_node
raise SystemExit(neural_ik_node())
"""
SHUTDOWN = {
    INACTIVE: Transition.TRANSITION_INACTIVE_SHUTDOWN,
    ACTIVE: Transition.TRANSITION_ACTIVE_SHUTDOWN,
}


@pytest.fixture
def start_failing(start_node, tmp_path):
    """Start a node whose methods fail while the flag exists; return flag and process."""

    def start(*failing: str, arguments=PATIENT):
        flag = tmp_path / 'flag'
        pairs = ', '.join(
            f'({one.partition(".")[0]}, {one.partition(".")[2]!r})' for one in failing
        )
        script = SCRIPT.replace('{failing}', pairs).replace('{flag!r}', repr(str(flag)))
        return flag, start_node('neural_ik_node', *arguments, script=script)

    return start


@pytest.mark.parametrize(
    ('failing', 'way', 'transition', 'ending', 'line'),
    [
        ('StreamingNode.start', (CONFIGURE,), ACTIVATE, UNCONFIGURED, 'on_activate failed'),
        ('StreamingNode.stop', (CONFIGURE, ACTIVATE), DEACTIVATE, UNCONFIGURED, 'on_deactivate'),
        ('Publishers.destroy', (CONFIGURE,), CLEANUP, UNCONFIGURED, 'Publishers.destroy failed'),
        ('Subscriptions.destroy', (CONFIGURE,), SHUTDOWN[INACTIVE], FINALIZED, 'Subscriptions'),
        ('StreamingNode.stop', (CONFIGURE, ACTIVATE), SHUTDOWN[ACTIVE], FINALIZED, '_stop_and'),
    ],
)  # fmt: skip
def test_error_in_a_transition_is_logged_and_leaves_a_state(
    start_failing, peer, failing, way, transition, ending, line
):
    flag, process = start_failing(failing)
    driver = Driver(peer)
    driver.go(*way)
    flag.touch()
    driver.change_state(transition)
    assert driver.state() == ending
    assert line in process.output
    assert f'LookupError: no {failing.partition(".")[2]}' in process.output
    flag.unlink()
    if ending == UNCONFIGURED:
        driver.go(CONFIGURE, ACTIVATE)
        driver.clear()
        driver.connect().solve_once()
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def test_error_while_an_error_is_processed_is_logged_too(start_failing, peer):
    flag, process = start_failing('StreamingNode.start', 'Publishers.destroy')
    driver = Driver(peer)
    driver.go(CONFIGURE)
    flag.touch()
    assert not driver.change_state(ACTIVATE)
    assert driver.state() == UNCONFIGURED
    assert 'Publishers.destroy failed: LookupError: no destroy' in process.output
    assert process.stop() == 0


@pytest.mark.parametrize(
    'failing', ['StreamingNode._answer', 'StreamingNode.on_joint_state', 'PoseTracker.on_tick']
)
def test_error_in_the_control_loop_ends_the_motion_and_not_the_node(start_failing, peer, failing):
    flag, process = start_failing(failing, arguments=(*AUTOSTART, *PATIENT))
    driver = Driver(peer).connect()

    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(FAR)

    assert driver.repeat(send, lambda: len(driver.trajectories) > 20)
    flag.touch()
    for _ in range(20):
        send()
        peer.spin_for(0.01)
    name = failing.partition('.')[2].replace('_answer', 'on_target')
    process.wait_for_output(f'{name} failed: LookupError: no')
    flag.unlink()
    driver.wait_for_status('INTERNAL_ERROR')
    assert any('LookupError' in one.message for one in driver.statuses)
    assert peer.spin_until(driver.has_braked)
    driver.repeat_until_status(send, 'SOLVED')
    driver.assert_trajectories_are_sound()
    assert driver.state() == ACTIVE
    assert process.output.count('failed: LookupError') < 10, 'at most one a second'
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def test_error_while_parameters_are_applied_is_logged(start_failing, peer):
    flag, process = start_failing('StreamingNode.reconfigure', arguments=(*AUTOSTART, *PATIENT))
    driver = Driver(peer).connect()
    flag.touch()
    peer.set_parameter(driver.node, 'recovery_s', 1.5)
    process.wait_for_output('parameters not applied: LookupError: no reconfigure')
    flag.unlink()
    driver.solve_once()


def test_error_in_a_report_does_not_touch_the_motion(start_failing, peer):
    flag, process = start_failing('Publishers.publish_report', arguments=(*AUTOSTART, *PATIENT))
    driver = Driver(peer).connect()
    flag.touch()
    process.wait_for_output('_on_report failed: LookupError: no publish_report')
    driver.solve_once()
    assert driver.state() == ACTIVE


BROKEN_TYPE_SUPPORT = """
from neural_ik_ros.ros.moveit import service
service.GetPositionIK = str
from neural_ik_ros.ros.executables import neural_ik_node
raise SystemExit(neural_ik_node())
"""


def test_service_whose_type_support_is_broken_leaves_nothing_behind(start_node, peer):
    process = start_node('neural_ik_node', script=BROKEN_TYPE_SUPPORT)
    driver = Driver(peer)
    for _ in range(2):
        assert not driver.change_state(CONFIGURE)
    assert driver.state() == UNCONFIGURED
    lines = [line for line in process.output.splitlines() if 'not configured: ' in line]
    assert len(lines) == 2
    assert 'Error: ' in lines[0]
    assert peer.spin_until(lambda: 'neural_ik_service' not in peer.node.get_node_names())
    assert process.stop() == 0
