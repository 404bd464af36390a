# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from neural_ik_ros.kinematics import forward, random_joints
from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.learning.data.dataset import DataConfig, Samples, draw_set
from neural_ik_ros.learning.evaluation.metrics import (
    SampleErrors,
    SampleRefinement,
    card_metrics,
    error_statistics,
    refine_predictions,
    refinement_statistics,
    sample_errors,
)
from neural_ik_ros.learning.evaluation.predictors import AimedPrototype, HoldCurrent, LmIterations
from neural_ik_ros.learning.evaluation.set_errors import measure_set
from neural_ik_ros.solver import CurrentJoints

EXACT = 1e-12  # [m], [rad], or relative: a few roundings
RANGES_SCORE = 0.0148  # of hold_current on the public data, in units of the joint ranges
N = 500


def drawn(arm, name='near', n=N):
    return draw_set(arm, name, np.random.default_rng(1), n, DataConfig())


def off_by(arm, samples, joint, angle):
    q = samples.q.copy()
    q[:, joint] += angle
    return sample_errors(arm, samples, q)


def rows_of(position, rotation=None):
    """Return errors that are zero but for those at the tool."""
    position = np.asarray(position, dtype=float)
    zeros = np.zeros((len(position), 6))
    rotation = position if rotation is None else np.asarray(rotation)
    return SampleErrors(
        joint=zeros,
        scaled=zeros,
        position=position,
        rotation=rotation,
        relative_position_error=position,
        relative_rotation_error=rotation,
    )


def test_sample_errors_are_zero_at_the_answer(arm):
    samples = drawn(arm)

    errors = error_statistics(sample_errors(arm, samples, samples.q))

    assert errors.joint_rmse == errors.scaled_rmse == 0.0
    assert errors.position_max < EXACT
    assert errors.rotation_max < EXACT


def test_sample_errors_are_those_of_joint_1_turned_by_a_tenth(arm):
    samples = drawn(arm)
    radius = np.hypot(*samples.transform_base_tool[:, :2, 3].T)  # axis 1 is z of the base

    rows = off_by(arm, samples, 0, 0.1)
    errors = error_statistics(rows)

    assert errors.joint_mse == pytest.approx(0.01 / 6.0)
    assert errors.joint_rmse == pytest.approx(0.1 / 6.0**0.5)
    assert_allclose(errors.joint_mean, [0.1, 0, 0, 0, 0, 0], atol=EXACT)
    assert_allclose(errors.joint_p95, [0.1, 0, 0, 0, 0, 0], atol=EXACT)
    assert errors.scaled_rmse == pytest.approx(0.1 / (arm.upper - arm.lower)[0] / 6.0**0.5)
    assert_allclose(rows.position, 2.0 * np.sin(0.05) * radius, atol=EXACT)
    assert_allclose(rows.rotation, 0.1, atol=EXACT)


def test_sample_errors_take_whole_turns_off_all_but_the_scaled_error(arm):
    rows = off_by(arm, drawn(arm), 5, 2.0 * np.pi)

    assert rows.joint.max() < EXACT
    assert rows.position.max() < EXACT
    turns_in_range = (arm.upper - arm.lower)[5] / (2.0 * np.pi)
    assert_allclose(rows.scaled[:, 5], 1.0 / turns_in_range, rtol=EXACT)


@given(joint=st.integers(0, 5), angle=st.floats(-20.0, 20.0))
@settings(max_examples=30, deadline=None)
def test_sample_errors_never_exceed_half_a_turn(arm, joint, angle):
    rows = off_by(arm, drawn(arm, n=3), joint, angle)

    assert (rows.joint[:, joint] <= np.pi).all()
    assert_allclose(np.cos(rows.joint[:, joint]), np.cos(angle), atol=1e-9)


def test_scaled_error_of_hold_current_is_better_than_the_published_one(arm):
    samples = drawn(arm, n=5000)

    errors = error_statistics(sample_errors(arm, samples, samples.q_current))

    assert errors.joint_rmse == pytest.approx(0.1 / 3.0**0.5, rel=0.01)
    assert errors.scaled_rmse == pytest.approx(RANGES_SCORE, abs=2e-4)


@pytest.mark.parametrize('name', ['near', 'step'])
def test_relative_errors_are_one_when_nothing_moves(arm, name):
    samples = drawn(arm, name)

    rows = sample_errors(arm, samples, samples.q_current)

    assert_allclose(rows.relative_position_error, 1.0, rtol=EXACT)
    assert_allclose(rows.relative_rotation_error, 1.0, rtol=EXACT)


def test_relative_errors_are_none_when_no_motion_is_asked_for(arm):
    q = random_joints(arm, np.random.default_rng(2), 5)
    samples = Samples(transform_base_tool=forward(arm, q), q_current=q, q=q)

    at_rest = error_statistics(sample_errors(arm, samples, q))
    moved = error_statistics(sample_errors(arm, samples, q + 0.1))

    assert at_rest.relative_position_error == 0.0
    assert moved.relative_position_error is None


def test_error_statistics_take_median_95_percent_and_maximum():
    errors = error_statistics(rows_of(np.arange(101.0), 2.0 * np.arange(101.0)))

    assert (errors.position_median, errors.position_p95, errors.position_max) == (50, 95, 100)
    assert (errors.rotation_median, errors.rotation_p95, errors.rotation_max) == (100, 190, 200)


def test_refining_a_solution_takes_no_iteration(arm):
    samples = drawn(arm, 'far')

    errors, outcome = refine_predictions(arm, samples, samples.q)

    assert (
        refinement_statistics(outcome).converged
        == refinement_statistics(outcome).same_solution
        == 1.0
    )
    assert refinement_statistics(outcome).mean_iterations == 0.0
    assert error_statistics(errors).position_max < EXACT


def test_refined_joints_are_unwound_before_they_are_compared(arm):
    samples = drawn(arm)

    errors, _ = refine_predictions(
        arm, samples, samples.q + np.array([0, 0, 0, 0, 0, 2.0 * np.pi])
    )

    assert error_statistics(errors).scaled_rmse < EXACT


def test_refined_keeps_the_posture_or_says_that_it_did_not(arm):
    """With joint 4 turned half round and joint 5 mirrored the tool is the same."""
    samples = drawn(arm, 'far')
    q = samples.q[np.abs(samples.q[:, 4]) > 0.2]  # a wrist on the border has both postures
    flipped = q + np.array([0, 0, 0, np.pi, 0, np.pi])
    flipped[:, 4] = -q[:, 4]

    _, outcome = refine_predictions(
        arm, Samples(transform_base_tool=forward(arm, q), q_current=q, q=q), flipped
    )

    assert refinement_statistics(outcome).converged == 1.0
    assert (
        refinement_statistics(outcome).posture_kept
        == refinement_statistics(outcome).same_solution
        == 0.0
    )


def test_refinement_has_no_iterations_where_nothing_converges(arm):
    samples = drawn(arm)
    samples.transform_base_tool[:, 2, 3] += 10.0

    _, outcome = refine_predictions(arm, samples, samples.q)

    found = refinement_statistics(outcome)
    assert found.converged == found.posture_kept == found.same_solution == 0.0
    assert found.mean_iterations is None
    assert found.p95_iterations is None


def test_refinement_statistics_count_those_that_converge():
    yes = np.array([True] * 4 + [False])
    rows = SampleRefinement(
        has_converged=yes,
        is_posture_kept=yes & (np.arange(5) > 0),
        is_same_solution=yes & (np.arange(5) > 1),
        iterations=np.array([1.0, 2.0, 3.0, 4.0, 30.0]),
    )

    found = refinement_statistics(rows)

    assert (found.converged, found.posture_kept, found.same_solution) == (0.8, 0.6, 0.4)
    assert found.mean_iterations == 2.5
    assert found.p95_iterations == pytest.approx(3.85)


def test_lm_iterations_are_as_many_as_the_name_says(arm):
    samples = drawn(arm)
    question = samples.transform_base_tool, samples.q_current

    errors = [
        np.median(sample_errors(arm, samples, proposal.predict(*question)).position)
        for proposal in (LmIterations(arm, HoldCurrent(), 1), LmIterations(arm, HoldCurrent(), 2))
    ]

    assert LmIterations(arm, HoldCurrent(), 1).name == 'hold_current + 1 iteration'
    assert LmIterations(arm, HoldCurrent(), 2).name == 'hold_current + 2 iterations'
    assert 1e-3 < errors[0] < 1e-2, 'one iteration leaves millimetres'
    assert errors[1] < 0.01 * errors[0], 'and the next is quadratic'


def test_lm_iterations_from_the_aimed_prototype_keep_the_posture_more_often(arm):
    far = draw_set(arm, 'far', np.random.default_rng(5), 2000, DataConfig())
    compared = [LmIterations(arm, base, 4) for base in (HoldCurrent(), AimedPrototype(arm))]

    errors = measure_set(arm, {proposal.name: proposal for proposal in compared}, [far]).metrics

    assert set(errors) == {'hold_current + 4 iterations', 'aimed_prototype + 4 iterations'}
    kept = {name: metrics.refinement.posture_kept for name, metrics in errors.items()}
    assert kept['aimed_prototype + 4 iterations'] > kept['hold_current + 4 iterations'] + 0.1


def test_card_metrics_are_what_cards_have_always_had(arm):
    errors = measure_set(arm, {'hold_current': CurrentJoints()}, [drawn(arm)]).metrics[
        'hold_current'
    ]

    assert list(card_metrics(errors)) == list(load_bundle().card.metrics['near']['hold_current'])
