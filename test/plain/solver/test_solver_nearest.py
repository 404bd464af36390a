# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The nearest reachable pose: within the limits, and nothing beside it is nearer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from oracles import needs_pinocchio, pinocchio
from strategies import joints_within_limits

from neural_ik_ros.kinematics import (
    Arm,
    CoupledLimit,
    FloatArray,
    Joints,
    Transform,
    forward,
    invert,
    is_within_limits,
    random_joints,
    rotation_angle,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

EXACT = 1e-9  # [m], [rad]
N_SAMPLES = 20_000
BESIDE = 1e-3  # [rad] a move of one joint that must not help
FLAT = 1e-8  # of the squared error: what is left of slow steps at the end


def squared_errors(arm: Arm, q: Joints, target: Transform) -> FloatArray:
    """Return the squared errors (n,) of joints (n, 6), by forward kinematics."""
    offsets = invert(forward(arm, q)) @ target
    distance = np.linalg.norm(offsets[:, :3, 3], axis=1)
    return distance**2 + rotation_angle(offsets[:, :3, :3]) ** 2


def unreachable_targets(arm: Arm, n: int) -> list[Transform]:
    """Return poses out of reach, and poses of joints outside their limits."""
    rng = np.random.default_rng(3)
    outside = random_joints(arm, rng, n)
    outside[::2, 2] = arm.upper[2] + rng.uniform(0.2, 1.0, len(outside[::2]))
    targets = forward(arm, outside)
    targets[1::2, :3, 3] *= 1.8
    free = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    return [target for target in targets if not free.solve(target, np.zeros(6)).status.is_solved]


@needs_pinocchio
def test_nearest_is_within_the_limits_and_nothing_is_nearer(arm, solver):
    rng = np.random.default_rng(4)
    samples, targets = random_joints(arm, rng, N_SAMPLES), unreachable_targets(arm, 40)
    for target in targets:
        found = solver.nearest(target, np.zeros(6))
        assert is_within_limits(arm, found.q)
        least = squared_errors(arm, found.q[None], target)[0]
        offset = pinocchio.SE3(forward(arm, found.q)).actInv(pinocchio.SE3(target))
        angle = np.linalg.norm(pinocchio.log3(offset.rotation))
        assert found.position_error == pytest.approx(np.linalg.norm(offset.translation), abs=EXACT)
        assert found.rotation_error == pytest.approx(angle, abs=EXACT)
        beside = np.concatenate([found.q + BESIDE * np.eye(6), found.q - BESIDE * np.eye(6)])
        beside = np.clip(beside, arm.lower, arm.upper)
        assert least <= squared_errors(arm, beside, target).min() + FLAT
        assert least <= squared_errors(arm, samples, target).min()
    assert len(targets) > 20


@given(q=joints_within_limits())
def test_nearest_is_exact_where_the_target_can_be_reached(arm, solver, q):
    found = solver.nearest(forward(arm, q), np.zeros(6))
    assert is_within_limits(arm, found.q)
    assert max(found.position_error, found.rotation_error) <= EXACT


def test_nearest_stretches_the_arm_towards_a_target_beyond_it(arm, solver):
    """With a target straight ahead, oriented as the tool, only a distance remains."""
    q = np.array([0.4, 1.0, arm.lower[2], 0.0, 0.3, 0.0])
    target = forward(arm, q)
    target[:3, 3] += 0.5 * (target[:3, 3] - [0.0, 0.0, 0.615])
    found = solver.nearest(target, q)
    assert 0.0 < found.position_error < np.linalg.norm(target[:3, 3] - forward(arm, q)[:3, 3])


def test_nearest_satisfies_the_coupled_limit(arm):
    limit = CoupledLimit(first=1, second=2, lower=-0.2, upper=0.2)
    coupled = IkSolver(arm, CurrentJoints(), SolverOptions(coupled_limit=limit))
    n_found = 0
    for target in unreachable_targets(arm, 20):
        found = coupled.nearest(target, np.zeros(6))
        is_found = bool(np.isfinite(found.q).all())
        assert is_found == math.isfinite(found.position_error)
        assert not is_found or is_within_limits(coupled.arm, found.q)
        n_found += is_found
    assert n_found > 0


@pytest.mark.parametrize(
    ('target', 'q_current'),
    [
        (np.full((4, 4), np.nan), np.zeros(6)),
        (np.zeros((4, 4)), np.zeros(6)),
        (np.eye(4), np.full(6, np.inf)),
        (np.eye(4), np.full(6, 40.0)),
    ],
)
def test_nearest_of_malformed_arguments_is_not_a_number(solver, target, q_current):
    found = solver.nearest(target, q_current)
    assert np.isnan(found.q).all()
    assert math.isnan(found.position_error)
