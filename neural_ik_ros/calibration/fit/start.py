# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""First values of base and tool: where the sensor stands and what it sees, from nothing."""

from __future__ import annotations

import numpy as np

from ...kinematics import N_JOINTS, Arm, FloatArray, Transform
from ..data.measurements import Measurements
from .model import Setup, chain_frames

MAX_ROWS = 400  # enough for a start
POINT_ITERATIONS = 50
TOOL_GUESSES = 0.2 * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])  # [m] in the tool frame


def first_setup(arm: Arm, measured: Measurements) -> Setup:
    """Return base and tool that fit a nominal arm to its measurements, not refined."""
    if measured.sockets is not None:
        return _from_sockets(arm, measured)
    session = measured.session_of_row
    setups = [
        _of_session(arm, measured.take(np.flatnonzero(session == k)))
        for k in range(int(session.max()) + 1)
    ]
    return Setup(
        base=np.stack([setup[0] for setup in setups]),
        tool=np.stack([setup[1] for setup in setups]),
    )


def _of_session(arm: Arm, measured: Measurements) -> Transform:
    """Return base and tool (2, 4, 4) of the rows of one session."""
    part = measured.take(np.arange(len(measured))[:: len(measured) // MAX_ROWS + 1])
    flanges = chain_frames(arm, part.q)[:, N_JOINTS]
    assert part.positions is not None  # noqa: S101 - the other kinds have positions
    if part.rotations is None:
        return _from_points(flanges, part.positions)
    return _from_poses(flanges, part.positions, part.rotations)


def _from_poses(flanges: Transform, positions: FloatArray, rotations: FloatArray) -> Transform:
    """Solve ``pose = base flange tool``: first the rotations, then the linear positions."""
    turns = flanges[:, :3, :3]
    eye = np.eye(3)
    # measured tool^T = base flange, with the columns of tool^T and base as 18 unknowns
    blocks = [
        np.hstack([np.kron(eye, measured), -np.kron(turn.T, eye)])
        for measured, turn in zip(rotations, turns, strict=True)
    ]
    unknown = np.linalg.svd(np.concatenate(blocks), full_matrices=False)[2][-1]
    tool, base = (part.reshape(3, 3, order='F') for part in (unknown[:9], unknown[9:]))
    if np.linalg.det(base) < 0.0:
        tool, base = -tool, -base
    setup = np.tile(np.eye(4), (2, 1, 1))
    setup[0, :3, :3], setup[1, :3, :3] = nearest_rotation(base), nearest_rotation(tool).T
    setup[0, :3, 3], setup[1, :3, 3] = _offsets(setup[0, :3, :3], flanges, positions)
    return setup


def _offsets(
    base: FloatArray, flanges: Transform, positions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the origins (3,) of base and tool that fit positions, for a rotation of the base."""
    turned = base @ flanges[:, :3, :3]
    columns = np.concatenate([np.broadcast_to(np.eye(3), turned.shape), turned], axis=2)
    right = positions - flanges[:, :3, 3] @ base.T
    solution = np.linalg.lstsq(columns.reshape(-1, 6), right.ravel(), rcond=None)[0]
    return solution[:3], solution[3:]


def _from_points(flanges: Transform, positions: FloatArray) -> Transform:
    """Alternate between the rotation of the base and the offsets, from several guesses."""
    best, least = np.tile(np.eye(4), (2, 1, 1)), np.inf
    for guess in TOOL_GUESSES:
        tool = guess.copy()
        for _ in range(POINT_ITERATIONS):
            points = flanges[:, :3, 3] + flanges[:, :3, :3] @ tool
            spread = (positions - positions.mean(axis=0)).T @ (points - points.mean(axis=0))
            rotation = nearest_rotation(spread)
            origin, tool = _offsets(rotation, flanges, positions)
        points = flanges[:, :3, 3] + flanges[:, :3, :3] @ tool
        error = float(((positions - origin - points @ rotation.T) ** 2).sum())
        if error < least:
            setup = np.tile(np.eye(4), (2, 1, 1))
            setup[0, :3, :3], setup[0, :3, 3], setup[1, :3, 3] = rotation, origin, tool
            best, least = setup, error
    return best


def _from_sockets(arm: Arm, measured: Measurements) -> Setup:
    """Solve for the point in the tool frame and the sockets in the base, which is linear."""
    assert measured.sockets is not None  # noqa: S101
    flanges = chain_frames(arm, measured.q)[:, N_JOINTS]
    n, n_sockets = len(flanges), int(measured.sockets.max()) + 1
    columns = np.zeros((n, 3, 3 + 3 * n_sockets))
    columns[:, :, :3] = flanges[:, :3, :3]
    for axis in range(3):
        columns[np.arange(n), axis, 3 + 3 * measured.sockets + axis] = -1.0
    right = -flanges[:, :3, 3].ravel()
    solution = np.linalg.lstsq(columns.reshape(3 * n, -1), right, rcond=None)[0]
    tool = np.eye(4)
    tool[:3, 3] = solution[:3]
    return Setup(
        base=np.eye(4)[None],
        tool=tool[None],
        sockets=solution[3:].reshape(-1, 3).astype(np.float64),
    )


def nearest_rotation(matrix: FloatArray) -> FloatArray:
    """Return the rotation (3, 3) nearest to a matrix (Kabsch)."""
    u, _, vt = np.linalg.svd(matrix)
    rotation: FloatArray = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    return rotation
