# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""CSV files with named columns: units, conventions, decimal commas, sockets, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.transform import Rotation

from neural_ik_ros.calibration.data.rotations import CONVENTIONS, EULER_CONVENTIONS, rotations_from
from neural_ik_ros.calibration.data.table_file import load_format, read_table
from neural_ik_ros.errors import ConfigError, DataError

JOINTS = 'joints: {columns: [a, b, c, d, e, f], unit: deg}\n'
POSITION = 'position: {columns: [x, y, z], unit: mm}\n'
ORIENTATION = 'orientation: {columns: [u, v, w], unit: deg, convention: XYZ}\n'
SOCKETS = 'sockets: {columns: [place, hole], distance: 0.05}\n'
GERMAN = "separator: ';'\ndecimal: ','\n"
HEADER = 'a;b;c;d;e;f;x;y;z;u;v;w;place;hole\n'
ROW = '10,5;20;30;40;50;60;100,5;200;-300;1;2;3;left;0\n'


@pytest.fixture
def files(tmp_path):
    def write(columns: str, table: str = HEADER + ROW):
        (tmp_path / 'columns.yaml').write_text(columns)
        (tmp_path / 'table.csv').write_text(table)
        return tmp_path / 'columns.yaml', tmp_path / 'table.csv'

    return write


def read(columns, table):
    return read_table(table, load_format(columns))


def test_units_and_decimal_commas_are_converted(files):
    rows = read(*files(GERMAN + JOINTS + POSITION + ORIENTATION))
    assert rows.kind == 'poses'
    assert_allclose(rows.q, np.radians([[10.5, 20, 30, 40, 50, 60]]))
    assert_allclose(rows.positions, [[0.1005, 0.2, -0.3]])
    expected = Rotation.from_euler('XYZ', [[1, 2, 3]], degrees=True).as_matrix()
    assert_allclose(rows.rotations, expected, atol=1e-15)
    assert_array_equal(rows.lines, [2])


def test_without_orientation_rows_are_points(files):
    assert read(*files(GERMAN + JOINTS + POSITION)).kind == 'points'


def test_sockets_are_paired_by_their_place(files):
    table = HEADER + ''.join(
        ROW.replace('left;0', f'{place};{hole}')
        for place, hole in (('left', 1), ('right', 'b'), ('left', 2), ('right', 'a'), ('left', 1))
    )
    rows = read(*files(GERMAN + JOINTS + SOCKETS, table))
    assert rows.kind == 'sockets'
    assert rows.socket_distance == 0.05
    assert_array_equal(rows.sockets, [0, 2, 1, 3, 0])


@pytest.mark.parametrize('convention', EULER_CONVENTIONS)
def test_euler_conventions_are_those_of_scipy(convention):
    angles = np.random.default_rng(0).uniform(-3.0, 3.0, (20, 3))
    expected = Rotation.from_euler(convention, angles).as_matrix()
    assert_allclose(rotations_from(angles, convention), expected, atol=1e-12)


def test_other_conventions_are_those_of_scipy():
    numbers = np.random.default_rng(0).normal(size=(20, 4))
    expected = Rotation.from_quat(numbers).as_matrix()
    assert_allclose(rotations_from(numbers, 'quat_xyzw'), expected, atol=1e-12)
    assert_allclose(rotations_from(numbers[:, [3, 0, 1, 2]], 'quat_wxyz'), expected, atol=1e-12)
    vectors = numbers[:, :3]
    expected = Rotation.from_rotvec(vectors).as_matrix()
    assert_allclose(rotations_from(vectors, 'rotation_vector'), expected, atol=1e-12)
    assert len(set(CONVENTIONS)) == 27


FORMATS = {
    'no joints': (POSITION, 'joints.columns'),
    'five joints': ('joints: {columns: [a, b, c, d, e], unit: rad}\n' + POSITION, '5 columns'),
    'unit': (JOINTS.replace('deg', 'degrees') + POSITION, "'degrees'"),
    'no position': (JOINTS, 'position.columns'),
    'convention': (JOINTS + POSITION + ORIENTATION.replace('XYZ', 'XXY'), 'convention'),
    'quaternion of three': (JOINTS + POSITION + ORIENTATION.replace('XYZ', 'quat_xyzw'), '3 col'),
    'no distance': (JOINTS + SOCKETS.replace('distance: 0.05', 'unit: ""'), 'distance'),
    'unknown key': (JOINTS + POSITION + 'speed: 1\n', 'speed'),
    'separator': ("separator: ';;'\n" + JOINTS + POSITION, 'one character'),
    'decimal': ("decimal: ';'\n" + JOINTS + POSITION, 'decimal'),
}


@pytest.mark.parametrize(('columns', 'words'), FORMATS.values(), ids=FORMATS)
def test_load_format_refuses(files, columns, words):
    with pytest.raises(ConfigError, match=words):
        load_format(files(columns)[0])


TABLES = {
    'another separator': (HEADER.replace(';', ',') + ROW, 'not the|0 columns'),
    'a missing column': (HEADER.replace('x;', 'px;') + ROW, "0 columns 'x'"),
    'a column twice': (HEADER.replace('y;', 'x;') + ROW, "2 columns 'x'"),
    'a short row': (HEADER + '1;2;3\n', 'row 2 has not the 14 columns'),
    'a word': (HEADER + ROW.replace('200', 'two'), "row 2, column y: 'two' is not a number"),
}


@pytest.mark.parametrize(('table', 'words'), TABLES.values(), ids=TABLES)
def test_read_table_refuses(files, table, words):
    with pytest.raises(DataError, match=words):
        read(*files(GERMAN + JOINTS + POSITION, table))


def test_read_table_refuses_a_file_that_is_not_there(files, tmp_path):
    with pytest.raises(DataError, match='not readable'):
        read_table(tmp_path / 'none.csv', load_format(files(JOINTS + POSITION)[0]))


def test_a_place_with_one_socket_is_refused(files):
    with pytest.raises(DataError, match="'left' has 1 sockets"):
        read(*files(GERMAN + JOINTS + SOCKETS))
