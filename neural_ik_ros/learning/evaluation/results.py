# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The outcome of an evaluation, and its form as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import EvaluationError
from ..data.set_definitions import split_set_name
from .inference_times import InferenceTime
from .metrics import ErrorStatistics, PredictorMetrics, RefinementStatistics

HISTORY_KEY = 'history'  # key of the learning curves in a card's metrics, a list for each quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The results behind the tables and what they were made with; SI units."""

    arm: str
    configuration: Mapping[str, Any]  # of the samples, including their seed
    networks: Mapping[str, Mapping[str, Any]]  # description of each bundle
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    sets: Mapping[str, Mapping[str, PredictorMetrics]]  # by set, then by predictor
    inference_times: Mapping[str, InferenceTime]  # by network

    def to_json(self) -> str:
        """Return the evaluation as the text of ``results.json``."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + '\n'

    @property
    def main_sets(self) -> list[str]:
        """Names of the sets that are no hard case of another, or all names if there are none."""
        return [name for name in self.sets if not split_set_name(name)[1]] or list(self.sets)

    @property
    def histories(self) -> dict[str, Mapping[str, list[float]]]:
        """Learning curves by network, of the networks that have them."""
        found = {name: network[HISTORY_KEY] for name, network in self.networks.items()}
        return {name: curves for name, curves in found.items() if curves}


def read_evaluation(path: Path) -> Evaluation:
    """
    Read a file that ``to_json`` wrote.

    :raises EvaluationError: If it is not the result of an evaluation.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        sets = {
            name: {
                predictor: _predictor_metrics(errors) for predictor, errors in by_predictor.items()
            }
            for name, by_predictor in content['sets'].items()
        }
        times = {
            name: InferenceTime(**values) for name, values in content['inference_times'].items()
        }
        return Evaluation(**content | {'sets': sets, 'inference_times': times})
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        problem = 'no result of an evaluation'
        raise EvaluationError(path, problem, 'run make evaluate') from error


def _predictor_metrics(content: Mapping[str, Any]) -> PredictorMetrics:
    return PredictorMetrics(
        n_samples=content['n_samples'],
        unrefined=ErrorStatistics(**content['unrefined']),
        refined=ErrorStatistics(**content['refined']),
        refinement=RefinementStatistics(**content['refinement']),
    )
