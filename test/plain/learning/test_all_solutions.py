# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All solutions of a target, and the nearest; the learning part that needs numpy only."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import closed_form_branches, needs_closed_form

from neural_ik_ros.kinematics import (
    TAU,
    Arm,
    CoupledLimit,
    Joints,
    angular_distance,
    arm_from_urdf,
    forward,
    is_within_limits,
    posture_code,
    random_joints,
)
from neural_ik_ros.kinematics.closed_form.branches import ClosedForm
from neural_ik_ros.learning.data.all_solutions import (
    Solutions,
    all_solutions,
    diverse_seeds,
    nearest_solutions,
    preferred_solutions,
    refine_seeds,
)
from neural_ik_ros.solver.seeds import SeedTable

N = 1000
SAME = 1e-5  # [rad] between two ways to the same solution, beside a singularity as well
EXACT = 2e-9  # [m] and of a rotation's entries
MISSING = 2e-3  # of the solutions; measured: 1e-4


def in_limits(arm: Arm, q: Joints) -> Joints:
    """Return those of the branches (k, 6) that have a turn within the limits."""
    fewest = np.ceil((arm.lower - q) / TAU)
    return q[(q + TAU * fewest <= arm.upper).all(axis=1)]


def missing(found: Solutions, expected: list[Joints]) -> int:
    """Return how many of the expected solutions of each target are not among those found."""
    count = 0
    for row, wanted in enumerate(expected):
        own = found.q[found.row_offsets[row] : found.row_offsets[row + 1]]
        distance = angular_distance(wanted[:, None], own[None]).max(axis=-1)
        count += int((distance.min(axis=1) > SAME).sum())
    return count


def by_refinement(arm: Arm, q: Joints) -> Solutions:
    """Return the solutions as for an arm without a closed form."""
    targets = forward(arm, q)
    return refine_seeds(arm, targets, *diverse_seeds(arm, SeedTable(arm), targets))


@needs_closed_form
@pytest.mark.parametrize(('find', 'share'), [(all_solutions, 0.0), (by_refinement, MISSING)])
def test_solutions_are_those_of_the_closed_form(arm: Arm, find, share: float):
    q = random_joints(arm, np.random.default_rng(11), N)
    found = find(arm, q)
    expected = [in_limits(arm, closed_form_branches(target)) for target in forward(arm, q)]
    n_expected = sum(map(len, expected))
    assert n_expected > 2 * N
    assert missing(found, expected) <= share * n_expected
    targets = np.repeat(forward(arm, q), np.diff(found.row_offsets), axis=0)
    assert_allclose(forward(arm, found.q), targets, rtol=0, atol=EXACT)


def test_solutions_of_an_offset_wrist_are_those_of_many_random_starts(urdf_text: str):
    offset = arm_from_urdf(urdf_text.replace('xyz="0.755 0 0"', 'xyz="0.755 0.04 0.06"'))
    assert not ClosedForm.from_arm(offset).is_exact
    rng = np.random.default_rng(12)
    q = random_joints(offset, rng, 40)
    starts = np.repeat(np.arange(len(q)), 300)
    tried = refine_seeds(
        offset, forward(offset, q), random_joints(offset, rng, len(starts)), starts
    )
    parts = np.split(tried.q, tried.row_offsets[1:-1])
    expected = [in_limits(offset, part) for part in parts]
    n_expected = sum(map(len, expected))
    assert n_expected > 1000
    assert missing(all_solutions(offset, q), expected) <= 0.01 * n_expected


def test_nearest_solutions_are_nearer_than_any_other(arm: Arm):
    rng = np.random.default_rng(13)
    q, q_current = random_joints(arm, rng, N), random_joints(arm, rng, N)
    nearest = nearest_solutions(arm, q, q_current)
    found = all_solutions(arm, q)
    row = np.repeat(np.arange(N), np.diff(found.row_offsets))
    least = np.abs(nearest - q_current).max(axis=1)[row]
    n_compared = 0
    for turns in itertools.product((-1, 0, 1), repeat=3):
        other = found.q.copy()
        other[:, [0, 3, 5]] += TAU * np.array(turns)
        is_allowed = is_within_limits(arm, other)
        step = np.abs(other - q_current[row]).max(axis=1)
        assert (step[is_allowed] >= least[is_allowed] - SAME).all()
        n_compared += int(is_allowed.sum())
    assert n_compared > 5 * N
    assert is_within_limits(arm, nearest).all()
    assert (np.abs(nearest - q).max(axis=1) > 0.1).mean() > 0.3, 'often another solution'


def test_nearest_solutions_break_ties_by_the_sum_of_squares(arm: Arm):
    """Joint 1 is far, whichever way the wrist is: then the wrist that is near is wanted."""
    near = np.array([[2.5, 0.2, 0.1, 0.4, 0.8, 0.3]])
    flipped = np.array([[2.5, 0.2, 0.1, 0.4 - np.pi, -0.8, 0.3 - np.pi]])
    start = np.array([[-2.5, 0.1, 0.0, 0.5, 0.7, 0.2]])
    assert_allclose(forward(arm, flipped), forward(arm, near), rtol=0, atol=EXACT)
    for q in (near, flipped):
        assert_allclose(nearest_solutions(arm, q, start), near, rtol=0, atol=SAME)


def test_nearest_solutions_are_the_same_for_a_target_with_many_starts(arm: Arm):
    rng = np.random.default_rng(14)
    q, q_current = np.repeat(random_joints(arm, rng, 30), 20, axis=0), random_joints(arm, rng, 600)
    together = nearest_solutions(arm, q, q_current)
    one_by_one = nearest_solutions(arm, q[::20], q_current[::20])
    assert_allclose(together[::20], one_by_one, rtol=0, atol=SAME)


@pytest.mark.parametrize(('lower', 'upper'), [(-1.0, 1.1), (-3.0, -0.5)])
def test_nearest_solutions_satisfy_a_coupled_limit(arm: Arm, lower: float, upper: float):
    coupled = arm.with_coupled_limit(CoupledLimit(first=1, second=2, lower=lower, upper=upper))
    rng = np.random.default_rng(15)
    q, q_current = random_joints(coupled, rng, N), random_joints(coupled, rng, N)
    nearest = nearest_solutions(coupled, q, q_current)
    assert is_within_limits(coupled, nearest).all()
    assert_allclose(forward(coupled, nearest), forward(coupled, q), rtol=0, atol=EXACT)
    is_refused = ~is_within_limits(coupled, nearest_solutions(arm, q, q_current))
    assert is_refused.sum() > 0.01 * N, 'solutions that only the coupled limit forbids'


def test_preferred_solutions_change_as_little_of_the_posture_as_they_can(arm: Arm):
    rng = np.random.default_rng(12)
    q, q_current = random_joints(arm, rng, N), random_joints(arm, rng, N)
    preferred, found = preferred_solutions(arm, q, q_current), all_solutions(arm, q)
    code, codes = posture_code(arm, q_current), posture_code(arm, found.q)
    least = np.array(
        [min(codes[found.row_offsets[i] : found.row_offsets[i + 1]] ^ code[i]) for i in range(N)]
    )
    assert 0.5 < (least == 0).mean() < 0.95
    assert (posture_code(arm, preferred) ^ code == least).all()
    assert_allclose(forward(arm, preferred), forward(arm, q), rtol=0, atol=EXACT)
