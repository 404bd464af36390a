# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.errors import EvaluationError
from neural_ik_ros.kinematics import forward, random_joints
from neural_ik_ros.learning.data.dataset import DataConfig, Part, Samples, draw_set, sample_blocks
from neural_ik_ros.learning.evaluation.sample_sources import unseen_samples
from neural_ik_ros.learning.evaluation.set_errors import locations_of, measure_set
from neural_ik_ros.solver import CurrentJoints

EXACT = 1e-12  # [m], [rad]: a few roundings
N = 500


def drawn(arm, name='near'):
    return draw_set(arm, name, np.random.default_rng(1), N, DataConfig())


def test_unseen_blocks_are_those_of_the_test_part(arm):
    config = DataConfig(n_train=N, n_test=N, sets={'near': 1.0})

    unseen = next(unseen_samples(arm, config, 'near'))

    assert_array_equal(unseen.q, next(sample_blocks(arm, config, Part.TEST)).q)
    assert not np.isin(unseen.q, next(sample_blocks(arm, config, Part.TRAIN)).q).any()


def halves(samples):
    for rows in (slice(0, 123), slice(123, None)):
        yield Samples(
            transform_base_tool=samples.transform_base_tool[rows],
            q_current=samples.q_current[rows],
            q=samples.q[rows],
        )


def test_measure_set_gives_the_same_in_blocks_and_at_once(arm):
    samples = drawn(arm, 'far')

    at_once = measure_set(arm, {'hold_current': CurrentJoints()}, [samples])
    in_blocks = measure_set(arm, {'hold_current': CurrentJoints()}, halves(samples))

    assert in_blocks.metrics == at_once.metrics
    assert at_once.metrics['hold_current'].n_samples == N
    assert_array_equal(in_blocks.locations.radius, at_once.locations.radius)


def test_measure_set_refuses_predictions_that_are_not_finite(arm):
    class Broken:
        name = 'broken'

        def predict(self, transform_base_tool, q_current):
            return np.full_like(q_current, np.nan)

    with pytest.raises(EvaluationError, match='broken: predictions are not finite'):
        measure_set(arm, {'broken': Broken()}, [drawn(arm)])


def test_measure_set_refuses_no_samples(arm):
    with pytest.raises(EvaluationError, match='there are none'):
        measure_set(arm, {'hold_current': CurrentJoints()}, [])


def test_locations_of_measures_from_axis_1_and_from_the_wrist_singularity(arm):
    q = np.array([[0.7, 0.1, -0.2, 0.3, 0.4, 0.5], [0.0, 0.0, 0.0, 0.0, -1.2, 0.0]])
    target = forward(arm, q)

    locations = locations_of(arm, Samples(transform_base_tool=target, q_current=q, q=q))

    assert_allclose(locations.wrist_angle, [0.4, 1.2], atol=1e-9)
    assert_allclose(locations.radius, np.hypot(target[:, 0, 3], target[:, 1, 3]), atol=EXACT)
    assert_allclose(locations.height, target[:, 2, 3], atol=EXACT)
    assert (locations.singular_value > 0.0).all()


def test_locations_of_does_not_depend_on_where_the_arm_stands(arm):
    q = random_joints(arm, np.random.default_rng(3), 5)
    translations = arm.translations + np.array([[1.0, 2.0, 3.0], *[[0.0, 0.0, 0.0]] * 6])
    moved = replace(arm, translations=translations)

    locations, elsewhere = (
        locations_of(one, Samples(transform_base_tool=forward(one, q), q_current=q, q=q))
        for one in (arm, moved)
    )

    assert_allclose(elsewhere.radius, locations.radius, atol=EXACT)
    assert_allclose(elsewhere.height, locations.height, atol=EXACT)
