# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import forward, random_joints
from neural_ik_ros.learning.data.dataset import DataConfig, Part, Samples, blocks, draw_set
from neural_ik_ros.learning.evaluation.predictors import EvaluationError
from neural_ik_ros.learning.evaluation.sample_sources import unseen_blocks
from neural_ik_ros.learning.evaluation.set_errors import judge, places_of
from neural_ik_ros.solver import CurrentJoints

EXACT = 1e-12  # [m], [rad]: a few roundings
N = 500


def drawn(arm, name='near'):
    return draw_set(arm, name, np.random.default_rng(1), N, DataConfig())


def test_unseen_blocks_are_those_of_the_test_part(arm):
    config = DataConfig(n_train=N, n_test=N, sets={'near': 1.0})

    unseen = next(unseen_blocks(arm, config, 'near'))

    assert_array_equal(unseen.q, next(blocks(arm, config, Part.TEST)).q)
    assert not np.isin(unseen.q, next(blocks(arm, config, Part.TRAIN)).q).any()


def halves(samples):
    for rows in (slice(0, 123), slice(123, None)):
        yield Samples(
            transform_base_tool=samples.transform_base_tool[rows],
            q_current=samples.q_current[rows],
            q=samples.q[rows],
        )


def test_judge_gives_the_same_in_blocks_and_at_once(arm):
    samples = drawn(arm, 'far')

    at_once = judge(arm, {'echo': CurrentJoints()}, [samples])
    in_blocks = judge(arm, {'echo': CurrentJoints()}, halves(samples))

    assert in_blocks.errors == at_once.errors
    assert at_once.errors['echo'].n_samples == N
    assert_array_equal(in_blocks.places.radius, at_once.places.radius)


def test_judge_refuses_proposals_that_are_not_finite(arm):
    class Broken:
        name = 'broken'

        def predict(self, transform_base_tool, q_current):
            return np.full_like(q_current, np.nan)

    with pytest.raises(EvaluationError, match='broken: answers are not finite'):
        judge(arm, {'broken': Broken()}, [drawn(arm)])


def test_judge_refuses_no_samples(arm):
    with pytest.raises(EvaluationError, match='there are none'):
        judge(arm, {'echo': CurrentJoints()}, [])


def test_places_of_measures_from_axis_1_and_from_the_wrist_singularity(arm):
    q = np.array([[0.7, 0.1, -0.2, 0.3, 0.4, 0.5], [0.0, 0.0, 0.0, 0.0, -1.2, 0.0]])
    target = forward(arm, q)

    places = places_of(arm, Samples(transform_base_tool=target, q_current=q, q=q))

    assert_allclose(places.wrist_angle, [0.4, 1.2], atol=1e-9)
    assert_allclose(places.radius, np.hypot(target[:, 0, 3], target[:, 1, 3]), atol=EXACT)
    assert_allclose(places.height, target[:, 2, 3], atol=EXACT)
    assert (places.singular_value > 0.0).all()


def test_places_of_does_not_depend_on_where_the_arm_stands(arm):
    q = random_joints(arm, np.random.default_rng(3), 5)
    translations = arm.translations + np.array([[1.0, 2.0, 3.0], *[[0.0, 0.0, 0.0]] * 6])
    moved = replace(arm, translations=translations)

    places, elsewhere = (
        places_of(one, Samples(transform_base_tool=forward(one, q), q_current=q, q=q))
        for one in (arm, moved)
    )

    assert_allclose(elsewhere.radius, places.radius, atol=EXACT)
    assert_allclose(elsewhere.height, places.height, atol=EXACT)
