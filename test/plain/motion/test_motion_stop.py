# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The closed forms computed for every command agree with what Ruckig plans."""

from __future__ import annotations

import numpy as np
import pytest
from motion_setup import ACCELERATION, JERK, PERIOD
from numpy.testing import assert_allclose, assert_array_equal
from ruckig import ControlInterface, InputParameter, Ruckig, Synchronization, Trajectory

from neural_ik_ros.kinematics import Arm, FloatArray
from neural_ik_ros.motion import MotionLimits, MotionState
from neural_ik_ros.motion.generation.moving_goal import (
    MAX_QD,
    MAX_QDD,
    MIN_QD,
    MIN_QDD,
    N_ROWS,
    QD,
    QDD,
    Q,
    relative_problem,
)
from neural_ik_ros.motion.generation.stop import Stop

N_STATES = 500
ROUNDING = 1e-12  # [rad], [rad/s], [rad/s^2], [s]


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.from_arm(arm, acceleration=ACCELERATION, jerk=JERK)


def some_state(rng: np.random.Generator, limits: MotionLimits) -> FloatArray:
    """Return a motion (3, 6) of any size, with joints that rest."""
    sizes = 10.0 ** rng.uniform(-8.0, 0.0, (2, 6)) * (rng.random((2, 6)) < 0.8)
    qd, qdd = sizes * rng.choice([-1.0, 1.0], (2, 6))
    q = rng.uniform(-0.5, 0.5, 6)
    return np.array([q, qd * limits.velocity, qdd * limits.acceleration])


def stop_of_ruckig(state: FloatArray, limits: MotionLimits) -> Trajectory:
    request, trajectory = InputParameter(6), Trajectory(6)
    request.control_interface = ControlInterface.Velocity
    request.synchronization = Synchronization.No
    request.current_position, request.current_velocity = state[0], state[1]
    request.current_acceleration, request.target_velocity = state[2], np.zeros(6)
    request.max_velocity, request.max_acceleration = limits.velocity, limits.acceleration
    request.max_jerk = limits.jerk
    Ruckig(6).calculate(request, trajectory)
    return trajectory


def test_stop_is_the_one_that_ruckig_plans(limits):
    rng = np.random.default_rng(1)
    for _ in range(N_STATES):
        state = some_state(rng, limits)
        plan, expected = Stop(MotionState(state), limits), stop_of_ruckig(state, limits)
        assert_allclose(plan.duration, expected.duration, atol=ROUNDING)
        for time_s in (0.0, *rng.uniform(0.0, plan.duration, 8)):
            rows = np.array(expected.at_time(time_s))
            rows[0] = np.clip(rows[0], limits.lower, limits.upper)
            assert_allclose(plan.state_at(time_s).rows, rows, atol=ROUNDING)
        assert_array_equal(plan.state_at(plan.duration).rows[1:], 0.0)


def test_stop_holds_still_where_a_number_is_none(limits):
    state = some_state(np.random.default_rng(2), limits)
    state[1, 2], state[2, 4] = np.nan, np.inf
    _, states = Stop(MotionState(state), limits).waypoints(spacing_s=PERIOD, max_points=1000)
    assert len(states) > 3
    assert_array_equal(states[:, 0, [2, 4]] - state[0, [2, 4]], 0.0)
    assert_array_equal(states[:, 1:, [2, 4]], 0.0)
    assert np.isfinite(states).all()


def test_goal_reachable_in_one_step_is_so_for_ruckig_as_well(limits):
    rng = np.random.default_rng(3)
    n_reachable = 0
    for _ in range(20 * N_STATES):
        goal = 0.5 * some_state(rng, limits)
        sizes = np.array([limits.jerk * PERIOD**order for order in (3, 2, 1)])
        state = goal + rng.uniform(0.0, 0.1) * rng.normal(size=(3, 6)) * sizes
        relative, goal_ahead = np.empty((N_ROWS, 6)), np.empty((3, 6))
        if not relative_problem(relative, goal_ahead, state, goal, limits.rows, 0.0, PERIOD):
            continue
        n_reachable += 1
        request, trajectory = InputParameter(6), Trajectory(6)
        request.current_position, request.current_velocity = relative[Q], relative[QD]
        request.current_acceleration, request.target_position = relative[QDD], np.zeros(6)
        request.max_velocity, request.min_velocity = relative[MAX_QD], relative[MIN_QD]
        request.max_acceleration, request.min_acceleration = relative[MAX_QDD], relative[MIN_QDD]
        request.max_jerk = limits.jerk
        Ruckig(6).calculate(request, trajectory)
        assert trajectory.duration <= PERIOD * (1.0 + 1e-9)
    assert n_reachable > N_STATES, 'else nothing was shown'
