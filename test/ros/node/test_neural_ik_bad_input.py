# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bad message in, its reason out: on the status topic, in the log, and nothing moves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from driver import AUTOSTART, HOME, NEAR, NOT_FOLLOWING, Driver
from geometry_msgs.msg import PoseStamped
from peers import NodeProcess

from neural_ik_ros.kinematics import forward

TIMEOUT_S = 2.0  # of target stamps and joint states here
NODE_ARGUMENTS = (
    *AUTOSTART,
    *NOT_FOLLOWING,
    *('-p', f'target_timeout_s:={TIMEOUT_S}'),
    *('-p', f'joint_state_timeout_s:={TIMEOUT_S}'),
)
LOG_PERIOD_S = 1.0  # a reason is told this often


def pose_message(driver: Driver, **changes: float) -> PoseStamped:
    """Return a good target with some of x, y, z, qx, qy, qz, qw set to something else."""
    message = driver.send_pose(forward(driver.arm, HOME))
    for name, value in changes.items():
        part = message.pose.orientation if name.startswith('q') else message.pose.position
        setattr(part, name[-1], value)
    return message


BAD_POSES = {
    'NaN position': ({'x': math.nan}, 'BAD_TARGET', 'is not finite'),
    'infinite position': ({'z': math.inf}, 'BAD_TARGET', 'is not finite'),
    'NaN orientation': ({'qw': math.nan}, 'BAD_TARGET', 'is not finite'),
    'zero quaternion': (
        {'qx': 0.0, 'qy': 0.0, 'qz': 0.0, 'qw': 0.0},
        'BAD_TARGET',
        'the zero quaternion',
    ),
    'norm of two': (
        {'qx': 2.0, 'qy': 0.0, 'qz': 0.0, 'qw': 0.0},
        'BAD_TARGET',
        'norm 2 instead of 1',
    ),
    'out of reach': ({'x': 3.0}, 'UNREACHABLE', 'outside the reach'),
    'huge': ({'y': 1e300}, 'UNREACHABLE', 'outside the reach'),
}


def assert_refused(
    driver: Driver,
    active_node: NodeProcess,
    send: Callable[[], object],
    status: str,
    *reasons: str,
) -> None:
    """
    Provoke a status; fail unless it and the log tell the reasons and nothing moves.

    The log may tell them a second later; and the next good target is served.
    """
    driver.repeat_until_status(send, status)
    newest = driver.statuses[-1]
    assert newest.level == DiagnosticStatus.WARN
    assert all(reason in newest.message for reason in reasons), newest.message
    is_logged = driver.repeat(
        send, lambda: all(reason in active_node.output for reason in reasons)
    )
    assert is_logged, active_node.output
    assert not driver.solutions
    assert not driver.trajectories
    driver.clear()
    assert driver.solve_once(), 'the next good target is served'
    driver.wait_for_status('SOLVED')


@pytest.mark.parametrize(('changes', 'status', 'reason'), BAD_POSES.values(), ids=BAD_POSES)
def test_bad_pose_is_refused_with_its_reason(driver, active_node, changes, status, reason):
    message = pose_message(driver, **changes)
    driver.solve_once(HOME)
    driver.clear()

    def send() -> None:
        driver.send_joints(HOME)
        message.header.stamp = driver.peer.node.get_clock().now().to_msg()
        driver.send(message)

    assert_refused(driver, active_node, send, status, reason)


def test_pose_beyond_the_joint_limits_is_refused(driver, active_node):
    """Straight behind the arm and level with its shoulder: in reach, but not for joint 2."""
    behind = np.eye(4)
    behind[:3, 3] = (-1.0, 0.0, 1.0)

    def send() -> None:
        driver.send_joints(np.zeros(6))
        driver.send_pose(behind)

    assert_refused(driver, active_node, send, 'OUTSIDE_LIMITS', 'joints outside their limits')


@pytest.mark.parametrize('frame', ['world', '', 'left_base_link'])
def test_pose_in_an_unknown_frame_is_refused(driver, active_node, frame):
    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(NEAR, frame=frame)

    assert_refused(driver, active_node, send, 'UNKNOWN_FRAME', repr(frame), "'base_link'")


@pytest.mark.parametrize('age_s', [60.0, -60.0])
def test_pose_from_another_time_is_refused(driver, active_node, age_s):
    def send() -> None:
        driver.send_joints(HOME)
        driver.send_target(NEAR, stamp_ns=driver.now_ns() - round(age_s * 1e9))

    assert_refused(driver, active_node, send, 'STALE_TARGET', f'allowed {TIMEOUT_S:.3f} s')


BAD_JOINTS = {
    'missing joint': (lambda names: (HOME[:5], names[:5]), 'lacks joint_6'),
    'NaN position': (lambda names: ([*HOME[:5], math.nan], names), 'no finite position for'),
    'infinite position': (lambda names: ([*HOME[:5], math.inf], names), 'no finite position for'),
    'outside its limits': (
        lambda names: ([*HOME[:2], 1.5, *HOME[3:]], names),
        'joint_3 is 0.365 rad outside its limits',
    ),
    'too few positions': (lambda names: (HOME[:4], names), '6 names and 4 positions'),
}


@pytest.mark.parametrize(('make', 'reason'), BAD_JOINTS.values(), ids=BAD_JOINTS)
def test_bad_joint_state_is_refused_with_its_reason(driver, active_node, make, reason):
    positions, names = make(driver.names)

    def send() -> None:
        driver.send_joints(positions, names)
        driver.send_target(HOME)

    def send_near() -> None:
        driver.send_joints(positions, names)
        driver.send_target(NEAR)

    driver.repeat_until_status(send, 'BAD_JOINT_STATE')
    driver.clear()  # answers to targets that came before the first bad joint state
    driver.repeat_until_status(lambda: driver.send_target(NEAR, frame='moon'), 'UNKNOWN_FRAME')
    assert_refused(driver, active_node, send_near, 'BAD_JOINT_STATE', reason)


def test_stale_joint_state_is_refused(driver, active_node):
    """Targets at home: until the joint state is too old, they ask for no motion."""

    def send_near() -> None:
        driver.send_target(NEAR)

    driver.repeat_until_status(lambda: driver.send_target(HOME), 'STALE_JOINT_STATE')
    driver.clear()  # answers to targets of before
    driver.repeat_until_status(lambda: driver.send_target(NEAR, frame='moon'), 'UNKNOWN_FRAME')
    assert_refused(
        driver, active_node, send_near, 'STALE_JOINT_STATE', f'allowed {TIMEOUT_S:.3f} s'
    )


def test_log_of_a_reason_is_throttled(driver, active_node):
    n_lines = active_node.output.count('orientation is the zero quaternion')
    message = pose_message(driver, qx=0.0, qy=0.0, qz=0.0, qw=0.0)
    started = time.monotonic()
    for _ in range(100):
        driver.send(message)
        driver.peer.spin_for(0.005)
    driver.repeat_until_status(lambda: driver.send(message), 'BAD_TARGET')
    elapsed_s = time.monotonic() - started
    n_new = active_node.output.count('orientation is the zero quaternion') - n_lines
    assert 1 <= n_new <= 1 + elapsed_s / LOG_PERIOD_S
    figures = {}

    def counted() -> bool:
        for report in driver.diagnostics:
            figures.update({pair.key: pair.value for pair in report.status[0].values})
        return int(figures.get('count BAD_TARGET', 0)) > 20

    assert driver.peer.spin_until(counted), figures


def test_node_ends_cleanly_after_all_of_this(active_node, driver):
    """Last in the file: whatever came in, it can still say goodbye."""
    assert active_node.stop() == 0
    for word in ('Traceback', 'terminate called', 'leaked'):
        assert word not in active_node.output
