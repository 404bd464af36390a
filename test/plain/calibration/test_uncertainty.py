# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy that an identification predicts, against the errors of the hidden arm."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from measured_specimen import COLUMNS, measured, random_q, write_csv
from strategies import shipped_arm

from neural_ik_ros import IkSolver
from neural_ik_ros.calibration.fit.accuracy import residuals_elsewhere
from neural_ik_ros.calibration.fit.identify import Identification, identify
from neural_ik_ros.calibration.results.calibration_file import load_calibration
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import forward, predicted_accuracy
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

N_MEASURED, N_UNSEEN = 300, 600
ROUNDING = 2e-3  # of a predicted accuracy, by the digits of a file


@pytest.fixture(scope='module')
def found() -> Identification:
    return identify(shipped_arm(), measured(random_q(N_MEASURED)))


@pytest.fixture(scope='module')
def file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('calibrated')
    (folder / 'columns.yaml').write_text(COLUMNS)
    csv = write_csv(folder / 'poses.csv', measured(random_q(N_MEASURED)))
    output = folder / 'arm.yaml'
    arguments = ['calibrate', str(csv), '--columns', str(folder / 'columns.yaml')]
    assert main([*arguments, '--output', str(output)]) == 0
    return output


def compared(arm, rows):
    """Return predicted medians, whether errors are within the 95 %, and errors, by position."""
    errors = np.linalg.norm(residuals_elsewhere(arm, rows)[:, :3], axis=1)
    expected = [predicted_accuracy(arm, q) for q in rows.q]
    is_covered = np.array([one is not None and not one.uncovered for one in expected])
    assert is_covered.sum() > 0.5 * len(rows)
    kept = [one for one, ok in zip(expected, is_covered, strict=True) if ok]
    medians = np.array([one.position_median for one in kept])
    limits = np.array([one.position_p95 for one in kept])
    return medians, errors[is_covered] <= limits, errors[is_covered]


def test_prediction_holds_at_unseen_poses(found):
    medians, is_within, errors = compared(found.arm, measured(random_q(N_UNSEEN, seed=9)))
    assert abs(np.median(medians) / np.median(errors) - 1.0) < 0.3
    assert 0.9 < is_within.mean() < 0.98


def test_prediction_grows_where_fewer_poses_were_measured(found):
    few = identify(shipped_arm(), measured(random_q(70)))
    q = random_q(50, seed=3)
    both = [[predicted_accuracy(one.arm, joints) for one in (few, found)] for joints in q]
    pairs = [(a, b) for a, b in both if not (a.uncovered or b.uncovered)]
    assert len(pairs) > 5
    assert all(a.position_p95 > b.position_p95 for a, b in pairs)


def test_prediction_of_points_claims_no_rotation():
    rows = measured(random_q(N_MEASURED), kind='points')
    arm = identify(shipped_arm(), rows).arm
    unseen = measured(random_q(N_UNSEEN, seed=9), kind='points')
    medians, is_within, errors = compared(arm, unseen)
    assert abs(np.median(medians) / np.median(errors) - 1.0) < 0.3
    assert 0.9 < is_within.mean() < 0.99  # held-out points were predicted from a fifth fewer rows
    expected = next(predicted_accuracy(arm, q) for q in unseen.q)
    assert np.isnan(expected.rotation_p95)


def test_file_predicts_what_was_identified(found, file):
    arm = load_calibration(file).apply(
        read_urdf(shipped_urdf()), base_frame='base_link', tool_frame='tool0'
    )
    checked = 0
    for q in random_q(100, seed=4):
        expected, read = (predicted_accuracy(one, q) for one in (found.arm, arm))
        assert read.uncovered == expected.uncovered
        if not read.uncovered:
            assert read.position_p95 == pytest.approx(expected.position_p95, rel=ROUNDING)
            assert read.rotation_median == pytest.approx(expected.rotation_median, rel=ROUNDING)
            checked += 1
    assert checked > 50


def test_each_solution_says_how_accurate_it_is(file):
    solver = IkSolver.load(calibration=file)
    q = random_q(100, seed=4)
    targets = forward(solver.arm, q)
    solutions = [solver.solve(target, one) for target, one in zip(targets, q, strict=True)]
    solutions += list(solver.solve_batch(targets, q))
    claims = [solution.predicted_accuracy for solution in solutions]
    assert claims == [predicted_accuracy(solver.arm, one.q) for one in solutions] or any(
        claim.uncovered for claim in claims
    )
    certain = [claim for claim in claims if not claim.uncovered]
    assert len(certain) > 100
    assert all(1e-5 < claim.position_median < claim.position_p95 < 2e-4 for claim in certain)
    assert IkSolver.load().solve(targets[0], q[0]).predicted_accuracy is None


@pytest.mark.parametrize('has_coverage', [True, False])
def test_command_line_says_how_accurate_an_answer_is(file, tmp_path, capsys, has_coverage):
    path = tmp_path / 'arm.yaml'
    text = file.read_text()
    covered = re.search(r'^coverage:.*?^  joint_3: (.*?)$', text, re.MULTILINE | re.DOTALL)
    path.write_text(text if has_coverage else text.replace(covered[1], '[[0, 3]]'))
    arm = IkSolver.load(calibration=path).arm
    q = next(
        q for q in random_q(50) if not predicted_accuracy(arm, q).uncovered or not has_coverage
    )
    position, rotation = forward(arm, q)[:3, 3], forward(arm, q)[:3, :3]
    arguments = ['--xyz', *map(repr, position.tolist()), '--rpy', *_rpy(rotation)]
    arguments += ['--from', *map(repr, q.tolist()), '--calibration', str(path)]
    assert main(['solve', *arguments]) == 0
    printed = json.loads(capsys.readouterr().out)['predicted_accuracy']
    if has_coverage:
        expected = predicted_accuracy(arm, q).position_p95
        assert printed['position_p95'] == pytest.approx(expected, rel=1e-6)
    else:
        assert printed == {'uncovered': ['joint_3']}


def _rpy(rotation) -> list[str]:
    angles = [
        np.arctan2(rotation[2, 1], rotation[2, 2]),
        np.arctan2(-rotation[2, 0], np.hypot(rotation[2, 1], rotation[2, 2])),
        np.arctan2(rotation[1, 0], rotation[0, 0]),
    ]
    return [repr(float(angle)) for angle in angles]


@pytest.mark.parametrize(
    ('old', 'new', 'problem'),
    [
        ('  factor:', '  factors:', "unknown key 'factors'"),
        ('  residual_sd:', '  residual:', "unknown key 'residual'"),
        ('    - [', '    - [7, ', 'factor'),
        ('  map_sds:  # [1e-6 rad] of each 3 degrees, for known frames', '  x_sds:', 'x_sds'),
        ('    joint_1: [', '    joint_1: [-5.0, ', 'map_sds joint_1'),
    ],
)
def test_damaged_uncertainty_is_refused(file, tmp_path, old, new, problem):
    text = file.read_text()
    assert old in text
    damaged = tmp_path / 'arm.yaml'
    damaged.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=problem):
        load_calibration(damaged)
