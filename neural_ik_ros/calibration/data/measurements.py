# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measured arms: joint angles, and what was measured of the tool at each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...kinematics import N_JOINTS, FloatArray, Joints

MIN_ROWS = 20
MIN_MOTION = 0.02  # [rad] a joint that moves less has not been moved
DUPLICATE_TOL = 1e-9  # [rad], [m]
MAX_RADIANS = 13.0  # two turns and a little: larger angles are degrees
MAX_METRES = 50.0  # larger positions are millimetres
NAMED_ROWS = 8  # in a message
PER_ROW = (
    *('q', 'positions', 'rotations', 'sockets', 'sessions', 'moves', 'lines', 'orientation'),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurements:
    """
    Rows of joint angles with a measured pose, a measured point, or a socket of unknown place.

    Poses and points are given in the frame of the sensor. Rows of one socket put the tool's point
    at one unknown place; sockets 2 k and 2 k + 1 are a known distance apart.
    """

    q: Joints  # (n, 6) [rad] commanded
    positions: FloatArray | None = None  # (n, 3) [m]
    rotations: FloatArray | None = None  # (n, 3, 3)
    sockets: NDArray[np.int64] | None = None  # (n,) index of the socket
    socket_distance: float = 0.0  # [m]
    sessions: NDArray[np.int64] | None = None  # (n,) each has its own place of sensor and body
    moves: FloatArray | None = None  # (n, 6) signs of the moves that led to the rows
    lines: NDArray[np.int64] | None = None  # (n,) of the source, for messages
    orientation: FloatArray | None = None  # (n, 3) [rad] or (n, 4) as written in the source
    convention: str = ''  # in which it was read
    source: str = 'measurements'

    def __len__(self) -> int:
        return len(self.q)

    @property
    def kind(self) -> str:
        """``poses``, ``points`` or ``sockets``."""
        if self.sockets is not None:
            return 'sockets'
        return 'points' if self.rotations is None else 'poses'

    @property
    def session_of_row(self) -> NDArray[np.int64]:
        """The session (n,) of each row, counted from 0."""
        return np.zeros(len(self.q), np.int64) if self.sessions is None else self.sessions

    def with_moves(self) -> Measurements:
        """Return the rows with the signs of the moves between them, as they follow in time."""
        return replace(self, moves=np.sign(np.diff(self.q, axis=0, prepend=self.q[:1])))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Measurements:
        """Return some of the rows, in their order."""
        chosen: dict[str, Any] = {
            name: None if (array := getattr(self, name)) is None else array[rows]
            for name in PER_ROW
        }
        return replace(self, **chosen)

    def names(self, rows: Sequence[int] | NDArray[np.int64]) -> str:
        """Return the names of some rows for a message, at most a few."""
        numbers = list(rows) if self.lines is None else self.lines[list(rows)].tolist()
        text = ', '.join(str(number) for number in numbers[:NAMED_ROWS])
        more = len(numbers) - NAMED_ROWS
        return f'rows {text}' + (f' and {more} more' if more > 0 else '')


def joined(parts: Sequence[Measurements]) -> Measurements:
    """
    Return the rows of several sessions with one arm, each with its own set-up of the sensor.

    :raises DataError: If they are of different kinds, or of sockets.
    """
    if len(parts) == 1:
        return parts[0]
    names = ' and '.join(part.source for part in parts)
    if {part.kind for part in parts} not in ({'poses'}, {'points'}):
        raise DataError(names, 'not all poses or all points', 'calibrate from one kind at a time')
    arrays: dict[str, Any] = {}
    for name in ('q', 'positions', 'rotations'):
        found = [array for part in parts if (array := getattr(part, name)) is not None]
        arrays[name] = np.concatenate(found) if found else None
    sessions = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return Measurements(**arrays, sessions=sessions, source=names)


def require_usable(measured: Measurements) -> None:
    """
    Check what can be seen without a model of the arm.

    :raises DataError: On too few rows, numbers that are missing or implausible, rows given twice,
        and joints that never move.
    """
    name, n = measured.source, len(measured)
    if n < MIN_ROWS:
        raise DataError(name, f'{n} rows', f'measure at least {MIN_ROWS}, better 300')
    _require_finite(measured)
    large = np.abs(measured.q) > MAX_RADIANS
    if large.any():
        rows = measured.names(np.flatnonzero(large.any(axis=1)))
        remedy = 'give the unit of the joints as deg'
        raise DataError(name, f'{rows}: joint angles above {MAX_RADIANS} rad are degrees', remedy)
    if measured.positions is not None and np.abs(measured.positions).max() > MAX_METRES:
        problem = f'positions above {MAX_METRES} m are millimetres'
        raise DataError(name, problem, 'give the unit of the position as mm')
    moved = np.ptp(measured.q, axis=0)
    still = [str(j + 1) for j in range(N_JOINTS) if moved[j] < MIN_MOTION]
    if still:
        problem = f'joint {", ".join(still)} never moves (less than {MIN_MOTION} rad)'
        raise DataError(name, problem, 'measure poses in which every joint moves')
    _require_different(measured)


def _require_finite(measured: Measurements) -> None:
    arrays = (measured.q, measured.positions, measured.rotations)
    is_finite = np.ones(len(measured), bool)
    for array in arrays:
        if array is not None:
            is_finite &= np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    if not is_finite.all():
        rows = measured.names(np.flatnonzero(~is_finite))
        raise DataError(measured.source, f'{rows}: not a number', 'remove or mend these rows')


def _require_different(measured: Measurements) -> None:
    """Refuse rows copied as they are; the same joints measured again are repeats, and welcome."""
    if measured.positions is None:
        return
    rounded = np.round(np.hstack([measured.q, measured.positions]) / DUPLICATE_TOL)
    _, first, counts = np.unique(rounded, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        rows = measured.names(np.setdiff1d(np.arange(len(measured)), first))
        problem = f'{rows}: the same joints with the same measurement as a row before'
        raise DataError(measured.source, problem, 'remove the copies')
