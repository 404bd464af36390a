# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs an evaluation and writes its folder: results, tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from ...atomic_files import atomic_directory
from ...errors import EvaluationError
from ...kinematics import Arm, forward, random_joints
from ...provenance import hardware, versions
from ..bundle.card import MODEL
from ..bundle.engines import LiteRtEngine
from ..bundle.storage import Bundle, load_bundle, shipped_bundles
from ..data.dataset import Samples
from ..data.features import features
from .inference_times import REFERENCE, InferenceTime, inference_times
from .predictors import NamedNetwork, compared_predictors
from .results import HISTORY_KEY, Evaluation
from .set_errors import SetErrors, measure_set
from .tables import tables_page

RESULTS_FILE = 'results.json'
LIBRARIES = ('numpy', 'numba', 'ai-edge-litert')
N_TIMED = 256  # different rows

DrawPlots: TypeAlias = Callable[[Evaluation, Mapping[str, SetErrors], Path], object]


def evaluate(
    arm: Arm,
    networks: Sequence[NamedNetwork],
    sources: Mapping[str, Iterable[Samples]],
    configuration: Mapping[str, Any],
) -> tuple[Evaluation, dict[str, SetErrors]]:
    """
    Evaluate all predictors on all sets; return the results and the errors for plots.

    :param sources: Samples by the name of their set.
    :param configuration: What made the samples.
    :raises EvaluationError: If a prediction is not finite, or a set is empty.
    """
    compared = compared_predictors(arm, networks)
    with tqdm(sources.items(), unit=' sets', disable=None) as progress:
        set_errors = {name: measure_set(arm, compared, samples) for name, samples in progress}
    return Evaluation(
        arm=arm.name,
        configuration=configuration,
        networks={network.name: _description(network.bundle) for network in networks},
        versions=versions(LIBRARIES),
        hardware=hardware(),
        sets={name: one.metrics for name, one in set_errors.items()},
        inference_times=_inference_times(arm, networks),
    ), set_errors


def write_report(
    folder: Path,
    evaluation: Evaluation,
    set_errors: Mapping[str, SetErrors],
    draw: DrawPlots | None,
) -> list[Path]:
    """
    Write results, tables and plots to a new folder, all or none, and return their paths.

    :param draw: Draws the plots; None for no plots.
    :raises EvaluationError: If the folder cannot be written.
    """
    try:
        with atomic_directory(folder) as staged:
            staged.mkdir(mode=0o755)
            (staged / RESULTS_FILE).write_text(evaluation.to_json(), encoding='utf-8')
            (staged / 'table.md').write_text(tables_page(evaluation), encoding='utf-8')
            if draw is not None:
                draw(evaluation, set_errors, staged)
    except OSError as error:
        problem = f'not written ({error.strerror})'
        remedy = 'free space or choose another --output'
        raise EvaluationError(folder, problem, remedy) from error
    return sorted(folder.iterdir())


def require_new_folder(folder: Path) -> None:
    """
    Refuse an output folder that exists.

    :raises EvaluationError: If it exists.
    """
    if folder.exists():
        raise EvaluationError(folder, 'exists', 'choose another --output')


def _description(bundle: Bundle) -> dict[str, Any]:
    card = bundle.card
    return {
        'card': card.name,
        'model': asdict(card.files[MODEL]),
        'versions': card.versions,
        'configuration': card.configuration,
        'history': card.metrics.get(HISTORY_KEY, {}),
    }


def _inference_times(arm: Arm, networks: Sequence[NamedNetwork]) -> dict[str, InferenceTime]:
    """Return the times of the networks, and of the reference network if it is shipped."""
    bundles = {network.name: network.bundle for network in networks}
    if REFERENCE not in bundles and REFERENCE in shipped_bundles():
        bundles[REFERENCE] = load_bundle(shipped_bundles()[REFERENCE])
    engines = {name: LiteRtEngine(bundle.files[MODEL]) for name, bundle in bundles.items()}
    q = random_joints(arm, np.random.default_rng(0), N_TIMED)
    return inference_times(engines, features(forward(arm, q), q).astype(np.float32))
