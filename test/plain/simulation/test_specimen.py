# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arms with hidden errors: what their sensor sees, and the story of measuring one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from specimens import oracle_forward

from neural_ik_ros.cli.main import main
from neural_ik_ros.cli.measured_arm import demo_specimen
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import invert, random_joints, transform_from_xyz_rpy
from neural_ik_ros.simulation.specimen import make_specimen
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

URDF = read_urdf(shipped_urdf())
PERFECT = (
    'half_backlash: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\nposition_noise: 0.0\nrotation_noise: 0.0\n'
)
EXACT = 1e-9  # [m]


@pytest.fixture
def specimen_of(arm, tmp_path):
    def make(text: str):
        file = tmp_path / 'specimen.yaml'
        file.write_text(text)
        return make_specimen(arm, URDF, file)

    return make


def test_sensor_sees_the_body_on_the_real_arm(arm, specimen_of):
    specimen = specimen_of(PERFECT)
    q = random_joints(arm, np.random.default_rng(0), 5)
    base, body = (
        transform_from_xyz_rpy(one[:3], one[3:])
        for one in (specimen.config.sensor, specimen.config.body)
    )
    for pose, joints in zip(specimen.measured(q), q, strict=True):
        tool = invert(base) @ pose @ invert(body)
        assert_allclose(tool, oracle_forward(specimen.arm, joints), rtol=0.0, atol=EXACT)


def test_joint_lags_behind_the_way_it_last_moved(arm, specimen_of):
    half = 1e-4
    sloppy = specimen_of(PERFECT.replace('[0.0,', f'[{half},'))
    exact = specimen_of(PERFECT)
    q = np.tile(random_joints(arm, np.random.default_rng(0), 1), (6, 1))
    q[:, 0] = [0.0, 0.1, 0.1, 0.0, 0.0, 0.2]
    lagging = q.copy()
    lagging[:, 0] -= half * np.array([0.0, 1.0, 1.0, -1.0, -1.0, 1.0])
    assert_allclose(sloppy.tools(q), exact.tools(lagging), rtol=0.0, atol=1e-12)


def test_noise_has_the_deviation_of_the_file_and_repeats(arm, specimen_of):
    noisy = specimen_of('position_noise: 1.0e-4\nrotation_noise: 2.0e-4\n')
    q = random_joints(arm, np.random.default_rng(0), 2000)
    off = noisy.measured(q) - noisy.tools(q)
    assert off[:, :3, 3].std() == pytest.approx(1e-4, rel=0.05)
    assert_array_equal(noisy.measured(q), noisy.measured(q))


def test_errors_of_a_calibration_file_are_used(arm, specimen_of, tmp_path):
    (tmp_path / 'hidden.yaml').write_text('joints: {joint_3: {xyz: [0.0, 0.0, 0.002]}}\n')
    specimen = specimen_of(PERFECT + 'errors: hidden.yaml\n')
    moved = specimen.arm.translations - arm.translations
    assert np.linalg.norm(moved, axis=1) == pytest.approx([0.0, 0.0, 0.002, 0.0, 0.0, 0.0, 0.0])
    assert specimen.arm.joint_errors is None


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('backlash: 3\n', 'backlash'),
        ('half_backlash: [1.0, 0, 0, 0, 0, 0]\n', 'half_backlash'),
        ('half_backlash: [-1.0e-5, 0, 0, 0, 0, 0]\n', 'negative'),
        ('position_noise: -1.0e-5\n', 'position_noise'),
        ('sensor: [1.0, 2.0]\n', 'sensor'),
        ('body: [1.0]\n', 'body'),
        ('errors: nowhere.yaml\n', 'nowhere.yaml'),
    ],
)
def test_unusable_specimen_is_refused(specimen_of, text, problem):
    with pytest.raises(ConfigError, match=problem):
        specimen_of(text)


def test_story_ends_near_what_the_hidden_errors_allow(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo_specimen, 'N_MEASURED', 120)
    monkeypatch.setattr(demo_specimen, 'N_ELSEWHERE', 60)
    assert main(['demo', '--specimen', '--path', 'line', '--output', str(tmp_path)]) == 0
    figures = json.loads((tmp_path / 'specimen.json').read_text())
    for where in ('path_mm', 'all_over_mm'):
        means = [one['mean'] for one in figures[where].values()]
        nominal, geometry, full, floor = means
        assert floor < full < geometry < nominal
        assert full < 0.1
        assert nominal > 1.0
    assert 'full model' in capsys.readouterr().out
    assert (tmp_path / 'specimen.png').stat().st_size > 10_000
    columns, output = tmp_path / 'columns.yaml', tmp_path / 'again.yaml'
    arguments = ['calibrate', str(tmp_path / 'measured.csv'), '--columns', str(columns)]
    assert main([*arguments, '--in-order', '--output', str(output)]) == 0
    assert output.is_file()
