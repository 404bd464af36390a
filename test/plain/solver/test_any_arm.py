# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arms of every kind, from their descriptions alone; pinocchio judges every answer."""

from __future__ import annotations

import math

import numpy as np
import pinocchio
import pytest
from geometries import GEOMETRIES, Geometry
from numpy.testing import assert_allclose

from neural_ik_ros import IkSolver, IkStatus, SolverOptions
from neural_ik_ros.kinematics import Joints, Transform, forward, is_within_limits, random_joints

EXACT = 2e-9  # [m], [rad]
NEAR = 0.15  # [rad]
N = 40


def judged(geometry: Geometry, names: tuple[str, ...], q: Joints) -> Transform:
    """Return the pose (4, 4) [m] of the tip in the base by pinocchio."""
    model = pinocchio.buildModelFromXML(geometry.text)
    full, data = pinocchio.neutral(model), model.createData()
    for name, angle in zip(names, q, strict=True):
        joint = model.joints[model.getJointId(name)]
        if joint.nq == 2:  # continuous
            full[joint.idx_q : joint.idx_q + 2] = math.cos(angle), math.sin(angle)
        else:
            full[joint.idx_q] = angle
    pinocchio.framesForwardKinematics(model, data, full)
    base, tip = (data.oMf[model.getFrameId(name)] for name in (geometry.base, geometry.tip))
    pose: Transform = (base.inverse() * tip).homogeneous
    return pose


@pytest.fixture(params=GEOMETRIES)
def geometry(request) -> Geometry:
    return GEOMETRIES[request.param]


def make_solver(geometry: Geometry, **options: object) -> IkSolver:
    return IkSolver.from_urdf(
        geometry.text, base=geometry.base, tip=geometry.tip, options=SolverOptions(**options)
    )


def test_there_are_twelve_geometries():
    assert len(GEOMETRIES) == 12


def test_forward_kinematics_are_those_of_pinocchio(geometry):
    arm = make_solver(geometry).arm
    for q in random_joints(arm, np.random.default_rng(0), 10):
        assert_allclose(forward(arm, q), judged(geometry, arm.joint_names, q), rtol=0, atol=1e-12)


def test_closed_form_is_exact_where_the_last_three_axes_meet(geometry):
    sources = make_solver(geometry).seed_sources
    assert ('restart' not in sources) == geometry.is_exact


def test_near_targets_are_solved_near(geometry):
    solver, rng = make_solver(geometry), np.random.default_rng(1)
    q = random_joints(solver.arm, rng, N)
    lower, upper = solver.arm.lower, solver.arm.upper
    q_current = np.clip(q + rng.uniform(-NEAR, NEAR, q.shape), lower, upper)
    for one, current in zip(q, q_current, strict=True):
        target = judged(geometry, solver.arm.joint_names, one)
        solution = solver.solve(target, current)
        assert solution.status is IkStatus.SOLVED
        assert solution.max_joint_step <= np.abs(one - current).max() + 1e-6
        reached = judged(geometry, solver.arm.joint_names, solution.q)
        assert_allclose(reached, target, rtol=0.0, atol=EXACT)


def test_far_targets_are_solved_inside_the_limits(geometry):
    solver, rng = make_solver(geometry, allow_other_posture=True), np.random.default_rng(2)
    q, q_current = random_joints(solver.arm, rng, N), random_joints(solver.arm, rng, N)
    for one, current in zip(q, q_current, strict=True):
        target = judged(geometry, solver.arm.joint_names, one)
        solution = solver.solve(target, current)
        assert solution.status.is_solved
        assert is_within_limits(solver.arm, solution.q)
        reached = judged(geometry, solver.arm.joint_names, solution.q)
        assert_allclose(reached, target, rtol=0.0, atol=EXACT)


def test_every_branch_reaches_the_target(geometry):
    solver = make_solver(geometry)
    q = random_joints(solver.arm, np.random.default_rng(3), 1)[0]
    target = judged(geometry, solver.arm.joint_names, q)
    branches = solver.branches(target, q)
    assert branches[0].q == pytest.approx(q, abs=1e-6)
    for branch in branches:
        reached = judged(geometry, solver.arm.joint_names, branch.q)
        assert_allclose(reached, target, rtol=0.0, atol=EXACT)


@pytest.mark.parametrize('turns', [-700, -1, 0, 1, 3, 700])
def test_continuous_joints_go_on_from_whatever_turn_they_are_at(turns):
    geometry = GEOMETRIES['continuous joints']
    solver, step = make_solver(geometry), 0.1
    q = np.array([math.pi - 0.05, 0.3, 0.2, math.pi - 0.05, 0.7, -math.pi + 0.05])
    q[[0, 3, 5]] += 2.0 * math.pi * turns
    after = q + step * np.array([1, 0, 0, 1, 0, -1])  # over the half turn
    solution = solver.solve(forward(solver.arm, after), q)
    assert solution.status is IkStatus.SOLVED
    assert solution.q == pytest.approx(after, abs=1e-8)
    answers = solver.branches(forward(solver.arm, after), q)
    assert answers[0].q == pytest.approx(after, abs=1e-8)


def test_path_of_continuous_joints_turns_on_without_a_break():
    geometry = GEOMETRIES['continuous joints']
    solver = make_solver(geometry)
    q = np.tile([0.0, 0.3, 0.2, 0.1, 0.7, 0.0], (60, 1))
    q[:, 0] = np.linspace(-7.0, 7.0, 60)
    q[:, 5] = np.linspace(9.0, -9.0, 60)
    path = solver.solve_path(forward(solver.arm, q), q[0])
    assert path.breaks == ()
    assert_allclose(path.q, q, rtol=0.0, atol=1e-7)


@pytest.mark.parametrize('angle', [math.nan, math.inf, -math.inf, 1e7])
def test_continuous_joint_states_are_refused_where_they_cannot_be_angles(angle):
    solver = make_solver(GEOMETRIES['UR5e, all joints continuous'])
    q = np.zeros(6)
    target = forward(solver.arm, q)
    q[2] = angle
    assert solver.solve(target, q).status is IkStatus.BAD_JOINT_STATE


def test_targets_out_of_reach_are_never_called_solved(geometry):
    solver = make_solver(geometry, allow_other_posture=True)
    q = random_joints(solver.arm, np.random.default_rng(4), 1)[0]
    target = forward(solver.arm, q)
    target[:3, 3] += [0.0, 9.0, 0.0]
    assert solver.solve(target, q).status is IkStatus.UNREACHABLE
