# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of predicted joint angles and of their refinement: per sample, and their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...kinematics import (
    Arm,
    FloatArray,
    Joints,
    angular_distance,
    forward,
    is_same_posture,
    nearest_turn,
    pose_error,
    posture,
    refine,
)
from ..data.dataset import Samples

REFINEMENT_TOLERANCE = 1e-6  # [m], [rad] that count as converged
MAX_ITERATIONS = 30
SAME_SOLUTION = (
    0.01  # [rad] for each joint; near a singularity 1e-6 m leave this much undetermined
)

Rows = TypeVar('Rows')  # a dataclass of arrays with a row for each sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleErrors:
    """Errors of joint angles against the solutions, a row for each sample."""

    joint: FloatArray  # (n, 6) [rad] true angular distance
    scaled: FloatArray  # (n, 6) difference divided by the joint's range, whole turns included
    position: FloatArray  # (n,) [m] at the tool
    rotation: FloatArray  # (n,) [rad] at the tool
    # (n,) divided by the commanded motion, from the current tool pose to the target
    relative_position_error: FloatArray
    relative_rotation_error: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleRefinement:
    """Outcome of refining joint angles, a row for each sample."""

    has_converged: NDArray[np.bool_]  # (n,) within REFINEMENT_TOLERANCE of the target
    is_posture_kept: NDArray[np.bool_]  # (n,) converged in the posture of the current joints
    is_same_solution: NDArray[
        np.bool_
    ]  # (n,) converged to the solution of the sample, in any turn
    iterations: FloatArray  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStatistics:
    """Statistics of ``SampleErrors``; lists have one number for each joint."""

    joint_mse: float  # [rad^2] of the true angular distance
    joint_rmse: float  # [rad]
    joint_mean: list[float]  # (6,) [rad]
    joint_p95: list[float]  # (6,) [rad]
    scaled_rmse: float  # as in the inspiring project: differences divided by joint ranges
    position_median: float  # [m]
    position_p95: float  # [m]
    position_max: float  # [m]
    rotation_median: float  # [rad]
    rotation_p95: float  # [rad]
    rotation_max: float  # [rad]
    relative_position_error: float | None  # median; None if it is infinite: where most samples
    relative_rotation_error: float | None  # command no motion, any error is


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinementStatistics:
    """Statistics of ``SampleRefinement``; the first three are fractions of all samples."""

    converged: float
    posture_kept: float
    same_solution: float
    mean_iterations: float | None  # of the samples that converge; None if none does
    p95_iterations: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorMetrics:
    """Metrics of one predictor on one set of samples, before and after refinement."""

    n_samples: int
    unrefined: ErrorStatistics
    refined: ErrorStatistics  # over all samples, converged or not
    refinement: RefinementStatistics


def sample_errors(arm: Arm, samples: Samples, q: Joints) -> SampleErrors:
    """
    Measure joint angles against the samples by forward kinematics.

    :param q: Shape (n, 6) [rad], one row for each sample.
    """
    target = samples.transform_base_tool
    position, rotation = pose_error(forward(arm, q), target)
    motion, turn = pose_error(forward(arm, samples.q_current), target)
    return SampleErrors(
        joint=angular_distance(q, samples.q),
        scaled=np.abs(q - samples.q) / np.ptp(arm.first_turn, axis=0),
        position=position,
        rotation=rotation,
        relative_position_error=_ratio(position, motion),
        relative_rotation_error=_ratio(rotation, turn),
    )


def refine_predictions(
    arm: Arm, samples: Samples, q_seed: Joints
) -> tuple[SampleErrors, SampleRefinement]:
    """
    Refine predictions by Levenberg-Marquardt; return their errors and the outcome.

    :param q_seed: Shape (n, 6) [rad], one prediction for each sample.
    """
    result = refine(
        arm,
        q_seed,
        samples.transform_base_tool,
        position_tolerance=REFINEMENT_TOLERANCE,
        rotation_tolerance=REFINEMENT_TOLERANCE,
        max_iterations=MAX_ITERATIONS,
    )
    # Refinement lets joints turn freely; the solver unwinds them afterwards.
    errors = sample_errors(arm, samples, nearest_turn(result.q, samples.q))
    error = np.maximum(result.position_error, result.rotation_error)
    has_converged = error <= REFINEMENT_TOLERANCE
    is_kept = is_same_posture(posture(arm, result.q), posture(arm, samples.q_current))
    return errors, SampleRefinement(
        has_converged=has_converged,
        is_posture_kept=has_converged & is_kept,
        is_same_solution=has_converged & (errors.joint <= SAME_SOLUTION).all(axis=-1),
        iterations=result.iterations,
    )


def concatenate_rows(blocks: Sequence[Rows]) -> Rows:
    """Concatenate blocks of rows."""
    return type(blocks[0])(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(blocks[0])  # type: ignore[arg-type]
        }
    )


def first_rows(rows: Rows, n: int) -> Rows:
    """Return copies of the first n rows, so that the others can be freed."""
    names = [field.name for field in fields(rows)]  # type: ignore[arg-type]
    return type(rows)(**{name: getattr(rows, name)[:n].copy() for name in names})


def error_statistics(rows: SampleErrors) -> ErrorStatistics:
    """Return the statistics of errors over all samples."""
    joint_mse = float(np.mean(rows.joint**2))
    return ErrorStatistics(
        joint_mse=joint_mse,
        joint_rmse=joint_mse**0.5,
        joint_mean=np.mean(rows.joint, axis=0).tolist(),
        joint_p95=np.percentile(rows.joint, 95, axis=0).tolist(),
        scaled_rmse=float(np.mean(rows.scaled**2)) ** 0.5,
        position_median=float(np.median(rows.position)),
        position_p95=float(np.percentile(rows.position, 95)),
        position_max=float(np.max(rows.position)),
        rotation_median=float(np.median(rows.rotation)),
        rotation_p95=float(np.percentile(rows.rotation, 95)),
        rotation_max=float(np.max(rows.rotation)),
        relative_position_error=_none_if_infinite(np.median(rows.relative_position_error)),
        relative_rotation_error=_none_if_infinite(np.median(rows.relative_rotation_error)),
    )


def refinement_statistics(rows: SampleRefinement) -> RefinementStatistics:
    """Return the statistics of refinement over all samples."""
    iterations = rows.iterations[rows.has_converged]
    return RefinementStatistics(
        converged=float(rows.has_converged.mean()),
        posture_kept=float(rows.is_posture_kept.mean()),
        same_solution=float(rows.is_same_solution.mean()),
        mean_iterations=float(iterations.mean()) if len(iterations) else None,
        p95_iterations=float(np.percentile(iterations, 95)) if len(iterations) else None,
    )


def card_metrics(metrics: PredictorMetrics) -> dict[str, int | float | None]:
    """Return the metrics that are stored on the card of a bundle."""
    errors, refinement = metrics.unrefined, metrics.refinement
    return {
        'n_samples': metrics.n_samples,
        'joint_rmse': errors.joint_rmse,
        'position_median': errors.position_median,
        'position_p95': errors.position_p95,
        'rotation_median': errors.rotation_median,
        'rotation_p95': errors.rotation_p95,
        'converged': refinement.converged,
        'posture_kept': refinement.posture_kept,
        'mean_iterations': refinement.mean_iterations,
    }


def _ratio(error: FloatArray, motion: FloatArray) -> FloatArray:
    """Return error / motion; without motion any error is infinite."""
    without_motion = np.where(error > 0.0, np.inf, 0.0)
    return np.divide(error, motion, out=without_motion, where=motion > 0.0)


def _none_if_infinite(value: np.floating) -> float | None:
    return float(value) if np.isfinite(value) else None
