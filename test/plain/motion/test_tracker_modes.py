# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a controller does with the commands: when they come late, end, or come all at once."""

from __future__ import annotations

import numpy as np
from derivatives import limit_shares
from numpy.testing import assert_allclose
from tracker_bench import (
    FAR,
    HOME,
    MS,
    PERIOD,
    Bench,
    path_from_home,
)

from neural_ik_ros.interface.controller_rules import Trajectory, TrajectoryPoint, first_violation
from neural_ik_ros.kinematics import FloatArray, forward, invert, random_joints, se3_log
from neural_ik_ros.motion import Command, MotionGenerator, MotionLimits, StreamStatus
from neural_ik_ros.simulation.simulated_controller import TrajectoryFollower

PATH = path_from_home(400)
FAST = path_from_home(250, 6 * MS)  # as if time ran faster: 0.7 rad/s
BETWEEN_TOL = 0.02  # relative; quintics between points of a stop round off its corners


def trajectory(command: Command, names: tuple[str, ...]) -> Trajectory:
    """Return what the node makes of a command."""
    n, tail = len(command.q), command.tail
    points = [
        TrajectoryPoint(positions=q, time_from_start_ns=(i + 1) * command.interval_ns)
        for i, q in enumerate(command.q)
    ]
    for i in range(0 if tail is None else len(tail.q)):
        points.append(
            TrajectoryPoint(
                positions=tail.q[i],
                velocities=tail.qd[i],
                accelerations=tail.qdd[i],
                time_from_start_ns=n * command.interval_ns + tail.time_ns[i],
            )
        )
    return Trajectory(joint_names=names, points=points)


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
            message = trajectory(commands[-1][1], self.names)
            assert first_violation(message, self.names, self._bench.now) is None
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


def test_controller_passes_over_a_lost_message_without_a_stop(make_bench, limits):
    """With a single point it would stand still for a period, at any acceleration."""
    bench = make_bench()
    bench.joints()
    controller = drive(bench, FAST[:200])
    for k, q_target in enumerate(FAST[200:]):
        bench.now += PERIOD
        bench.joints()
        bench.target(q_target)
        if k == 20:
            controller.run_on(0)
            bench.now -= PERIOD
            controller.run_on(1)  # and no new message
        else:
            controller.update()
    assert share_of_limits(np.array(controller.rows), limits)['acceleration'] <= 1.0 + BETWEEN_TOL


def test_every_command_in_motion_ends_at_rest(make_bench):
    bench = make_bench()
    bench.joints()
    bench.stream(FAST)
    n_resting = 0
    for _, command in bench.commands[5:]:
        assert not command.tail.qd[-1].any()
        assert not command.tail.qdd[-1].any()
        assert (np.diff(command.tail.time_ns) > 0).all()
        n_resting += 1
    assert n_resting > 200


def test_command_at_rest_says_nothing_more(make_bench):
    bench = make_bench()
    bench.joints()
    assert bench.target(HOME).command.tail is None


def test_whole_motion_is_one_command_within_the_limits(make_bench, limits):
    bench = make_bench(output_mode='trajectory', max_following_error=0.0)
    bench.joints()
    command = bench.target(FAR).command
    assert bench.wait(5000 * MS) == 0, 'and nothing else'
    assert_allclose(command.tail.q[-1], FAR, atol=1e-8)
    sent = PERIOD * np.arange(-2, 2)
    times = 1e-9 * np.concatenate([sent, PERIOD + np.array(command.tail.time_ns)])
    rows = np.vstack([HOME, HOME, HOME, command.q, command.tail.q])
    # Times in a message are rounded to nanoseconds.
    assert all(s <= 1.0 + 1e-3 for s in limit_shares(times, rows, limits).values())


def test_whole_motion_takes_the_time_that_the_limits_ask_for(make_bench, limits):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    command = bench.target(FAR).command
    generator = MotionGenerator(limits)
    generator.reset(HOME)
    generator.set_goal(FAR, 0.0)
    best_s = generator.plan_to_goal().duration
    assert abs(1e-9 * (command.interval_ns + command.tail.time_ns[-1]) - best_s) < 1e-3
    assert len(command.tail.q) <= 200


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


def test_arm_that_does_not_follow_a_whole_motion_is_a_fault(make_bench):
    bench = make_bench(output_mode='trajectory')
    bench.joints()
    bench.target(FAR)
    output = None
    for _ in range(100):
        bench.now += PERIOD
        bench.tracker.on_joints(HOME, bench.now)
        output = output or bench.tick()
    assert output.status is StreamStatus.FOLLOWING_ERROR
    assert len(output.command.q) > 5, 'the stop'


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
