# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The geometry of a measured arm: base and tool, then zero offsets, then all frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kinematics import Arm, FloatArray
from ..data.measurements import Measurements
from .model import N_FRAMES, Linearised, Setup, linearise, moved_arm, moved_setup
from .start import first_setup

FRAME_PRIOR = 2e-3  # [m], [rad] standard deviation expected of a frame, before any measurement
SETUP_PRIOR = 10.0  # [m], [rad] of base and tool: as good as unknown
SOCKET_SD = 5e-5  # [m] of the known distance between two sockets
MAX_ITERATIONS = 30
STEP_TOL = 1e-7  # [m], [rad]
ROBUST_SCALE = 2.5  # standard deviations from which a row counts less
OUTLIER_DISTANCE = 8.0  # standard deviations
LENGTH = 1.0  # [m] one radian of a measured pose weighs as this length, before its noise is known
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noise:
    """Standard deviation of what a row measures, as the residuals of a model show it."""

    position: float  # [m] along one axis
    rotation: float  # [rad] about one axis

    def scales(self, n_columns: int) -> FloatArray:
        """Return the standard deviations (m,) of the columns of residuals."""
        return np.array([self.position] * 3 + [self.rotation] * (n_columns - 3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeometryFit:
    """An arm and a set-up that fit measurements."""

    arm: Arm
    setup: Setup
    noise: Noise


def estimate_noise(residuals: FloatArray) -> Noise:
    """Return robust standard deviations of residuals (n, 3) or (n, 6)."""
    position = MAD_TO_SD * float(np.median(np.abs(residuals[:, :3])))
    rotation = position / LENGTH
    if residuals.shape[1] == 6:
        rotation = MAD_TO_SD * float(np.median(np.abs(residuals[:, 3:])))
    return Noise(position=max(position, 1e-9), rotation=max(rotation, 1e-9))


def robust_weights(residuals: FloatArray, noise: Noise) -> FloatArray:
    """Return weights (n,) of rows by soft-L1 loss; 1 for a row that fits."""
    scaled = residuals / noise.scales(residuals.shape[1])
    distance = np.sqrt((scaled**2).mean(axis=1))
    weights: FloatArray = 1.0 / np.sqrt(1.0 + (distance / ROBUST_SCALE) ** 2)
    return weights


def outlier_rows(residuals: FloatArray) -> NDArray[np.int64]:
    """Return the rows of residuals (n, m) that do not fit."""
    scaled = residuals / estimate_noise(residuals).scales(residuals.shape[1])
    return np.flatnonzero(np.abs(scaled).max(axis=1) > OUTLIER_DISTANCE)


def fit_setup(arm: Arm, measured: Measurements) -> GeometryFit:
    """Fit base and tool alone, the arm as it is: what is left is the error of the arm."""
    return fit_parameters(arm, first_setup(arm, measured), measured, frame_columns=())


def fit_geometry(arm: Arm, measured: Measurements, start: GeometryFit) -> GeometryFit:
    """Fit zero offsets, then all frames; minimum norm where the data say nothing."""
    offsets = tuple(range(5, 6 * N_FRAMES, 6))
    zeroed = fit_parameters(arm, start.setup, measured, frame_columns=offsets)
    every = tuple(range(6 * N_FRAMES))
    return fit_parameters(zeroed.arm, zeroed.setup, measured, frame_columns=every, nominal=arm)


def fit_parameters(
    arm: Arm,
    setup: Setup,
    measured: Measurements,
    *,
    frame_columns: tuple[int, ...],
    nominal: Arm | None = None,
) -> GeometryFit:
    """
    Return the fit by damped Gauss-Newton with a robust loss.

    :param frame_columns: Which of the 36 twists of the joints' frames are fitted.
    :param nominal: The arm that the fitted frames are drawn to, default ``arm``.
    """
    columns, total = np.array(frame_columns, int), np.zeros(6 * N_FRAMES)
    if nominal is not None:
        total[5::6] = _zero_offsets(nominal, arm)
    noise = Noise(position=1.0, rotation=1.0 / LENGTH)
    for _ in range(MAX_ITERATIONS):
        model = linearise(arm, setup, measured)
        noise = estimate_noise(model.residuals)
        matrix, right = normal_equations(model, noise, columns, socket_rows(setup, measured))
        n_setup = model.setup.shape[2]
        right[n_setup:] -= total[columns] / FRAME_PRIOR**2
        step = np.linalg.solve(matrix, right).astype(np.float64)
        setup = moved_setup(setup, step[:n_setup])
        move = np.zeros(6 * N_FRAMES)
        move[columns] = step[n_setup:]
        arm, total = moved_arm(arm, move), total + move
        if np.abs(step).max() < STEP_TOL:
            break
    return GeometryFit(arm=arm, setup=setup, noise=noise)


def normal_equations(
    model: Linearised,
    noise: Noise,
    columns: NDArray[np.int64],
    sockets: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return the damped normal matrix and right side of set-up and some twists of the frames."""
    weights = np.sqrt(robust_weights(model.residuals, noise))[:, None]
    weights = weights / noise.scales(model.residuals.shape[1])
    jacobian = np.concatenate([model.setup, model.frames[:, :, columns]], axis=2)
    jacobian = (jacobian * weights[:, :, None]).reshape(-1, jacobian.shape[2])
    matrix = jacobian.T @ jacobian
    right = jacobian.T @ (model.residuals * weights).ravel()
    n_setup = model.setup.shape[2]
    priors = np.full(len(matrix), SETUP_PRIOR)
    priors[n_setup:] = FRAME_PRIOR
    matrix += np.diag(priors**-2.0)
    rows, missing = sockets
    k = rows.shape[1]
    matrix[:k, :k] += rows.T @ rows / SOCKET_SD**2
    right[:k] += rows.T @ missing / SOCKET_SD**2
    return matrix, right


def socket_rows(setup: Setup, measured: Measurements) -> tuple[FloatArray, FloatArray]:
    """Return derivatives (k, 3 n) of the distances of sockets, and what they lack (k,) [m]."""
    if setup.sockets is None:
        return np.empty((0, 0)), np.empty(0)
    offsets = setup.sockets[1::2] - setup.sockets[::2]
    lengths = np.linalg.norm(offsets, axis=1)
    rows = np.zeros((len(offsets), setup.sockets.size))
    for k, direction in enumerate(offsets / lengths[:, None]):
        rows[k, 6 * k : 6 * k + 3], rows[k, 6 * k + 3 : 6 * k + 6] = -direction, direction
    return rows, measured.socket_distance - lengths


def _zero_offsets(nominal: Arm, arm: Arm) -> FloatArray:
    """Return by how much (6,) [rad] the joints' frames are turned about their axes."""
    turned = nominal.rotations[:N_FRAMES].swapaxes(1, 2) @ arm.rotations[:N_FRAMES]
    return np.arctan2(turned[:, 1, 0], turned[:, 0, 0])
