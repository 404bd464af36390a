# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of joint angles against known answers: sample by sample, and their figures."""

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
    Transform,
    angular_distance,
    forward,
    is_same_posture,
    nearest_turn,
    posture,
    refine,
    rotation_angle,
)
from ..data.dataset import Samples

REFINED = 1e-6  # [m], [rad] that count as reached
MAX_STEPS = 30
SAME_ANSWER = 0.01  # [rad] for each joint; beside a singularity 1e-6 m leave this much open

Rows = TypeVar('Rows')  # a dataclass of arrays with a row for each sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleErrors:
    """How far joint angles are from the answers, a row for each sample."""

    joint: FloatArray  # (n, 6) [rad] true angular distance
    scaled: FloatArray  # (n, 6) difference over the joint's range, no turn taken off
    position: FloatArray  # (n,) [m] at the tool
    rotation: FloatArray  # (n,) [rad] at the tool
    position_of_motion: FloatArray  # (n,) over the way from the current joints' tool to the target
    rotation_of_motion: FloatArray  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleSteps:
    """What Newton makes of joint angles, a row for each sample."""

    is_reached: NDArray[np.bool_]  # (n,) within REFINED of the target
    is_posture_kept: NDArray[np.bool_]  # (n,) reached in the posture of the current joints
    is_answer: NDArray[np.bool_]  # (n,) reached at the answer itself, in whatever turn
    steps: FloatArray  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Figures of ``SampleErrors``; lists have one number a joint."""

    joint_mse: float  # [rad^2] of the true angular distance
    joint_rmse: float  # [rad]
    joint_mean: list[float]  # (6,) [rad]
    joint_p95: list[float]  # (6,) [rad]
    scaled_rmse: float  # the unit of the original: differences over the joint ranges
    position_median: float  # [m]
    position_p95: float  # [m]
    position_max: float  # [m]
    rotation_median: float  # [rad]
    rotation_p95: float  # [rad]
    rotation_max: float  # [rad]
    position_of_motion: float | None  # median of the error over the way asked for; none if
    rotation_of_motion: float | None  # most samples ask for no way at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Figures of ``SampleSteps``; all but the steps are shares of all samples."""

    reached: float
    posture_kept: float
    answer_found: float
    mean: float | None  # Newton steps of those that reach; none if none does
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalErrors:
    """How good proposals are over the samples of one set, alone and after Newton."""

    n_samples: int
    alone: Errors
    refined: Errors  # of all samples, those that are not reached too
    newton: Steps


def sample_errors(arm: Arm, samples: Samples, q: Joints) -> SampleErrors:
    """
    Return the errors of joint angles, judged by forward kinematics.

    :param q: Shape (n, 6) [rad], one row for each sample.
    """
    target = samples.transform_base_tool
    position, rotation = _tool_distance(forward(arm, q), target)
    way, turn = _tool_distance(forward(arm, samples.q_current), target)
    return SampleErrors(
        joint=angular_distance(q, samples.q),
        scaled=np.abs(q - samples.q) / (arm.upper - arm.lower),
        position=position,
        rotation=rotation,
        position_of_motion=_ratio(position, way),
        rotation_of_motion=_ratio(rotation, turn),
    )


def refined(arm: Arm, samples: Samples, q_seed: Joints) -> tuple[SampleErrors, SampleSteps]:
    """
    Return the errors of what Newton makes of proposals, and how it got there.

    :param q_seed: Shape (n, 6) [rad], one proposal for each sample.
    """
    newton = refine(
        arm,
        q_seed,
        samples.transform_base_tool,
        position_tolerance=REFINED,
        rotation_tolerance=REFINED,
        max_iterations=MAX_STEPS,
    )
    # Newton lets joints turn freely; the solver unwinds them afterwards.
    errors = sample_errors(arm, samples, nearest_turn(newton.q, samples.q))
    is_reached = (newton.position_error <= REFINED) & (newton.rotation_error <= REFINED)
    is_kept = is_same_posture(posture(arm, newton.q), posture(arm, samples.q_current))
    return errors, SampleSteps(
        is_reached=is_reached,
        is_posture_kept=is_reached & is_kept,
        is_answer=is_reached & (errors.joint <= SAME_ANSWER).all(axis=-1),
        steps=newton.iterations,
    )


def joined(blocks: Sequence[Rows]) -> Rows:
    """Return the rows of all blocks as one."""
    return type(blocks[0])(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(blocks[0])  # type: ignore[arg-type]
        }
    )


def head(rows: Rows, n: int) -> Rows:
    """Return copies of the first rows, so that the others can be forgotten."""
    names = [field.name for field in fields(rows)]  # type: ignore[arg-type]
    return type(rows)(**{name: getattr(rows, name)[:n].copy() for name in names})


def errors_of(rows: SampleErrors) -> Errors:
    """Return the figures of the errors of all samples."""
    joint_mse = float(np.mean(rows.joint**2))
    return Errors(
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
        position_of_motion=_finite(np.median(rows.position_of_motion)),
        rotation_of_motion=_finite(np.median(rows.rotation_of_motion)),
    )


def steps_of(rows: SampleSteps) -> Steps:
    """Return the figures of the steps of all samples."""
    steps = rows.steps[rows.is_reached]
    return Steps(
        reached=float(rows.is_reached.mean()),
        posture_kept=float(rows.is_posture_kept.mean()),
        answer_found=float(rows.is_answer.mean()),
        mean=float(steps.mean()) if len(steps) else None,
        p95=float(np.percentile(steps, 95)) if len(steps) else None,
    )


def card_figures(errors: ProposalErrors) -> dict[str, int | float | None]:
    """Return the few figures that the card of a bundle keeps."""
    alone, newton = errors.alone, errors.newton
    return {
        'n_samples': errors.n_samples,
        'joint_rmse': alone.joint_rmse,
        'position_median': alone.position_median,
        'position_p95': alone.position_p95,
        'rotation_median': alone.rotation_median,
        'rotation_p95': alone.rotation_p95,
        'refined': newton.reached,
        'posture_kept': newton.posture_kept,
        'newton_steps': newton.mean,
    }


def _tool_distance(reached: Transform, target: Transform) -> tuple[FloatArray, FloatArray]:
    """Return the distances [m] and angles [rad] between poses (n, 4, 4)."""
    position: FloatArray = np.linalg.norm(reached[:, :3, 3] - target[:, :3, 3], axis=-1)
    return position, rotation_angle(reached[:, :3, :3].swapaxes(-1, -2) @ target[:, :3, :3])


def _ratio(error: FloatArray, way: FloatArray) -> FloatArray:
    """Return error over way; no way allows no error."""
    no_way = np.where(error > 0.0, np.inf, 0.0)
    return np.divide(error, way, out=no_way, where=way > 0.0)


def _finite(value: np.floating) -> float | None:
    return float(value) if np.isfinite(value) else None
