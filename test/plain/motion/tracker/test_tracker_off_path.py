# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The stop of an arm that is elsewhere than the path, whatever its controller is doing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tracker_bench import FAST, MS, PERIOD, Bench

from benchmark.controller.cell import trajectory_of
from neural_ik_ros.interface.controller_rules import Trajectory, TrajectoryPoint
from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.motion import Output, StreamStatus
from neural_ik_ros.motion.output_mode import STOP_S
from neural_ik_ros.motion.tracker import OFF_PATH
from neural_ik_ros.simulation.trajectory_follower import TrajectoryFollower


def leave(bench: Bench, q: FloatArray) -> Output:
    """Return the fault of an arm that is suddenly seen at joints (6,) [rad]."""
    bench.arm_obeys = False
    for _ in range(3):
        bench.now += PERIOD
        bench.measured(q)
    (fault,) = bench.faults
    assert fault.status in OFF_PATH
    return fault


def stopped_controller(
    bench: Bench, fault: Output, q: FloatArray, qd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return accelerations and speeds (n, 6) of a controller that was at q with a speed qd."""
    names = bench.tracker.solver.arm.joint_names
    follower = TrajectoryFollower(names, q - 0.2 * qd, period_ns=PERIOD)
    ends = (q - 0.2 * qd, 0), (q + qd, 1200 * MS)
    points = [
        TrajectoryPoint(positions=one.tolist(), time_from_start_ns=time) for one, time in ends
    ]
    follower.replace(Trajectory(joint_names=names, points=points, stamp_ns=0))
    rows, now = [], bench.now - 200 * MS + PERIOD
    for _ in range(50):
        rows.append(follower.update(now, q).copy())
        now += PERIOD
    follower.replace(trajectory_of(fault.command, names))
    for _ in range(400):
        rows.append(follower.update(now, q).copy())
        now += PERIOD
    speeds = np.diff(rows[10:], axis=0) / (1e-9 * PERIOD)
    return np.diff(speeds, axis=0) / (1e-9 * PERIOD), speeds


@pytest.mark.parametrize('seed', range(4))
def test_stop_is_smooth_wherever_the_controller_stands(moving, seed, limits):
    rng = np.random.default_rng(seed)
    measured = moving.q + rng.choice([-0.2, 0.2], 6)
    fault = leave(moving, measured)
    stop_s = 1e-9 * fault.command.time_ns[0]
    for _ in range(3):
        q = measured + rng.uniform(-0.1, 0.1, 6)
        qdd, speeds = stopped_controller(moving, fault, q, np.zeros(6))
        way = np.abs(fault.command.q - q)
        # The quintic between two rests; the first of its updates covers two periods.
        bound = 10.0 / np.sqrt(3.0) * way / stop_s**2
        assert (np.abs(qdd).max(axis=0) <= 1.01 * bound + 1e-9).all()
        assert (np.abs(qdd).max(axis=0) <= 2.0 * limits.acceleration).all()
        assert (np.abs(speeds).max(axis=0) <= limits.velocity).all()
        assert_allclose(speeds[-1], 0.0, atol=1e-9)


@pytest.mark.parametrize('seed', range(4))
def test_stop_is_no_faster_than_twice_the_speed_of_a_controller_that_moves(moving, seed):
    """A controller that goes on from its last command does two of its periods in one update."""
    rng = np.random.default_rng(seed)
    measured = moving.q + rng.choice([-0.2, 0.2], 6)
    fault = leave(moving, measured)
    stop_s = 1e-9 * fault.command.time_ns[0]
    for _ in range(3):
        q, qd = measured + rng.uniform(-0.1, 0.1, 6), rng.uniform(-0.5, 0.5, 6)
        _, speeds = stopped_controller(moving, fault, q, qd)
        way = np.abs(fault.command.q - q)
        assert (np.abs(speeds).max(axis=0) <= 2.0 * np.abs(qd) + 1.875 * way / stop_s).all()
        assert_allclose(speeds[-1], 0.0, atol=1e-9)


def test_stop_of_an_arm_that_moves_is_where_it_can_stop(moving):
    """Half of the way that it would go meanwhile, as with an even deceleration."""
    moving.arm_obeys = False
    qd = np.array([-0.6, 0.2, 0.1, -0.5, 0.4, 0.2])
    q = moving.q.copy()
    for _ in range(100):
        moving.now += PERIOD
        q = q + qd * 1e-9 * PERIOD
        moving.measured(q)
        if moving.faults:
            break
    (fault,) = moving.faults
    assert fault.status is StreamStatus.FOLLOWING_ERROR
    (end,) = fault.command.states
    assert fault.command.stamp_ns == 0, 'with the next update, whatever the clocks are'
    assert fault.command.time_ns.tolist() == [round(STOP_S * 1e9)]
    assert not end[1:].any()
    assert_allclose(end[0], q + 0.5 * STOP_S * qd, atol=1e-6)


def test_stop_is_longer_for_an_arm_that_is_fast(make_bench, limits):
    bench = make_bench(max_following_error=0.01)
    bench.joints()
    bench.stream(FAST)
    bench.arm_obeys, q, qd = False, bench.q.copy(), np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    for _ in range(30):
        bench.now += PERIOD
        q = q + qd * 1e-9 * PERIOD
        bench.measured(q)
        bench.target(FAST[-1])
        if bench.faults:
            break
    (fault,) = bench.faults
    brake_s = 1e-9 * fault.command.time_ns[0]
    assert brake_s >= STOP_S
    assert brake_s <= 2.0 * 2.1 / limits.acceleration[0]
    assert (fault.command.q <= limits.upper).all()


def test_stop_ends_inside_the_limits(moving, limits):
    q = moving.q.copy()
    q[2] = limits.upper[2] + 0.05
    fault = leave(moving, q)
    assert fault.command.q[2] <= limits.upper[2]
