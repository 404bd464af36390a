# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import DataError
from neural_ik_ros.kinematics import arm_from_urdf, forward, random_joints
from neural_ik_ros.learning.data.csv_import import CSV_COLUMNS, read_csv, split_by_target
from neural_ik_ros.learning.data.data_folder import COLUMNS
from neural_ik_ros.learning.data.features import features
from neural_ik_ros.share import share_folder

N_TARGETS, INPUTS = 100, 20
SAME_GEOMETRY = 1e-12  # [m] and of a rotation's entries: two ways to write the same formula


def turn(axis: str, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    if axis == 'z':
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def published_forward(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return position [m] and rotation by the formula that was fitted to the public rows."""
    upper = turn('z', q[0]) @ turn('y', q[1])
    forearm = upper @ turn('y', q[2])
    hand = forearm @ turn('z', q[3]) @ turn('y', q[4])
    x, z = np.eye(3)[0], np.eye(3)[2]
    position = 0.615 * z + 0.705 * upper @ x + 0.755 * forearm @ z + 0.085 * hand @ z
    return position, hand @ turn('z', q[5])


@pytest.fixture(scope='module')
def csv_arm():
    return arm_from_urdf((share_folder() / 'urdf' / 'irb2400_dataset.urdf').read_text())


@pytest.fixture(scope='module')
def table(csv_arm):
    """Rows made as the public ones are: 4 decimals, millimetre, 20 inputs for each target."""
    rng = np.random.default_rng(8)
    q = np.repeat(random_joints(csv_arm, rng, N_TARGETS), INPUTS, axis=0)
    pose = forward(csv_arm, q)
    noisy = q + rng.uniform(-0.1, 0.1, q.shape)
    ypr = features(pose, np.zeros((len(pose), 6)))[:, 5:2:-1]
    return np.round(np.concatenate([1e3 * pose[:, :3, 3], ypr, noisy, q], axis=1), 4)


def written(path, table, columns=CSV_COLUMNS):
    rows = '\n'.join(','.join(map(str, row)) for row in table)
    path.write_text(f'{",".join(columns)}\n{rows}\n')
    return path


def changed(table, row, column, value):
    table = table.copy()
    table[row, CSV_COLUMNS.index(column)] = value
    return table


def test_dataset_arm_has_the_geometry_of_the_public_rows(csv_arm):
    for q in random_joints(csv_arm, np.random.default_rng(9), 50):
        position, rotation = published_forward(q)
        tool = forward(csv_arm, q)
        assert_allclose(tool[:3, 3], position, rtol=0, atol=SAME_GEOMETRY)
        assert_allclose(tool[:3, :3], rotation, rtol=0, atol=SAME_GEOMETRY)


def test_read_csv_returns_metres_in_the_order_of_the_features(tmp_path, table, csv_arm):
    data = read_csv(written(tmp_path / 'data.csv', table), csv_arm)

    assert data.n_targets == N_TARGETS
    assert_allclose(data.rows[:, :3], 1e-3 * table[:, :3], rtol=1e-12)
    for name, column in (('roll', 'roll'), ('pitch', 'pitch'), ('yaw', 'yaw')):
        expected = table[:, CSV_COLUMNS.index(column)]
        assert_allclose(data.rows[:, COLUMNS.index(name)], expected, rtol=0, atol=0)
    assert_allclose(data.rows[:, 6:], table[:, 6:], rtol=0, atol=0)


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda table: 'x,y\n1,2\n', 'first line is not x,y,z,yaw'),
        (lambda table: '', 'first line is not'),
        (lambda table: ','.join(CSV_COLUMNS), '0 rows'),
        (lambda table: table[:, :17], '2000 rows of 17 numbers'),
        (lambda table: table[:-5], 'has 15 rows and others 20'),
        (lambda table: changed(table, 3, 'q2_in', np.nan), 'line 5, q2_in: not a finite number'),
        (lambda table: changed(table, 4, 'q1_out', 3.3), 'line 6, q1_out: outside the limits'),
        (lambda table: changed(table, 4, 'q1_in', 3.3), 'line 6, q1_in: outside the limits'),
        (lambda table: changed(table, 6, 'z', 0.0), 'line 8: q_out puts the tool of'),
        (lambda table: table * [*[1e-3] * 3, *[1] * 15], 'in metre; give them in millimetre'),
        (lambda table: table * [*[1] * 6, *[180 / np.pi] * 12], 'joint angles in radian'),
        (lambda table: table[:, [0, 1, 2, 5, 4, 3, *range(6, 18)]], 'rad off the target'),
    ],
    ids=[
        *('columns', 'empty', 'only a header', 'a column short', 'cut between rows', 'nan'),
        *('solution out of range', 'input out of range', 'wrong pose', 'metre', 'degree', 'order'),
    ],
)
def test_read_csv_names_what_is_wrong_in_one_line(tmp_path, table, csv_arm, damage, message):
    content = damage(table)
    path = tmp_path / 'data.csv'
    if isinstance(content, str):
        path.write_text(content)
    else:
        written(path, content)

    with pytest.raises(DataError, match=message) as caught:
        read_csv(path, csv_arm)
    assert '\n' not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ('cut', 'message'),
    [
        (lambda text: text[: len(text) - 40], 'line 2001 is not 18 numbers'),
        (lambda text: text.replace(',', ',far,', 50), 'first line is not'),
        (lambda text: text[:4000] + 'far' + text[4000:], r'line \d+ is not 18 numbers'),
        (lambda text: text[:4000] + '\0' + text[4000:], r'line \d+ is not 18 numbers'),
    ],
    ids=['cut within a row', 'damaged header', 'not a number', 'zero byte'],
)
def test_read_csv_names_the_line_of_a_damaged_file(tmp_path, table, csv_arm, cut, message):
    path = written(tmp_path / 'data.csv', table)
    path.write_text(cut(path.read_text()))

    with pytest.raises(DataError, match=message):
        read_csv(path, csv_arm)


def test_read_csv_refuses_another_arm(tmp_path, table, arm):
    inside = (table[:, 6:] > np.tile(arm.lower, 2)) & (table[:, 6:] < np.tile(arm.upper, 2))
    rows = table[inside.all(axis=1)]

    assert len(rows) > 0
    with pytest.raises(DataError, match='name the --arm'):
        read_csv(written(tmp_path / 'data.csv', rows), arm)


def test_split_by_target_keeps_each_target_in_one_part(tmp_path, table, csv_arm):
    data = read_csv(written(tmp_path / 'data.csv', table), csv_arm)
    parts = split_by_target(data, seed=1)

    targets = [np.unique(rows[:, :6], axis=0) for rows in parts.values()]
    assert [len(rows) for rows in targets] == [72, 8, 20]
    assert [len(rows) for rows in parts.values()] == [1440, 160, 400]
    assert len(np.unique(np.concatenate(targets), axis=0)) == N_TARGETS


def test_import_writes_a_data_folder_and_reports_the_leak(tmp_path, table, capsys):
    file, output = written(tmp_path / 'data.csv', table), tmp_path / 'data'

    assert main(['import', str(file), '--output', str(output)]) == 0
    printed = capsys.readouterr().out
    assert np.load(output / 'test.npy').shape == (400, 18)
    assert json.loads((output / 'data.json').read_text())['arm'] == 'irb2400_dataset'
    rmse, scaled = map(float, re.search(r'RMSE (\S+) rad, .* (0\.\S+)', printed).groups())
    assert rmse == pytest.approx(0.1 / np.sqrt(3.0), abs=0.001)
    assert scaled == pytest.approx(0.0148, abs=0.0005), 'what the public file gives'
    assert '100 of 100 test targets are in the training part' in printed


def test_import_refuses_in_one_line_and_leaves_nothing(tmp_path, capsys):
    output = tmp_path / 'data'

    assert main(['import', str(tmp_path / 'none.csv'), '--output', str(output)]) == 1
    assert capsys.readouterr().err.count('\n') == 1
    assert not output.exists()
