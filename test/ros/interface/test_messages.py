# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.interface.messages import (
    InvalidMessage,
    JointReader,
    fill_trajectory,
    make_trajectory,
    ns_from_time,
    pose_from_transform,
    target_from_pose,
    target_from_xyz_quat,
    trajectory_from_message,
)
from neural_ik_ros.kinematics import rotation_angle, rotation_from_rpy
from neural_ik_ros.motion import Command

NAMES = [f'joint_{i}' for i in range(1, 7)]
ROUNDING = 1e-15 * 8  # a few operations on numbers of size one


def pose(
    xyz: tuple[float, ...] = (1.0, 0.2, 0.9), quat_xyzw: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)
) -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = 'base_link'
    message.header.stamp.sec, message.header.stamp.nanosec = 5, 7
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = xyz
    orientation.x, orientation.y, orientation.z, orientation.w = quat_xyzw
    return message


angles = st.floats(-math.pi, math.pi)


@given(rpy=st.tuples(angles, angles, angles), xyz=st.tuples(*[st.floats(-9.0, 9.0)] * 3))
def test_transform_survives_the_way_through_a_pose(rpy, xyz):
    transform = np.identity(4)
    transform[:3, :3], transform[:3, 3] = rotation_from_rpy(rpy), xyz
    message = PoseStamped(pose=pose_from_transform(transform))
    assert message.pose.orientation.w >= 0.0
    assert_allclose(target_from_pose(message).transform, transform, atol=ROUNDING)


@pytest.mark.parametrize('axis', np.identity(3), ids='xyz')
@pytest.mark.parametrize('angle', [0.0, 1e-9, 1.0, math.pi - 1e-9, math.pi])
def test_quaternion_turns_about_its_axis(axis, angle):
    quat_xyzw = (*(math.sin(angle / 2) * axis), math.cos(angle / 2))
    rotation = target_from_xyz_quat((0.0, 0.0, 0.0, *quat_xyzw), '', 0).transform[:3, :3]
    assert_allclose(rotation @ axis, axis, atol=ROUNDING)
    assert rotation_angle(rotation) == pytest.approx(angle, abs=1e-15, rel=1e-12)


def test_target_has_frame_and_stamp():
    target = target_from_pose(pose())
    assert (target.frame_id, target.stamp_ns) == ('base_link', 5_000_000_007)
    assert_allclose(target.transform[:3, 3], [1.0, 0.2, 0.9], atol=0.0)
    assert_allclose(target.transform[:3, :3], np.diag([-1.0, 1.0, -1.0]), atol=0.0)


@pytest.mark.parametrize('scale', [0.9991, 1.0009])
def test_target_normalises_a_rounded_quaternion(scale):
    quat_xyzw = scale * np.array([0.5, -0.5, 0.5, 0.5])
    rotation = target_from_pose(pose(quat_xyzw=quat_xyzw.tolist())).transform[:3, :3]
    assert_allclose(rotation @ rotation.T, np.identity(3), atol=ROUNDING)


@pytest.mark.parametrize(
    ('message', 'reason'),
    [
        (pose(xyz=(math.nan, 0.0, 0.0)), 'position'),
        (pose(xyz=(0.0, math.inf, 0.0)), 'position'),
        (pose(quat_xyzw=(0.0, 0.0, math.nan, 1.0)), 'orientation'),
        (pose(quat_xyzw=(0.0, 0.0, -math.inf, 1.0)), 'orientation'),
        (pose(quat_xyzw=(0.0, 0.0, 0.0, 0.0)), 'zero quaternion'),
        (pose(quat_xyzw=(0.0, 0.0, 0.0, 1.002)), 'norm 1.002'),
        (pose(quat_xyzw=(0.0, 0.0, 0.0, 0.5)), 'norm 0.5'),
        (pose(quat_xyzw=(1e300, 1e300, 1e300, 1e300)), 'norm'),
        (pose(quat_xyzw=(5e-324, 0.0, 0.0, 0.0)), 'norm'),
    ],
    ids=str,
)
def test_target_is_refused_with_the_reason(message, reason):
    target = target_from_pose(message)
    assert isinstance(target, InvalidMessage)
    assert reason in target.reason


def test_joint_reader_picks_joints_by_name():
    reader = JointReader(NAMES)
    shuffled = ['gripper', *NAMES[::-1], 'joint_lever_a']
    state = JointState(name=shuffled, position=[9.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 8.0])
    state.velocity = [math.nan] * 8
    state.header.stamp.nanosec = 3
    for _ in range(2):
        reading = reader.read(state)
        assert reading.q.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        assert reading.stamp_ns == 3
    ordered = JointState(name=NAMES, position=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert reader.read(ordered).q.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ('state', 'reason'),
    [
        (JointState(name=NAMES[:5], position=[0.0] * 5), 'lacks joint_6'),
        (JointState(name=NAMES, position=[0.0] * 5), '6 names and 5 positions'),
        (JointState(name=NAMES), '6 names and 0 positions'),
        (JointState(name=NAMES, position=[0.0] * 7), '6 names and 7 positions'),
        (JointState(name=NAMES, position=[0.0] * 5 + [math.nan]), 'for joint_6'),
        (JointState(name=NAMES, position=[math.inf] + [0.0] * 5), 'for joint_1'),
    ],
)
def test_joint_reader_refuses_with_the_reason_and_recovers(state, reason):
    reader = JointReader(NAMES)
    for _ in range(2):
        reading = reader.read(state)
        assert isinstance(reading, InvalidMessage)
        assert reason in reading.reason
    assert not isinstance(reader.read(JointState(name=NAMES, position=[0.0] * 6)), InvalidMessage)


def test_joint_reader_has_nothing_to_say_about_other_joints():
    reader = JointReader(NAMES)
    assert reader.read(JointState(name=['gripper'], position=[0.0])) is None
    assert reader.read(JointState()) is None


def command(n: int, stamp_ns: int) -> Command:
    """Return one whose last point is at rest."""
    states = np.arange(18.0 * n).reshape(n, 3, 6)
    states[-1, 1:] = 0.0
    times_ns = 1_500_000_000 * np.arange(n)
    return Command(stamp_ns=stamp_ns, time_ns=times_ns, states=states, n_known=n // 2)


@pytest.mark.parametrize('stamp_ns', [0, 10**18 + 7])
@pytest.mark.parametrize('n', [1, 4])
def test_fill_trajectory_makes_what_a_controller_accepts(n, stamp_ns):
    message, given = make_trajectory(NAMES), command(n, stamp_ns)
    for _ in range(2):
        fill_trajectory(message, given)
    plain = trajectory_from_message(message)
    assert first_violation(plain, NAMES, 10**18) is None
    assert plain.stamp_ns == stamp_ns
    assert [point.time_from_start_ns for point in plain.points] == given.time_ns.tolist()
    assert ns_from_time(message.points[-1].time_from_start) == given.time_ns[-1]
    for point, (q, qd, qdd) in zip(plain.points, given.states.tolist(), strict=True):
        assert list(point.positions) == q
        assert list(point.velocities) == qd
        assert list(point.accelerations) == qdd
        assert len(point.effort) == 0


def test_fill_trajectory_leaves_nothing_of_the_command_before():
    message = make_trajectory(NAMES)
    for n, stamp_ns in ((3, 5), (3, 0), (1, 10**18), (200, 0), (2, 7)):
        fill_trajectory(message, command(n, stamp_ns))
        fresh = make_trajectory(NAMES)
        fill_trajectory(fresh, command(n, stamp_ns))
        assert message == fresh
        assert len(message.points) == n
