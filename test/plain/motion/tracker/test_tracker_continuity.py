# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lines past axis 1 and through straight wrists, at 250 Hz: the answers are one motion."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import HOME, MS, PERIOD, T0, Bench, assert_refused

from neural_ik_ros.kinematics import Arm, Joints, Transform, forward, random_joints
from neural_ik_ros.motion import OUTPUT_MODES, StreamStatus
from neural_ik_ros.solver import NEAR_STEP, IkStatus

WRIST_TO_TOOL = 0.085  # [m] along the tool
SPACING = 0.001  # [m] between targets: 0.25 m/s
LENGTH = 0.3  # [m]
FLIP = np.array([0.0, 0.0, 0.0, np.pi, 0.0, -np.pi])


def line_past_axis1(arm: Arm, seed: int) -> tuple[Joints, list[Transform]]:
    """Return joints at the start of a line, and targets with the wrist 1 to 30 mm from axis 1."""
    rng = np.random.default_rng(seed)
    while True:
        q = random_joints(arm, rng, 1)[0]
        start = forward(arm, q)
        wrist = start[:3, 3] - WRIST_TO_TOOL * start[:3, 2]
        distance = np.hypot(wrist[0], wrist[1])
        if 0.1 < distance < 0.2 and abs(q[4]) > 0.3:
            break
    angle = np.arcsin(rng.uniform(0.001, 0.03) / distance) * rng.choice([-1.0, 1.0])
    inwards = -wrist[:2] / distance
    direction = (
        np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ inwards
    )
    targets = np.tile(start, (round(LENGTH / SPACING), 1, 1))
    targets[:, :2, 3] += SPACING * np.arange(len(targets))[:, None] * direction
    return q, list(targets)


def drive(bench: Bench, targets: list[Transform]) -> list[tuple[StreamStatus | IkStatus, Joints]]:
    """Return status and answer of each target of a stream."""
    answers = []
    for target in targets:
        bench.now += PERIOD
        bench.joints()
        output = bench.pose(target, bench.now)
        bench.tick()
        assert output.solution is not None
        answers.append((output.status, output.solution.q))
    return answers


def largest_step(answers: list[tuple[StreamStatus | IkStatus, Joints]]) -> float:
    """Return the largest movement of a joint between neighbouring targets that are followed."""
    q = np.array([answer if status.is_solved else answer * np.nan for status, answer in answers])
    return float(np.nanmax(np.abs(np.diff(q, axis=0))))


@pytest.mark.parametrize('seed', range(24))
def test_line_past_axis_1_is_followed_in_one_motion_or_refused(make_bench, arm, seed):
    q, targets = line_past_axis1(arm, seed)
    bench = make_bench()
    bench.q = q
    bench.joints()
    answers = drive(bench, targets)
    assert largest_step(answers) <= NEAR_STEP
    refused = {status for status, _ in answers if not status.is_solved}
    assert refused <= {
        StreamStatus.SOLUTION_JUMP,
        IkStatus.OTHER_POSTURE,
        IkStatus.OUTSIDE_LIMITS,
        IkStatus.UNREACHABLE,
    }
    assert not bench.faults


def test_lines_past_axis_1_do_meet_jumps(make_bench, arm):
    """Else the test above would show nothing."""
    n_jumps = 0
    for seed in range(24):
        q, targets = line_past_axis1(arm, seed)
        bench = make_bench(refuses_jumps=False)
        bench.q = q
        bench.joints()
        n_jumps += largest_step(drive(bench, targets)) > NEAR_STEP
    assert n_jumps >= 5


class Flipping:
    """A solver whose answers are half a turn away from some target on."""

    def __init__(self, solver, n_near: int) -> None:
        self._solver, self._n_left = solver, n_near
        self.arm, self.options = solver.arm, solver.options

    def solve(self, transform: Transform, q_current: Joints):
        self._n_left -= 1
        solution = self._solver.solve(transform, q_current)
        if self._n_left < 0:
            object.__setattr__(solution, 'q', HOME + FLIP)
        return solution


@pytest.fixture
def flipping(make_bench) -> Bench:
    """Followed to rest at home, where the next answer is half a turn away."""
    bench = make_bench()
    bench.joints()
    bench.tracker.solver = Flipping(bench.tracker.solver, 50)
    bench.stream([HOME] * 50)
    return bench


def test_jump_of_a_stream_is_refused_with_its_own_status(flipping):
    flipping.now += PERIOD
    assert_refused(flipping.target(HOME), StreamStatus.SOLUTION_JUMP)
    assert flipping.tracker.is_at_rest(flipping.now)


def test_targets_after_a_jump_are_refused_while_the_stream_lasts_although_the_arm_rests(flipping):
    outputs = flipping.stream([HOME] * 500)
    assert {output.status for output in outputs} == {StreamStatus.SOLUTION_JUMP}
    assert np.abs(flipping.q - HOME).max() < 1e-9


def test_target_after_a_pause_goes_wherever_its_answer_is(flipping):
    flipping.wait(300 * MS)
    assert flipping.target(HOME).status is IkStatus.SOLVED


def test_jumps_are_followed_where_the_configuration_says_so(make_bench):
    bench = make_bench(refuses_jumps=False)
    bench.joints()
    bench.tracker.solver = Flipping(bench.tracker.solver, 1)
    outputs = bench.stream([HOME] * 2, ticks=0)
    assert [output.status for output in outputs] == [IkStatus.SOLVED] * 2


@pytest.mark.parametrize('mode', [mode for mode in OUTPUT_MODES if mode != 'stream'])
def test_whole_motions_go_wherever_the_answer_is(make_bench, mode):
    bench = make_bench(output_mode=mode)
    bench.joints()
    bench.tracker.solver = Flipping(bench.tracker.solver, 1)
    outputs = bench.stream([HOME] * 2, ticks=0)
    assert [output.status for output in outputs] == [IkStatus.SOLVED] * 2


def test_stream_is_solved_from_the_answer_before_and_not_from_joints_that_lag(make_bench):
    """As fast as that, the commanded joints are far behind when the answers part."""
    bench = make_bench()
    bench.joints()
    asked = []
    solver = bench.tracker.solver
    bench.tracker.solver = Flipping(solver, 1000)
    bench.tracker.solver.solve = lambda transform, q: asked.append(q) or solver.solve(transform, q)
    path = HOME + np.linspace(0.0, 1.0, 60)[:, None] * np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    outputs = bench.stream(path, ticks=0)
    answers = [output.solution.q for output in outputs]
    assert np.array_equal(asked[1:], answers[:-1])
    assert np.abs(bench.tracker.generator.state.q - answers[-1]).max() > 0.3
    assert bench.now > T0
