# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The predictors that are compared: networks and baselines without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import EvaluationError
from ...kinematics import Arm, Joints, Transform, refine
from ...solver import CurrentJoints, SeedPredictor
from ..bundle.card import MODEL
from ..bundle.engines import LiteRtEngine
from ..bundle.network_seed import NetworkSeed
from ..bundle.storage import Bundle, load_bundle, shipped_bundles
from ..network.representatives import facing_starts

HOLD_CURRENT = 'hold_current'
AIMED_PROTOTYPE = 'aimed_prototype'
ITERATION_COUNTS = (1, 2, 4)  # of Levenberg-Marquardt, in baselines without a network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedNetwork:
    """A network to evaluate, under the name it has in tables."""

    name: str
    bundle: Bundle

    def predictor(self) -> SeedPredictor:
        """Return the network as a predictor, run by LiteRT as in serving."""
        return NetworkSeed(LiteRtEngine(self.bundle.files[MODEL]))


class LmIterations:
    """A few Levenberg-Marquardt iterations from another predictor's output."""

    def __init__(self, arm: Arm, base: SeedPredictor, n_iterations: int) -> None:
        self.name = f'{base.name} + {n_iterations} iteration{"s" if n_iterations > 1 else ""}'
        self._arm, self._base, self._n_iterations = arm, base, n_iterations

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """Return the joints after the iterations, (..., 6) [rad]."""
        q_seed = self._base.predict(transform_base_tool, q_current)
        return refine(self._arm, q_seed, transform_base_tool, max_iterations=self._n_iterations).q


class HoldCurrent(CurrentJoints):
    """Persistence baseline: predicts the current joints."""

    name = HOLD_CURRENT


class AimedPrototype:
    """Baseline: the prototype of the current posture, joint 1 turned towards the target."""

    name = AIMED_PROTOTYPE

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """Return the prototype in the posture of the current joints, (n, 6) [rad]."""
        return facing_starts(self._arm, transform_base_tool, q_current)


def compared_predictors(arm: Arm, networks: Sequence[NamedNetwork]) -> dict[str, SeedPredictor]:
    """Return baselines and networks by their names in tables."""
    iterated = [LmIterations(arm, HoldCurrent(), n) for n in ITERATION_COUNTS]
    iterated.append(LmIterations(arm, AimedPrototype(arm), ITERATION_COUNTS[-1]))
    return {
        HOLD_CURRENT: HoldCurrent(),
        **{predictor.name: predictor for predictor in iterated},
        **{network.name: network.predictor() for network in networks},
    }


def load_networks(references: Sequence[str]) -> list[NamedNetwork]:
    """
    Return the networks with these names or in these folders; all shipped ones by default.

    A network takes its name from its card; the second of a name is called ``name (2)``.

    :raises EvaluationError: If a text is neither the name of a shipped network nor a folder.
    :raises BundleError: If a bundle is not what its card says.
    """
    shipped = shipped_bundles()
    networks: list[NamedNetwork] = []
    for reference in references or list(shipped):
        folder = shipped.get(reference, Path(reference))
        if not folder.is_dir():
            known = ', '.join(shipped)
            problem = 'neither a folder nor a shipped network'
            raise EvaluationError(reference, problem, f'shipped are {known}')
        bundle = load_bundle(folder)
        name, number = bundle.card.name, 1
        while name in {network.name for network in networks} | {HOLD_CURRENT}:
            number += 1
            name = f'{bundle.card.name} ({number})'
        networks.append(NamedNetwork(name=name, bundle=bundle))
    return networks


def common_arm(networks: Sequence[NamedNetwork]) -> Arm:
    """
    Return the arm that all networks were trained for.

    :raises EvaluationError: If they differ.
    """
    first = networks[0]
    for network in networks:
        if not _has_same_geometry(first.bundle.arm, network.bundle.arm):
            names = f'{first.name} and {network.name}'
            raise EvaluationError(names, 'made for different arms', 'name one with --arm')
    return first.bundle.arm


def _has_same_geometry(a: Arm, b: Arm) -> bool:
    names = ('rotations', 'translations', 'lower', 'upper')
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)
