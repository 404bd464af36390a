# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint maps as Fourier series inside the measured angles of a joint, and zero elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...kinematics import N_ANGLES, N_JOINTS, N_NODES, TAU, FloatArray, angle_index

N_BINS = N_ANGLES  # of a turn, 3 degrees each
REACH, MIN_ROWS, WIDER_REACH = 1, 2, 3  # bins: a row that near covers one, if not alone there
TAPER = TAU / N_BINS  # [rad] over which a map fades outside the covered angles


def covered_bins(q: FloatArray) -> NDArray[np.bool_]:
    """Return which bins (6, N_BINS) of the joints' angles are covered by rows (n, 6) [rad]."""
    covered = np.empty((N_JOINTS, N_BINS), bool)
    for j in range(N_JOINTS):
        counts = np.bincount(angle_index(q[:, j]), minlength=N_BINS)
        near = _sum_around(counts, REACH)
        covered[j] = (near > 0) & (_sum_around(counts, WIDER_REACH) >= MIN_ROWS)
    return covered


def _sum_around(counts: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Return the sums of counts over each bin and as many neighbours on both sides."""
    total = np.zeros_like(counts)
    for shift in range(-reach, reach + 1):
        total += np.roll(counts, shift)
    return total


def weights(covered: NDArray[np.bool_], angles: FloatArray) -> FloatArray:
    """
    Return the weight of a joint's map: 1 in covered bins, fading to 0 over the next one.

    :param covered: Shape (N_BINS,).
    :param angles: Shape (n,) [rad].
    """
    position = np.mod(angles, TAU) * (N_BINS / TAU)
    bins = angle_index(angles)
    inside = position - bins
    after_covered = np.where(covered[bins - 1], 1.0 - inside, 0.0)
    before_covered = np.where(covered[(bins + 1) % N_BINS], inside, 0.0)
    near = np.clip(np.maximum(after_covered, before_covered), 0.0, 1.0)
    smooth = near**3 * (10.0 + near * (6.0 * near - 15.0))
    # Between two covered bins the sum of both sides keeps the middle from being a kink.
    faded: FloatArray = np.where(covered[bins], 1.0, smooth)
    return faded


def basis(covered: NDArray[np.bool_], angles: FloatArray, n_harmonics: int) -> FloatArray:
    """Return the series of one joint at angles (n,), (n, 2 n_harmonics): cosines, then sines."""
    turns = angles[:, None] * np.arange(1, n_harmonics + 1)
    series = np.concatenate([np.cos(turns), np.sin(turns)], axis=1)
    return series * weights(covered, angles)[:, None]


def map_values(covered: NDArray[np.bool_], coefficients: FloatArray) -> FloatArray:
    """
    Return maps (6, N_NODES) [rad] of coefficients (6, 2 n_harmonics).

    :param covered: Shape (6, N_BINS).
    """
    nodes = np.arange(N_NODES, dtype=np.float64) * (TAU / N_NODES)
    n_harmonics = coefficients.shape[1] // 2
    values = [basis(covered[j], nodes, n_harmonics) @ coefficients[j] for j in range(N_JOINTS)]
    return np.array(values)


def intervals(covered: NDArray[np.bool_]) -> list[list[float]]:
    """Return the covered angles of one joint as intervals [deg] within 0 .. 360."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], covered, [False]]).astype(int)))
    degrees = edges * (360.0 / N_BINS)
    return [[float(low), float(high)] for low, high in degrees.reshape(-1, 2)]


def bins_of_intervals(ranges: list[list[float]]) -> NDArray[np.bool_]:
    """Return the bins (N_BINS,) whose middle lies in one of the intervals [deg]."""
    middles = (np.arange(N_BINS) + 0.5) * (360.0 / N_BINS)
    is_inside = [(middles >= low) & (middles <= high) for low, high in ranges]
    return np.any(is_inside, axis=0) if is_inside else np.zeros(N_BINS, bool)
