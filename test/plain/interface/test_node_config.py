# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters and the library's options have the same defaults."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.motion import TrackerConfig
from neural_ik_ros.solver import SolverOptions


def test_default_solver_options_are_the_librarys_but_for_the_order_of_seeds():
    expected = replace(SolverOptions(), current_joints_first=True)
    assert NodeConfig().solver_options() == expected
    assert expected != SolverOptions(), 'no exception is needed any more'


def test_default_tracker_config_is_the_librarys():
    assert NodeConfig().tracker_config() == TrackerConfig()


@pytest.mark.parametrize(('parameter', 'option'), [(0.0, math.inf), (0.2, 0.2)])
def test_zero_means_no_limit_of_the_joint_step(parameter, option):
    assert NodeConfig(max_joint_step_rad=parameter).solver_options().max_joint_step == option
