# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What measurements can tell of the geometry: rank, condition, uncertainty, what is confounded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...kinematics import Arm, FloatArray
from ..data.measurements import Measurements
from .design import anchor_measurements
from .geometry_fit import (
    FRAME_PRIOR,
    GeometryFit,
    normal_equations,
    socket_rows,
)
from .model import N_FRAMES, TWIST, linearise

RANK_TOL = 1e-10  # of the largest singular value
SOCKET_REDUNDANCY = 18  # parameters that no sockets tell: joint 1, and two of each later frame
MAX_CONDITION_RATIO = 100.0  # of the condition of poses from everywhere
MIN_CORRELATION = 0.5
NAMED = 6  # parameters in a message


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observability:
    """What the data can tell, beside what poses from everywhere could."""

    rank: int
    possible_rank: int
    n_parameters: int
    condition: float  # of the part that can be told, 1 m weighted as 1 rad
    possible_condition: float
    names: tuple[str, ...]  # (36,) of the frames' parameters
    sds: FloatArray  # (36,) [m], [rad] standard deviations
    told: FloatArray  # (36,) 1: by the data alone; 0: nothing is known but what was expected
    correlations: tuple[tuple[str, str, float], ...]  # above MIN_CORRELATION, largest first


def parameter_names(arm: Arm) -> tuple[str, ...]:
    """Return the names of the 36 parameters of an arm's frames."""
    return tuple(f'{joint} {part}' for joint in arm.joint_names[:N_FRAMES] for part in TWIST)


def observe(fit: GeometryFit, measured: Measurements) -> Observability:
    """Return what the measurements tell of the geometry around a fit."""
    singular = _singular(fit, measured)
    # Sockets are compared with points: joint vectors from everywhere meet in no socket.
    plain, points = fit, measured
    if measured.sockets is not None:
        plain = replace(fit, setup=replace(fit.setup, sockets=None))
        points = replace(measured, sockets=None, positions=np.zeros((len(measured), 3)))
    possible = _singular(plain, anchor_measurements(fit.arm, points))
    possible_rank, rank = _rank(possible), _rank(singular)
    if measured.sockets is not None:
        # Turning sockets and arm together would change nothing if they were met exactly.
        possible_rank = len(singular) - SOCKET_REDUNDANCY
        rank = min(rank, possible_rank)
    names, n_frames = parameter_names(fit.arm), 6 * N_FRAMES
    covariance = _covariance(fit, measured)[-n_frames:, -n_frames:]
    sds = np.sqrt(np.diag(covariance))
    return Observability(
        rank=rank,
        possible_rank=possible_rank,
        n_parameters=len(singular),
        condition=float(singular[0] / singular[rank - 1]),
        possible_condition=float(possible[0] / possible[_rank(possible) - 1]),
        names=names,
        sds=sds,
        told=1.0 - (sds / FRAME_PRIOR) ** 2,
        correlations=_correlations(covariance / np.outer(sds, sds), names),
    )


def require_observable(found: Observability, measured: Measurements) -> None:
    """
    Refuse data that cannot tell what such measurements can tell.

    :raises DataError: If rank is missing, or the poses are too much alike.
    """
    remedy = 'measure more different poses, neural_ik plan-measurement proposes some'
    if found.rank < found.possible_rank:
        weak = [found.names[i] for i in np.argsort(found.told)[:NAMED]]
        problem = (
            f'rank {found.rank} of {found.possible_rank}: the poses cannot tell, among others, '
            f'{", ".join(weak)}'
        )
        raise DataError(measured.source, problem, remedy)
    if found.condition > MAX_CONDITION_RATIO * found.possible_condition:
        problem = (
            f'the poses are too much alike: condition {found.condition:.0f}, poses from '
            f'everywhere have {found.possible_condition:.0f}'
        )
        raise DataError(measured.source, problem, remedy)


def _singular(fit: GeometryFit, measured: Measurements) -> FloatArray:
    """Return the singular values of the derivatives by set-up and frames, largest first."""
    model = linearise(fit.arm, fit.setup, measured)
    frames = model.frames.copy()
    if measured.sockets is not None:
        frames[:, :, :6] = 0.0  # moving joint 1 and all sockets together changes nothing
    jacobian = np.concatenate([model.setup, frames], axis=2)
    flat = jacobian.reshape(-1, jacobian.shape[2]) / np.sqrt(len(measured))
    rows, _ = socket_rows(fit.setup, measured)
    known = np.zeros((len(rows), flat.shape[1]))
    known[:, : rows.shape[1]] = rows
    if len(flat) + len(known) < flat.shape[1]:
        flat = np.vstack([flat, np.zeros((flat.shape[1], flat.shape[1]))])
    reduced = np.linalg.qr(np.vstack([flat, known]), mode='r')
    return np.linalg.svd(reduced, compute_uv=False).astype(np.float64)


def _rank(singular: FloatArray) -> int:
    return int((singular > RANK_TOL * singular[0]).sum())


def _covariance(fit: GeometryFit, measured: Measurements) -> FloatArray:
    """Return the covariance of set-up and frames, with what was expected of them before."""
    model = linearise(fit.arm, fit.setup, measured)
    every = np.arange(6 * N_FRAMES)
    matrix, _ = normal_equations(model, fit.noise, every, socket_rows(fit.setup, measured))
    return np.linalg.inv(matrix).astype(np.float64)


def _correlations(
    correlation: FloatArray, names: tuple[str, ...]
) -> tuple[tuple[str, str, float], ...]:
    """Return the pairs of parameters that are correlated, by name, largest first."""
    first, second = np.triu_indices(len(names), 1)
    values = correlation[first, second]
    order: NDArray[np.int64] = np.argsort(-np.abs(values))
    return tuple(
        (names[first[i]], names[second[i]], float(values[i]))
        for i in order
        if abs(values[i]) > MIN_CORRELATION
    )
