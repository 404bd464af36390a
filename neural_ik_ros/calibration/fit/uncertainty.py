# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How accurate an identified arm is, for every pose: from held-out errors and the covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...kinematics import (
    N_ANGLES,
    N_JOINTS,
    N_TWISTS,
    TAU,
    Arm,
    FloatArray,
    Uncertainty,
    invert,
    tool_covariance,
)
from ..data.measurements import Measurements
from .design import FRAMES, MAPS, SETUP, Design
from .geometry_fit import outlier_rows
from .model import Setup
from .normal import Choice, Normal, precision
from .series import basis

MIN_UNEXPLAINED = 0.25  # of the held-out variance, if the covariance explains more than the rest
MIDDLES = (np.arange(N_ANGLES, dtype=np.float64) + 0.5) * (TAU / N_ANGLES)  # [rad]


def identified_uncertainty(
    arm: Arm,
    setup: Setup,
    design: Design,
    normal: Normal,
    choice: Choice,
    *,
    held_out: FloatArray,
    measured: Measurements,
) -> Uncertainty | None:
    """
    Return the uncertainty of an identified arm; None for sockets, which place the arm nowhere.

    The covariance of the parameters, and beside it what they cannot explain of the errors of
    held-out rows: most of it, on real arms.

    :param held_out: Residuals (n, 3) or (n, 6) [m], [rad] of rows that were held out.
    :param measured: These rows.
    """
    if measured.sockets is not None:
        return None
    inliers = np.delete(np.arange(len(held_out)), outlier_rows(held_out))
    squares = held_out[inliers] ** 2
    unit = np.sqrt((squares / design.scales**2).mean())  # of the noise that was assumed
    matrix = precision(design, normal, choice)
    columns = design.layout.columns(choice.parts, choice.n_harmonics)
    known = Uncertainty(
        factor=unit * _factor(design, matrix, columns, len(setup.base)),
        map_sds=unit * _map_sds(design, matrix, columns, choice.n_harmonics),
        residual=np.zeros(2),
        covered=design.covered,
    ).with_tool(invert(setup.tool[0]))
    explained = tool_covariance(arm, known, measured.q[inliers])
    explained = np.diagonal(explained, axis1=1, axis2=2).mean(axis=0)
    residual = np.full(2, np.nan)
    for k in range(squares.shape[1] // 3):
        total = squares[:, 3 * k : 3 * k + 3].mean()
        left = total - explained[3 * k : 3 * k + 3].mean()
        residual[k] = np.sqrt(max(left, MIN_UNEXPLAINED * total))
    return Uncertainty(
        factor=_triangular(known.factor),
        map_sds=known.map_sds,
        residual=residual,
        covered=known.covered,
    )


def _factor(
    design: Design, matrix: FloatArray, columns: NDArray[np.int64], n_sessions: int
) -> FloatArray:
    """
    Return the factor (N_TWISTS, N_TWISTS) of the covariance of set-up and frames.

    For known maps and gravity terms; base and tool are those of the first session.
    """
    parts = design.layout.parts
    chosen = np.isin(columns, np.concatenate([parts[SETUP], parts[FRAMES]]))
    covariance = np.linalg.inv(matrix[np.ix_(chosen, chosen)])
    factor = np.zeros((N_TWISTS, chosen.sum()))
    n_setup = len(parts[SETUP]) // n_sessions
    rows = np.full(design.layout.n_columns, -1)
    rows[parts[SETUP][:6]] = np.arange(6)
    rows[parts[SETUP][6:n_setup]] = N_TWISTS - 6 + np.arange(n_setup - 6)
    rows[parts[FRAMES]] = 6 + np.arange(6 * N_JOINTS)
    rows = rows[columns[chosen]]
    factor[rows[rows >= 0]] = np.linalg.cholesky(covariance)[rows >= 0]
    if factor.shape[1] < N_TWISTS:
        factor = np.hstack([factor, np.zeros((N_TWISTS, N_TWISTS - factor.shape[1]))])
    return _triangular(factor)


def _triangular(factor: FloatArray) -> FloatArray:
    """Return the lower triangular factor of the same covariance."""
    triangle: FloatArray = np.asarray(np.linalg.qr(factor.T, mode='r')).T
    return triangle


def _map_sds(
    design: Design, matrix: FloatArray, columns: NDArray[np.int64], n_harmonics: int
) -> FloatArray:
    """Return the standard deviations (6, N_ANGLES) [rad] of the maps, for known frames."""
    chosen = np.isin(columns, design.layout.parts[MAPS])
    if not chosen.any():
        return np.zeros((N_JOINTS, N_ANGLES))
    covariance = np.linalg.inv(matrix[np.ix_(chosen, chosen)])
    n = 2 * n_harmonics
    sds = np.empty((N_JOINTS, N_ANGLES))
    for j in range(N_JOINTS):
        series = basis(design.covered[j], MIDDLES, n_harmonics)
        block = covariance[j * n : (j + 1) * n, j * n : (j + 1) * n]
        sds[j] = np.sqrt(((series @ block) * series).sum(axis=1))
    return sds
