# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm as data: checked when it is made, read-only afterwards."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import ArmError, ArrayShapeError, CoupledLimit, as_array, forward

ARRAYS = ['rotations', 'translations', 'lower', 'upper', 'velocity']


@pytest.mark.parametrize('field', ARRAYS)
def test_arm_arrays_are_read_only(arm, field):
    array = getattr(arm, field)
    with pytest.raises(ValueError, match='read-only'):
        array[...] = 0.0


def test_arm_fields_are_frozen(arm):
    with pytest.raises(FrozenInstanceError):
        arm.name = 'other'


def test_arm_does_not_share_memory_with_its_maker(arm):
    lower = arm.lower.copy()
    made = replace(arm, lower=lower)
    lower[:] = 0.0
    assert_array_equal(made.lower, arm.lower)


@pytest.mark.parametrize(
    ('field', 'bad'),
    [(field, bad) for field in ARRAYS for bad in (math.nan, math.inf, -math.inf)
     if (field, bad) != ('velocity', math.inf)],  # which means that it is not known
)  # fmt: skip
def test_arm_refuses_when_an_array_is_not_finite(arm, field, bad):
    values = getattr(arm, field).copy()
    values.flat[-1] = bad
    with pytest.raises(ArmError, match=f'{field} must be finite'):
        replace(arm, **{field: values})


@pytest.mark.parametrize('field', ARRAYS)
def test_arm_refuses_when_an_array_has_another_shape(arm, field):
    with pytest.raises(ArmError, match=f'{field} must be finite with shape'):
        replace(arm, **{field: getattr(arm, field)[:-1]})


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'lower': [0, 2, 0, 0, 0, 0]}, 'lower limits must lie below'),
        ({'velocity': [1, 1, 0, 1, 1, 1]}, 'velocity limits must be positive'),
        ({'velocity': [1, 1, 1, 1, 1, -1]}, 'velocity limits must be positive'),
        ({'joint_names': ('a', 'b', 'c', 'd', 'e')}, 'six different joint names'),
        ({'joint_names': ('a', 'b', 'c', 'd', 'e', 'e')}, 'six different joint names'),
        ({'joint_names': ('a', 'b', 'c', 'd', 'e', 'f', 'f')}, 'six different joint names'),
    ],
)
def test_arm_refuses_when_it_cannot_be_one(arm, changes, problem):
    with pytest.raises(ArmError, match=problem):
        replace(arm, **changes)


@pytest.mark.parametrize(
    'limit',
    [
        CoupledLimit(first=1, second=6, lower=-1.0, upper=1.0),
        CoupledLimit(first=-7, second=2, lower=-1.0, upper=1.0),
        CoupledLimit(first=1, second=1, lower=-1.0, upper=1.0),
        CoupledLimit(first=1, second=2, lower=1.0, upper=-1.0),
        CoupledLimit(first=1, second=2, lower=math.nan, upper=1.0),
        CoupledLimit(first=1, second=2, lower=5.0, upper=6.0),  # no joints have this sum
    ],
)
def test_arm_refuses_a_coupled_limit_that_cannot_be_obeyed(arm, limit):
    """Kernels index with it unchecked, and drawing random joints would never end."""
    with pytest.raises(NeuralIkError, match='coupled'):
        arm.with_coupled_limit(limit)


def test_with_coupled_limit_returns_another_arm(arm):
    limit = CoupledLimit(first=1, second=2, lower=-1.0, upper=1.0)
    coupled = arm.with_coupled_limit(limit)
    assert (arm.coupled_limit, coupled.coupled_limit) == (None, limit)
    assert coupled.with_coupled_limit(None).coupled_limit is None
    q = np.full(6, 0.3)
    assert_array_equal(forward(coupled, q), forward(arm, q))


def test_transform_base_joint1_is_the_first_fixed_frame(arm):
    transform = arm.transform_base_joint1
    assert_array_equal(transform[:3, :3], arm.rotations[0])
    assert_array_equal(transform[:3, 3], arm.translations[0])
    assert_array_equal(transform[3], [0.0, 0.0, 0.0, 1.0])


def test_as_array_passes_numbers_on_as_contiguous_doubles():
    array = as_array('q', np.arange(12, dtype=np.float32).reshape(2, 6)[:, ::-1], (6,))
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert_array_equal(array[0], [5.0, 4.0, 3.0, 2.0, 1.0, 0.0])


def test_array_shape_error_names_the_argument_and_the_remedy():
    with pytest.raises(ArrayShapeError) as caught:
        as_array('q_seed', np.zeros((3, 5)), (6,))
    assert str(caught.value) == 'q_seed has shape (3, 5); pass an array of shape (..., 6).'
    assert (caught.value.shape, caught.value.trailing) == ((3, 5), (6,))
