# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Paths and markers, without a node."""

from __future__ import annotations

import numpy as np
import pytest
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from neural_ik_ros.kinematics import Transform
from neural_ik_ros.ros.nodes.markers import OK_COLOUR, PROBLEM_COLOUR, Scene, Trail, make_markers

SPACING = 0.01  # [m]
HEADER = Header(frame_id='base_link')


def pose_at(x: float) -> Transform:
    transform = np.identity(4)
    transform[0, 3] = x
    return transform


def places_of(trail: Trail) -> list[float]:
    return [pose.pose.position.x for pose in trail.path(HEADER).poses]


def test_trail_keeps_places_that_are_far_enough_apart():
    trail = Trail(spacing=SPACING, max_poses=100)
    for step in range(101):
        trail.add(pose_at(0.1 * step * SPACING))
    assert len(places_of(trail)) == pytest.approx(11, abs=1)
    assert (np.diff(places_of(trail)) >= SPACING).all()


def test_trail_forgets_its_oldest_places():
    trail = Trail(spacing=SPACING, max_poses=5)
    for step in range(20):
        trail.add(pose_at(2.0 * step * SPACING))
    assert places_of(trail) == pytest.approx([2.0 * step * SPACING for step in range(15, 20)])


def test_message_has_the_frame_and_stamp_in_every_pose():
    trail = Trail(spacing=SPACING, max_poses=5)
    trail.add(pose_at(0.0))
    trail.add(pose_at(1.0))
    header = Header(frame_id='left_base_link')
    header.stamp.sec = 7
    message = trail.path(header)
    assert [message.header, *(pose.header for pose in message.poses)] == [header] * 3


@pytest.mark.parametrize(('is_ok', 'colour'), [(True, OK_COLOUR), (False, PROBLEM_COLOUR)])
def test_markers_report_the_status_and_whether_it_is_a_good_one(is_ok, colour):
    scene = Scene(
        transform_base_target=pose_at(1.0),
        transform_base_tool=pose_at(0.5),
        status='SOLVED',
        is_ok=is_ok,
    )
    ball, text, way = make_markers(scene, HEADER).markers
    assert (ball.type, ball.pose.position.x, ball.color) == (Marker.SPHERE, 1.0, colour)
    assert (text.text, text.color) == ('SOLVED', colour)
    assert [point.x for point in way.points] == [0.5, 1.0]


def test_markers_vanish_by_themselves_and_have_names_of_their_own():
    scene = Scene(
        transform_base_target=pose_at(1.0),
        transform_base_tool=None,
        status='NO_JOINT_STATE',
        is_ok=False,
    )
    drawn = make_markers(scene, HEADER).markers
    assert len(drawn) == 2, 'without a tool there is no way to it'
    assert len({(marker.ns, marker.id) for marker in drawn}) == len(drawn)
    assert all(marker.lifetime.sec > 0 for marker in drawn)
    assert all(marker.header == HEADER for marker in drawn)
