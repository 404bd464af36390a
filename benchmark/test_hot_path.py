# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Guards of the hot path: python -m pytest benchmark (with pytest-benchmark).

Each bound is a ratio to a loop measured in the same run, interleaved, so that it holds on any
machine; about one and a half times what was measured. Not part of ``make test``.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.hot_path import interleaved
from neural_ik_ros import IkSolver
from neural_ik_ros.kinematics import forward, random_joints
from neural_ik_ros.learning.data.features import features
from neural_ik_ros.solver import CurrentJoints

ROUNDS = 30
N_TARGETS = 200
SOLVE_TO_NETWORK = 1.9  # measured: 1.3
CURRENT_TO_REFERENCE = 6.0  # measured: 3.9
BATCH_ROW_TO_SINGLE = 0.2  # measured: 0.13


@pytest.fixture(scope='module')
def solver():
    solver = IkSolver.load()
    solver.warm_up()
    return solver


@pytest.fixture(scope='module')
def problems(solver):
    arm, rng = solver.arm, np.random.default_rng(1)
    q = random_joints(arm, rng, N_TARGETS)
    q_current = np.clip(q + rng.uniform(-0.1, 0.1, q.shape), arm.lower, arm.upper)
    return forward(arm, q), q_current


def test_solve_costs_little_more_than_its_network(benchmark, solver, problems):
    targets, q_current = problems
    rows = features(targets, q_current).astype(np.float32)
    p50, _ = interleaved(
        {
            'network': lambda i: solver.predictor.engine.run(rows[i : i + 1]),
            'solve': lambda i: solver.solve(targets[i], q_current[i]),
        },
        ROUNDS,
    )
    benchmark(solver.solve, targets[0], q_current[0])

    assert p50['solve'] / p50['network'] < SOLVE_TO_NETWORK


def test_solve_from_current_joints_costs_few_linear_systems(benchmark, solver, problems):
    targets, q_current = problems
    near = IkSolver(solver.arm, CurrentJoints())
    near.warm_up()
    matrix, vector = np.eye(6) + 0.1, np.ones(6)
    p50, _ = interleaved(
        {
            'reference': lambda _: np.linalg.solve(matrix, vector),
            'solve': lambda i: near.solve(targets[i], q_current[i]),
        },
        ROUNDS,
    )
    benchmark(near.solve, targets[0], q_current[0])

    assert p50['solve'] / p50['reference'] < CURRENT_TO_REFERENCE


def test_row_of_a_batch_costs_less_than_a_single_solve(benchmark, solver, problems):
    targets, q_current = problems
    p50, _ = interleaved(
        {
            'batch': lambda _: solver.solve_batch(targets[:64], q_current[:64]),
            'single': lambda i: solver.solve(targets[i], q_current[i]),
        },
        3,
    )
    benchmark(solver.solve_batch, targets, q_current)

    assert p50['batch'] / 64 / p50['single'] < BATCH_ROW_TO_SINGLE
