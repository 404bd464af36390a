# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whole paths: the continuous choice among the branches, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import FloatArray, forward, is_within_limits
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus, SolverOptions

START = np.array([0.3, 0.2, 0.1, 0.4, 0.7, -0.5])


def along(arm, q: FloatArray, move: FloatArray, n: int) -> FloatArray:
    return forward(arm, q + np.linspace(0.0, 1.0, n)[:, None] * np.array(move))


def test_a_path_is_followed_as_solve_follows_it(arm, solver):
    targets, q = along(arm, START, [0.3, 0.1, -0.1, 0.4, 0.2, 0.5], 15), START
    path = solver.solve_path(targets, START)
    assert path.is_continuous
    assert path.posture_changes == ()
    for target, found in zip(targets, path.q, strict=True):
        q = solver.solve(target, q).q
        assert_allclose(found, q, rtol=0.0, atol=1e-6)


def test_a_path_starts_where_it_does_not_break(arm, solver):
    """From joint 6 near its end a turn of the tool must break; a turn back before it does not."""
    q = START.copy()
    q[5] = arm.upper[5] - 0.3
    targets = along(arm, q, [0, 0, 0, 0, 0, 2.0], 21)
    path = solver.solve_path(targets, q)
    assert path.is_continuous
    assert path.max_joint_step[0] > 3.0
    assert path.max_joint_step[1:].max() < 0.2
    assert is_within_limits(arm, path.q).all()
    assert_allclose(forward(arm, path.q), targets, rtol=0.0, atol=2e-9)


def test_a_path_breaks_once_where_no_range_suffices(arm, solver):
    q = START.copy()
    q[5] = arm.lower[5]
    targets = along(arm, q, [0, 0, 0, 0, 0, 3.0 * math.tau], 120)
    path = solver.solve_path(targets, q)
    assert all(status is IkStatus.SOLVED for status in path.statuses)
    assert len(path.breaks) == 1
    assert not path.is_continuous
    others = np.delete(path.max_joint_step, [0, *path.breaks])
    assert others.max() < 0.3


def test_a_path_passes_a_straight_wrist_without_a_jump(arm, solver):
    q = START.copy()
    q[4] = 0.2
    targets = along(arm, q, [0.1, 0.0, 0.0, 0.0, -0.4, 0.3], 21)
    path = solver.solve_path(targets, q)
    assert path.is_continuous
    assert path.max_joint_step.max() < 0.2


def test_a_path_names_targets_without_an_answer(arm, solver):
    targets = along(arm, START, [0.1, 0.0, 0.0, 0.0, 0.0, 0.0], 7)
    targets[3, 0, 3] = 5.0
    path = solver.solve_path(targets, START)
    assert path.statuses[3] is IkStatus.UNREACHABLE
    assert np.isnan(path.q[3]).all()
    assert not np.isnan(np.delete(path.q, 3, axis=0)).any()
    assert set(path.breaks) == {3, 4}


def test_a_path_uses_only_valid_joints(arm):
    """A checker that forbids where the path would run makes it start in another branch."""
    solver = IkSolver(arm, CurrentJoints(), SolverOptions())
    targets = along(arm, START, [0.2, 0.0, 0.0, 0.0, 0.0, 0.0], 9)
    free = solver.solve_path(targets, START)
    kept = solver.solve_path(targets, START, is_valid=lambda q: q[4] < 0.0)
    assert (free.q[:, 4] > 0.0).all()
    assert (kept.q[:, 4] < 0.0).all()
    assert kept.is_continuous
    none = solver.solve_path(targets, START, is_valid=lambda _: False)
    assert set(none.statuses) == {IkStatus.REJECTED}
    assert none.breaks == tuple(range(9))


@pytest.mark.parametrize('n', [0, 1])
def test_a_short_path_is_a_path(arm, solver, n):
    path = solver.solve_path(along(arm, START, np.zeros(6), 1)[:n], START)
    assert path.q.shape == (n, 6)
    assert path.is_continuous
