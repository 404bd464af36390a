# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jogging over DDS: the node between an operator and a simulated arm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from driver import shipped_arm, status_of
from geometry_msgs.msg import PoseStamped, TwistStamped
from peers import Peer
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.messages import pose_from_transform
from neural_ik_ros.kinematics import Transform, forward
from neural_ik_ros.ros.runtime import qos

PREFIX = 'left_'
PATIENT = (  # machines are shared
    *('-p', 'max_following_error_rad:=0.0', '-p', 'joint_state_timeout_s:=30.0'),
    *('-p', 'target_timeout_s:=30.0', '-p', 'max_command_delay_s:=30.0'),
)
INTERVAL_S = 0.02  # between two velocities


class Operator:
    """Sends velocities and poses, and watches the tool."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.arm = peer, shipped_arm()
        self.states = peer.listen(JointState, '/joint_states')
        self.statuses = peer.listen(
            DiagnosticStatus, '/neural_ik/status', qos.with_depth(qos.STATUS_OUT)
        )
        self._twists = peer.talk(TwistStamped, '/neural_ik/target_twist', qos.TWIST_IN)
        self._poses = peer.talk(PoseStamped, '/neural_ik/target_pose', qos.POSE_OUT)
        assert peer.spin_until(lambda: self.states)

    @property
    def tool(self) -> Transform:
        return forward(self.arm, np.array(self.states[-1].position))

    def jog(self, duration_s: float = 0.0, *, frame: str = '', **linear: float) -> None:
        message = TwistStamped()
        message.header.frame_id = frame
        for axis, value in linear.items():
            setattr(message.twist.linear, axis, value)
        for _ in range(max(round(duration_s / INTERVAL_S), 1)):
            self._twists.publish(message)
            self.peer.spin_for(INTERVAL_S)

    def send_pose(self) -> None:
        message = PoseStamped(pose=pose_from_transform(self.tool))
        message.header.frame_id = f'{PREFIX}base_link'
        self._poses.publish(message)

    def sees(self, status: str) -> bool:
        return bool(self.statuses) and status_of(self.statuses[-1]) == status

    def repeat_until(self, status: str, send: Any) -> None:
        """Send something again and again until the node reports a status."""

        def is_reported() -> bool:
            send()
            self.peer.spin_for(INTERVAL_S)
            return self.sees(status)

        assert self.peer.spin_until(is_reported), [status_of(one) for one in self.statuses]

    def is_at_rest(self) -> bool:
        self.states.clear()
        self.peer.spin_for(0.2)
        positions = np.array([state.position for state in self.states])
        return len(positions) > 5 and bool(np.ptp(positions, axis=0).max() < 1e-6)


@pytest.fixture
def operator(start_node, peer):
    start_node('simulated_arm', '-p', f'prefix:={PREFIX}')
    node = start_node(
        'neural_ik_node', '-p', 'autostart:=true', '-p', f'prefix:={PREFIX}', *PATIENT
    )
    node.wait_for_output('ready for')
    return Operator(peer)


def test_tool_follows_velocities_and_stops_when_they_end(operator):
    before = operator.tool
    operator.repeat_until('SOLVED', lambda: operator.jog(x=0.1))
    operator.jog(1.0, x=0.1)
    assert operator.peer.spin_until(operator.is_at_rest), 'it goes on'
    travelled = operator.tool[:3, 3] - before[:3, 3]
    assert travelled[0] > 0.05
    assert np.abs(travelled[1:]).max() < 5e-3
    middle = operator.tool
    operator.repeat_until('SOLVED', lambda: operator.jog(frame=f'{PREFIX}tool0', z=-0.1))
    operator.jog(1.0, frame=f'{PREFIX}tool0', z=-0.1)
    assert operator.peer.spin_until(operator.is_at_rest), 'it goes on'
    along_tool = middle[:3, :3].T @ (operator.tool[:3, 3] - middle[:3, 3])
    assert along_tool[2] < -0.05
    assert np.abs(along_tool[:2]).max() < 5e-3


def test_poses_wait_until_velocities_end(operator):
    def send_both() -> None:
        operator.jog()
        operator.send_pose()

    operator.repeat_until('JOGGING', send_both)
    operator.repeat_until('SOLVED', operator.send_pose)


def test_bad_velocities_are_refused_with_their_reason(operator):
    operator.repeat_until('BAD_TWIST', lambda: operator.jog(x=math.nan))
    operator.repeat_until('UNKNOWN_FRAME', lambda: operator.jog(frame='camera', x=0.1))
    assert operator.is_at_rest()
