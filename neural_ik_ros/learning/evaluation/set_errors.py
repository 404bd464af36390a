# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The errors of every predictor on one set of samples, measured block by block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import EvaluationError
from ...kinematics import Arm, FloatArray, invert, smallest_singular_value
from ...solver import SeedPredictor
from ..data.dataset import Samples
from ..data.hard_cases import wrist_determinant
from .metrics import (
    PredictorMetrics,
    SampleErrors,
    SampleRefinement,
    concatenate_rows,
    error_statistics,
    first_rows,
    refine_predictions,
    refinement_statistics,
    sample_errors,
)

N_PLOTTED = 20_000  # samples of a set that are kept for plots


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Locations:
    """Location of the samples in the workspace, a row for each."""

    radius: FloatArray  # (n,) [m] of the target from axis 1
    height: FloatArray  # (n,) [m] of the target along axis 1, from the origin of joint 1
    wrist_angle: FloatArray  # (n,) [rad] distance from the wrist singularity, 0 .. pi/2
    singular_value: FloatArray  # (n,) smallest one of the Jacobian in metres and radians


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetErrors:
    """Metrics of each predictor on one set, and the first samples for plots."""

    metrics: dict[str, PredictorMetrics]  # by predictor
    locations: Locations
    unrefined: dict[str, SampleErrors]  # by predictor, the first samples


def measure_set(
    arm: Arm, predictors: Mapping[str, SeedPredictor], blocks: Iterable[Samples]
) -> SetErrors:
    """
    Return the errors of each predictor over all samples.

    :raises EvaluationError: If a prediction is not finite, or there are no samples.
    """
    locations: list[Locations] = []
    unrefined: dict[str, list[SampleErrors]] = {name: [] for name in predictors}
    refined: dict[str, list[tuple[SampleErrors, SampleRefinement]]] = {
        name: [] for name in predictors
    }
    for samples in blocks:
        locations.append(locations_of(arm, samples))
        for name, predictor in predictors.items():
            q = predictor.predict(samples.transform_base_tool, samples.q_current)
            if not np.isfinite(q).all():
                raise EvaluationError(name, 'predictions are not finite', 'train it again')
            unrefined[name].append(sample_errors(arm, samples, q))
            refined[name].append(refine_predictions(arm, samples, q))
    if not locations:
        raise EvaluationError('samples', 'there are none', 'request at least one')
    rows = {name: concatenate_rows(blocks) for name, blocks in unrefined.items()}
    return SetErrors(
        metrics={name: _predictor_metrics(rows[name], refined[name]) for name in predictors},
        locations=first_rows(concatenate_rows(locations), N_PLOTTED),
        unrefined={name: first_rows(all_rows, N_PLOTTED) for name, all_rows in rows.items()},
    )


def locations_of(arm: Arm, samples: Samples) -> Locations:
    """Return the locations of the samples' solutions."""
    tool = (invert(arm.transform_base_joint1) @ samples.transform_base_tool)[:, :3, 3]
    sine = np.abs(wrist_determinant(arm, samples.q))
    return Locations(
        radius=np.hypot(tool[:, 0], tool[:, 1]),
        height=tool[:, 2],
        wrist_angle=np.arcsin(sine.clip(max=1.0)),
        singular_value=smallest_singular_value(arm, samples.q),
    )


def _predictor_metrics(
    unrefined: SampleErrors, refined: list[tuple[SampleErrors, SampleRefinement]]
) -> PredictorMetrics:
    return PredictorMetrics(
        n_samples=len(unrefined.position),
        unrefined=error_statistics(unrefined),
        refined=error_statistics(concatenate_rows([errors for errors, _ in refined])),
        refinement=refinement_statistics(concatenate_rows([outcome for _, outcome in refined])),
    )
