# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Many problems at once: the answers of ``solve``, row by row."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import oracles
import pytest
from numpy.testing import assert_array_equal
from strategies import shipped_arm

from neural_ik_ros.kinematics import (
    ArrayShapeError,
    CoupledLimit,
    FloatArray,
    Joints,
    Transform,
    forward,
    is_within_limits,
    random_joints,
)
from neural_ik_ros.solver import (
    CurrentJoints,
    IkSolution,
    IkSolver,
    IkStatus,
    SolverOptions,
    batch,
    classify_failure,
    stages,
)

N_EACH = 60
OPTIONS = {
    'default': SolverOptions(),
    'any posture': SolverOptions(allow_other_posture=True),
    'careful': SolverOptions(max_joint_step=1.0, min_singular_value=0.05),
    'hurried': SolverOptions(iteration_budget=20),
    'loose': SolverOptions(position_tolerance=1e-4, rotation_tolerance=1e-4),
    'coupled': SolverOptions(coupled_limit=CoupledLimit(first=1, second=2, lower=-1, upper=1)),
}


def mixed_problems() -> tuple[Transform, Joints]:
    """Targets near, far, singular, out of reach, out of limits and malformed, shuffled."""
    arm, rng = shipped_arm(), np.random.default_rng(1)
    q = random_joints(arm, rng, 5 * N_EACH)
    q_current = random_joints(arm, rng, 5 * N_EACH)
    near, singular = slice(0, N_EACH), slice(N_EACH, 2 * N_EACH)
    q_current[near] = np.clip(q[near] + rng.uniform(-0.1, 0.1, (N_EACH, 6)), arm.lower, arm.upper)
    q[singular, 4] = 10.0 ** rng.uniform(-10.0, -2.0, N_EACH)
    q[2 * N_EACH : 3 * N_EACH, 2] += 0.8  # often beyond joint 3
    targets = forward(arm, q)
    targets[3 * N_EACH : 3 * N_EACH + 30, :3, 3] *= 1.3
    for row, (i, j) in enumerate(np.ndindex(4, 4)):
        targets[3 * N_EACH + 30 + row, i, j] = np.nan
    q_current[3 * N_EACH + 50, 2] = np.inf
    order = rng.permutation(len(q))
    return targets[order], q_current[order]


def assert_same(one: IkSolution, other: IkSolution) -> None:
    """To the last bit: both come out of the same compiled code."""
    for field in fields(one):
        assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.mark.parametrize('options', OPTIONS.values(), ids=OPTIONS)
def test_solve_batch_gives_the_answers_of_solve(arm, options):
    solver = IkSolver(arm, CurrentJoints(), options)
    targets, q_current = mixed_problems()
    solutions = solver.solve_batch(targets, q_current)
    assert len(solutions) == len(targets) == 5 * N_EACH
    assert len(set(solutions.statuses)) >= 4
    for i, solution in enumerate(solutions):
        assert_same(solution, solver.solve(targets[i], q_current[i]))


def test_solve_batch_does_not_see_the_other_rows(free_solver):
    targets, q_current = mixed_problems()
    whole = free_solver.solve_batch(targets, q_current)
    some = np.arange(len(targets) - 1, 0, -3)
    part = free_solver.solve_batch(targets[some], q_current[some])
    assert len(part) == len(some) > 90
    for k, i in enumerate(some):
        assert_same(part[k], whole[i])


def test_solve_batch_columns_are_those_of_its_rows(free_solver):
    solutions = free_solver.solve_batch(*mixed_problems())
    rows = list(solutions)
    assert_array_equal(solutions.is_solved, [row.status.is_solved for row in rows])
    assert solutions.statuses == [row.status for row in rows]
    for name in (
        'q',
        'q_seed',
        'position_error',
        'rotation_error',
        'iterations',
        'max_joint_step',
    ):
        assert_array_equal(getattr(solutions, name), [getattr(row, name) for row in rows])
    assert 0 < solutions.is_solved.sum() < len(rows)
    assert np.isnan(solutions.q[~solutions.is_solved]).all()


def test_solve_batch_leaves_its_arguments_alone(solver):
    targets, q_current = mixed_problems()
    before = targets.copy(), q_current.copy()
    solver.solve_batch(targets, q_current)
    assert_array_equal(targets, before[0])
    assert_array_equal(q_current, before[1])


class Rough:
    """Proposes read-only single precision, in an order of its own."""

    name = 'network'

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        rough = np.asfortranarray(q_current, dtype=np.float32)
        rough.flags.writeable = False
        return rough


@pytest.mark.parametrize('predictor', [CurrentJoints(), Rough()], ids=['current', 'rough'])
def test_warm_up_leaves_nothing_to_compile(arm, predictor):
    kernels = (
        stages.init_batch,
        stages.try_seeds,
        stages.try_branches,
        classify_failure.classify_by_branches,
    )
    solver = IkSolver(arm, predictor)
    solver.warm_up()
    before = [len(kernel.signatures) for kernel in kernels]
    targets, q_current = mixed_problems()
    statuses = {
        solver.solve(target, q).status for target, q in zip(targets, q_current, strict=True)
    }
    solver.solve_batch(targets, q_current)
    solver.solve_batch(targets[:1], q_current[:1])
    assert len(statuses) >= 5
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_solve_batch_of_nothing_is_empty(solver):
    solutions = solver.solve_batch(np.empty((0, 4, 4)), np.empty((0, 6)))
    assert len(solutions) == 0
    assert solutions.q.shape == (0, 6)
    assert list(solutions) == []


BAD_SHAPES: dict[str, tuple[FloatArray, FloatArray]] = {
    'one pose': (np.eye(4), np.zeros((1, 6))),
    'three by three': (np.zeros((2, 3, 3)), np.zeros((2, 6))),
    'fewer joints': (np.zeros((2, 4, 4)), np.zeros((1, 6))),
    'five joints': (np.zeros((2, 4, 4)), np.zeros((2, 5))),
    'one joint vector': (np.zeros((6, 4, 4)), np.zeros(6)),
}


@pytest.mark.parametrize('bad', BAD_SHAPES)
def test_solve_batch_refuses_arrays_that_do_not_belong_together(solver, bad):
    with pytest.raises(ArrayShapeError):
        solver.solve_batch(*BAD_SHAPES[bad])


@pytest.mark.parametrize('exponent', [-9.0, -8.5, -8.0, -7.5, -7.0, -6.5, -6.0])
def test_solve_batch_reaches_targets_whose_wrist_centre_almost_meets_axis_1(arm, exponent):
    """Front and back branch almost merge, and all but the right heading miss the target."""
    rng = np.random.default_rng(3)
    q, q_current = random_joints(arm, rng, 200), random_joints(arm, rng, 200)
    q[:, 2] = rng.uniform(-0.5, arm.upper[2], 200)
    a = 0.705 + 0.135 * np.cos(q[:, 2]) - 0.755 * np.sin(q[:, 2])
    b = 0.755 * np.cos(q[:, 2]) + 0.135 * np.sin(q[:, 2])
    distance = rng.choice([-1.0, 1.0], 200) * 10.0**exponent
    q[:, 1] = np.arcsin((distance - 0.1) / np.hypot(a, b)) - np.arctan2(b, a)
    q, q_current = q[is_within_limits(arm, q)], q_current[is_within_limits(arm, q)]
    assert len(q) > 150
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    assert solver.solve_batch(forward(arm, q), q_current).is_solved.all()


@oracles.needs_closed_form
def test_solve_batch_names_the_reason_of_every_refusal(arm, free_solver):
    rng = np.random.default_rng(2)
    twists = rng.uniform(-1.0, 1.0, (400, 6)) * np.array([1.7, 1.7, 1.2, 1.8, 1.8, 1.8])
    targets = np.array([oracles.exponential(twist * [0, 0, 0, 1, 1, 1]) for twist in twists])
    targets[:, :3, 3] = twists[:, :3] + np.array([0.0, 0.0, 1.0])
    statuses = free_solver.solve_batch(targets, np.zeros((400, 6))).statuses
    counts = dict.fromkeys(IkStatus, 0)
    for target, status in zip(targets, statuses, strict=True):
        branches = oracles.closed_form_branches(target)
        is_inside = (branches >= arm.lower) & (branches <= arm.upper)
        expected = [IkStatus.OUTSIDE_LIMITS]
        if not len(branches):
            expected = [IkStatus.UNREACHABLE]
        elif is_inside.all(axis=1).any():
            expected = [IkStatus.SOLVED, IkStatus.SOLVED_OTHER_POSTURE]
        assert status in expected
        counts[status] += 1
    assert min(counts[s] for s in (IkStatus.OUTSIDE_LIMITS, IkStatus.UNREACHABLE)) > 40


@pytest.mark.parametrize('record', [batch.SolveState, batch.ArmParams])
def test_record_dtype_has_the_fields_of_the_record_in_their_order(record):
    dtype = batch.record_dtype(record)
    assert dtype.names == tuple(record.__annotations__)
    assert dtype.isalignedstruct
    assert batch.SOLVE_STATE['target'].shape == (4, 4)
    assert batch.SOLVE_STATE['signs'].base == np.int8
