# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Who is compared: networks, the current joints, and the current joints after Newton steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import NeuralIkError
from ...kinematics import Arm, Joints, Transform, refine
from ...solver import CurrentJoints, SeedPredictor
from ..bundle.card import MODEL
from ..bundle.engines import LiteRtEngine
from ..bundle.predictor import NetworkSeed
from ..bundle.storage import Bundle, load_bundle, shipped_bundles
from ..network.representatives import facing_starts

ECHO = 'echo'
START = 'start'
NEWTON_STEPS = (1, 2, 4)  # of the baselines that are Newton's alone


class EvaluationError(NeuralIkError):
    """Something cannot be evaluated."""

    def __init__(self, what: object, problem: str) -> None:
        super().__init__(f'{what}: {problem}.')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A network to evaluate, under the name it has in tables."""

    name: str
    bundle: Bundle

    def predictor(self) -> SeedPredictor:
        """Return the served network."""
        return NetworkSeed(LiteRtEngine(self.bundle.files[MODEL]))


class NewtonSteps:
    """A few Newton steps from somewhere: what a network with steps inside must beat."""

    def __init__(self, arm: Arm, base: SeedPredictor, n_steps: int) -> None:
        self.name = f'{base.name} + {n_steps} step{"s" if n_steps > 1 else ""}'
        self._arm, self._base, self._n_steps = arm, base, n_steps

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """Return where the steps end, (..., 6) [rad]."""
        start = self._base.predict(transform_base_tool, q_current)
        return refine(self._arm, start, transform_base_tool, max_iterations=self._n_steps).q


class Echo(CurrentJoints):
    """The current joints, under the name that regression papers use."""

    name = ECHO


class FacingStart:
    """Where the looks of the iterative network start: the posture's joints facing the target."""

    name = START

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def predict(self, transform_base_tool: Transform, q_current: Joints) -> Joints:
        """Return the start in the posture of the current joints, (n, 6) [rad]."""
        return facing_starts(self._arm, transform_base_tool, q_current)


def proposals(arm: Arm, networks: Sequence[Network]) -> dict[str, SeedPredictor]:
    """Return everything that is compared, by the names of the tables."""
    newton = [NewtonSteps(arm, Echo(), n_steps) for n_steps in NEWTON_STEPS]
    newton.append(NewtonSteps(arm, FacingStart(arm), NEWTON_STEPS[-1]))
    return {
        ECHO: Echo(),
        **{predictor.name: predictor for predictor in newton},
        **{network.name: network.predictor() for network in networks},
    }


def load_networks(references: Sequence[str]) -> list[Network]:
    """
    Return the networks with these names or in these folders; without any, all shipped ones.

    A folder's network has the name on its card; the second of a name is called ``name (2)``.

    :raises EvaluationError: If a text is neither the name of a shipped network nor a folder.
    :raises BundleError: If a bundle is not what its card says.
    """
    shipped = shipped_bundles()
    networks: list[Network] = []
    for reference in references or list(shipped):
        folder = shipped.get(reference, Path(reference))
        if not folder.is_dir():
            known = ', '.join(shipped)
            raise EvaluationError(reference, f'neither a folder nor a shipped network ({known})')
        bundle = load_bundle(folder)
        name, number = bundle.card.name, 1
        while name in {network.name for network in networks} | {ECHO}:
            number += 1
            name = f'{bundle.card.name} ({number})'
        networks.append(Network(name=name, bundle=bundle))
    return networks


def common_arm(networks: Sequence[Network]) -> Arm:
    """
    Return the arm that all networks were trained for.

    :raises EvaluationError: If they differ.
    """
    first = networks[0]
    for network in networks:
        if not _is_same(first.bundle.arm, network.bundle.arm):
            raise EvaluationError(
                f'{first.name} and {network.name}', 'made for different arms; name one with --arm'
            )
    return first.bundle.arm


def _is_same(a: Arm, b: Arm) -> bool:
    names = ('rotations', 'translations', 'lower', 'upper')
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)
