# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements from a CSV file, its columns named in a small YAML file."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...kinematics import N_JOINTS, FloatArray
from ...settings import from_mapping, load_yaml, require
from .measurements import Measurements
from .rotations import CONVENTIONS, QUATERNIONS, rotations_from

MAX_ROWS = 200_000
LENGTHS = {'m': 1.0, 'mm': 1e-3}
ANGLES = {'rad': 1.0, 'deg': math.pi / 180.0}
EXAMPLE = 'docs/calibration.md'


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Some columns and the unit of their numbers."""

    columns: tuple[str, ...] = ('',)
    unit: str = ''
    convention: str = ''  # of an orientation, see rotations.CONVENTIONS
    distance: float = 0.0  # [m] between the two sockets of a setup


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """What docs/calibration.md describes: where a CSV file has joints and measurements."""

    separator: str = ','
    decimal: str = '.'
    joints: Columns = field(default_factory=Columns)
    position: Columns = field(default_factory=Columns)
    orientation: Columns = field(default_factory=Columns)
    sockets: Columns = field(default_factory=Columns)


def is_given(columns: Columns) -> bool:
    """Return whether the format names columns here."""
    return columns.columns != ('',)


def checked(table: TableFormat) -> TableFormat:
    """
    Return the format, its units, numbers of columns and conventions checked.

    :raises ConfigError: If one is missing or unknown.
    """
    require(len(table.separator) == 1, 'separator', f'{table.separator!r}', 'give one character')
    require(table.decimal in ('.', ','), 'decimal', f'{table.decimal!r}', 'give . or ,')
    _require_columns(table.joints, 'joints', N_JOINTS, ANGLES)
    if is_given(table.sockets):
        _require_columns(table.sockets, 'sockets', 2, {'': 1.0})
        has_distance = table.sockets.distance > 0.0
        require(has_distance, 'sockets.distance', 'missing', 'give it in metres')
        return table
    _require_columns(table.position, 'position', 3, LENGTHS)
    if is_given(table.orientation):
        convention = table.orientation.convention
        known = 'give quat_xyzw, quat_wxyz, rotation_vector, or Euler axes such as xyz and ZYX'
        require(convention in CONVENTIONS, 'orientation.convention', repr(convention), known)
        is_quaternion = convention in QUATERNIONS
        units = {'': 1.0} if is_quaternion else ANGLES
        _require_columns(table.orientation, 'orientation', 4 if is_quaternion else 3, units)
    return table


def _require_columns(given: Columns, where: str, count: int, units: Mapping[str, float]) -> None:
    n = len(given.columns)
    require(n == count, f'{where}.columns', f'{n} columns', f'name {count}')
    known = ' or '.join(repr(unit) for unit in units)
    require(given.unit in units, f'{where}.unit', f'{given.unit!r}', f'give {known}')


def load_format(path: Path) -> TableFormat:
    """
    Return the format in a YAML file.

    :raises ConfigError: If it is not as docs/calibration.md describes.
    """
    return checked(from_mapping(TableFormat, load_yaml(path, example=EXAMPLE), ''))


def read_table(path: Path, table: TableFormat) -> Measurements:
    """
    Return the measurements in a CSV file.

    :raises DataError: If it cannot be read, lacks a column or has something else than numbers.
    """
    header, rows = _read_rows(path, table.separator)
    numbers = _Numbers(path, header, rows, table.decimal)
    lines = np.arange(2, len(rows) + 2)
    q = numbers.of(table.joints.columns) * ANGLES[table.joints.unit]
    if is_given(table.sockets):
        sockets = _sockets(path, header, rows, table.sockets.columns)
        distance = table.sockets.distance
        return Measurements(
            q=q, sockets=sockets, socket_distance=distance, lines=lines, source=path.name
        )
    positions = numbers.of(table.position.columns) * LENGTHS[table.position.unit]
    rotations = values = None
    if is_given(table.orientation):
        scale = {**ANGLES, '': 1.0}[table.orientation.unit]
        values = numbers.of(table.orientation.columns) * scale
        rotations = rotations_from(values, table.orientation.convention)
    return Measurements(
        q=q,
        positions=positions,
        rotations=rotations,
        lines=lines,
        source=path.name,
        orientation=values,
        convention=table.orientation.convention,
    )


def _read_rows(path: Path, separator: str) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding='utf-8-sig', newline='') as file:
            reader = csv.reader(file, delimiter=separator)
            header = [name.strip() for name in next(reader, [])]
            rows = [row for row, _ in zip(reader, range(MAX_ROWS + 1), strict=False) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(path, f'not readable ({error})', 'give a CSV file in UTF-8') from error
    if len(rows) > MAX_ROWS:
        raise DataError(path, f'more than {MAX_ROWS} rows', 'give a part of it')
    short = [i + 2 for i, row in enumerate(rows) if len(row) != len(header)]
    if short:
        problem = f'row {short[0]} has not the {len(header)} columns of the first line'
        raise DataError(path, problem, 'correct the separator or the row')
    return header, rows


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Columns of a table as numbers."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    decimal: str

    def of(self, names: Sequence[str]) -> FloatArray:
        """Return columns (n, k); empty fields are NaN."""
        table = np.empty((len(self.rows), len(names)))
        for k, name in enumerate(names):
            column = column_index(self.path, self.header, name)
            for i, row in enumerate(self.rows):
                table[i, k] = self._number(row[column], i + 2, name)
        return table

    def _number(self, text: str, line: int, name: str) -> float:
        text = text.strip()
        if not text:
            return math.nan
        try:
            return float(text.replace(self.decimal, '.') if self.decimal == ',' else text)
        except ValueError as error:
            problem = f'row {line}, column {name}: {text!r} is not a number'
            remedy = 'set decimal and separator as the file has them'
            raise DataError(self.path, problem, remedy) from error


def column_index(path: Path, header: list[str], name: str) -> int:
    """
    Return the place of a column.

    :raises DataError: If the header does not have it exactly once.
    """
    if header.count(name) == 1:
        return header.index(name)
    problem = f'{header.count(name)} columns {name!r} among {", ".join(header)}'
    raise DataError(path, problem, 'correct the names or the separator in the YAML file')


def _sockets(
    path: Path, header: list[str], rows: list[list[str]], names: Sequence[str]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the index (n,) of the socket of each row: 2 k and 2 k + 1 belong to setup k."""
    setup_column, socket_column = (column_index(path, header, name) for name in names)
    setups = [row[setup_column].strip() for row in rows]
    names_of = {name: 2 * k for k, name in enumerate(dict.fromkeys(setups))}
    sockets: dict[str, list[str]] = {name: [] for name in names_of}
    indices = np.empty(len(rows), np.int64)
    for i, row in enumerate(rows):
        known, socket = sockets[setups[i]], row[socket_column].strip()
        if socket not in known:
            known.append(socket)
        indices[i] = names_of[setups[i]] + known.index(socket)
    for name, known in sockets.items():
        if len(known) != 2:
            problem = f'setup {name!r} has {len(known)} sockets, 2 needed'
            raise DataError(path, problem, 'name the column that tells the sockets apart')
    return indices
