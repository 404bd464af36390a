# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros.kinematics import forward, is_within_limits, posture
from neural_ik_ros.learning.data import dataset
from neural_ik_ros.learning.data.dataset import BLOCK, DataConfig, Part, draw_set, sample_blocks
from neural_ik_ros.learning.data.set_definitions import STEP_SECONDS, all_set_names

SMALL = DataConfig(n_train=5000, n_validation=1000, n_test=1000)
FORWARD_ROUNDING = 1e-12  # [m] a joint a whole turn away
REFINED = 2e-9  # [m] and of a rotation's entries: solutions of the set any are refined


def targets(arm, config, part):
    drawn = [samples.transform_base_tool for samples in sample_blocks(arm, config, part)]
    return np.concatenate(drawn)[:, :3, :].reshape(-1, 12)


@pytest.mark.parametrize('name', all_set_names())
def test_draw_set_solutions_reach_the_target_within_limits(arm, name):
    samples = draw_set(arm, name, np.random.default_rng(3), 500, SMALL)

    assert len(samples.q) == 500
    assert is_within_limits(arm, samples.q).all()
    assert is_within_limits(arm, samples.q_current).all()
    tolerance = REFINED if name.startswith(('any', 'preferred')) else FORWARD_ROUNDING
    assert_allclose(forward(arm, samples.q), samples.transform_base_tool, rtol=0, atol=tolerance)


def test_draw_set_step_is_what_the_joints_can_move_in_a_cycle(arm):
    samples = draw_set(arm, 'step', np.random.default_rng(4), 5000, SMALL)

    seconds = (np.abs(samples.q - samples.q_current) / arm.velocity).max(axis=1)
    assert seconds.max() <= STEP_SECONDS[1] + 1e-12
    assert seconds.max() > 0.99 * STEP_SECONDS[1]
    assert 0.4 * STEP_SECONDS[1] < np.median(seconds) < 0.5 * STEP_SECONDS[1]


def test_draw_set_near_stays_in_its_range(arm):
    samples = draw_set(arm, 'near', np.random.default_rng(4), 2000, SMALL)

    distance = np.abs(samples.q - samples.q_current)
    assert distance.max() <= SMALL.near_range
    assert 0.045 < distance.mean() < 0.05, 'uniform, but for what the limits clip'


def test_draw_set_far_keeps_the_posture_and_reaches_everywhere(arm):
    samples = draw_set(arm, 'far', np.random.default_rng(5), 5000, SMALL)

    signs = posture(arm, samples.q, boundary=0.0) * posture(arm, samples.q_current, boundary=0.0)
    assert (signs > 0).all()
    assert np.median(np.abs(samples.q - samples.q_current)[:, 0]) > 1.0


def test_draw_set_far_starts_neither_at_solutions_nor_in_the_hard_case(arm):
    samples = draw_set(arm, 'far/wrist', np.random.default_rng(5), 4000, SMALL)
    few = draw_set(arm, 'far', np.random.default_rng(5), 20, SMALL)

    assert (np.abs(samples.q[:, 4]) < 0.11).all()
    assert 0.02 < (np.abs(samples.q_current[:, 4]) < 0.11).mean() < 0.1, 'as in plain far'
    assert np.abs(few.q - few.q_current).max(axis=1).min() > 0.01


def test_draw_set_far_takes_the_nearest_turn(arm):
    samples = draw_set(arm, 'far', np.random.default_rng(6), 5000, SMALL)

    for turn in (-2 * np.pi, 2 * np.pi):
        other = samples.q + turn
        is_allowed = (other >= arm.lower) & (other <= arm.upper)
        is_nearer = np.abs(other - samples.q_current) < np.abs(samples.q - samples.q_current)
        assert is_allowed.any()
        assert not (is_allowed & is_nearer).any()


def test_sample_blocks_repeat_exactly_and_differ_between_epochs(arm):
    first, again, later = (
        next(sample_blocks(arm, SMALL, Part.TRAIN, epoch=epoch)) for epoch in (0, 0, 1)
    )

    assert_array_equal(first.features, again.features)
    assert_array_equal(first.q, again.q)
    assert not (first.q == later.q).any()


def test_sample_blocks_are_bounded_and_complete(arm):
    config = replace(SMALL, n_train=BLOCK + 10)

    assert [len(samples.q) for samples in sample_blocks(arm, config, Part.TRAIN)] == [BLOCK, 10]


def test_parts_share_no_target(arm):
    parts = [targets(arm, SMALL, part) for part in Part]

    n_samples = sum(map(len, parts))
    assert n_samples == 7000
    assert len(np.unique(np.concatenate(parts), axis=0)) == n_samples


def test_inputs_per_target_repeats_targets(arm):
    config = replace(SMALL, inputs_per_target=20, sets={'near': 1.0})

    assert len(np.unique(targets(arm, config, Part.TRAIN), axis=0)) == 250


def test_parts_share_no_target_when_targets_have_many_inputs(arm, monkeypatch):
    monkeypatch.setattr(dataset, 'BLOCK', 990)  # no multiple of 20: groups meet the end of blocks
    config = replace(SMALL, inputs_per_target=20, sets={'near': 1.0, 'any/wrist': 1.0})
    parts = [np.unique(targets(arm, config, part), axis=0) for part in Part]

    assert sum(map(len, parts)) >= 7000 / 20
    assert len(np.unique(np.concatenate(parts), axis=0)) == sum(map(len, parts))


def test_sets_are_mixed_in_their_shares(arm):
    config = replace(SMALL, sets={'near': 3.0, 'far': 1.0})
    samples = next(sample_blocks(arm, config, Part.TRAIN))

    is_near = (np.abs(samples.q - samples.q_current) <= config.near_range).all(axis=1)
    assert is_near.mean() == pytest.approx(0.75, abs=0.001)
    assert is_near[:100].mean() == pytest.approx(0.75, abs=0.15), 'in random order'
