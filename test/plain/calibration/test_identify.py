# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A simulated arm with hidden errors is found again, as well as its noise allows."""

from __future__ import annotations

import numpy as np
import pytest
from measured_specimen import NOISE, hidden_arm, measured, random_q
from strategies import shipped_arm

from neural_ik_ros.calibration.data.measurements import Measurements, joined
from neural_ik_ros.calibration.fit.accuracy import accuracy_of, repeatability, residuals_elsewhere
from neural_ik_ros.calibration.fit.design import FRAMES, HISTORY, MAPS, SAG, SETUP
from neural_ik_ros.calibration.fit.geometry_fit import fit_geometry, fit_setup
from neural_ik_ros.calibration.fit.identify import Identification, Options, identify
from neural_ik_ros.calibration.fit.model import linearise, moved_arm, moved_setup, pose_residuals
from neural_ik_ros.calibration.results.report import FULL, GEOMETRY, held_out
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

N_ROWS = 300
FULL_RANK = {'poses': 30, 'points': 27}  # 4 parameters a joint, and the set-up


@pytest.fixture(scope='module')
def found() -> Identification:
    rows = measured(random_q(N_ROWS))
    assert rows.positions is not None
    rows.positions[17] += 0.01  # an outlier
    return identify(shipped_arm(), rows)


@pytest.fixture(scope='module')
def unseen() -> Measurements:
    return measured(random_q(400, seed=1), noise=0.0)


def mean_error(arm, rows) -> float:
    return accuracy_of(residuals_elsewhere(arm, rows)).mean


def test_identified_arm_is_as_accurate_as_the_noise_allows(found, unseen):
    assert mean_error(found.arm, unseen) < 2.0 * NOISE
    geometry = fit_geometry(shipped_arm(), unseen, fit_setup(shipped_arm(), unseen)).arm
    assert mean_error(geometry, unseen) > 1e-4, 'geometry alone must not explain the specimen'
    assert mean_error(shipped_arm(), unseen) > 1e-3


def test_every_part_of_the_specimen_is_chosen(found):
    assert set(found.choice.parts) == {SETUP, FRAMES, SAG, MAPS}


def test_held_out_errors_are_those_of_unseen_poses(found, unseen):
    expected = mean_error(found.arm, unseen)
    assert held_out(found)[FULL].mean < 5.0 * expected + 3.0 * NOISE
    assert held_out(found)[GEOMETRY].mean > 1e-4


def test_outlier_is_named_and_does_no_harm(found):
    assert found.measured.names(found.outliers) == 'rows 19'


def test_solver_moves_the_hidden_arm_to_measured_poses(found, unseen):
    """Commands of the solver, carried out by the hidden arm and seen by the sensor."""
    setup = fit_setup(found.arm, unseen).setup
    base, tool = setup.base[0], setup.tool[0]
    assert unseen.positions is not None
    assert unseen.rotations is not None
    poses = np.tile(np.eye(4), (100, 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = unseen.rotations[:100], unseen.positions[:100]
    targets = np.linalg.inv(base) @ poses @ np.linalg.inv(tool)
    solver = IkSolver(found.arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    solutions = solver.solve_batch(targets, np.clip(unseen.q[:100], *limits(found.arm)))
    assert solutions.is_solved.sum() >= 98  # at a limit the two arms need not agree
    seen = measured(solutions.q[solutions.is_solved], noise=0.0)
    assert seen.positions is not None
    error = np.linalg.norm(seen.positions - unseen.positions[:100][solutions.is_solved], axis=1)
    assert error.mean() < 2.0 * NOISE


def limits(arm):
    return arm.lower, arm.upper


def test_joint_maps_are_zero_where_nothing_was_measured():
    q = random_q(250)
    q = q[(q[:, 0] > -0.5) & (q[:, 0] < 1.0)]
    rows = measured(np.vstack([q, random_q(200, seed=4) * [0.1, 1.0, 1.0, 1.0, 1.0, 1.0]]))
    arm = identify(shipped_arm(), rows).arm
    assert arm.joint_errors is not None
    values = arm.joint_errors.values[0]
    degrees = np.arange(len(values)) * 360.0 / len(values)
    is_far = (degrees > 75.0) & (degrees < 320.0)
    assert not values[is_far].any()
    assert np.abs(values).max() > 1e-5


def test_without_joint_errors_no_maps_are_kept():
    """Frames alone are wrong: a richer model would fit noise."""
    from dataclasses import replace

    arm = replace(hidden_arm(), joint_errors=None)
    found = identify(shipped_arm(), measured(random_q(150), arm=arm))
    assert MAPS not in found.choice.parts
    assert SAG not in found.choice.parts
    assert mean_error(found.arm, measured(random_q(200, seed=1), arm=arm, noise=0.0)) < NOISE


@pytest.mark.parametrize('kind', FULL_RANK)
def test_rank_is_that_of_six_axes(kind):
    rows = measured(random_q(120), kind=kind)
    from neural_ik_ros.calibration.fit.observability import observe

    fit = fit_geometry(shipped_arm(), rows, fit_setup(shipped_arm(), rows))
    seen = observe(fit, rows)
    assert seen.rank == seen.possible_rank == FULL_RANK[kind]


def test_two_sessions_have_their_own_set_up():
    first, second = measured(random_q(80)), measured(random_q(90, seed=2))
    assert second.positions is not None
    moved = Measurements(q=second.q, positions=second.positions + 1.0, rotations=second.rotations)
    both = joined([first, moved])
    fit = fit_geometry(shipped_arm(), both, fit_setup(shipped_arm(), both))
    assert accuracy_of(pose_residuals(fit.arm, fit.setup, both)).mean < 1e-3
    np.testing.assert_allclose(fit.setup.base[1, :3, 3] - fit.setup.base[0, :3, 3], 1.0, atol=0.01)


def test_derivatives_match_finite_differences():
    rows = measured(random_q(30), arm=shipped_arm(), noise=0.0)  # residuals of zero
    fit = fit_setup(shipped_arm(), rows)
    model, step = linearise(fit.arm, fit.setup, rows), 1e-6
    here = pose_residuals(fit.arm, fit.setup, rows)
    for k in range(12):
        move = step * np.eye(12)[k]
        there = pose_residuals(fit.arm, moved_setup(fit.setup, move), rows)
        np.testing.assert_allclose(model.setup[:, :, k], (here - there) / step, atol=2e-5)
    for k in range(36):
        there = pose_residuals(moved_arm(fit.arm, step * np.eye(36)[k]), fit.setup, rows)
        np.testing.assert_allclose(model.frames[:, :, k], (here - there) / step, atol=2e-5)


def test_repeatability_is_that_of_the_noise():
    q = np.repeat(random_q(40), 3, axis=0)
    rows = measured(q, noise=1e-4)
    residuals = np.random.default_rng(0).normal(0.0, 1e-4, (120, 6))
    found = repeatability(rows, residuals)
    assert found is not None
    assert (found.n_poses, found.n_rows) == (40, 120)
    assert 5e-5 < found.median_spread < 2e-4
    assert repeatability(measured(random_q(30)), residuals[:30]) is None


def test_progress_is_told():
    ticks: list[int] = []
    identify(shipped_arm(), measured(random_q(60)), Options(tick=lambda: ticks.append(1)))
    assert len(ticks) >= 8


def test_backlash_is_found_where_rows_are_in_order():
    """Every joint stands 0.1 mrad behind the direction of its last move."""
    q = random_q(N_ROWS, seed=6)
    half = 1e-4
    moves = np.sign(np.diff(q, axis=0, prepend=q[:1]))
    seen = measured(q - half * moves)
    rows = Measurements(q=q, positions=seen.positions, rotations=seen.rotations)
    found = identify(shipped_arm(), rows, Options(has_history=True))
    assert HISTORY in found.choice.parts
    np.testing.assert_allclose(found.half_backlash[:5], -half, atol=0.3 * half)


def test_gravity_without_a_direction_is_refused():
    with pytest.raises(ConfigError, match='has no direction'):
        Options(gravity=(0.0, 0.0, 0.0))
