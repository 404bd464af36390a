# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bad targets, bad joint states, and those that are good enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from strategies import joints_anywhere

from neural_ik_ros import NeuralIkError
from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    arm_from_urdf,
    forward,
    invert,
    random_joints,
    rotation_angle,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus
from neural_ik_ros.solver.checks import is_within_reach_bound, reach_bound

Q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
EXACT = 1e-9  # [m], [rad] the default tolerances of the solver


def with_entry(row: int, column: int, value: float) -> np.ndarray:
    target = np.eye(4)
    target[:3, 3] = [1.0, 0.0, 1.0]
    target[row, column] = value
    return target


def with_rotation(rotation: object) -> np.ndarray:
    target = with_entry(3, 3, 1.0)
    target[:3, :3] = rotation
    return target


BAD_TARGETS = {
    'nan position': with_entry(0, 3, math.nan),
    'infinite position': with_entry(1, 3, math.inf),
    'minus infinite position': with_entry(2, 3, -math.inf),
    'nan rotation': with_entry(1, 1, math.nan),
    'infinite rotation': with_entry(2, 2, math.inf),
    'all nan': np.full((4, 4), math.nan),
    'zeros': np.zeros((4, 4)),
    'zero rotation, as of a zero quaternion': with_rotation(np.zeros((3, 3))),
    'reflection': with_rotation(np.diag([1.0, 1.0, -1.0])),
    'point reflection': with_rotation(-np.eye(3)),
    'scaled': with_rotation(1.01 * np.eye(3)),
    'shrunk': with_rotation(0.999 * np.eye(3)),
    'sheared': with_entry(0, 1, 0.01),
    'huge': with_rotation(1e200 * np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1]])),
    'huge, negative': with_rotation(-1e200 * np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1]])),
    'tiny': with_rotation(1e-200 * np.eye(3)),
    'projective row': with_entry(3, 0, 0.1),
    'scaled row': with_entry(3, 3, 2.0),
    'nan row': with_entry(3, 3, math.nan),
    'zero row': with_entry(3, 3, 0.0),
}

WRONG_TARGETS: dict[str, object] = {
    'three by three': np.eye(3),
    'three by four': np.eye(4)[:3],
    'a batch of one': np.eye(4)[None],
    'sixteen numbers': np.eye(4).ravel(),
    'a scalar': 1.0,
    'empty': [],
    'none': None,
    'words': [['a'] * 4] * 4,
    'one word': 'target',
    'ragged': [[1.0, 0.0, 0.0], [0.0]],
    'a mapping': {'x': 1.0},
    'complex': [[1j] * 4] * 4,
    'integers too large': [[10**400] * 4] * 4,
    'objects': [[object()] * 4] * 4,
}

BAD_JOINT_STATES = {
    'nan': [math.nan, 0.0, 0.0, 0.0, 0.0, 0.0],
    'last is nan': [0.0, 0.0, 0.0, 0.0, 0.0, math.nan],
    'infinite': [0.0, math.inf, 0.0, 0.0, 0.0, 0.0],
    'minus infinite': [0.0, 0.0, -math.inf, 0.0, 0.0, 0.0],
    'not believable': [0.0, 0.0, 0.0, 1e6, 0.0, 0.0],
    'degrees': [30.0, 40.0, -10.0, 20.0, 60.0, 5.0],
    'one in degrees': [0.0, 0.5, 0.0, 0.2, 35.0, 0.0],
    'joint 2 a turn off': [0.3, 0.5 + 2.0 * math.pi, 0.0, 0.2, 0.6, 0.1],
    'joint 3 far beyond its limit': [0.3, 0.5, -1.0472 - 0.51, 0.2, 0.6, 0.1],
}

WRONG_JOINTS: dict[str, object] = {
    'five': np.zeros(5),
    'seven': np.zeros(7),
    'a row': np.zeros((1, 6)),
    'a column': np.zeros((6, 1)),
    'a scalar': 0.0,
    'empty': [],
    'none': None,
    'words': ['a', 'b', 'c', 'd', 'e', 'f'],
    'ragged': [[0.0], [0.0, 0.0]],
    'integers too large': [10**400] * 6,
    'complex': [1j] * 6,
}


@pytest.mark.filterwarnings('ignore:overflow')
@pytest.mark.parametrize('bad', BAD_TARGETS)
def test_solve_refuses_a_bad_target(solver, bad):
    solution = solver.solve(BAD_TARGETS[bad], Q)
    assert solution.status is IkStatus.BAD_TARGET
    assert np.isnan(solution.q).all()
    assert solution.iterations == 0


@pytest.mark.parametrize('bad', BAD_JOINT_STATES)
def test_solve_refuses_a_bad_joint_state(arm, solver, bad):
    solution = solver.solve(forward(arm, Q), BAD_JOINT_STATES[bad])
    assert solution.status is IkStatus.BAD_JOINT_STATE
    assert np.isnan(solution.q).all()
    assert solution.iterations == 0


@pytest.mark.parametrize('wrong', WRONG_TARGETS)
def test_solve_says_which_target_it_expects(solver, wrong):
    for call in (solver.solve, solver.nearest):
        with pytest.raises(NeuralIkError, match=r'transform_base_tool .*shape \(4, 4\)'):
            call(WRONG_TARGETS[wrong], Q)


@pytest.mark.parametrize('wrong', WRONG_JOINTS)
def test_solve_says_which_joints_it_expects(arm, solver, wrong):
    for call in (solver.solve, solver.nearest):
        with pytest.raises(NeuralIkError, match=r'q_current .*shape \(6,\)'):
            call(forward(arm, Q), WRONG_JOINTS[wrong])


@pytest.mark.parametrize('joint', range(6))
def test_solve_believes_joints_up_to_half_a_radian_beyond_their_limits(arm, solver, joint):
    for limit, sign in ((arm.lower, -1.0), (arm.upper, 1.0)):
        for excess, is_bad in ((0.49, False), (0.51, True)):
            q_current = Q.copy()
            q_current[joint] = limit[joint] + sign * excess
            status = solver.solve(forward(arm, Q), q_current).status
            assert (status is IkStatus.BAD_JOINT_STATE) == is_bad


@pytest.mark.parametrize('convert', [np.asarray, np.ndarray.tolist, np.asfortranarray])
def test_solve_accepts_any_form_of_the_same_numbers(arm, solver, convert):
    target = forward(arm, Q)
    expected = solver.solve(target, Q + 0.1)
    solution = solver.solve(convert(target), tuple((Q + 0.1).tolist()))
    assert solution.status is IkStatus.SOLVED
    assert_array_equal(solution.q, expected.q)


def test_solve_leaves_its_arguments_alone(arm, solver):
    target, q_current = forward(arm, Q), Q + 0.1
    target[:3, 0] *= 1.0 + 1e-6  # the solver makes it orthonormal, on its own copy
    before = target.copy(), q_current.copy()
    solver.solve(target, q_current)
    assert_array_equal(target, before[0])
    assert_array_equal(q_current, before[1])


@pytest.mark.parametrize('digits', [5, 6, 7, 8])
def test_solve_meets_the_nearest_rotation_when_digits_were_lost(arm, solver, digits):
    rounded = np.round(forward(arm, Q), digits)
    solution = solver.solve(rounded, Q)
    assert solution.status is IkStatus.SOLVED
    u, _, vt = np.linalg.svd(rounded[:3, :3])
    reached = forward(arm, solution.q)
    assert rotation_angle(reached[:3, :3].T @ (u @ vt)) < 2.0 * EXACT
    assert_allclose(reached[:3, 3], rounded[:3, 3], rtol=0.0, atol=2.0 * EXACT)


def test_solve_accepts_single_precision(arm, solver):
    solution = solver.solve(forward(arm, Q).astype(np.float32), Q.astype(np.float32))
    assert solution.status is IkStatus.SOLVED
    assert_allclose(solution.q, Q, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize('beyond', [1e-6, 1e-3, 0.1])
def test_solve_returns_an_arm_beyond_its_limits_into_them(arm, solver, beyond):
    """Encoders and soft limits disagree by a little; the answer is inside nevertheless."""
    for limit, sign in ((arm.lower, -1.0), (arm.upper, 1.0)):
        q_current = Q.copy()
        q_current[4] = limit[4] + sign * beyond
        q = q_current.copy()
        q[4] = limit[4] - sign * 0.01
        solution = solver.solve(forward(arm, q), q_current)
        assert solution.status is IkStatus.SOLVED
        assert_allclose(solution.q, q, rtol=0.0, atol=1e-8)


def is_in_reach(arm: Arm, position: FloatArray) -> bool:
    target = np.eye(4)
    target[:3, 3] = position
    return is_within_reach_bound(*reach_bound(arm), target)


@given(q=joints_anywhere())
def test_reach_contains_every_pose_of_the_arm(arm, q):
    assert is_in_reach(arm, forward(arm, q)[:3, 3])


@pytest.mark.parametrize('q2', [-1.5, -0.7, 0.0, 0.7, 1.5])
def test_reach_contains_the_stretched_arm(arm, q2):
    """Forearm and tool in line with the upper arm, farther than the limits allow."""
    rise = math.atan2(0.135, 0.755)  # from the forearm's axis to the line elbow - wrist
    q = np.array([0.4, q2, rise - 0.5 * math.pi, 0.0, -rise, 0.0])
    position = forward(arm, q)[:3, 3]
    shoulder = np.array([0.1 * math.cos(0.4), 0.1 * math.sin(0.4), 0.615])
    stretched = 0.705 + math.hypot(0.755, 0.135) + 0.085
    assert np.linalg.norm(position - shoulder) == pytest.approx(stretched, abs=1e-12)
    assert is_in_reach(arm, position)


def test_reach_excludes_what_is_farther_than_the_stretched_arm(arm):
    rng = np.random.default_rng(1)
    direction = rng.normal(size=(500, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    shoulder = np.array([0.0, 0.0, 0.615])
    # 0.1 is the shoulder's own circle; 1.68 all links beyond it.
    far = [is_in_reach(arm, shoulder + 1.79 * one) for one in direction]
    assert len(far) == 500
    assert not any(far)


def test_solve_works_when_the_arm_hangs_from_a_ceiling(urdf_text):
    old = '<origin rpy="0 0 0" xyz="0 0 0"/>\n    <axis xyz="0 0 1"/>'
    assert urdf_text.count(old) == 1
    mounting = '<origin rpy="3.0 0.2 1.0" xyz="1 -2 2.5"/><axis xyz="0 0 1"/>'
    arm = arm_from_urdf(urdf_text.replace(old, mounting))
    hanging = IkSolver(arm, CurrentJoints())
    upright = IkSolver(arm_from_urdf(urdf_text), CurrentJoints())
    mount = forward(arm, Q) @ invert(forward(upright.arm, Q))
    rng = np.random.default_rng(2)
    q, q_current = random_joints(arm, rng, 50), random_joints(arm, rng, 50)
    n_solved = 0
    for target, start in zip(forward(upright.arm, q), q_current, strict=True):
        expected, solution = upright.solve(target, start), hanging.solve(mount @ target, start)
        assert solution.status is expected.status
        n_solved += solution.status.is_solved
        assert_allclose(solution.q, expected.q, rtol=0.0, atol=1e-5)
    assert n_solved > 20
