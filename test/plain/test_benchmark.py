# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark asks everybody the same and believes nobody."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles import needs_pinocchio

from neural_ik_ros.kinematics import arm_from_urdf, forward, is_within_limits, random_joints

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # the benchmark is not installed

from benchmark.descriptions import arm_urdf, quaternion_xyzw, rpy  # noqa: E402
from benchmark.peers.adapter import Adapter, nearest  # noqa: E402
from benchmark.problem_sets import MEANINGS, UNREACHABLE, load_sets  # noqa: E402
from benchmark.problems import calibrated_arm, expected_status  # noqa: E402
from neural_ik_ros.kinematics import rotation_from_rpy  # noqa: E402
from neural_ik_ros.solver import CurrentJoints, IkSolver, IkStatus  # noqa: E402

ROUNDING = 1e-14
N = 20


@pytest.fixture(scope='module')
def sets(arm, tmp_path_factory):
    return load_sets(arm, N, tmp_path_factory.mktemp('cache'))[0]


@pytest.mark.parametrize('pitch', [0.0, 1.2, np.pi / 2, np.pi / 2 - 1e-9, -np.pi / 2])
def test_rpy_describes_the_rotation_when_two_axes_coincide(pitch):
    rotation = rotation_from_rpy([0.3, pitch, -2.0])

    assert np.abs(rotation_from_rpy(rpy(rotation)) - rotation).max() < ROUNDING


@pytest.mark.parametrize('seed', range(5))
def test_quaternion_describes_the_rotation(seed):
    rotation = rotation_from_rpy(np.random.default_rng(seed).uniform(-3.0, 3.0, 3))

    x, y, z, w = quaternion_xyzw(rotation)

    assert np.isclose(rotation[1, 0], 2.0 * (x * y + z * w))
    assert np.isclose(rotation[2, 1], 2.0 * (y * z + x * w))
    assert np.isclose(np.trace(rotation), 4.0 * w * w - 1.0)


@pytest.mark.parametrize('is_calibrated', [False, True])
def test_arm_urdf_describes_the_same_arm(arm, is_calibrated):
    told = calibrated_arm(arm, 3) if is_calibrated else arm
    q = random_joints(told, np.random.default_rng(0), 50)

    read = arm_from_urdf(arm_urdf(told))

    assert np.abs(forward(read, q) - forward(told, q)).max() < ROUNDING
    assert (read.lower == told.lower).all()
    assert (read.upper == told.upper).all()


def test_load_sets_returns_the_same_problems_from_its_file(arm, tmp_path):
    made, made_digest = load_sets(arm, N, tmp_path)

    loaded, digest = load_sets(arm, N, tmp_path)

    assert digest == made_digest
    assert list(loaded) == list(MEANINGS) == list(made)
    assert sum(len(part.targets) for part in loaded['calibrated']) == N
    assert all(len(loaded[name][0].targets) == N for name in MEANINGS if name != 'calibrated')


def test_unreachable_targets_have_no_solution_and_others_have(sets):
    for name, parts in sets.items():
        if name == 'calibrated':
            continue  # no closed form knows
        solvable = [expected_status(parts[0].arm, target).is_solved for target in parts[0].targets]
        assert len(solvable) == N
        assert all(solvable) == (name != UNREACHABLE)
        assert any(solvable) == (name != UNREACHABLE)


def test_current_joints_of_every_set_are_within_the_limits(sets):
    assert len(sets) == len(MEANINGS)
    for parts in sets.values():
        assert all(is_within_limits(part.arm, part.q_current).all() for part in parts)


def test_nearest_takes_the_smallest_largest_move_after_turns(arm):
    q_current = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 3.5])
    turned = np.array([0.1, 0.0, 0.0, 0.0, 0.5, 3.5 - 2.0 * np.pi])
    farther = np.array([0.0, 0.0, 0.3, 0.0, 0.5, 3.5])
    outside = np.array([0.0, 0.0, 2.0, 0.0, 0.5, 3.5])
    missing = np.full(6, np.nan)

    q = nearest(arm, np.array([outside, missing, farther, turned, farther]), q_current)

    assert np.allclose(q, [0.1, 0.0, 0.0, 0.0, 0.5, 3.5])
    assert nearest(arm, np.array([outside, missing]), q_current) is None


def _peer(name, solve):
    return Adapter(name=name, package='numpy', kind='', call='', build=solve)


@needs_pinocchio
def test_measure_set_judges_answers_instead_of_believing_them(sets):
    from benchmark.measure import Plan, Unmeasured, measure_set

    def honest(arm):
        solver = IkSolver(arm, CurrentJoints())
        return lambda target, q: solver.solve(target, q).q

    def liar(_):
        return lambda _, q: q

    def beyond_limits(arm):
        solve = honest(arm)
        return lambda target, q: solve(target, q) + np.array([0, 0, 0, 0, 0, 8.0 * np.pi])

    def silent(_):
        return lambda _, q: None

    peers = [_peer(f.__name__, f) for f in (honest, liar, beyond_limits, silent)]
    plan = Plan(rounds=2, budget=10.0, path_budget=1.0)
    rows, disagreement = measure_set('near', sets['near'], peers, plan, Unmeasured())

    assert [(row.peer, row.answered, row.solved) for row in rows] == [
        ('honest', 1.0, 1.0),
        ('liar', 1.0, 0.0),
        ('beyond_limits', 1.0, 0.0),
        ('silent', 0.0, 0.0),
    ]
    assert all(row.n_calls == 2 * N and row.p50_us > 0.0 for row in rows)
    assert rows[1].position_median > 1e-3
    assert 0.0 < disagreement < 1e-12


@needs_pinocchio
def test_agreeing_leaves_out_who_is_missing_or_means_another_arm(sets):
    from benchmark.measure import Unmeasured, agreeing

    def missing(_):
        raise ImportError('no such package')

    def other_arm(arm):
        longer = arm.translations + np.array([0.0, 0.0, 0.01])
        solver = IkSolver(replace(arm, translations=longer), CurrentJoints())
        return lambda target, q: solver.solve(target, q).q

    unmeasured = Unmeasured()
    peers = [_peer(f.__name__, f) for f in (missing, other_arm)]

    assert agreeing(peers, sets['near'][0], unmeasured) == ()
    assert [row.peer for row in unmeasured.rows] == ['missing', 'other_arm']
    assert unmeasured.rows[0].reason == 'no such package'
    assert 'does not agree' in unmeasured.rows[1].reason


def test_expected_status_names_the_reason(arm):
    far_away = np.eye(4)
    far_away[:3, 3] = [5.0, 0.0, 0.0]

    assert expected_status(arm, far_away) is IkStatus.UNREACHABLE
