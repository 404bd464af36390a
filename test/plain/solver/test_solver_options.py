# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Options of the solver: checked when made."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.solver import SolverOptions

WRONG_VALUES = [
    ('position_tolerance', 0.0),
    ('position_tolerance', -1e-6),
    ('position_tolerance', 1.0),
    ('position_tolerance', math.nan),
    ('rotation_tolerance', 1e-13),
    ('rotation_tolerance', 0.1),
    ('rotation_tolerance', math.inf),
    ('max_joint_step', 0.0),
    ('max_joint_step', -1.0),
    ('max_joint_step', math.nan),
    ('min_singular_value', -1e-9),
    ('min_singular_value', math.nan),
    ('max_iterations', 0),
    ('iteration_budget', 0),
    ('iteration_budget', -5),
    ('n_restarts', -1),
]


@pytest.mark.parametrize(('option', 'value'), WRONG_VALUES)
def test_solver_options_refuse_values_out_of_range(option, value):
    with pytest.raises(
        ConfigError, match=f'solver option {option}: {value} is out of range; set '
    ):
        SolverOptions(**{option: value})


def test_solver_options_default_to_what_the_readme_promises():
    options = SolverOptions()
    assert max(options.position_tolerance, options.rotation_tolerance) <= 1e-6
    assert options.allow_other_posture is False
    assert options.coupled_limit is None
    assert (options.max_joint_step, options.min_singular_value) == (math.inf, 0.0)


def test_solver_options_are_frozen():
    with pytest.raises(FrozenInstanceError):
        SolverOptions().max_iterations = 1
