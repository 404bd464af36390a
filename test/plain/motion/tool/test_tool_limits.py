# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Speed and workspace of the tool, judged by forward kinematics of what is commanded."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_setup import ACCELERATION, JERK, PERIOD
from numpy.testing import assert_allclose
from strategies import joints_within_limits, shipped_arm, small_moves

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import FloatArray, Joints, forward, transform_from_xyz_rpy
from neural_ik_ros.motion import MotionGenerator, MotionLimits
from neural_ik_ros.motion.generation.plan import Plan
from neural_ik_ros.motion.tool.limits import ToolLimits, between, quintic

HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FINE_S = 0.001  # at which commanded paths are judged
SPEED_TOL = 1.001
BOX_TOL = 1e-4  # [m] between two samples of a path that turns at the wall
DIFFERENCES = 1e-4  # relative: second-order term of a velocity from two poses
TOOL = transform_from_xyz_rpy([0.1, -0.2, 0.3], [0.4, -0.5, 0.6])
BOX_FRAME = transform_from_xyz_rpy([0.5, -1.0, 0.8], [0.0, 0.2, 1.0])
MOTION_EXAMPLES = 25


def motion_limits() -> MotionLimits:
    return MotionLimits.from_arm(shipped_arm(), acceleration=ACCELERATION, jerk=JERK)


def tool_limits(half_box: float = math.inf, **changes: object) -> ToolLimits:
    """Return limits whose box is around the tool at home."""
    at = forward(shipped_arm(), HOME)[:3, 3]
    return ToolLimits(arm=shipped_arm(), lower=at - half_box, upper=at + half_box, **changes)


def positions(q: Joints) -> FloatArray:
    return forward(shipped_arm(), q)[..., :3, 3]


def fine(states: list[FloatArray]) -> Joints:
    """Return the joints (n, 6) each millisecond on a path through states a period apart."""
    times = np.arange(0.0, PERIOD - FINE_S / 2, FINE_S)
    return np.concatenate([quintic(a, b, PERIOD, times)[:, 0] for a, b in pairwise(states)])


def joints_of(plan: Plan) -> Joints:
    return plan.states(np.arange(0.0, plan.duration, FINE_S))[:, 0]


def assert_within(tool: ToolLimits, q: Joints) -> None:
    at = positions(q)
    speeds = np.linalg.norm(np.diff(at, axis=0), axis=1) / FINE_S
    assert speeds.max(initial=0.0) <= tool.max_speed * SPEED_TOL
    assert (at >= tool.lower - BOX_TOL).all()
    assert (at <= tool.upper + BOX_TOL).all()


@given(q=joints_within_limits(), qd=small_moves(2.0))
def test_speed_is_that_of_the_tool(q, qd):
    step_s = 1e-5
    tool = ToolLimits(arm=shipped_arm(), transform_tip_tool=TOOL, transform_box_base=BOX_FRAME)
    poses = forward(shipped_arm(), np.array([q - step_s * qd, q + step_s * qd])) @ TOOL
    expected = np.linalg.norm(poses[1, :3, 3] - poses[0, :3, 3]) / (2.0 * step_s)
    found = tool.extremes(np.array([[q, qd]])).speed
    assert found == pytest.approx(expected, rel=DIFFERENCES, abs=1e-7)


@given(q=joints_within_limits(), corner=st.lists(st.floats(0.01, 3.0), min_size=3, max_size=3))
def test_box_is_where_it_is_said_to_be(q, corner):
    upper = np.array(corner)
    tool = ToolLimits(
        arm=shipped_arm(),
        lower=-upper,
        upper=upper,
        transform_tip_tool=TOOL,
        transform_box_base=BOX_FRAME,
    )
    at = (BOX_FRAME @ forward(shipped_arm(), q) @ TOOL)[:3, 3]
    is_inside = bool((np.abs(at) <= upper).all())
    assert tool.contains(q) is is_inside
    assert (tool.outside(forward(shipped_arm(), q)) == '') is is_inside


def test_pose_outside_is_told_with_its_axis_and_numbers():
    tool = replace(tool_limits(), lower=np.zeros(3), upper=np.ones(3))
    pose = forward(shipped_arm(), HOME)
    pose[:3, 3] = [0.5, 1.25, 0.5]
    assert tool.outside(pose) == 'y is 1.250 m, allowed 0 to 1 m'


@pytest.mark.parametrize('speed', [0.0, -1.0, math.nan])
def test_speed_must_be_positive(speed):
    with pytest.raises(ConfigError, match='tool speed'):
        ToolLimits(arm=shipped_arm(), max_speed=speed)


def test_empty_box_is_refused():
    with pytest.raises(ConfigError, match='workspace'):
        ToolLimits(arm=shipped_arm(), lower=np.zeros(3), upper=np.array([1.0, 0.0, 1.0]))


@given(start=st.tuples(small_moves(), small_moves(), small_moves()))
def test_states_between_are_those_of_the_controller(start):
    first = np.array(start)
    last = first + 0.1
    states = between(first, last, 0.1)
    assert len(states) > 20
    assert_allclose(states[[0, -1]], [first, last], rtol=0.0, atol=1e-9)
    steps = 0.1 / (len(states) - 1)
    middle = 0.5 * (states[1:, 1] + states[:-1, 1])
    assert_allclose(np.diff(states[:, 0], axis=0) / steps, middle, rtol=0.0, atol=0.1)


@st.composite
def target_streams(draw: st.DrawFn) -> list[tuple[Joints, float, int]]:
    """Goals as they come: jumps and streams, each followed for some periods."""
    goals, q = [], HOME
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            q = HOME + draw(small_moves(1.2))
            goals.append((q, 0.0, draw(st.integers(1, 120))))
        else:
            velocity = draw(small_moves(1.5))
            for _ in range(draw(st.integers(2, 80))):
                q = q + PERIOD * velocity
                goals.append((q, PERIOD, 1))
    return goals


@settings(max_examples=MOTION_EXAMPLES)
@given(
    goals=target_streams(),
    speed=st.sampled_from([0.05, 0.25, 1.0]),
    half_box=st.sampled_from([0.02, 0.1, 0.3, math.inf]),
)
def test_stream_never_commands_more_than_the_tool_may(goals, speed, half_box):
    tool = tool_limits(half_box, max_speed=speed)
    generator = MotionGenerator(motion_limits(), tool)
    generator.reset(HOME)
    states = [generator.state.rows]
    for q, interval_s, n in goals:
        generator.set_goal(q, interval_s, interval_s)
        for _ in range(n):
            generator.advance(PERIOD)
            states.append(generator.state.rows)
            stop = joints_of(generator.plan_stop(generator.state))
            if len(states) % 16 == 0:
                assert_within(tool, stop)
    assert_within(tool, fine(states))
    assert_within(tool, joints_of(generator.plan_stop(generator.state)))


@pytest.mark.parametrize('direction', [(0, 1, 1, 1, -1, 0), (1, -1, -1, 1, 1, 0)])
def test_stream_that_ends_outside_is_held_at_the_wall(direction):
    """A rounding outside is no reason to let go."""
    tool = tool_limits(0.02, max_speed=0.25)
    generator = MotionGenerator(motion_limits(), tool)
    generator.reset(HOME)
    states, q = [generator.state.rows], HOME
    for k in range(60):
        q = q + PERIOD * np.array(direction) * (k < 43)
        generator.set_goal(q, PERIOD, PERIOD)
        generator.advance(PERIOD)
        states.append(generator.state.rows)
    at = positions(fine(states))
    excess = max(float((tool.lower - at).max()), float((at - tool.upper).max()))
    assert -1e-3 < excess < 1e-8


@settings(max_examples=MOTION_EXAMPLES)
@given(
    moves=st.lists(st.tuples(small_moves(1.2), st.floats(0.0, 1.0)), min_size=1, max_size=4),
    speed=st.sampled_from([0.1, 0.25, 1.0]),
    half_box=st.sampled_from([0.2, 0.5, math.inf]),
)
def test_whole_motions_keep_the_limits_also_where_they_are_replaced(moves, speed, half_box):
    tool = tool_limits(half_box, max_speed=speed)
    generator = MotionGenerator(motion_limits(), tool)
    generator.reset(HOME)
    for move, share in moves:
        if not generator.has_way_to(HOME + move, generator.state):
            continue
        generator.set_goal(HOME + move, 0.0)
        plan = generator.plan_to_goal()
        assert_within(tool, joints_of(plan))
        generator.resume_from(plan.state_at(share * plan.duration), elapsed_s=0.0)
        assert_within(tool, joints_of(generator.plan_stop(generator.state)))


def test_slow_motion_is_not_slowed_down_further():
    plans = []
    for tool in (None, tool_limits(max_speed=3.0)):
        generator = MotionGenerator(motion_limits(), tool)
        generator.reset(HOME)
        generator.set_goal(HOME + 0.1, 0.0)
        plans.append(generator.plan_to_goal())
    assert plans[0].duration == plans[1].duration


@pytest.mark.parametrize('speed', [0.1, 0.25, 0.5])
def test_far_goal_is_approached_at_nearly_the_largest_speed(speed):
    generator = MotionGenerator(motion_limits(), tool_limits(max_speed=speed))
    generator.reset(HOME)
    goal = HOME + np.array([1.0, -0.2, 0.2, 0.0, 0.0, 0.0])
    generator.set_goal(goal, 0.0)
    distance = np.linalg.norm(np.diff(positions(fine([generator.state.rows] * 2)), axis=0))
    n = 0
    while not generator.is_at_rest:
        before = generator.state.rows
        generator.advance(PERIOD)
        distance += np.linalg.norm(
            np.diff(positions(np.array([before[0], generator.state.q])), axis=0)
        )
        n += 1
        assert n < 10_000, 'it never arrives'
    assert distance / (n * PERIOD) > 0.9 * speed
    assert (generator.state.q == goal).all()


def test_arm_that_starts_outside_the_box_can_go_in():
    at = positions(HOME)
    lower, upper = at + np.array([-1.0, 0.05, -1.0]), at + 1.0
    tool = ToolLimits(arm=shipped_arm(), lower=lower, upper=upper, max_speed=0.5)
    generator = MotionGenerator(motion_limits(), tool)
    generator.reset(HOME)
    inside = HOME + np.array([0.15, -0.1, -0.25, 0.0, 0.0, 0.0])
    assert tool.contains(inside)
    generator.set_goal(inside, 0.0)
    was_inside = False
    for _ in range(1000):
        generator.advance(PERIOD)
        is_inside = tool.contains(generator.state.q)
        assert is_inside or not was_inside, 'and not out again'
        was_inside = is_inside
    assert (generator.state.q == inside).all()
