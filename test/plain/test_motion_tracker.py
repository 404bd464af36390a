# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's logic on a clock of its own: what is refused, what is commanded, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from derivatives import assert_within_limits
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import Arm, FloatArray, Joints, forward, invert, se3_log
from neural_ik_ros.motion import (
    Command,
    MotionGenerator,
    MotionLimits,
    Output,
    PoseTracker,
    StreamStatus,
    TrackerConfig,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions

MS = 1_000_000
PERIOD = 4 * MS  # of the default rate
T0 = 1_700_000_000 * 1000 * MS  # an ordinary day
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
FAR = HOME + np.array([0.4, -0.2, 0.2, 0.3, -0.4, 0.5])
EXACT = 1e-9  # [m], [rad] between the target and the tool at the commanded joints
STATUSES = {*IkStatus, *StreamStatus}


@pytest.fixture(scope='module')
def limits(arm: Arm) -> MotionLimits:
    return MotionLimits.of_arm(arm, acceleration=[5.0] * 6, jerk=[50.0] * 6)


@dataclass
class Bench:
    """A tracker, its clock, and an arm that is where it was last told to be."""

    tracker: PoseTracker
    now: int = T0
    q: Joints = field(default_factory=HOME.copy)
    commands: list[tuple[int, Command]] = field(default_factory=list)

    def joints(self) -> None:
        self.tracker.on_joints(self.q, self.now)

    def target(self, q_target: Joints, *, age: int = 0, frame: str = 'base_link') -> Output:
        return self.pose(forward(self.tracker.solver.arm, q_target), self.now - age, frame)

    def pose(self, transform: FloatArray, stamp: int, frame: str = 'base_link') -> Output:
        output = self.tracker.on_target(transform, frame=frame, stamp_ns=stamp, now_ns=self.now)
        self._obey(output.command)
        return output

    def tick(self) -> Output | None:
        output = self.tracker.on_tick(self.now)
        if output is not None:
            self._obey(output.command)
        return output

    def _obey(self, command: Command | None) -> None:
        if command is not None:
            self.commands.append((self.now, command))
            self.q = command.q[-1]

    def wait(self, duration: int, *, period: int = PERIOD) -> int:
        """Return how many ticks made a command while joint states kept coming."""
        n_before = len(self.commands)
        for _ in range(duration // period):
            self.now += period
            self.joints()
            self.tick()
        return len(self.commands) - n_before

    def stream(self, path: FloatArray, period: int = PERIOD, *, ticks: int = 1) -> list[Output]:
        """Return the answers to targets at an even rate, with ``ticks`` ticks after each."""
        outputs = []
        for q_target in path:
            self.now += period // (ticks + 1)
            self.joints()
            outputs.append(self.target(q_target))
            for _ in range(ticks):
                self.now += period // (ticks + 1)
                self.joints()
                self.tick()
        return outputs

    @property
    def times(self) -> FloatArray:
        return np.array([now for now, _ in self.commands])

    @property
    def rows(self) -> FloatArray:
        return np.vstack([command.q for _, command in self.commands])

    @property
    def steps_s(self) -> FloatArray:
        """Times [s] at which the motion itself passes the rows."""
        steps = np.diff(self.times, prepend=self.times[0])
        steps[steps < 0] = 2 * PERIOD  # the clock jumped, and the end of the stream had to show
        return np.cumsum(np.minimum(steps, 2 * PERIOD)) * 1e-9

    @property
    def intervals(self) -> FloatArray:
        return np.array([command.interval_ns for _, command in self.commands])


@pytest.fixture
def make_bench(arm, solver, limits):
    def make(options: SolverOptions | None = None, **config: object) -> Bench:
        ik = solver if options is None else IkSolver(arm, CurrentJoints(), options)
        return Bench(PoseTracker(ik, MotionGenerator(limits), TrackerConfig(**config)))

    return make


@pytest.fixture
def bench(make_bench) -> Bench:
    """With a joint state, as a moment after activation."""
    ready = make_bench()
    ready.joints()
    return ready


def assert_refused(output: Output, status: IkStatus | StreamStatus, *words: str) -> None:
    assert output.status is status
    assert output.command is None
    assert output.reason.startswith(status.value)
    for word in words:
        assert word in output.reason


def path_from_home(n: int, period: int = PERIOD) -> FloatArray:
    """Return joints (n, 6) [rad] that leave home gently, as a path in space would."""
    time = period * 1e-9 * np.arange(1, n + 1)[:, None]
    return HOME + 0.3 * (1.0 - np.cos(1.5 * time)) * np.array([1.0, -0.5, 0.5, 0.7, -0.6, 1.0])


# What is refused


def test_target_is_refused_before_the_first_joint_state(make_bench):
    bench = make_bench()
    assert_refused(bench.target(FAR), StreamStatus.NO_JOINT_STATE)
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_when_the_joint_state_is_stale(bench):
    bench.now += 500 * MS
    assert bench.target(HOME).status is IkStatus.SOLVED, 'as old as allowed'
    bench.now += 1 * MS
    assert_refused(bench.target(FAR), StreamStatus.STALE_JOINT_STATE, '0.501 s', '0.500 s')
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_while_the_newest_joint_state_is_bad(bench):
    bench.tracker.on_bad_joints('no finite position for joint_3')
    assert_refused(bench.target(FAR), IkStatus.BAD_JOINT_STATE, 'joint_3')
    bench.joints()
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_when_the_first_joint_state_is_bad(make_bench):
    bench = make_bench()
    bench.tracker.on_bad_joints('lacks joint_6')
    assert_refused(bench.target(FAR), IkStatus.BAD_JOINT_STATE, 'joint_6')


@pytest.mark.parametrize('age', [101 * MS, -101 * MS, 3600 * 1000 * MS])
def test_target_is_refused_when_its_stamp_is_far_from_now(bench, age):
    assert_refused(bench.target(FAR, age=age), StreamStatus.STALE_TARGET, f'{age * 1e-9:.3f} s')


@pytest.mark.parametrize('age', [0, 100 * MS, -100 * MS])
def test_target_is_accepted_when_its_stamp_is_near_now(bench, age):
    assert bench.target(FAR, age=age).status is IkStatus.SOLVED


def test_target_without_a_stamp_is_meant_for_now(bench):
    assert bench.pose(forward(bench.tracker.solver.arm, FAR), 0).status is IkStatus.SOLVED


@pytest.mark.parametrize('frame', ['', 'world', 'base', 'tool0', 'left_base_link'])
def test_target_is_refused_in_an_unknown_frame(bench, frame):
    assert_refused(bench.target(FAR, frame=frame), StreamStatus.UNKNOWN_FRAME, repr(frame))


def test_target_is_accepted_with_the_slash_of_old_frame_names(bench):
    assert bench.target(FAR, frame='/base_link').status is IkStatus.SOLVED


def test_target_frame_is_that_of_the_configuration(make_bench):
    bench = make_bench(base_frame='left_base_link')
    bench.joints()
    assert bench.target(FAR, frame='left_base_link').status is IkStatus.SOLVED
    assert_refused(bench.target(FAR), StreamStatus.UNKNOWN_FRAME, "'base_link'", 'left_base_link')


def bad_transform(*, value: float) -> FloatArray:
    transform = np.eye(4)
    transform[0, 3] = value
    return transform


@pytest.mark.parametrize(
    ('transform', 'status'),
    [
        (bad_transform(value=math.nan), IkStatus.BAD_TARGET),
        (bad_transform(value=math.inf), IkStatus.BAD_TARGET),
        (np.zeros((4, 4)), IkStatus.BAD_TARGET),
        (np.diag([1.0, 1.0, -1.0, 1.0]), IkStatus.BAD_TARGET),
        (bad_transform(value=3.0), IkStatus.UNREACHABLE),
    ],
)
def test_target_is_refused_with_the_status_of_the_solver(bench, transform, status):
    assert_refused(bench.pose(transform, bench.now), status)
    assert bench.target(FAR).status is IkStatus.SOLVED


def test_target_is_refused_where_the_joints_would_be_outside_their_limits(bench, make_bench):
    beyond = np.array([0.2, 0.3, 1.4, 0.3, 0.6, 0.1])
    free = make_bench(SolverOptions(allow_other_posture=True))
    free.joints()
    assert_refused(free.target(beyond), IkStatus.OUTSIDE_LIMITS)


@pytest.mark.parametrize(
    ('options', 'q_target', 'status'),
    [
        ({'max_joint_step': 0.1}, FAR, IkStatus.STEP_TOO_LARGE),
        ({'min_singular_value': 0.3}, FAR, IkStatus.NEAR_SINGULARITY),
        ({'iteration_budget': 1, 'max_iterations': 1}, FAR, IkStatus.OUT_OF_TIME),
        ({}, np.array([0.1, -1.6, 1.0, 0.3, 0.8, 0.1]), IkStatus.OTHER_POSTURE),
    ],
)
def test_target_is_refused_where_the_options_say_so(make_bench, options, q_target, status):
    bench = make_bench(SolverOptions(**options))
    bench.joints()
    assert_refused(bench.target(q_target), status)
    assert bench.target(HOME + 1e-9).status is IkStatus.SOLVED


def test_target_in_another_posture_is_commanded_when_allowed(make_bench):
    bench = make_bench(SolverOptions(allow_other_posture=True))
    bench.joints()
    output = bench.target(np.array([0.1, -1.6, 1.0, 0.3, 0.8, 0.1]))
    assert output.status is IkStatus.SOLVED_OTHER_POSTURE
    assert output.command is not None


def test_refused_targets_make_nothing_move(bench):
    for k in range(100):
        assert bench.target(FAR, frame='world').command is None
        assert bench.wait(10 * MS) == 0, k


def test_statuses_have_sentences_of_their_own():
    sentences = [status.value for status in STATUSES]
    assert len(set(sentences)) == len(sentences) == 15
    assert all(status.name == status.name.upper() for status in STATUSES)


@pytest.mark.parametrize('name', ['rate_hz', 'target_timeout_s', 'joint_state_timeout_s'])
@pytest.mark.parametrize('value', [0.0, -1.0, math.inf, math.nan])
def test_config_refuses_by_name_what_cannot_be_a_time(name, value):
    with pytest.raises(NeuralIkError, match=name):
        TrackerConfig(**{name: value})


# What is commanded


def test_first_command_starts_at_the_measured_joints(bench, limits):
    output = bench.target(FAR)
    assert output.command.q.shape == (1, 6)
    assert output.command.interval_ns == PERIOD
    step = np.abs(output.command.q[0] - HOME)
    assert step.max() > 0.0
    assert (step <= limits.jerk * (PERIOD * 1e-9) ** 3).all(), 'from rest, one period of jerk'


def test_solution_is_exact_and_what_the_motion_ends_at(bench, arm):
    output = bench.target(FAR)
    error = se3_log(invert(forward(arm, output.solution.q)) @ forward(arm, FAR))
    assert np.abs(error).max() < EXACT
    assert bench.wait(3000 * MS) > 100
    assert_array_equal(bench.q, output.solution.q)


def test_motion_to_a_single_target_keeps_the_limits(bench, limits):
    bench.target(FAR)
    bench.wait(3000 * MS)
    q = np.vstack([HOME, HOME, HOME, bench.rows])
    assert_within_limits(PERIOD * 1e-9 * np.arange(len(q)), q, limits)
    assert (bench.intervals == PERIOD).all()


def test_dense_targets_pace_the_commands_themselves(bench):
    outputs = bench.stream(path_from_home(300), ticks=1)
    assert {output.status for output in outputs} == {IkStatus.SOLVED}
    # The first target is not yet a stream, so one tick may follow it.
    assert len(outputs) <= len(bench.commands) <= len(outputs) + 1
    assert set(np.diff(bench.times)[2:]) == {PERIOD}


def test_dense_targets_are_followed_exactly(bench, arm):
    path = path_from_home(600)
    outputs = bench.stream(path)
    rows = np.array([output.command.q[0] for output in outputs])
    assert_allclose(rows[300:], path[300:], atol=1e-8)
    error = se3_log(invert(forward(arm, rows[300:])) @ forward(arm, path[300:]))
    assert np.abs(error).max() < 2.0 * EXACT


@pytest.mark.parametrize('period', [1 * MS, 2 * MS, 4 * MS])
def test_each_dense_target_is_answered_with_one_command(bench, period):
    outputs = bench.stream(path_from_home(200, period), period, ticks=1)
    assert sum(output.command is not None for output in outputs) == 200
    assert len(bench.commands) <= 202


@pytest.mark.parametrize(('rate', 'n_between'), [(50, 5), (25, 10)])
def test_ticks_fill_in_between_sparse_targets(bench, rate, n_between):
    period = 1000 * MS // rate
    bench.stream(path_from_home(2 * rate, period), period, ticks=n_between - 1)
    gaps = np.diff(bench.times)
    assert len(gaps) > 1.8 * rate * n_between
    assert gaps.max() <= 1.5 * PERIOD
    assert gaps.min() >= 0.5 * PERIOD


def test_sparse_targets_are_passed_one_interval_after_they_came(bench):
    path = path_from_home(150, 20 * MS)
    errors = []
    for k in range(len(path)):
        bench.stream(path[k : k + 1], 20 * MS, ticks=4)
        errors.append(np.abs(bench.q - path[k]).max())
    assert max(errors[75:]) < 1e-4
    steps = np.abs(np.diff(bench.rows[400:], n=2, axis=0)).max()
    assert steps < 1e-4, 'no stop and go between the targets'


@pytest.mark.parametrize('period', [1 * MS, 2 * MS, 4 * MS, 7 * MS, 20 * MS])
def test_interval_is_never_shorter_than_the_time_to_the_next_command(bench, period):
    bench.stream(path_from_home(100, period), period, ticks=max(1, period // PERIOD))
    assert (bench.intervals >= min(PERIOD, period)).all()
    gaps = np.diff(bench.times)
    assert (bench.intervals[2:-1] >= np.minimum(gaps[2:], 2 * PERIOD)).all()


def test_single_targets_far_apart_are_no_stream(bench):
    """Two targets half a second apart: come to rest at each instead of running past it."""
    for q_target in (HOME + 0.02, HOME + 0.04):
        bench.target(q_target)
        bench.wait(500 * MS)
        assert_allclose(bench.q, q_target, atol=1e-8)
    assert (np.diff(bench.rows, axis=0) >= -1e-12).all(), 'it never came back'


# How it ends, and starts again


def test_end_of_a_stream_comes_to_rest_at_the_last_target_and_goes_quiet(bench):
    path = path_from_home(250)
    bench.stream(path)
    assert np.abs(bench.tracker.generator.state.qd).max() > 0.1, 'it ends in full motion'
    assert bench.wait(2000 * MS) > 10
    assert_allclose(bench.q, path[-1], atol=1e-8)
    assert bench.wait(1000 * MS) == 0


def test_end_of_a_stream_keeps_the_limits(bench, limits):
    bench.stream(path_from_home(250))
    bench.wait(2000 * MS)
    assert_within_limits(bench.steps_s, bench.rows, limits)


def test_nothing_is_commanded_before_the_first_target(bench):
    assert bench.wait(1000 * MS) == 0


def test_restart_after_rest_begins_at_the_measured_joints(bench):
    bench.target(HOME + 0.05)
    bench.wait(2000 * MS)
    bench.q = HOME - 0.1  # somebody moved the arm by hand
    bench.joints()
    output = bench.target(HOME - 0.05)
    assert np.abs(output.command.q[0] - bench.q).max() < 1e-5
    assert_allclose(output.command.q[0], HOME - 0.1, atol=1e-5)


def test_restart_forgets_joints_and_targets(bench):
    bench.stream(path_from_home(50))
    bench.tracker.restart()
    assert bench.tick() is None
    assert_refused(bench.target(FAR), StreamStatus.NO_JOINT_STATE)


def test_stop_is_a_smooth_braking_motion(bench, limits):
    bench.stream(path_from_home(250))
    before = bench.rows[-4:]
    command = bench.tracker.stop()
    assert command.interval_ns == PERIOD
    assert len(command.q) > 5
    q = np.vstack([before, command.q, command.q[-1:], command.q[-1:]])
    assert_within_limits(PERIOD * 1e-9 * np.arange(len(q)), q, limits)
    assert bench.tracker.stop() is None, 'everything is forgotten'


def test_stop_has_nothing_to_say_when_nothing_moves(bench):
    assert bench.tracker.stop() is None
    bench.joints()
    bench.target(HOME + 0.01)
    bench.wait(2000 * MS)
    assert bench.tracker.stop() is None


def test_a_bad_target_in_a_stream_does_not_end_it(bench):
    path = path_from_home(300)
    bench.stream(path[:100])
    bench.now += PERIOD
    bench.joints()
    assert_refused(bench.pose(bad_transform(value=math.nan), bench.now), IkStatus.BAD_TARGET)
    outputs = bench.stream(path[101:])
    rows = np.array([output.command.q[0] for output in outputs])
    assert_allclose(rows[-50:], path[-50:], atol=1e-8)


def test_a_stale_joint_state_in_motion_is_answered_by_braking(make_bench):
    bench = make_bench(joint_state_timeout_s=0.02)
    path = path_from_home(300)
    bench.stream(path[:250])
    answers = []
    for q_target in path[250:]:
        bench.now += PERIOD
        answers.append(bench.target(q_target).status)
        bench.tick()
    assert answers == [IkStatus.SOLVED] * 5 + [StreamStatus.STALE_JOINT_STATE] * 45
    braking = bench.commands[-1][1].q
    assert len(braking) > 10, 'one command with the whole stop'
    assert np.abs(np.diff(braking, axis=0))[-1].max() < 1e-9, 'at rest at its end'
    assert np.abs(braking[0] - path[255]).max() < 1e-3, 'it starts in motion'
    n_commands = len(bench.commands)
    bench.now += PERIOD
    assert bench.tick() is None
    assert len(bench.commands) == n_commands


# Time


def scenario(bench: Bench) -> list[tuple[str, FloatArray, int]]:
    """Return every answer to a mixture of good, bad, late and lost messages."""
    rng = np.random.default_rng(1)
    answers = []
    for q_target in path_from_home(400):
        bench.now += int(rng.integers(1, 3 * PERIOD))
        if rng.random() < 0.8:
            bench.joints()
        age = int(rng.integers(-5, 5)) * MS if rng.random() < 0.95 else 1000 * MS
        output = bench.target(q_target, age=age) if rng.random() < 0.7 else bench.tick()
        if output is not None:
            row = np.zeros(6) if output.command is None else output.command.q[0]
            answers.append((output.status.name, row, bench.now))
    return answers


def test_tracker_is_deterministic_in_its_inputs(make_bench):
    first, second = scenario(make_bench()), scenario(make_bench())
    assert len(first) == len(second) > 200
    for (name, row, now), (other_name, other_row, other_now) in zip(first, second, strict=True):
        assert (name, now) == (other_name, other_now)
        assert_array_equal(row, other_row)


def test_motion_never_runs_more_than_three_periods_ahead_of_the_clock(bench, arm):
    """Stamps that advance faster than the clock must not make the arm faster than its limits."""
    goal = HOME.copy()
    goal[0] += 2.5
    bench.target(goal)
    bench.wait(700 * MS)
    assert bench.tracker.generator.state.qd[0] > 1.5
    start, q_start = bench.now, bench.q
    for k in range(1, 60):
        bench.now += MS
        bench.joints()
        output = bench.pose(forward(arm, goal), start + 7 * MS * k)
        if output.command is None:
            assert output.status is StreamStatus.STALE_TARGET
    way = np.abs(bench.q - q_start)
    elapsed_s = (bench.now - start) * 1e-9
    assert (way <= arm.velocity * (elapsed_s + 3.0 * PERIOD * 1e-9)).all()


def test_clock_that_jumps_back_does_not_leave_the_arm_in_motion(bench, limits):
    path = path_from_home(250)
    bench.stream(path)
    bench.now -= 3600 * 1000 * MS
    assert bench.wait(2000 * MS) > 10
    assert_allclose(bench.q, path[-1], atol=1e-8)
    assert bench.wait(1000 * MS) == 0
    assert_within_limits(bench.steps_s, bench.rows, limits)


def test_clock_that_jumps_back_does_not_make_old_joints_fresh(bench):
    bench.now -= 3600 * 1000 * MS
    assert bench.target(FAR).status is IkStatus.SOLVED
    bench.now += 600 * MS
    assert_refused(bench.target(FAR), StreamStatus.STALE_JOINT_STATE)


def test_clock_that_jumps_forward_makes_no_jump(bench, arm):
    path = path_from_home(300)
    bench.stream(path[:250])
    bench.now += 3600 * 1000 * MS
    q = bench.q
    bench.joints()
    output = bench.target(path[250])
    assert output.status is IkStatus.SOLVED
    assert (np.abs(output.command.q[0] - q) <= 2.0 * PERIOD * 1e-9 * arm.velocity).all()


def test_measured_joints_outside_their_limits_are_refused_instead_of_jumped_to(bench, arm):
    """Clipping them would make the first command a jump back to the limit."""
    bench.q = HOME.copy()
    bench.q[2] = arm.upper[2] + 0.3
    bench.joints()
    output = bench.target(HOME)
    assert_refused(output, IkStatus.BAD_JOINT_STATE)
    assert 'joint_3 is 0.300 rad outside its limits' in output.reason


@pytest.mark.parametrize('rate_hz', [1.0, 5.0, 50.0, 1000.0])
def test_dense_targets_are_followed_within_the_velocity_limits_at_any_rate(make_bench, rate_hz):
    bench = make_bench(rate_hz=rate_hz)
    bench.stream(path_from_home(200))
    speeds = np.abs(np.diff(bench.rows, axis=0)) / np.diff(bench.times)[:, None] * 1e9
    assert len(speeds) > 100
    assert (speeds.max(axis=0) <= bench.tracker.generator.limits.velocity).all()
