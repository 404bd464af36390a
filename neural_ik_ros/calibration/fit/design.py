# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
All parameters of the richest model in one linear problem, around a fitted geometry.

The geometry is fitted before; what is left is some tenths of a millimetre, for which the linear
problem is exact to a nanometre or two. Simpler models are the same problem with fewer columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kinematics import N_JOINTS, Arm, FloatArray, is_within_limits
from ..data.measurements import Measurements
from .geometry_fit import FRAME_PRIOR, SETUP_PRIOR, SOCKET_SD, GeometryFit, socket_rows
from .model import N_FRAMES, frame_twists, linearise
from .series import basis

SETUP, OFFSETS, FRAMES = 'base and tool', 'zero offsets', 'frames'
SAG, MAPS, HISTORY = 'gravity', 'joint maps', 'last move'
SAG_PRIOR = 3e-4  # [rad/m] standard deviation expected of a joint's turn by a weight on a lever
HISTORY_PRIOR = 2e-4  # [rad] of half the backlash of a joint
PAIRS = tuple((j, k) for j in range(N_JOINTS) for k in range(j + 1, N_JOINTS + 1))
N_ANCHORS = 800  # joint vectors all over the joint space
MAX_ANCHOR_RANGE = np.pi  # [rad] joints that turn farther are drawn from one turn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Which columns belong to which part of the model."""

    parts: dict[str, NDArray[np.int64]]  # in order; OFFSETS are some of FRAMES
    n_harmonics: int  # the largest number for which there are columns
    n_columns: int

    def columns(self, parts: Sequence[str], n_harmonics: int = 0) -> NDArray[np.int64]:
        """Return the columns of some parts; of the maps those up to a number of harmonics."""
        chosen = [self.parts[part] for part in parts if part != MAPS]
        if MAPS in parts:
            maps = self.parts[MAPS].reshape(N_JOINTS, 2, self.n_harmonics)
            chosen.append(maps[:, :, :n_harmonics].ravel())
        return np.unique(np.concatenate(chosen))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """The linear problem: residuals = jacobian @ parameters + noise, one block a row."""

    jacobian: FloatArray  # (n, m, p)
    residuals: FloatArray  # (n, m) [m], [rad] of the fitted geometry
    absent: FloatArray  # (p,) parameters of what a model leaves out: its frames are the nominal
    scales: FloatArray  # (m,) noise of the columns of residuals
    layout: Layout
    covered: NDArray[np.bool_]  # (6, N_BINS)
    fit: GeometryFit
    gravity: FloatArray  # (3,) its direction in the base
    anchor: FloatArray  # (p, p) mean square of what the parameters do anywhere, in noise units
    constraints: FloatArray  # (p, p) what is known exactly, such as a distance between sockets

    def columns(self, measured: Measurements) -> tuple[FloatArray, FloatArray]:
        """Return jacobian (k m, p) and residuals (k m,) of other rows, in units of the noise."""
        n = self.layout.n_harmonics
        jacobian, residuals = _columns(self.fit, measured, self.gravity, self.covered, n)
        jacobian /= self.scales[:, None]
        return jacobian.reshape(-1, self.layout.n_columns), (residuals / self.scales).ravel()

    def rows(self, chosen: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Return jacobian (k m, p) and residuals (k m,) of some rows, in units of the noise."""
        jacobian = (self.jacobian[chosen] / self.scales[:, None]).reshape(
            -1, self.layout.n_columns
        )
        return jacobian, (self.residuals[chosen] / self.scales).ravel()

    def priors(self, map_sd: float) -> FloatArray:
        """Return the precision (p,) of each parameter before any measurement."""
        sds = np.full(self.layout.n_columns, map_sd)
        known = {
            SETUP: SETUP_PRIOR, FRAMES: FRAME_PRIOR, SAG: SAG_PRIOR, HISTORY: HISTORY_PRIOR,
        }  # fmt: skip
        for part, sd in known.items():
            sds[self.layout.parts[part]] = sd
        return sds**-2.0


def make_design(
    nominal: Arm,
    fit: GeometryFit,
    measured: Measurements,
    *,
    covered: NDArray[np.bool_],
    gravity: FloatArray,
    n_harmonics: int,
) -> Design:
    """
    Return the linear problem around a fitted geometry.

    :param covered: Which bins (6, N_BINS) of the joints' angles were measured.
    :param gravity: Direction (3,) of gravity in the arm's base, a unit vector.
    """
    jacobian, residuals = _columns(fit, measured, gravity, covered, n_harmonics)
    scales = fit.noise.scales(residuals.shape[1])
    layout = _layout(jacobian.shape[2], n_harmonics)
    anchors = anchor_measurements(fit.arm, measured)
    elsewhere, _ = _columns(fit, anchors, gravity, covered, n_harmonics)
    if measured.sockets is not None:
        elsewhere[:, :, : fit.setup.sockets.size] = 0.0  # type: ignore[union-attr]
    flat = (elsewhere / scales[:, None]).reshape(-1, layout.n_columns)
    rows, _ = socket_rows(fit.setup, measured)
    constraints = np.zeros((layout.n_columns, layout.n_columns))
    constraints[: rows.shape[1], : rows.shape[1]] = rows.T @ rows / SOCKET_SD**2
    absent = np.zeros(layout.n_columns)
    absent[layout.parts[FRAMES]] = -frame_twists(nominal, fit.arm).ravel()
    return Design(
        jacobian=jacobian,
        residuals=residuals,
        absent=absent,
        fit=fit,
        gravity=gravity,
        scales=scales,
        layout=layout,
        covered=covered,
        anchor=flat.T @ flat / len(anchors),
        constraints=constraints,
    )


def _layout(n_columns: int, n_harmonics: int) -> Layout:
    sizes = {
        FRAMES: 6 * N_FRAMES,
        SAG: len(PAIRS),
        HISTORY: N_JOINTS,
        MAPS: 2 * N_JOINTS * n_harmonics,
    }
    start = n_columns - sum(sizes.values())
    parts = {SETUP: np.arange(start)}
    for part, size in sizes.items():
        parts[part] = np.arange(start, start + size)
        start += size
    parts[OFFSETS] = parts[FRAMES][5::6]
    return Layout(parts=parts, n_harmonics=n_harmonics, n_columns=n_columns)


def _columns(
    fit: GeometryFit,
    measured: Measurements,
    gravity: FloatArray,
    covered: NDArray[np.bool_],
    n_harmonics: int,
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives (n, m, p) in the order of ``_layout``, and residuals (n, m)."""
    model = linearise(fit.arm, fit.setup, measured)
    moments = model.levers @ gravity  # (n, 6, 7)
    sag = [model.joints[:, :, j] * moments[:, j, k, None] for j, k in PAIRS]
    moves = np.zeros_like(measured.q) if measured.moves is None else measured.moves
    maps = [
        model.joints[:, :, j, None] * basis(covered[j], measured.q[:, j], n_harmonics)[:, None, :]
        for j in range(N_JOINTS)
    ]
    jacobian = np.concatenate(
        [model.setup, model.frames, np.stack(sag, axis=2), model.joints * moves[:, None], *maps],
        axis=2,
    )
    return jacobian, model.residuals


def anchor_measurements(arm: Arm, measured: Measurements) -> Measurements:
    """Return joint vectors all over the joint space, as measurements of the same kind."""
    rng = np.random.default_rng(0)
    lower, upper = (
        np.maximum(arm.lower, -MAX_ANCHOR_RANGE),
        np.minimum(arm.upper, MAX_ANCHOR_RANGE),
    )
    q = rng.uniform(lower, upper, (4 * N_ANCHORS, N_JOINTS))
    q = q[is_within_limits(arm, q)][:N_ANCHORS]
    n = len(q)
    return Measurements(
        q=q,
        positions=np.zeros((n, 3)),
        rotations=None if measured.kind != 'poses' else np.tile(np.eye(3), (n, 1, 1)),
        sockets=None if measured.sockets is None else np.zeros(n, np.int64),
        sessions=np.arange(n) % (int(measured.session_of_row.max()) + 1),
    )
