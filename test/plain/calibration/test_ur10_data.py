# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Public measurements of a UR10, where NEURAL_IK_ROS_DATA names the folder that holds them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from strategies import REPOSITORY

from neural_ik_ros.calibration.data.measurements import Measurements
from neural_ik_ros.calibration.data.table_file import load_format, read_table
from neural_ik_ros.calibration.fit.accuracy import accuracy_of, residuals_elsewhere
from neural_ik_ros.calibration.fit.geometry_fit import fit_geometry, fit_setup
from neural_ik_ros.calibration.fit.identify import identify
from neural_ik_ros.kinematics import Arm, arm_from_urdf, predicted_accuracy

VARIABLE = 'NEURAL_IK_ROS_DATA'
FOLDER = Path(os.environ.get(VARIABLE, '.')) / 'ur10_accuracy'
FILES = sorted(FOLDER.glob('ipa_ur10_*.csv')) if VARIABLE in os.environ else []
pytestmark = pytest.mark.skipif(not FILES, reason=f'{VARIABLE} names no folder with ur10_accuracy')
HERE = REPOSITORY / 'benchmark' / 'calibration'
N_TRAIN = 500


@pytest.fixture(scope='module')
def ur10() -> Arm:
    return arm_from_urdf((HERE / 'ur10.urdf').read_text())


@pytest.fixture(scope='module')
def series() -> dict[str, Measurements]:
    table = load_format(HERE / 'ur10_series.yaml')
    return {file.name[9]: read_table(file, table) for file in FILES}


def mean_error(arm: Arm, rows: Measurements) -> float:
    return accuracy_of(residuals_elsewhere(arm, rows)).mean


def test_joint_maps_divide_the_held_out_error_of_geometry_by_three(ur10, series):
    rows = series['C']
    order = np.random.default_rng(0).permutation(len(rows))
    train, test = rows.take(order[:N_TRAIN]), rows.take(order[N_TRAIN:])
    geometry = fit_geometry(ur10, train, fit_setup(ur10, train)).arm
    assert mean_error(identify(ur10, train).arm, test) < mean_error(geometry, test) / 3.0


@pytest.mark.parametrize(('from_', 'to'), [('B', 'A'), ('B', 'C'), ('A', 'C')])
def test_another_campaign_is_not_worse_than_with_geometry(ur10, series, from_, to):
    train = series[from_].take(np.arange(len(series[from_]))[:1500])
    geometry = fit_geometry(ur10, train, fit_setup(ur10, train)).arm
    test = series[to].take(np.arange(len(series[to]))[:1500])
    assert mean_error(identify(ur10, train).arm, test) <= mean_error(geometry, test)


def test_predicted_accuracy_holds_at_held_out_poses(ur10, series):
    rows = series['C']
    order = np.random.default_rng(3).permutation(len(rows))
    train, test = rows.take(order[:1300]), rows.take(order[1300:])
    arm = identify(ur10, train).arm
    expected = [predicted_accuracy(arm, q) for q in test.q]
    errors = np.linalg.norm(residuals_elsewhere(arm, test)[:, :3], axis=1)
    known = np.array([not one.uncovered for one in expected])
    assert known.mean() > 0.9
    medians = np.array([one.position_median for one in expected])[known]
    limits = np.array([one.position_p95 for one in expected])[known]
    assert abs(np.median(medians) / np.median(errors[known]) - 1.0) < 0.3
    assert 0.9 < (errors[known] <= limits).mean() < 0.98
