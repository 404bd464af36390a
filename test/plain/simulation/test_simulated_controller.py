# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from neural_ik_ros.interface.controller_rules import Trajectory, TrajectoryPoint
from neural_ik_ros.kinematics import arm_from_urdf
from neural_ik_ros.share import share_folder
from neural_ik_ros.simulation.simulated_controller import SimulatedController
from neural_ik_ros.simulation.trajectory_follower import Knot, interpolate

ARM = arm_from_urdf((share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8'))
MS = 1_000_000
PERIOD = 4 * MS
START = 1_000_000_000_000
HOME = np.array([0.0, 0.2, 0.3, 0.0, 0.9, 0.0])
SMALL = np.array([0.001, -0.001, 0.002, 0.0, 0.003, 0.001])
EXACT = 1e-12  # [rad], rounding of a few operations on numbers of size one
SLOPE_TOL = 1e-5  # central differences with a step of 1 us


def make(**options: object) -> SimulatedController:
    return SimulatedController(ARM, HOME, period_ns=PERIOD, **options)


def trajectory(*points: TrajectoryPoint, stamp_ns: int = 0) -> Trajectory:
    return Trajectory(joint_names=ARM.joint_names, points=points, stamp_ns=stamp_ns)


def to(q: np.ndarray, time_ns: int, **fields: object) -> TrajectoryPoint:
    return TrajectoryPoint(positions=q.tolist(), time_from_start_ns=time_ns, **fields)


def step(controller: SimulatedController, n_updates: int, first: int = 0) -> np.ndarray:
    """Return the joint angles after each update, first row at START + first periods."""
    rows = []
    for k in range(first, first + n_updates):
        controller.update(START + k * PERIOD)
        rows.append(controller.joints.q)
    return np.array(rows)


vectors = st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=6).map(np.array)


@given(
    q=vectors, way=vectors, v0=vectors, v1=vectors, a0=vectors, a1=vectors, kind=st.integers(0, 2)
)
def test_interpolate_meets_both_knots(q, way, v0, v1, a0, a1, kind):
    start = Knot(time_ns=0, q=q, qd=v0 if kind > 0 else None, qdd=a0 if kind > 1 else None)
    end = Knot(time_ns=500 * MS, q=q + way, qd=v1, qdd=a1)
    at_start, at_end = interpolate(start, end, 0), interpolate(start, end, 500 * MS)
    assert_allclose(at_start.q, start.q, atol=1e-12)
    assert_allclose(at_end.q, end.q, atol=1e-11)
    if kind > 0:
        assert_allclose(at_start.qd, v0, atol=1e-10)
        assert_allclose(at_end.qd, v1, atol=1e-10)
    if kind > 1:
        assert_allclose(at_start.qdd, a0, atol=1e-9)
        assert_allclose(at_end.qdd, a1, atol=1e-9)


@given(q=vectors, way=vectors, v0=vectors, v1=vectors, kind=st.integers(0, 2))
def test_interpolate_derivatives_match_finite_differences(q, way, v0, v1, kind):
    start = Knot(time_ns=0, q=q, qd=v0 if kind > 0 else None, qdd=v1 if kind > 1 else None)
    end = Knot(time_ns=500 * MS, q=q + way, qd=v1, qdd=v0)
    before, here, after = (interpolate(start, end, 200 * MS + dt) for dt in (-1000, 0, 1000))
    assert_allclose(here.qd, (after.q - before.q) / 2e-6, atol=SLOPE_TOL)
    assert_allclose(here.qdd, (after.qd - before.qd) / 2e-6, atol=SLOPE_TOL)


def test_update_holds_the_start_without_a_trajectory():
    assert_allclose(step(make(), 10), np.tile(HOME, (10, 1)), atol=0.0)


def test_update_is_linear_to_one_point_and_then_holds_it():
    controller = make()
    step(controller, 1)
    assert controller.receive(trajectory(to(HOME + SMALL, 10 * PERIOD)), START) is None
    rows = step(controller, 20, first=1)
    # From the last command (one period before "now") to the point, seen one period ahead.
    fractions = np.minimum((np.arange(20) + 2) / 11, 1.0)
    assert_allclose(rows, HOME + fractions[:, None] * SMALL, atol=EXACT)
    assert_allclose(controller.joints.qd, 0.0, atol=0.0)


def test_update_steps_in_one_cycle_when_the_only_point_has_no_duration():
    controller = make()
    controller.receive(trajectory(to(HOME + SMALL, 0)), START)
    assert_allclose(step(controller, 1)[0], HOME + SMALL, atol=EXACT)


def test_update_reaches_each_target_of_a_stream_when_the_duration_is_one_period():
    controller = make()
    step(controller, 1)
    for k in range(1, 50):
        controller.receive(trajectory(to(HOME + k * SMALL, PERIOD)), START + k * PERIOD)
        assert_allclose(step(controller, 1, first=k)[0], HOME + k * SMALL, atol=EXACT)
    assert controller.counts.accepted == 49
    assert controller.counts.speed_violations == 0


def test_receive_replaces_what_is_left_of_the_old_trajectory():
    controller = make()
    controller.receive(trajectory(to(HOME + SMALL, 10 * PERIOD)), START)
    step(controller, 5)
    controller.receive(trajectory(to(HOME - SMALL, 10 * PERIOD)), START)
    assert_allclose(step(controller, 20, first=5)[-1], HOME - SMALL, atol=EXACT)


def test_update_starts_at_the_stamp_when_it_lies_in_the_future():
    controller = make()
    stamp_ns = START + 10 * PERIOD
    far = to(HOME + SMALL, 20 * PERIOD)
    controller.receive(trajectory(to(HOME, 0), far, stamp_ns=stamp_ns), START)
    rows = step(controller, 40)
    assert_allclose(rows[:10], np.tile(HOME, (10, 1)), atol=EXACT)
    assert_allclose(rows[19], HOME + 0.5 * SMALL, atol=EXACT)
    assert_allclose(rows[29:], np.tile(HOME + SMALL, (11, 1)), atol=EXACT)


def test_update_starts_from_the_measured_joints_when_reported_to():
    unreachable = HOME + np.array([3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    for is_desired, expected in ((True, unreachable[0]), (False, HOME[0])):
        controller = make(interpolates_from_desired_state=is_desired)
        controller.receive(trajectory(to(unreachable, 0)), START)
        step(controller, 1)  # the command is 3 rad ahead of the joint now
        q_before = controller.joints.q[0]
        controller.receive(trajectory(to(HOME, 100 * PERIOD)), START)
        step(controller, 1, first=1)
        direction = np.sign(controller.joints.q[0] - q_before)
        assert direction == (1.0 if expected == unreachable[0] else -1.0)


def test_update_passes_every_point_when_joints_come_in_another_order():
    controller = make()
    shuffled = Trajectory(
        joint_names=ARM.joint_names[::-1],
        points=[to((HOME + SMALL)[::-1], 2 * PERIOD), to(HOME[::-1], 6 * PERIOD)],
    )
    controller.receive(shuffled, START)
    rows = step(controller, 8)
    assert_allclose(rows[1], HOME + SMALL, atol=EXACT)
    assert_allclose(rows[-1], HOME, atol=EXACT)


def test_update_is_smooth_when_points_have_velocities():
    controller = make()
    middle = to(HOME + SMALL, 20 * PERIOD, velocities=(SMALL / 0.08).tolist())
    end = to(HOME + 2 * SMALL, 40 * PERIOD, velocities=[0.0] * 6)
    controller.receive(trajectory(middle, end), START)
    rows = step(controller, 41)
    accelerations = np.diff(rows, n=2, axis=0) / (PERIOD * 1e-9) ** 2
    # The cubics' own acceleration is below 6 * way / T^2 and 4 * speed / T.
    assert np.abs(accelerations).max() < 10.0 * np.abs(SMALL).max() / 0.08**2
    assert_allclose(rows[-1], HOME + 2 * SMALL, atol=EXACT)


def test_receive_counts_and_ignores_a_bad_trajectory():
    controller = make()
    bad = Trajectory(joint_names=ARM.joint_names[:5], points=[to(HOME[:5], PERIOD)])
    problem = controller.receive(bad, START)
    assert problem is not None
    assert (controller.counts.accepted, controller.counts.rejected) == (0, 1)
    assert problem in controller.counts.last_problem
    assert_allclose(step(controller, 3)[-1], HOME, atol=0.0)


@given(points=st.lists(st.tuples(vectors, st.integers(0, 4000)), min_size=1, max_size=4))
@example(points=[(np.full(6, 3.0), 500), (np.full(6, -3.0), 500)])  # beyond every limit
def test_joints_never_leave_their_limits_nor_exceed_their_speed(points):
    period = 100 * MS  # long enough to cross the whole range
    controller = SimulatedController(ARM, HOME, period_ns=period)
    reach = ARM.velocity * period * 1e-9
    q_before, now_ns = HOME, START
    for q, duration_ms in points:
        controller.receive(trajectory(to(3.0 * q, duration_ms * MS)), now_ns)
        for _ in range(30):
            controller.update(now_ns)
            q_now = controller.joints.q
            assert (np.abs(q_now - q_before) <= reach * (1.0 + 1e-9)).all()
            assert ((ARM.lower <= q_now) & (q_now <= ARM.upper)).all()
            q_before, now_ns = q_now, now_ns + period
    assert controller.counts.accepted == len(points)


def test_counts_report_each_kind_of_violation():
    beyond = HOME.copy()
    beyond[2] = ARM.upper[2] + 0.001
    for q, kind, joint in (
        (beyond, 'position_violations', 'joint_3'),
        (HOME + 1.0, 'speed_violations', 'joint_1'),
        (np.where(np.arange(6) == 3, math.nan, HOME), 'not_finite', 'joint_4'),
        (np.where(np.arange(6) == 3, math.inf, HOME), 'not_finite', 'joint_4'),
    ):
        controller = make()
        controller.receive(
            trajectory(to(q, 0 if kind != 'position_violations' else 400 * MS)), START
        )
        step(controller, 2 if kind != 'position_violations' else 110)
        assert getattr(controller.counts, kind) > 0
        assert controller.counts.last_problem.startswith(joint)
        assert np.isfinite(controller.joints.q).all()


def test_counts_report_that_looking_ahead_exceeds_a_move_at_full_speed_once():
    controller = make()
    step(controller, 1)
    fastest = HOME.copy()
    fastest[0] += 11 * ARM.velocity[0] * PERIOD * 1e-9
    controller.receive(trajectory(to(fastest, 10 * PERIOD)), START)
    # The first update covers two of eleven parts: one period passes, two are interpolated.
    step(controller, 1, first=1)
    assert controller.counts.speed_violations == 1
    step(controller, 20, first=2)
    assert_allclose(controller.joints.q, fastest, atol=EXACT)
    assert controller.counts.position_violations == 0


def test_update_survives_a_clock_that_jumps_back_or_stands_still():
    controller = make()
    controller.receive(trajectory(to(HOME + SMALL, 10 * PERIOD)), START)
    step(controller, 5)
    q_before = controller.joints.q
    controller.update(START - 3600 * 1000 * MS)
    controller.update(START - 3600 * 1000 * MS)
    assert_allclose(controller.joints.q, q_before, atol=0.0)


def test_receive_survives_a_joint_named_twice():
    controller = make()
    twice = Trajectory(joint_names=('joint_1', *ARM.joint_names[:5]), points=[to(HOME, 400 * MS)])
    assert controller.receive(twice, START) is None, 'the controller does not check this'
    assert np.isfinite(step(controller, 200)).all()


@pytest.mark.parametrize('name', ['rclpy', 'trajectory_msgs'])
def test_module_needs_no_ros(name):
    import subprocess
    import sys

    module = 'neural_ik_ros.simulation.simulated_controller'
    code = f'import sys, {module}; print({name!r} in sys.modules)'
    result = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == 'False'


@pytest.mark.parametrize(('updates_per_message', 'expected'), [(1, 1.0), (2, 4 / 3), (4, 1.6)])
def test_restart_takes_the_last_command_for_one_of_the_past(updates_per_message, expected):
    """Although meant for one update later: so faster updates than messages make speed pulse."""
    period = PERIOD // updates_per_message
    controller = SimulatedController(ARM, HOME, period_ns=period)
    speeds = []
    for k in range(40 * updates_per_message):
        now_ns = START + k * period
        if k % updates_per_message == 0:
            goal = HOME + (k // updates_per_message + 1) * SMALL
            controller.receive(trajectory(to(goal, PERIOD)), now_ns)
        controller.update(now_ns)
        speeds.append(controller.joints.qd[0] / (SMALL[0] / (PERIOD * 1e-9)))
    assert max(speeds[len(speeds) // 2 :]) == pytest.approx(expected)
