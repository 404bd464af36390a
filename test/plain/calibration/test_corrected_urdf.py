# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""URDFs with measured frames: the same arm as the corrections make it, nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest
from measured_specimen import COLUMNS, measured, random_q, write_csv
from numpy.testing import assert_allclose
from strategies import REPOSITORY

from neural_ik_ros.calibration.data.rotations import rpy_from_rotation
from neural_ik_ros.calibration.results.calibration_file import load_calibration
from neural_ik_ros.calibration.results.corrected_urdf import corrected_urdf
from neural_ik_ros.cli.main import main
from neural_ik_ros.kinematics import (
    arm_from_urdf,
    forward,
    rotation_from_rpy,
    transform_from_xyz_rpy,
)
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

UR10 = REPOSITORY / 'benchmark' / 'calibration' / 'ur10.urdf'
FILES = {'irb2400': shipped_urdf(), 'ur10': UR10}
EXACT = 1e-9  # [m], [rad] by the digits of the text


@pytest.mark.parametrize('file', FILES.values(), ids=FILES)
def test_corrected_urdf_is_the_arm_with_these_corrections(file):
    urdf, rng = read_urdf(file), np.random.default_rng(0)
    names = arm_from_urdf(urdf).joint_names
    corrections = transform_from_xyz_rpy(*rng.uniform(-0.01, 0.01, (2, 6, 3)))
    expected = arm_from_urdf(urdf, corrections=dict(zip(names, corrections, strict=True)))
    found = arm_from_urdf(corrected_urdf(urdf, names, corrections))
    for q in rng.uniform(-3.0, 3.0, (5, 6)):
        assert_allclose(forward(found, q), forward(expected, q), rtol=0.0, atol=EXACT)
    assert_allclose(found.lower, expected.lower)


@pytest.mark.parametrize('pitch', [0.0, 1.0, 0.5 * np.pi, -0.5 * np.pi, 0.5 * np.pi - 1e-7])
def test_rpy_makes_the_rotation_again(pitch):
    for roll, yaw in np.random.default_rng(0).uniform(-3.0, 3.0, (20, 2)):
        rotation = rotation_from_rpy([roll, pitch, yaw])
        again = rotation_from_rpy(rpy_from_rotation(rotation))
        assert_allclose(again, rotation, rtol=0.0, atol=1e-9)


def test_command_writes_the_frames_of_the_calibration_file(tmp_path):
    (tmp_path / 'columns.yaml').write_text(COLUMNS)
    csv = write_csv(tmp_path / 'poses.csv', measured(random_q(80)))
    output, urdf = tmp_path / 'arm.yaml', tmp_path / 'arm.urdf'
    arguments = ['calibrate', str(csv), '--columns', str(tmp_path / 'columns.yaml')]
    assert main([*arguments, '--output', str(output), '--urdf-output', str(urdf)]) == 0
    corrections = load_calibration(output).corrections
    expected = arm_from_urdf(read_urdf(shipped_urdf()), corrections=corrections)
    for q in random_q(5, seed=1):
        difference = forward(arm_from_urdf(read_urdf(urdf)), q) - forward(expected, q)
        assert np.abs(difference).max() < 1e-8
