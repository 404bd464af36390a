# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How accurate an arm is at measured poses; terms of ISO 9283 where they repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...kinematics import Arm, FloatArray
from ..data.measurements import Measurements
from .geometry_fit import fit_setup
from .model import pose_residuals

SAME_JOINTS = 1e-4  # [rad] the same command, as far as a controller prints it
RP_DEVIATIONS = 3.0  # ISO 9283: mean distance and three standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Errors over poses; those of rotation are NaN where none was measured."""

    n: int
    mean: float  # [m]
    p95: float
    max: float
    mean_rotation: float  # [rad]
    p95_rotation: float
    max_rotation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """Poses that were commanded more than once, in the terms of ISO 9283."""

    n_poses: int
    n_rows: int
    pose_accuracy: float  # [m] AP: from the predicted pose to the mean of the measured, mean
    pose_repeatability: float  # [m] RP: mean distance from that mean and 3 deviations
    median_spread: float  # [m] of a measured pose from the mean of its repeats


def accuracy_of(residuals: FloatArray) -> Accuracy:
    """Return the errors that residuals (n, 3) or (n, 6) are."""
    positions = np.linalg.norm(residuals[:, :3], axis=1)
    rotations = np.full(len(residuals), np.nan)
    if residuals.shape[1] == 6:
        rotations = np.linalg.norm(residuals[:, 3:], axis=1)
    return Accuracy(
        n=len(residuals),
        mean=float(positions.mean()),
        p95=float(np.percentile(positions, 95)),
        max=float(positions.max()),
        mean_rotation=float(rotations.mean()),
        p95_rotation=float(np.percentile(rotations, 95)),
        max_rotation=float(rotations.max()),
    )


def residuals_elsewhere(arm: Arm, measured: Measurements) -> FloatArray:
    """Return residuals of an arm at poses it was not fitted to: only base and tool are fitted."""
    fit = fit_setup(arm, measured)
    return pose_residuals(fit.arm, fit.setup, measured)


def repeatability(measured: Measurements, residuals: FloatArray) -> Repeatability | None:
    """Return how well repeated commands repeat, ``None`` where none is repeated."""
    if measured.positions is None:
        return None
    keys = np.round(np.column_stack([measured.session_of_row, measured.q / SAME_JOINTS]))
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    accuracies, distances = [], []
    for repeated in np.flatnonzero(counts > 1):
        rows = residuals[group.ravel() == repeated, :3]
        mean = rows.mean(axis=0)
        accuracies.append(float(np.linalg.norm(mean)))
        distances.append(np.linalg.norm(rows - mean, axis=1))
    if not distances:
        return None
    every = np.concatenate(distances)
    return Repeatability(
        n_poses=len(distances),
        n_rows=len(every),
        pose_accuracy=float(np.mean(accuracies)),
        pose_repeatability=float(every.mean() + RP_DEVIATIONS * every.std()),
        median_spread=float(np.median(every)),
    )
