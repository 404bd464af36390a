# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik calibrate`` and ``plan-measurement``: files that are read again, and reports."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from measured_specimen import COLUMNS, hidden_arm, measured, random_q, write_csv
from numpy.testing import assert_allclose
from strategies import URDF_FILE, shipped_arm

from neural_ik_ros import IkSolver
from neural_ik_ros.calibration.results.calibration_file import arm_hash, load_calibration
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import forward, is_within_limits

ROUNDING = 3e-8  # [m], [rad] of the numbers in a file, over all joints


@pytest.fixture(scope='module')
def calibrated(tmp_path_factory):
    """The folder in which a calibration was made."""
    folder = tmp_path_factory.mktemp('calibration')
    (folder / 'columns.yaml').write_text(COLUMNS)
    write_csv(folder / 'poses.csv', measured(random_q(120)))
    files = ['--columns', str(folder / 'columns.yaml'), '--output', str(folder / 'arm.yaml')]
    notes = ['--temperature', '21.5', '--load', '3']
    arguments = ['calibrate', str(folder / 'poses.csv'), *files, *notes]
    assert main([*arguments, '--report', str(folder / 'report')]) == 0
    return folder


def test_the_file_gives_the_arm_that_was_identified(calibrated):
    """Errors of the loaded arm at unseen poses are those that the report promises."""
    from neural_ik_ros.calibration.fit.accuracy import accuracy_of, residuals_elsewhere

    arm = IkSolver.load(calibration=calibrated / 'arm.yaml').arm
    report = json.loads((calibrated / 'report' / 'report.json').read_text())
    unseen = measured(random_q(300, seed=1), noise=0.0)
    error = accuracy_of(residuals_elsewhere(arm, unseen)).mean
    assert error < 1.5 * report['held_out']['full model']['mean']
    assert error < 0.5 * report['held_out']['geometry']['mean']


def test_the_file_says_where_it_comes_from(calibrated):
    content = yaml.safe_load((calibrated / 'arm.yaml').read_text())
    noted = content['provenance']
    assert noted['arm_sha256'] == arm_hash(shipped_arm())
    assert noted['n_rows'] == 120
    assert (noted['temperature_c'], noted['load_kg']) == (21.5, 3.0)
    assert noted['data'] == 'poses.csv'
    assert content['uncertainty']['rank'] == 30
    assert set(content['coverage']) == set(shipped_arm().joint_names)


def test_the_report_has_page_data_and_pictures(calibrated):
    folder = calibrated / 'report'
    names = {'errors.png', 'joint_maps.png', 'report.json', 'report.md', 'residuals.png'}
    assert {path.name for path in folder.iterdir()} == names
    data = json.loads((folder / 'report.json').read_text())
    before, after = (data['held_out'][name]['mean'] for name in ('nominal arm', 'full model'))
    assert after < 0.1 * before
    assert f'{1e3 * after:.3f}' in (folder / 'report.md').read_text()


def test_frames_and_joint_errors_survive_the_file(tmp_path):
    """Every number of a known arm, written and read."""
    from neural_ik_ros.calibration.fit.identify import identify
    from neural_ik_ros.calibration.results.write_calibration import write_calibration
    from neural_ik_ros.kinematics import axis_alignments

    found = identify(shipped_arm(), measured(random_q(40)))
    hidden = hidden_arm()  # its own frames: all of them, those that measurements cannot tell too
    nominal = shipped_arm()
    tool_as_drawn = replace(
        hidden,
        rotations=np.concatenate([hidden.rotations[:6], nominal.rotations[6:]]),
        translations=np.concatenate([hidden.translations[:6], nominal.translations[6:]]),
    )
    path, urdf = tmp_path / 'arm.yaml', URDF_FILE.read_text()
    write_calibration(path, replace(found, arm=tool_as_drawn), axis_alignments(urdf), {})
    read = load_calibration(path).apply(urdf, base_frame='base_link', tool_frame='tool0')
    q = random_q(50)
    assert_allclose(forward(read, q), forward(tool_as_drawn, q), rtol=0.0, atol=ROUNDING)


def test_a_file_of_another_nominal_arm_is_refused(calibrated, tmp_path):
    urdf = tmp_path / 'arm.urdf'
    urdf.write_text(URDF_FILE.read_text().replace('xyz="0.1 0 0.615"', 'xyz="0.11 0 0.615"'))
    with pytest.raises(ConfigError, match='another nominal geometry'):
        IkSolver.load(urdf=urdf, calibration=calibrated / 'arm.yaml')


BAD_FILES = {
    'short map': ('joint_maps: {joint_1: [1.0, 2.0]}', 'give 720 numbers'),
    'map of no joint': (f'joint_maps: {{joint_9: {[0.0] * 720}}}', "no moving joint 'joint_9'"),
    'large map': (f'joint_maps: {{joint_1: {[1e5] * 720}}}', 'more than 0.02 rad'),
    'sag before the joint': ('gravity_sag: {joint_3: {joint_1: 1.0e-5}}', 'later point'),
    'sag of no point': ('gravity_sag: {joint_3: {elbow: 1.0e-5}}', "no moving joint 'elbow'"),
    'gravity': ('gravity_sag: {gravity: [0, 0]}', 'give three numbers'),
    'coverage': ('joints: {joint_1: {}}\ncoverage: {joint_1: [[1, 2, 3]]}', 'give two numbers'),
}


@pytest.mark.parametrize(('text', 'words'), BAD_FILES.values(), ids=BAD_FILES)
def test_load_refuses_a_bad_file(tmp_path, text, words):
    path = tmp_path / 'arm.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        IkSolver.load(calibration=path)


def test_plan_is_within_limits_and_conditions(tmp_path, capsys):
    table, trajectory = tmp_path / 'plan.csv', tmp_path / 'plan.yaml'
    box = (0.4, -0.8, 0.3, 1.4, 0.8, 1.5)
    arguments = ['plan-measurement', '--n', '40', '--output', str(table)]
    arguments += ['--box', *map(str, box), '--sensor', '4', '0', '1', '--max-incidence', '50']
    assert main([*arguments, '--trajectory', str(trajectory)]) == 0
    numbers = np.loadtxt(table, delimiter=',', skiprows=1)
    q, tools = numbers[:, :6], forward(shipped_arm(), numbers[:, :6])
    assert q.shape == (40, 6)
    assert is_within_limits(shipped_arm(), q).all()
    assert ((tools[:, :3, 3] >= box[:3]) & (tools[:, :3, 3] <= box[3:])).all()
    sight = np.array([4.0, 0.0, 1.0]) - tools[:, :3, 3]
    cosine = np.einsum('ni,ni->n', sight, tools[:, :3, 2]) / np.linalg.norm(sight, axis=1)
    assert np.degrees(np.arccos(cosine)).max() <= 50.0 + 1e-6
    assert_allclose(numbers[:, 6:9], tools[:, :3, 3], atol=1e-8)
    assert 'expected error' in capsys.readouterr().out
    points = yaml.safe_load(trajectory.read_text())['points']
    times = [p['time_from_start']['sec'] + 1e-9 * p['time_from_start']['nanosec'] for p in points]
    moves = np.abs(np.diff([p['positions'] for p in points], axis=0))
    assert len(points) == 80
    assert (moves <= 0.2 * shipped_arm().velocity * np.diff(times)[:, None] + 1e-6).all()


def test_plan_predicts_what_a_calibration_reaches():
    """The expected error of noise alone, against a calibration of a simulated arm."""
    from neural_ik_ros.calibration.fit.accuracy import accuracy_of, residuals_elsewhere
    from neural_ik_ros.calibration.fit.geometry_fit import Noise, fit_geometry, fit_setup
    from neural_ik_ros.calibration.results.planning import Conditions, plan_measurement

    noise = Noise(position=1e-4, rotation=1e-4)
    plan = plan_measurement(shipped_arm(), 60, np.random.default_rng(0), Conditions(), noise)
    arm = replace(hidden_arm(), joint_errors=None)
    rows = measured(plan.q, arm=arm, noise=1e-4)
    fitted = fit_geometry(shipped_arm(), rows, fit_setup(shipped_arm(), rows)).arm
    unseen = measured(random_q(300), arm=arm, noise=0.0)
    error = accuracy_of(residuals_elsewhere(fitted, unseen)).mean
    assert 0.3 * plan.geometry_error < error < 1.5 * plan.geometry_error


def test_plan_refuses_conditions_that_nothing_fulfils(tmp_path, capsys):
    box = ['--box', '5', '5', '5', '6', '6', '6']
    output = tmp_path / 'plan.csv'
    assert main(['plan-measurement', '--n', '40', *box, '--output', str(output)]) == 1
    assert 'fulfil the conditions' in capsys.readouterr().err
    assert not output.exists()
