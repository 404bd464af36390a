# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Far targets are approached in steps; near ones pass."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import twists

from neural_ik_ros.kinematics import FloatArray, Transform, se3_exp, transform_from_xyz_rpy
from neural_ik_ros.motion.tool.governor import FASTEST, PoseGovernor

PERIOD_NS, T0 = 4_000_000, 10**18
PERIOD_S, SPEED, ACCELERATION = 0.004, 0.25, 1.0
START = transform_from_xyz_rpy([1.0, 0.2, 0.9], [0.3, 3.0, -0.4])
ROUNDING = 1.0 + 1e-9
STRAIGHT = 1e-9  # [m] from the line


def governor(max_speed: float = SPEED) -> PoseGovernor:
    made = PoseGovernor(max_speed=max_speed, max_acceleration=ACCELERATION)
    made.start(START, np.zeros(6), T0)
    return made


def is_taken(made: PoseGovernor, goal: Transform, stamp_ns: int) -> bool:
    """Return whether a target is followed as it is."""
    made.take(goal, stamp_ns)
    return not made.is_behind


def shifted(*xyz: float) -> Transform:
    pose = START.copy()
    pose[:3, 3] += xyz
    return pose


def approach(made: PoseGovernor, now_ns: int, n_max: int = 20_000) -> list[Transform]:
    poses = []
    while made.is_behind:
        now_ns += PERIOD_NS
        poses.append(made.step(now_ns))
        assert len(poses) < n_max, 'it never arrives'
    return poses


def speeds(poses: list[Transform]) -> FloatArray:
    positions = np.array(poses)[:, :3, 3]
    return np.linalg.norm(np.diff(positions, axis=0), axis=1) / PERIOD_S


@given(displacement=twists(largest_angle=2.5))
def test_far_target_is_reached_exactly_and_not_too_fast(displacement):
    made, goal = governor(), START @ se3_exp(displacement)
    if is_taken(made, goal, T0):
        return
    poses = [START, *approach(made, T0)]
    assert_array_equal(poses[-1], goal)
    assert speeds(poses).max() <= SPEED * ROUNDING
    steps = np.diff(speeds(poses))
    assert np.abs(steps[:-1]).max(initial=0.0) <= ACCELERATION * PERIOD_S * ROUNDING


@given(direction=st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3))
def test_way_to_a_far_target_is_a_line(direction):
    made, goal = governor(), shifted(*direction)
    if is_taken(made, goal, T0):
        return
    poses = approach(made, T0)
    line = np.array(direction) / np.linalg.norm(direction)
    offsets = np.array([pose[:3, 3] - START[:3, 3] for pose in poses])
    beside = offsets - np.outer(offsets @ line, line)
    assert np.abs(beside).max() < STRAIGHT


@pytest.mark.parametrize('speed', [0.05, 0.2, 0.249])
def test_stream_within_the_speed_passes_as_it_is(speed):
    made = governor()
    for k in range(1, 500):
        assert is_taken(made, shifted(speed * k * PERIOD_S, 0.0, 0.0), T0 + k * PERIOD_NS)
    assert not made.is_behind


def test_sparse_stream_within_the_speed_passes_as_it_is():
    made = governor()
    for k in range(1, 50):
        assert is_taken(made, shifted(0.02 * k, 0.0, 0.0), T0 + k * 10**8)


def test_stream_that_is_too_fast_is_followed_at_the_largest_speed_and_caught_up_with():
    made, poses = governor(), []
    for k in range(1, 4000):
        now_ns = T0 + k * PERIOD_NS
        x = min(0.4 * k * PERIOD_S, 0.4 + 0.1 * (k * PERIOD_S - 1.0))  # fast, then slow
        goal = shifted(x, 0.0, 0.0)
        poses.append(goal if is_taken(made, goal, now_ns) else made.step(now_ns))
    assert speeds(poses).max() <= SPEED * ROUNDING
    assert not made.is_behind
    assert_array_equal(poses[-1], goal)
    assert speeds(poses)[200:400] == pytest.approx(SPEED, rel=1e-3)


def test_speed_of_an_approach_is_bounded_without_a_limit():
    made = governor(math.inf)
    assert not is_taken(made, shifted(3.0, 0.0, 0.0), T0)
    assert speeds(approach(made, T0)).max() == pytest.approx(FASTEST, rel=1e-3)


def test_moving_tool_goes_on_smoothly():
    made = PoseGovernor(max_speed=SPEED, max_acceleration=ACCELERATION)
    velocity = np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    made.start(START, velocity, T0)
    assert not is_taken(made, shifted(-0.5, 0.0, 0.0), T0)
    poses = approach(made, T0)
    assert_allclose(speeds([START, *poses])[0], 0.2, atol=ACCELERATION * PERIOD_S)
    assert max(pose[0, 3] for pose in poses) > START[0, 3] + 0.015, 'it brakes first'
