# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a controller does with the commands: when they come late, end, or come all at once."""

from __future__ import annotations

import numpy as np
import pytest
from derivatives import limit_shares
from numpy.testing import assert_allclose, assert_array_equal
from tracker_bench import (
    FAR,
    HOME,
    MS,
    PERIOD,
    Bench,
    path_from_home,
    state_of,
)

from benchmark.controller.cell import trajectory_of
from neural_ik_ros.interface.controller_rules import first_violation
from neural_ik_ros.kinematics import FloatArray, forward, invert, random_joints, se3_log
from neural_ik_ros.motion import MotionGenerator, MotionLimits, StreamStatus
from neural_ik_ros.simulation.trajectory_follower import TrajectoryFollower

PATH = path_from_home(400)
FAST = path_from_home(250, 6 * MS)  # as if time ran faster: 0.7 rad/s
BETWEEN_TOL = 0.02  # relative; quintics between points of a stop round off its corners


class Controller:
    """A joint_trajectory_controller at the rate of the commands, beside a bench."""

    def __init__(self, bench: Bench, delay: int = MS) -> None:
        self.names = bench.tracker.solver.arm.joint_names
        self._follower = TrajectoryFollower(self.names, HOME, period_ns=PERIOD)
        self._delay, self._bench, self.rows = delay, bench, [HOME, HOME, HOME]
        self._n_heard = 0

    def update(self) -> None:
        """Take the newest command over, if there is a new one, and move for one period."""
        commands = self._bench.commands
        if len(commands) > self._n_heard:
            message = trajectory_of(commands[-1][1], self.names)
            assert first_violation(message, self.names, self._bench.now + self._delay) is None
            self._follower.replace(message)
            self._n_heard = len(commands)
        self.rows.append(self._follower.update(self._bench.now + self._delay, HOME).copy())

    def run_on(self, n: int) -> FloatArray:
        """Return what it does in n periods without hearing anything."""
        n_before = len(self.rows)
        for _ in range(n):
            self._bench.now += PERIOD
            self.rows.append(self._follower.update(self._bench.now + self._delay, HOME).copy())
        return np.array(self.rows[n_before - 4 :])


def drive(bench: Bench, path: FloatArray) -> Controller:
    """Return the controller after a dense stream of targets."""
    controller = Controller(bench)
    for q_target in path:
        bench.now += PERIOD
        bench.joints()
        bench.target(q_target)
        controller.update()
    return controller


def share_of_limits(rows: FloatArray, limits: MotionLimits) -> dict[str, float]:
    """Return the largest share of velocity and acceleration between rows one period apart."""
    period_s = PERIOD * 1e-9
    return {
        'velocity': float((np.abs(np.diff(rows, axis=0)) / period_s / limits.velocity).max()),
        'acceleration': float(
            (np.abs(np.diff(rows, 2, axis=0)) / period_s**2 / limits.acceleration).max()
        ),
    }


def test_controller_stops_smoothly_by_itself_when_the_node_dies(make_bench, limits):
    bench = make_bench()
    bench.joints()
    controller = drive(bench, FAST)
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.5
    rows = controller.run_on(250)
    for name, share in share_of_limits(rows, limits).items():
        assert share <= 1.0 + BETWEEN_TOL, f'{name} limit used to {share:.3f}'
    assert (rows[-1] == rows[-2]).all(), 'at rest'


@pytest.mark.parametrize('n_lost', [1, 2])
def test_controller_passes_over_lost_messages_without_a_stop(make_bench, limits, n_lost):
    """With a single point it would stand still for a period, at any acceleration."""
    bench = make_bench()
    bench.joints()
    controller = drive(bench, FAST[:200])
    for k, q_target in enumerate(FAST[200:]):
        bench.now += PERIOD
        bench.joints()
        bench.target(q_target)
        if 20 <= k < 20 + n_lost:
            bench.now -= PERIOD
            controller.run_on(1)  # and no new message
        else:
            controller.update()
    rows = np.array(controller.rows)
    assert share_of_limits(rows, limits)['acceleration'] <= 1.0 + BETWEEN_TOL
    speeds = np.abs(np.diff(rows[-49:], axis=0)).max(axis=1)
    assert (speeds[1:] / speeds[:-1]).min() > 0.98, 'no stop'


def test_every_command_ends_at_rest(make_bench):
    bench = make_bench()
    bench.joints()
    bench.stream(FAST)
    assert len(bench.commands) > 200
    for now, command in bench.commands:
        assert not command.states[-1, 1:].any()
        assert (np.diff(command.time_ns) > 0).all()
        assert command.time_ns[0] == 0
        assert command.stamp_ns + command.time_ns[-1] >= now + 200 * MS, 'long after it arrives'


def test_command_at_rest_says_nothing_more(make_bench):
    bench = make_bench()
    bench.joints()
    command = bench.target(HOME).command
    assert_array_equal(command.states[:, 0], np.broadcast_to(HOME, command.states[:, 0].shape))
    assert not command.states[:, 1:].any()


def test_each_command_repeats_what_was_commanded_before(make_bench):
    """So a controller samples one path, whichever command it has and whenever it samples."""
    bench = make_bench()
    bench.joints()
    bench.stream(FAST)
    before = bench.commands[0][1]
    for now, command in bench.commands[1:]:
        assert command.n_known > 0
        known = command.time_ns[: command.n_known]
        assert known[-1] + command.stamp_ns >= now + 2 * PERIOD, 'its own period, and the way'
        for time in command.stamp_ns + np.linspace(0, known[-1], 7).astype(np.int64):
            here, there = state_of(command, int(time)), state_of(before, int(time))
            assert_allclose(here, there, atol=3e-7)
        before = command


def test_whole_motion_is_one_command_within_the_limits(make_bench, limits):
    bench = make_bench(output_mode='action', max_following_error=0.0)
    bench.joints()
    command = bench.target(FAR).command
    assert bench.wait(5000 * MS) == 0, 'and nothing else'
    assert_allclose(command.states[-1, 0], FAR, atol=1e-8)
    branch = command.time_ns[command.n_known - 1]
    times = 1e-9 * np.append(
        branch + PERIOD * np.arange(-2, 1), command.time_ns[command.n_known :]
    )
    rows = np.vstack([HOME, HOME, HOME, command.states[command.n_known :, 0]])
    # Times in a message are rounded to nanoseconds.
    assert all(s <= 1.0 + 1e-3 for s in limit_shares(times, rows, limits).values())


def test_whole_motion_is_sent_again_before_the_arm_obeys_it(make_bench):
    """A subscription may lose a message; what is sent again is the same motion."""
    bench = make_bench(output_mode='trajectory', max_following_error=0.0)
    bench.joints()
    first = bench.target(FAR).command
    begins = first.stamp_ns + first.time_ns[first.n_known - 1]
    bench.wait(5000 * MS)
    again = bench.commands[1:]
    assert 1 <= len(again) <= 4
    for now, command in again:
        assert now < begins
        assert command.stamp_ns + command.time_ns[-1] == first.stamp_ns + first.time_ns[-1]
        for time in range(begins, int(first.stamp_ns + first.time_ns[-1]), 50 * MS):
            assert_allclose(state_of(command, time), state_of(first, time), atol=1e-12)


def test_whole_motion_takes_the_time_that_the_limits_ask_for(make_bench, limits):
    bench = make_bench(output_mode='trajectory', max_following_error=0.0)
    bench.joints()
    command = bench.target(FAR).command
    generator = MotionGenerator(limits)
    generator.reset(HOME)
    generator.set_goal(FAR, 0.0)
    best_s = generator.plan_to_goal().duration
    new = command.time_ns[command.n_known - 1 :]
    assert abs(1e-9 * (new[-1] - new[0]) - best_s) < 1e-6
    assert new[0] == 40 * MS, 'the time that a message may take'
    assert len(new) <= 201


def test_controller_drives_a_whole_motion_to_the_target(make_bench, limits, arm):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(FAR)
    controller = Controller(bench)
    controller.update()
    rows = controller.run_on(600)
    error = se3_log(invert(forward(arm, rows[-1])) @ forward(arm, FAR))
    assert np.abs(error).max() < 1e-8
    for name, share in share_of_limits(rows, limits).items():
        assert share <= 1.0 + BETWEEN_TOL, name


def test_new_target_bends_a_whole_motion_without_a_jump(make_bench, limits):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(FAR)
    controller = Controller(bench, delay=0)
    controller.update()
    controller.run_on(80)
    bench.trace.clear()  # the arm has followed meanwhile
    bench.joints()
    speed = np.abs(controller.rows[-1] - controller.rows[-2]).max() / (PERIOD * 1e-9)
    assert speed > 0.2, 'in the middle of the way'
    bench.now += PERIOD
    bench.joints()
    bench.target(HOME - 0.1)
    controller.update()
    controller.run_on(600)
    rows = np.array(controller.rows)
    assert_allclose(rows[-1], HOME - 0.1, atol=1e-8)
    for name, share in share_of_limits(rows, limits).items():
        assert share <= 1.0 + BETWEEN_TOL, f'{name} limit used to {share:.3f}'


@pytest.mark.parametrize(
    ('way', 'status'),
    [(0.4, StreamStatus.FOLLOWING_ERROR), (0.02, StreamStatus.NOT_FOLLOWING)],
)
def test_arm_that_does_not_begin_a_whole_motion_is_a_fault(make_bench, way, status):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(HOME + way)
    bench.arm_obeys = False
    bench.wait(1000 * MS)
    assert [fault.status for fault in bench.faults] == [status]


def test_arm_that_leaves_a_whole_motion_is_a_fault(make_bench):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(FAR)
    bench.wait(300 * MS)
    bench.arm_obeys = False
    bench.wait(1000 * MS)
    (fault,) = bench.faults
    assert fault.status is StreamStatus.FOLLOWING_ERROR
    (end,) = fault.command.states
    assert fault.command.stamp_ns == 0
    assert not end[1:].any()
    assert np.abs(end[0] - bench.q).max() < 0.05, 'the stop, near the arm'


def test_whole_motions_keep_the_position_limits_from_any_state(arm, limits):
    rng = np.random.default_rng(4)
    generator = MotionGenerator(limits)
    n_moving = 0
    for start, goal, other in zip(*(random_joints(arm, rng, 200) for _ in range(3)), strict=True):
        generator.reset(start)
        generator.set_goal(goal, 0.0)
        for _ in range(int(rng.integers(1, 300))):
            generator.advance(0.004)
        n_moving += bool(generator.state.qd.any())
        generator.set_goal(other, 0.0)
        plan = generator.plan_to_goal()
        assert plan.is_within_limits()
        assert_allclose(plan.state_at(plan.duration).q, other, atol=1e-8)
    assert n_moving > 150
