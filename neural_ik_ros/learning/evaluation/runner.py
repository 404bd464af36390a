# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From bundles and samples to a folder with figures, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from ...atomic_files import atomic_directory
from ...kinematics import Arm, forward, random_joints
from ...provenance import hardware, versions
from ..bundle.card import MODEL
from ..bundle.engines import LiteRtEngine
from ..bundle.storage import Bundle, load_bundle, shipped_bundles
from ..data.dataset import Samples
from ..data.features import features
from .inference_times import REFERENCE, CallTime, call_times
from .predictors import EvaluationError, Network, proposals
from .results import HISTORY, Evaluation
from .set_errors import SetErrors, judge
from .tables import page

RESULTS = 'results.json'
LIBRARIES = ('numpy', 'numba', 'ai-edge-litert')
N_TIMED = 256  # different questions

Draw: TypeAlias = Callable[[Evaluation, Mapping[str, SetErrors], Path], object]


def evaluate(
    arm: Arm,
    networks: Sequence[Network],
    sources: Mapping[str, Iterable[Samples]],
    configuration: Mapping[str, Any],
) -> tuple[Evaluation, dict[str, SetErrors]]:
    """
    Return the figures of all proposals over all sets, and what pictures are drawn from.

    :param sources: Samples by the name of their set.
    :param configuration: What the samples were made from.
    :raises EvaluationError: If a network answers what is not finite, or a set is empty.
    """
    compared = proposals(arm, networks)
    with tqdm(sources.items(), unit=' sets', disable=None) as progress:
        judged = {name: judge(arm, compared, samples) for name, samples in progress}
    return Evaluation(
        arm=arm.name,
        configuration=configuration,
        networks={network.name: _description(network.bundle) for network in networks},
        versions=versions(LIBRARIES),
        hardware=hardware(),
        sets={name: one.errors for name, one in judged.items()},
        call_times=_call_times(arm, networks),
    ), judged


def write_report(
    folder: Path,
    evaluation: Evaluation,
    judged: Mapping[str, SetErrors],
    draw: Draw | None,
) -> list[Path]:
    """
    Return the files written to a new folder, all of them or none.

    :param draw: Writes the pictures; none for no pictures.
    :raises EvaluationError: If the folder cannot be written.
    """
    try:
        with atomic_directory(folder) as staged:
            staged.mkdir(mode=0o755)
            (staged / RESULTS).write_text(evaluation.to_json(), encoding='utf-8')
            (staged / 'table.md').write_text(page(evaluation), encoding='utf-8')
            if draw is not None:
                draw(evaluation, judged, staged)
    except OSError as error:
        problem = f'not written ({error.strerror}); free space or choose another --output'
        raise EvaluationError(folder, problem) from error
    return sorted(folder.iterdir())


def require_new(folder: Path) -> None:
    """
    Refuse a folder that is there.

    :raises EvaluationError: If it is.
    """
    if folder.exists():
        raise EvaluationError(folder, 'exists; choose another --output')


def _description(bundle: Bundle) -> dict[str, Any]:
    card = bundle.card
    return {
        'card': card.name,
        'model': asdict(card.files[MODEL]),
        'versions': card.versions,
        'configuration': card.configuration,
        'history': card.metrics.get(HISTORY, {}),
    }


def _call_times(arm: Arm, networks: Sequence[Network]) -> dict[str, CallTime]:
    """Return the times of the networks, next to the described architecture if it is shipped."""
    bundles = {network.name: network.bundle for network in networks}
    if REFERENCE not in bundles and REFERENCE in shipped_bundles():
        bundles[REFERENCE] = load_bundle(shipped_bundles()[REFERENCE])
    engines = {name: LiteRtEngine(bundle.files[MODEL]) for name, bundle in bundles.items()}
    q = random_joints(arm, np.random.default_rng(0), N_TIMED)
    return call_times(engines, features(forward(arm, q), q).astype(np.float32))
