# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm behind the handle: it reaches every target, within the limits of the motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose
from specimens import specimen
from strategies import joints_within_limits

from neural_ik_ros.kinematics import (
    forward,
    is_within_limits,
    posture_code,
    smallest_singular_value,
    transform_from_xyz_rpy,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus
from neural_ik_ros.view.follower import ArmFollower, ViewOptions, without_turns
from neural_ik_ros.view.home import home_joints
from neural_ik_ros.view.trail import PointTrail

FRAME_S = 1.0 / 60.0
EXACT = 1e-9  # [m], [rad]
FAR = np.array([0.8, 0.1, 0.1, 0.2, 0.1, 0.3])  # [rad] from home
LONG_S = 30.0  # longer than any motion of the arm
OUT_OF_REACH = transform_from_xyz_rpy([9.0, 0.0, 1.0], [0.0, 0.0, 0.0])


@pytest.fixture
def follower(solver: IkSolver) -> ArmFollower:
    return ArmFollower(solver, ViewOptions())


def settle(follower: ArmFollower):
    """Return the snapshot at rest."""
    snapshot = follower.step(FRAME_S)
    for _ in range(round(LONG_S / FRAME_S)):
        if not snapshot.is_moving:
            return snapshot
        snapshot = follower.step(FRAME_S)
    raise AssertionError('never at rest')


def test_starts_at_rest_where_its_target_is(follower):
    snapshot = follower.step(FRAME_S)
    assert not snapshot.is_moving
    assert_allclose(forward(follower.arm, snapshot.q), snapshot.transform_base_target, atol=EXACT)


@given(q=joints_within_limits())
def test_arm_comes_to_rest_at_every_reachable_target(solver, q):
    follower = ArmFollower(solver, ViewOptions(), q_home=np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1]))
    follower.set_target(forward(follower.arm, q))
    snapshot = settle(follower)
    assert snapshot.solution.status.is_solved
    assert_allclose(forward(follower.arm, snapshot.q), follower.target, atol=1e-6)


def test_motion_limits_hold_between_frames_and_can_be_switched_off(follower):
    follower.set_target(forward(follower.arm, follower.q_home + FAR))
    before, n_frames = follower.q_home, 0
    while (snapshot := follower.step(FRAME_S)).is_moving:
        step = np.abs(snapshot.q - before)
        assert (step <= follower.arm.velocity * FRAME_S * (1.0 + 1e-6)).all()
        before, n_frames = snapshot.q, n_frames + 1
    assert n_frames > 10
    follower.options.motion_limits = False
    follower.go_home()
    assert_allclose(follower.step(FRAME_S).q, follower.q_home, atol=EXACT)


def test_refused_target_leaves_the_arm_where_it_is(follower):
    follower.set_target(OUT_OF_REACH)
    snapshot = follower.step(FRAME_S)
    assert snapshot.solution.status is IkStatus.UNREACHABLE
    assert_allclose(snapshot.q, follower.q_home, atol=EXACT)
    assert not snapshot.is_moving


def test_unchanged_target_is_not_solved_again(follower, monkeypatch):
    calls = []
    solve = IkSolver.solve
    monkeypatch.setattr(
        IkSolver, 'solve', lambda self, *args: calls.append(1) or solve(self, *args)
    )
    for _ in range(5):
        follower.step(FRAME_S)
    assert len(calls) <= 1
    follower.options.other_postures = not follower.options.other_postures
    follower.step(FRAME_S)
    assert len(calls) <= 2
    assert calls


def test_next_posture_goes_through_all_that_can_be_used_and_back(follower):
    first = follower.step(FRAME_S)
    usable = [branch for branch in first.branches if branch.status.is_solved]
    assert len(usable) >= 2
    codes = []
    for _ in usable:
        follower.go_to_next_posture()
        snapshot = settle(follower)
        assert_allclose(forward(follower.arm, snapshot.q), first.transform_base_target, atol=1e-6)
        codes.append(int(posture_code(follower.arm, snapshot.q)))
    assert len(set(codes)) == len(usable)
    assert codes[-1] == int(posture_code(follower.arm, first.q))


def test_every_solution_is_shown_once_and_has_a_reason(follower):
    snapshot = follower.step(FRAME_S)
    assert len(snapshot.branches) == 8  # of a spherical wrist, in the middle of the workspace
    assert all(branch.reason for branch in snapshot.branches)
    poses = forward(follower.arm, np.array([branch.q for branch in snapshot.branches]))
    assert_allclose(poses, np.tile(follower.target, (8, 1, 1)), atol=1e-8)
    assert without_turns(snapshot.branches) == snapshot.branches


def test_path_moves_the_target_until_the_handle_does(follower):
    start = follower.target.copy()
    follower.start_path()
    places = []
    for _ in range(120):
        snapshot = follower.step(FRAME_S)
        assert snapshot.solution.status.is_solved
        places.append(snapshot.transform_base_target[:3, 3])
    assert np.ptp(places, axis=0).max() > 0.1
    assert follower.is_on_path
    follower.set_target(start)
    assert not follower.is_on_path
    assert_allclose(follower.step(FRAME_S).transform_base_target, start)


def test_random_targets_can_be_reached(follower):
    for _ in range(20):
        follower.go_to_random_target()
        assert follower.step(FRAME_S).solution.status.is_solved


def test_home_is_inside_the_limits_and_far_from_singularities(solver):
    q = home_joints(solver)
    assert is_within_limits(solver.arm, q)
    assert smallest_singular_value(solver.arm, q) > 0.1
    assert_allclose(forward(solver.arm, q)[:3, 2], [0.0, 0.0, -1.0], atol=EXACT)


def test_measured_arm_is_followed_exactly():
    arm = specimen(3)
    follower = ArmFollower(IkSolver(arm, CurrentJoints()), ViewOptions(motion_limits=False))
    target = follower.target.copy()
    target[:3, 3] += [0.02, 0.03, -0.04]
    follower.set_target(target)
    assert_allclose(forward(arm, follower.step(FRAME_S).q), target, atol=1e-8)


def test_trail_keeps_its_spacing_and_its_length():
    trail = PointTrail(spacing=0.1, max_points=5)
    assert trail.points.shape == (0, 3)
    trail.add(np.zeros(3))
    assert trail.padded.shape == (5, 3)
    kept = [trail.add(np.array([0.03 * k, 0.0, 0.0])) for k in range(40)]
    assert sum(kept) > 5
    assert len(trail.points) == 5
    assert (np.diff(trail.points[:, 0]) >= 0.1 - 1e-12).all()
