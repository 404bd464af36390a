# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The outcome of an evaluation, and its form as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..data.set_definitions import split_name
from .inference_times import CallTime
from .metrics import Errors, ProposalErrors, Steps
from .predictors import EvaluationError

HISTORY = 'history'  # where a card's metrics keep the learning curves, a list for each quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything a table says and what it was made with; SI units throughout."""

    arm: str
    configuration: Mapping[str, Any]  # of the samples, with their seed
    networks: Mapping[str, Mapping[str, Any]]  # what each bundle is
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    sets: Mapping[str, Mapping[str, ProposalErrors]]  # by set, then by proposal
    call_times: Mapping[str, CallTime]  # by network

    def to_json(self) -> str:
        """Return the content of ``results.json``."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + '\n'

    @property
    def main_sets(self) -> list[str]:
        """Return the sets that are no slice of another, or all if there is no such set."""
        return [name for name in self.sets if not split_name(name)[1]] or list(self.sets)

    @property
    def histories(self) -> dict[str, Mapping[str, list[float]]]:
        """Return the learning curves of the networks that have them."""
        found = {name: network[HISTORY] for name, network in self.networks.items()}
        return {name: curves for name, curves in found.items() if curves}


def read_evaluation(path: Path) -> Evaluation:
    """
    Return what ``to_json`` wrote to a file.

    :raises EvaluationError: If it is not the result of an evaluation.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        sets = {
            name: {who: _proposal_errors(errors) for who, errors in by_proposal.items()}
            for name, by_proposal in content['sets'].items()
        }
        times = {name: CallTime(**values) for name, values in content['call_times'].items()}
        return Evaluation(**content | {'sets': sets, 'call_times': times})
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EvaluationError(path, 'no result of an evaluation; run make evaluate') from error


def _proposal_errors(content: Mapping[str, Any]) -> ProposalErrors:
    return ProposalErrors(
        n_samples=content['n_samples'],
        alone=Errors(**content['alone']),
        refined=Errors(**content['refined']),
        newton=Steps(**content['newton']),
    )
