# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The errors of every proposal over one set of samples, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...kinematics import Arm, FloatArray, invert, smallest_singular_value
from ...solver import SeedPredictor
from ..data.dataset import Samples
from ..data.hard_cases import wrist_determinant
from .metrics import (
    ProposalErrors,
    SampleErrors,
    SampleSteps,
    errors_of,
    head,
    joined,
    refined,
    sample_errors,
    steps_of,
)
from .predictors import EvaluationError

N_DRAWN = 20_000  # samples of a set in pictures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where in the workspace the answers are, a row for each sample."""

    radius: FloatArray  # (n,) [m] of the target from axis 1
    height: FloatArray  # (n,) [m] of the target along axis 1, from the origin of joint 1
    wrist_angle: FloatArray  # (n,) [rad] left to the wrist singularity, 0 .. pi/2
    singular_value: FloatArray  # (n,) smallest of the Jacobian, metres and radians alike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetErrors:
    """The figures of each proposal, and the first rows, which pictures are drawn from."""

    errors: dict[str, ProposalErrors]
    places: Places
    rows: dict[str, SampleErrors]  # of the proposals alone


def judge(
    arm: Arm, proposals: Mapping[str, SeedPredictor], blocks: Iterable[Samples]
) -> SetErrors:
    """
    Return the errors of each proposal over all samples.

    :raises EvaluationError: If a proposal is not finite, or there are no samples.
    """
    places: list[Places] = []
    alone: dict[str, list[SampleErrors]] = {name: [] for name in proposals}
    after: dict[str, list[tuple[SampleErrors, SampleSteps]]] = {name: [] for name in proposals}
    for samples in blocks:
        places.append(places_of(arm, samples))
        for name, predictor in proposals.items():
            q = predictor.predict(samples.transform_base_tool, samples.q_current)
            if not np.isfinite(q).all():
                raise EvaluationError(name, 'answers are not finite; train it again')
            alone[name].append(sample_errors(arm, samples, q))
            after[name].append(refined(arm, samples, q))
    if not places:
        raise EvaluationError('samples', 'there are none; ask for at least one')
    rows = {name: joined(blocks) for name, blocks in alone.items()}
    return SetErrors(
        errors={name: _figures(rows[name], after[name]) for name in proposals},
        places=head(joined(places), N_DRAWN),
        rows={name: head(all_rows, N_DRAWN) for name, all_rows in rows.items()},
    )


def places_of(arm: Arm, samples: Samples) -> Places:
    """Return where the answers of samples are."""
    tool = (invert(arm.transform_base_joint1) @ samples.transform_base_tool)[:, :3, 3]
    sine = np.abs(wrist_determinant(arm, samples.q))
    return Places(
        radius=np.hypot(tool[:, 0], tool[:, 1]),
        height=tool[:, 2],
        wrist_angle=np.arcsin(sine.clip(max=1.0)),
        singular_value=smallest_singular_value(arm, samples.q),
    )


def _figures(alone: SampleErrors, after: list[tuple[SampleErrors, SampleSteps]]) -> ProposalErrors:
    return ProposalErrors(
        n_samples=len(alone.position),
        alone=errors_of(alone),
        refined=errors_of(joined([errors for errors, _ in after])),
        newton=steps_of(joined([steps for _, steps in after])),
    )
