# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Velocities integrated on SE(3): exact, bounded, without winding up."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import exponential

from neural_ik_ros.kinematics import FloatArray, Transform, se3_log, transform_from_xyz_rpy
from neural_ik_ros.motion.tool.twist_integrator import (
    ANGULAR_PER_LINEAR,
    MAX_LEAD_M,
    RETRY_NS,
    TwistIntegrator,
    rotate,
)

PERIOD_NS, T0 = 4_000_000, 10**18
PERIOD_S, TIMEOUT_S, ACCELERATION, SPEED = 0.004, 0.2, 2.0, 0.25
START = transform_from_xyz_rpy([1.0, 0.2, 0.9], [0.3, 3.0, -0.4])
EXACT = 1e-12  # [m], [rad]: rounding over a few hundred steps
ROUNDING = 1e-9  # relative, of differences


class Tool:
    """A tool that is always where the integrator wants it, on a clock of its own."""

    def __init__(self, max_speed: float = math.inf) -> None:
        self.now = T0
        self.integrator = TwistIntegrator(
            timeout_s=TIMEOUT_S, max_acceleration=ACCELERATION, max_speed=max_speed
        )
        self.transform, self.velocity = START, np.zeros(6)

    def jog(self, twist: FloatArray, n: int = 1, *, is_in_tool: bool = False) -> list[Transform]:
        """Return the poses after each of n steps, with the velocity repeated before each."""
        poses = []
        for _ in range(n):
            self.integrator.set_velocity(np.array(twist), is_in_tool=is_in_tool, now_ns=self.now)
            poses += self.wait(1)
        return poses

    def wait(self, n: int) -> list[Transform]:
        poses = []
        for _ in range(n):
            self.now += PERIOD_NS
            if not self.integrator.is_moving(self.now):
                continue
            if self.integrator.needs_start:
                self.integrator.start(self.transform, self.velocity, self.now)
            pose = self.integrator.step(self.now)
            if pose is not None:
                self.integrator.accept(lead_m=0.0, lead_rad=0.0)
                self.transform = pose
                poses.append(pose)
        return poses


def speeds(poses: list[Transform]) -> tuple[FloatArray, FloatArray]:
    """Return linear (n, 3) and angular velocities (n, 3) between poses, in the base frame."""
    stacked = np.array(poses)
    linear = np.diff(stacked[:, :3, 3], axis=0) / PERIOD_S
    turns = np.tile(np.eye(4), (len(poses) - 1, 1, 1))
    turns[:, :3, :3] = stacked[1:, :3, :3] @ stacked[:-1, :3, :3].swapaxes(1, 2)
    return linear, se3_log(turns)[:, 3:] / PERIOD_S


def velocities() -> st.SearchStrategy[FloatArray]:
    components = st.lists(st.floats(-1.0, 1.0), min_size=6, max_size=6).map(np.array)
    return components.filter(lambda twist: np.abs(twist).max() > 1e-3)  # zero moves nothing


@given(twist=velocities(), n=st.integers(1, 50))
def test_velocity_in_the_tool_moves_along_its_screw(twist, n):
    tool = Tool()
    tool.jog(twist, 500, is_in_tool=True)
    before = tool.transform
    after = tool.jog(twist, n, is_in_tool=True)[-1]
    assert_allclose(after, before @ exponential(n * PERIOD_S * twist), rtol=0.0, atol=EXACT)


@given(twist=velocities(), n=st.integers(1, 50))
def test_velocity_in_the_base_moves_straight_and_turns_about_a_fixed_axis(twist, n):
    tool = Tool()
    tool.jog(twist, 500)
    before = tool.transform
    after = tool.jog(twist, n)[-1]
    travelled = n * PERIOD_S * twist[:3]
    turn = exponential(np.concatenate((np.zeros(3), n * PERIOD_S * twist[3:])))[:3, :3]
    assert_allclose(after[:3, 3], before[:3, 3] + travelled, rtol=0.0, atol=EXACT)
    assert_allclose(after[:3, :3], turn @ before[:3, :3], rtol=0.0, atol=EXACT)


@given(jogs=st.lists(st.tuples(velocities(), st.booleans(), st.integers(1, 30)), min_size=1))
def test_speed_and_acceleration_are_bounded_whatever_is_asked_for(jogs):
    tool = Tool(SPEED)
    poses = [START]
    for twist, is_in_tool, n in jogs:
        poses += tool.jog(twist, n, is_in_tool=is_in_tool)
    poses += tool.wait(2000)
    linear, angular = speeds(poses)
    assert np.linalg.norm(linear, axis=1).max(initial=0.0) <= SPEED * (1.0 + ROUNDING)
    # Axes that turn with the tool change the direction of a velocity as well.
    turning = np.linalg.norm(angular, axis=1).max(initial=0.0) * SPEED
    change = np.linalg.norm(np.diff(linear, axis=0), axis=1) / PERIOD_S
    assert change.max(initial=0.0) <= (ACCELERATION + turning) * (1.0 + 1e-3)


@given(twist=velocities())
def test_tool_comes_to_rest_after_the_last_message(twist):
    tool = Tool()
    tool.jog(twist, 300)
    tool.wait(1000)
    n_steps = len(tool.wait(1000))
    assert n_steps == 0
    assert not tool.integrator.is_moving(tool.now)
    ramp_s = max(np.linalg.norm(twist[:3]), np.linalg.norm(twist[3:]) / ANGULAR_PER_LINEAR)
    distance = np.linalg.norm(twist[:3]) * (300 * PERIOD_S + TIMEOUT_S + ramp_s / ACCELERATION)
    assert np.linalg.norm(tool.transform[:3, 3] - START[:3, 3]) <= distance + EXACT


def test_velocity_holds_for_the_timeout_and_no_longer():
    tool = Tool()
    tool.jog([0.1, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert tool.integrator.is_in_charge(tool.now - PERIOD_NS + round(TIMEOUT_S * 1e9))
    assert not tool.integrator.is_in_charge(tool.now + round(TIMEOUT_S * 1e9))
    assert not tool.integrator.is_in_charge(tool.now - 10**9), 'a clock that was set back'


def test_faster_velocity_keeps_its_direction_and_the_radius_of_its_turn():
    tool = Tool(SPEED)
    twist = np.array([0.6, 0.8, 0.0, 0.0, 0.0, 2.0])
    linear, angular = speeds(tool.jog(twist, 500)[-2:])
    assert_allclose(linear[0], SPEED * twist[:3], rtol=0.0, atol=1e-9)
    assert_allclose(angular[0], SPEED * twist[3:], rtol=0.0, atol=1e-9)


def test_start_of_a_moving_tool_goes_on_at_its_speed():
    tool = Tool()
    tool.velocity = np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    linear, _ = speeds(tool.jog(tool.velocity, 100))
    assert_allclose(linear, np.tile([0.2, 0.0, 0.0], (99, 1)), rtol=0.0, atol=1e-9)


@given(first=velocities(), second=velocities())
def test_axes_may_change_without_a_jump_of_the_velocity(first, second):
    tool = Tool()
    poses = tool.jog(first, 400, is_in_tool=True) + tool.jog(second, 400)
    linear, _ = speeds(poses)
    turning = np.linalg.norm(first[3:]) * np.linalg.norm(first[:3])
    change = np.linalg.norm(np.diff(linear, axis=0), axis=1) / PERIOD_S
    assert change.max() <= (ACCELERATION + turning) * 1.01


def test_refused_pose_does_not_wind_up():
    tool, outwards = Tool(), np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    tool.jog(outwards, 100)
    wall = tool.transform
    for _ in range(200):
        tool.integrator.refuse(tool.now)
        assert tool.integrator.needs_start
        tool.jog(outwards)
    gained = np.linalg.norm(tool.transform[:3, 3] - wall[:3, 3])
    assert gained < 1e-3, 'a step or two from rest, now and then'
    back = tool.jog(-outwards, 50)
    assert back[-1][0, 3] < wall[0, 3] - 0.02, 'and no way to make up first'


def test_after_a_refusal_only_the_way_back_is_open_at_once():
    tool, outwards = Tool(), np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    tool.jog(outwards)
    tool.integrator.refuse(tool.now)
    assert not tool.jog(outwards)
    assert tool.jog(-outwards)
    tool.integrator.refuse(tool.now)
    tool.now += RETRY_NS
    assert tool.jog(-outwards)


def test_pose_waits_for_an_arm_that_lags():
    tool, twist = Tool(), np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    tool.jog(twist, 200)
    waiting = []
    for _ in range(200):
        waiting += tool.jog(twist)
        tool.integrator.accept(lead_m=2.0 * MAX_LEAD_M, lead_rad=0.0)
    linear, _ = speeds(waiting)
    assert np.abs(linear[-50:]).max() < 1e-4
    assert len(waiting) == 200, 'the target stays where it is'


def test_velocity_of_a_point_is_the_same_in_other_axes():
    rotation = START[:3, :3]
    twist = np.arange(6.0)
    assert_allclose(rotate(rotate(twist, rotation), rotation.T), twist, rtol=0.0, atol=EXACT)
