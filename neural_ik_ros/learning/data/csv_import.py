# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Import of the public data set (datasetIRB2400.csv): read, checked, split by target."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...kinematics import Arm, FloatArray, forward, pose_error, transform_from_xyz_rpy
from .dataset import Part
from .features import N_FEATURES
from .set_definitions import NEAR_RANGE

CSV_COLUMNS = (  # [mm], [rad]
    *('x', 'y', 'z', 'yaw', 'pitch', 'roll'),
    *(f'q{joint}_in' for joint in range(1, 7)),
    *(f'q{joint}_out' for joint in range(1, 7)),
)
MAX_ROWS = 3_000_000
MAX_HEADER = 4096  # characters
MILLIMETRE = 1e-3  # [m]
# Rounding angles to four decimals moves the tool by less.
POSITION_ROUNDING = 5e-4  # [m]
ROTATION_ROUNDING = 1e-3  # [rad]
MAX_RADIANS = 10.0  # larger angles must be degrees
SHARES = {Part.TRAIN: 0.72, Part.VALIDATION: 0.08, Part.TEST: 0.2}  # of the targets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CsvData:
    """The rows of the file in the units and columns of a data folder."""

    rows: FloatArray  # (n, 18) as data_folder.COLUMNS, [m], [rad]
    target: NDArray[np.intp]  # (n,) index of the row's target pose, 0 .. n_targets - 1
    n_targets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMetrics:
    """Errors of holding the current joints, and the leak of splitting the rows at random."""

    hold_current_rmse: float  # [rad] of q_in taken for q_out
    hold_current_scaled_rmse: float  # the same, each joint divided by the range of its solutions
    n_test_targets: int  # targets in the test part of a random 80/20 split of the rows
    n_leaked_targets: int  # those of them that are in its training part as well


def read_csv(path: Path, arm: Arm) -> CsvData:
    """
    Return the rows of the file, checked against the arm that made them.

    :raises DataError: On other columns, units or geometry, or if the file is damaged.
    """
    table = _read_table(path)
    outside = np.abs(table[:, 6:]) > MAX_RADIANS
    if outside.any():
        problem = f'{_line_and_column(outside, 6)}: more than {MAX_RADIANS} rad'
        raise DataError(path, problem, 'give joint angles in radian')
    beyond = np.stack([table[:, 6:12], table[:, 12:]], axis=1)
    slack = np.array([NEAR_RANGE + ROTATION_ROUNDING, ROTATION_ROUNDING])[:, None]
    outside = (beyond < arm.lower - slack) | (beyond > arm.upper + slack)
    if outside.any():
        place = _line_and_column(outside.reshape(len(table), -1), 6)
        raise DataError(path, f'{place}: outside the limits of {arm.name}', 'name its --arm')
    rows = table[:, [0, 1, 2, 5, 4, 3, *range(6, 18)]]
    rows[:, :3] *= MILLIMETRE
    _require_geometry(path, arm, rows)
    _, target, counts = np.unique(rows[:, :6], axis=0, return_inverse=True, return_counts=True)
    if counts.min() < counts.max():
        few = int(np.argmax(counts[target.ravel()] < counts.max()))
        problem = f'has {counts[target.ravel()[few]]} rows and others {counts.max()}'
        raise DataError(path, f'line {few + 2}: its target {problem}', 'take the complete file')
    return CsvData(rows=rows, target=target.ravel(), n_targets=len(counts))


def split_by_target(data: CsvData, seed: int) -> dict[Part, FloatArray]:
    """Return the rows of each part, in the order of the file; no target pose is in two parts."""
    order = np.random.default_rng(seed).permutation(data.n_targets)
    bounds = np.round(np.cumsum([0.0, *SHARES.values()]) * data.n_targets).astype(int)
    part_of_target = np.empty(data.n_targets, np.int8)
    for part, start, end in zip(SHARES, bounds, bounds[1:], strict=False):
        part_of_target[order[start:end]] = part
    return {part: data.rows[part_of_target[data.target] == part] for part in SHARES}


def csv_metrics(data: CsvData, seed: int) -> CsvMetrics:
    """Return the baseline and the leak that any network trained on this data is compared with."""
    solutions = data.rows[:, N_FEATURES:]
    error = data.rows[:, N_FEATURES - 6 : N_FEATURES] - solutions
    n_test = round(SHARES[Part.TEST] * len(solutions))
    shuffled = data.target[np.random.default_rng(seed).permutation(len(solutions))]
    tested = np.unique(shuffled[:n_test])
    return CsvMetrics(
        hold_current_rmse=float(np.sqrt(np.mean(error**2))),
        hold_current_scaled_rmse=float(np.sqrt(np.mean((error / np.ptp(solutions, axis=0)) ** 2))),
        n_test_targets=len(tested),
        n_leaked_targets=int(np.isin(tested, shuffled[n_test:]).sum()),
    )


def _read_table(path: Path) -> FloatArray:
    """Return the table (n, 18) of finite numbers below the expected header."""
    try:
        with path.open(encoding='utf-8-sig') as file:
            header = file.readline(MAX_HEADER).strip().split(',')
            if tuple(name.strip() for name in header) != CSV_COLUMNS:
                problem = f'first line is not {",".join(CSV_COLUMNS)}'
                raise DataError(path, problem, 'name and order the columns so')
            with warnings.catch_warnings():
                warnings.simplefilter(
                    'ignore'
                )  # loadtxt warns of an empty table, which is refused below
                table = np.loadtxt(
                    file, delimiter=',', comments=None, ndmin=2, max_rows=MAX_ROWS + 1
                )
    except OSError as error:
        raise DataError(path, str(error.strerror), 'give a readable CSV file') from error
    except ValueError as error:  # not numbers, not 18 of them, not UTF-8
        raise DataError(path, _unreadable(path), 'take the complete file') from error
    if table.shape[1] != len(CSV_COLUMNS) or not 0 < len(table) <= MAX_ROWS:
        problem = f'{len(table)} rows of {table.shape[1]} numbers below the header'
        remedy = f'give 18 numbers a row and at most {MAX_ROWS} rows'
        raise DataError(path, problem, remedy)
    if not np.isfinite(table).all():
        problem = f'{_line_and_column(~np.isfinite(table), 0)}: not a finite number'
        raise DataError(path, problem, 'take the complete file')
    return table


def _require_geometry(path: Path, arm: Arm, rows: FloatArray) -> None:
    """Refuse rows whose solution does not put the tool of the arm on their target."""
    tool = forward(arm, rows[:, N_FEATURES:])
    target = transform_from_xyz_rpy(rows[:, :3], rows[:, 3:6])
    position, rotation = pose_error(tool, target)
    wrong = (position > POSITION_ROUNDING) | (rotation > ROTATION_ROUNDING)
    if not wrong.any():
        return
    metres = rows[:, :3] / MILLIMETRE
    if (np.linalg.norm(tool[:, :3, 3] - metres, axis=1) <= POSITION_ROUNDING).all():
        raise DataError(path, 'x, y, z are in metre', 'give them in millimetre')
    row = int(np.argmax(wrong))
    problem = (
        f'line {row + 2}: q_out puts the tool of {arm.name} {1e3 * position[row]:.3g} mm and '
        f'{rotation[row]:.3g} rad off the target'
    )
    raise DataError(path, problem, 'name the --arm that made the file')


def _unreadable(path: Path) -> str:
    """Return the problem of a table that cannot be read: its first bad line, if there is one."""
    with path.open(encoding='utf-8', errors='replace') as file:
        for number, line in enumerate(file, start=1):
            cells = line.split(',')
            is_row = len(cells) == len(CSV_COLUMNS) and all(map(_is_number, cells))
            if number > 1 and line.strip() and not is_row:
                return f'line {number} is not {len(CSV_COLUMNS)} numbers'
    return 'not a table of numbers'


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _line_and_column(is_bad: NDArray[np.bool_], first_column: int) -> str:
    """Return line and column of the first bad number."""
    row, column = np.argwhere(is_bad)[0]
    return f'line {row + 2}, {CSV_COLUMNS[first_column + column]}'
