# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The full check of a bundle: its bytes, and that its forms of the network agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bundle import Bundle, load_bundle
from .card import MODEL, NETWORK, SCALER, BundleError
from .config import LearningConfig
from .dataset import Part, draw
from .engines import LiteRtEngine

LITERT_TOLERANCE = 1e-5  # [rad] for 99.9 % of LiteRT's answers against those of Keras
# Where the network is steep it amplifies float32 rounding; there both are equally far (measured:
# 1.2e-5) from the same network in float64.
LITERT_TOLERANCE_STEEP = 1e-4  # [rad] for the rest
SCALER_TOLERANCE = 1e-9  # of a standard deviation; both files hold all digits
N_PROBES = 2000


class BundleMismatchError(BundleError):
    """Two files of a bundle are each intact but do not belong together."""

    def __init__(self, path: Path, first: str, second: str, difference: float) -> None:
        self.difference = difference
        super().__init__(
            path, f'{first} and {second} differ by {difference:.2g}; make it with neural_ik train'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check that passed, or was skipped because a library is not installed."""

    name: str
    detail: str
    is_skipped: bool = False


def verify_bundle(path: Path | None = None) -> list[Check]:
    """
    Return what was checked in a bundle, or in the shipped one.

    :raises BundleError: If a file is not the one on the card, or two files disagree.
    """
    bundle = load_bundle(path)
    size = sum(map(len, bundle.files.values())) / 1e6
    detail = f'{len(bundle.files)} files, {size:.1f} MB, sizes and SHA-256 as on the card'
    return [Check(name='files', detail=detail), *verify_networks(bundle)]


def verify_networks(bundle: Bundle) -> list[Check]:
    """
    Return the checks that LiteRT, Keras and the scaler agree, as far as libraries are installed.

    :raises BundleMismatchError: If they do not.
    """
    checks = []
    for name, check in (('litert = keras', _check_litert), ('scaler = graph', _check_scaler)):
        try:
            checks.append(Check(name=name, detail=check(bundle)))
        except ImportError as error:
            reason = f'{error.name} is not installed'
            checks.append(Check(name=name, detail=reason, is_skipped=True))
    return checks


def _check_litert(bundle: Bundle) -> str:
    from .artifact import evaluate_network, network_from_bytes

    config = LearningConfig.from_mapping(bundle.card.configuration)
    rng = np.random.default_rng([config.data.seed, Part.TEST])
    probes = draw(bundle.arm, config.data, rng, N_PROBES).features
    expected = evaluate_network(network_from_bytes(bundle.files[NETWORK]), probes)
    answers = LiteRtEngine(bundle.files[MODEL]).run(probes.astype(np.float32))
    differences = np.abs(answers - expected)
    typical, largest = float(np.percentile(differences, 99.9)), float(np.max(differences))
    if not (typical <= LITERT_TOLERANCE and largest <= LITERT_TOLERANCE_STEEP):  # refuses NaN
        raise BundleMismatchError(bundle.folder, MODEL, NETWORK, largest)
    return f'99.9 % within {typical:.1e} rad, largest difference {largest:.1e} rad'


def _check_scaler(bundle: Bundle) -> str:
    from .artifact import network_from_bytes, standardisation
    from .scaling import figures, scaler_from_bytes

    fitted = figures(scaler_from_bytes(bundle.files[SCALER]))
    in_graph = standardisation(network_from_bytes(bundle.files[NETWORK]))
    difference = float(np.max(np.abs(in_graph - fitted) / fitted[1]))
    if not difference <= SCALER_TOLERANCE:
        raise BundleMismatchError(bundle.folder, SCALER, NETWORK, difference)
    return f'largest difference {difference:.1e} standard deviations'
