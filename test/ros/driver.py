# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plays the peers of the node ``neural_ik``: arm, controller, target source, operator."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import ArrayLike
from peers import Peer
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.interface.factory import motion_limits
from neural_ik_ros.interface.messages import (
    fill_time,
    ns_from_time,
    pose_from_transform,
    trajectory_from_message,
)
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.kinematics import Arm, FloatArray, Transform, arm_from_urdf, forward
from neural_ik_ros.motion import MotionLimits
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder
from neural_ik_ros.simulation.trajectory_follower import Knot, interpolate

# The arm of the driver ignores commands.
NOT_FOLLOWING = ('-p', 'max_following_error_rad:=0.0', '-p', 'max_command_delay_s:=30.0')
# Machines are shared: only tests of staleness may depend on speed.
PATIENT = (
    *('-p', 'target_timeout_s:=30.0', '-p', 'joint_state_timeout_s:=30.0'),
    *NOT_FOLLOWING,
)
AUTOSTART = ('-p', 'autostart:=true')
FAST = 0.2  # [rad/s]
SILENCE_S = 0.1  # of a node at rest: 25 of its periods
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
NEAR = HOME + np.array([0.05, -0.03, 0.04, 0.05, -0.06, 0.1])
FAR = HOME + np.array([0.5, -0.2, 0.2, 0.3, -0.4, 0.5])
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP
UNCONFIGURED, INACTIVE = State.PRIMARY_STATE_UNCONFIGURED, State.PRIMARY_STATE_INACTIVE
ACTIVE, FINALIZED = State.PRIMARY_STATE_ACTIVE, State.PRIMARY_STATE_FINALIZED


def shipped_arm() -> Arm:
    return arm_from_urdf((share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8'))


def shipped_limits() -> MotionLimits:
    return motion_limits(shipped_arm(), NodeConfig())


def status_of(message: DiagnosticStatus) -> str:
    """Return the machine-readable name in a status."""
    return {pair.key: pair.value for pair in message.values}['status']


def position_at(message: JointTrajectory, time_ns: int) -> FloatArray:
    """Return the joints (6,) [rad] that a controller samples from a trajectory at a time."""
    knots = [
        Knot(
            time_ns=ns_from_time(message.header.stamp) + ns_from_time(point.time_from_start),
            q=np.array(point.positions),
            qd=np.array(point.velocities),
            qdd=np.array(point.accelerations),
        )
        for point in message.points
    ]
    for start, end in pairwise(knots):
        if time_ns < end.time_ns:
            return interpolate(start, end, time_ns).q
    return knots[-1].q


class Driver:
    """One robot cell; everything the node under test publishes is kept in lists."""

    def __init__(self, peer: Peer, *, namespace: str = '', prefix: str = '') -> None:
        self.peer, self.prefix = peer, prefix
        self.node = f'{namespace}/neural_ik'
        self.arm = shipped_arm()
        self.names = [prefix + name for name in self.arm.joint_names]
        controller = f'{namespace}/joint_trajectory_controller/joint_trajectory'
        self.trajectories = peer.listen(JointTrajectory, controller, 1000)
        self.solutions = peer.listen(
            JointState, f'{self.node}/solution', qos.with_depth(qos.POSE_IN)
        )
        self.statuses = peer.listen(
            DiagnosticStatus, f'{self.node}/status', qos.with_depth(qos.STATUS_OUT)
        )
        self.diagnostics = peer.listen(DiagnosticArray, '/diagnostics', 100)
        self._joint_topic = f'{namespace}/joint_states'
        self._joint_states: Any = None
        self._targets: Any = None

    # The operator

    def change_state(self, transition: int) -> bool:
        request = ChangeState.Request()
        request.transition.id = transition
        return self.peer.call(ChangeState, f'{self.node}/change_state', request).success

    def go(self, *transitions: int) -> None:
        """Change the state, which must be possible."""
        for transition in transitions:
            assert self.change_state(transition), f'transition {transition} failed'

    def state(self) -> int:
        response = self.peer.call(GetState, f'{self.node}/get_state', GetState.Request())
        return response.current_state.id

    # The arm and the target source

    def connect(self) -> Driver:
        """Connect to the node, which subscribes when it is configured."""
        self._joint_states = self.peer.talk(JointState, self._joint_topic, qos.JOINT_STATES_OUT)
        self._targets = self.peer.talk(PoseStamped, f'{self.node}/target_pose', qos.POSE_OUT)
        return self

    def send_joints(self, q: ArrayLike = HOME, names: list[str] | None = None) -> None:
        message = JointState(name=self.names if names is None else names)
        message.header.stamp = self.peer.node.get_clock().now().to_msg()
        message.position = np.asarray(q, dtype=np.float64).tolist()
        message.velocity = [float('nan')] * len(message.position)
        self._joint_states.publish(message)

    def send_target(self, q: ArrayLike = NEAR, **changes: Any) -> PoseStamped:
        """Return the message that was sent: a pose that the joints ``q`` reach."""
        return self.send_pose(forward(self.arm, np.asarray(q)), **changes)

    def send_pose(
        self, transform: Transform, *, frame: str | None = None, stamp_ns: int | None = None
    ) -> PoseStamped:
        message = PoseStamped(pose=pose_from_transform(transform))
        message.header.frame_id = f'{self.prefix}base_link' if frame is None else frame
        fill_time(message.header.stamp, self.now_ns() if stamp_ns is None else stamp_ns)
        self._targets.publish(message)
        return message

    def send(self, message: PoseStamped | bytes) -> None:
        self._targets.publish(message)

    def now_ns(self) -> int:
        return self.peer.node.get_clock().now().nanoseconds

    # What comes back

    def repeat_until_status(self, send: Callable[[], object], status: str) -> None:
        """Repeat something until the node reports a status; best effort may lose messages."""
        assert self.repeat(send, lambda: self.newest_status() == status), (
            f'{status} never came, only {[status_of(one) for one in self.statuses]}'
        )

    def repeat(self, send: Callable[[], object], is_done: Callable[[], object]) -> bool:
        """Return whether a condition came true while messages were sent repeatedly."""

        def is_done_after_sending() -> object:
            if not is_done():
                send()
                self.peer.spin_for(0.02)
            return is_done()

        return self.peer.spin_until(is_done_after_sending)

    def values(self) -> dict[str, str]:
        """Return the values in the newest report of the node, or nothing before the first."""
        reports = [one for message in self.diagnostics for one in message.status]
        own = [report for report in reports if report.name == self.node]
        return {pair.key: pair.value for pair in own[-1].values} if own else {}

    def newest_status(self) -> str:
        return status_of(self.statuses[-1]) if self.statuses else ''

    def wait_for_status(self, status: str) -> None:
        """Wait until a status has been reported since the last ``clear``."""
        before = [status_of(one) for one in self.statuses]
        assert self.peer.spin_until(lambda: status in [status_of(one) for one in self.statuses]), (
            before
        )

    def solve_once(self, q: ArrayLike = NEAR, q_measured: ArrayLike = HOME) -> JointState:
        """Return the solution of a good target, after the motion to it has ended."""
        stamps = []

        def send() -> None:
            self.send_joints(q_measured)
            stamps.append(ns_from_time(self.send_target(q).header.stamp))

        def is_answered() -> bool:
            """Return whether the last target is answered, so that no other is under way."""
            return (
                bool(self.solutions)
                and ns_from_time(self.solutions[-1].header.stamp) in stamps[-1:]
            )

        assert self.repeat(send, is_answered), f'not solved: {self.newest_status()}'
        self.wait_for_rest()
        return self.solutions[-1]

    def wait_for_rest(self) -> None:
        """Wait until the motion has ended and its last command has arrived."""

        def is_at_rest() -> bool:
            if not (self.trajectories and self.solutions):
                return False
            last = self.trajectories[-1].points[-1]
            assert not any(last.velocities)
            return last.positions == self.solutions[-1].position

        def is_silent() -> bool:
            n_before = len(self.trajectories)
            self.peer.spin_for(SILENCE_S)
            return is_at_rest() and len(self.trajectories) == n_before

        assert self.peer.spin_until(is_silent), 'the motion never ends'

    def clear(self) -> None:
        """Drop what has been received so far."""
        for messages in (self.trajectories, self.solutions, self.statuses, self.diagnostics):
            messages.clear()

    def rows(self) -> FloatArray:
        """Return the commanded joints (n, 6) [rad] as each trajectory begins, and at the end."""
        points = [one.points[0] for one in self.trajectories]
        points += [one.points[-1] for one in self.trajectories[-1:]]
        return np.array([point.positions for point in points]).reshape(-1, 6)

    def is_fast(self) -> bool:
        """Return whether the newest trajectory begins in motion."""
        return any(np.abs(one.points[0].velocities).max() > FAST for one in self.trajectories[-1:])

    def has_braked(self) -> bool:
        """Return whether the newest trajectory goes from a motion to rest, and nothing follows."""
        newest = self.trajectories[-1]
        self.peer.spin_for(SILENCE_S)
        moves = any(any(point.velocities) for point in newest.points)
        return moves and not any(newest.points[-1].velocities) and newest is self.trajectories[-1]

    def assert_trajectories_are_sound(self) -> None:
        """Fail unless a controller would accept them and all positions are within the limits."""
        assert self.trajectories
        for message in self.trajectories:
            plain = trajectory_from_message(message)
            assert first_violation(plain, self.names, plain.stamp_ns) is None
            assert list(message.joint_names) == self.names
        rows = np.array([point.positions for one in self.trajectories for point in one.points])
        assert np.isfinite(rows).all()
        assert (rows >= self.arm.lower).all()
        assert (rows <= self.arm.upper).all()
