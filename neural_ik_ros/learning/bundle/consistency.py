# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The full check of a bundle: file hashes, and agreement of LiteRT, Keras, scaler and arm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import BundleError
from ...kinematics import angular_distance
from ..data.dataset import Part, draw_samples
from ..training.config import LearningConfig
from .card import ARM, MODEL, NETWORK, SCALER
from .engines import LiteRtEngine
from .storage import Bundle, load_bundle

LITERT_TOLERANCE = 1e-5  # [rad] between the outputs of LiteRT and Keras
# Near a singularity the network amplifies float32 rounding by more than that; by how much is
# measured by changing the last bit of its input.
MAX_ROUNDING_STEPS = 4.0  # such changes that count as equal outputs
PERCENTILES = (50.0, 99.0, 99.9)
SCALER_TOLERANCE = 1e-9  # [standard deviations]; both files hold all digits
N_PROBES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCheck:
    """A check that passed, or was skipped because a library is not installed."""

    name: str
    detail: str
    is_skipped: bool = False


def verify_bundle(path: Path | None = None) -> list[BundleCheck]:
    """
    Check a bundle, or the shipped one, and return the checks made.

    :raises BundleError: If a file is not the one on the card, or two files do not belong together.
    """
    bundle = load_bundle(path)
    size = sum(map(len, bundle.files.values())) / 1e6
    detail = f'{len(bundle.files)} files, {size:.1f} MB, sizes and SHA-256 as on the card'
    return [BundleCheck(name='files', detail=detail), *verify_consistency(bundle)]


def verify_consistency(bundle: Bundle) -> list[BundleCheck]:
    """
    Check that LiteRT, Keras, scaler and arm agree, as far as libraries are installed.

    :raises BundleError: If they do not.
    """
    checks = []
    for name, check in (
        ('litert = keras', _check_litert),
        ('scaler = graph', _check_scaler),
        ('arm = graph', _check_arm),
    ):
        try:
            checks.append(BundleCheck(name=name, detail=check(bundle)))
        except ImportError as error:
            reason = f'{error.name} is not installed'
            checks.append(BundleCheck(name=name, detail=reason, is_skipped=True))
    return checks


def _mismatch(path: Path, first: str, second: str, difference: float) -> BundleError:
    problem = f'{first} and {second} differ by {difference:.2g}'
    return BundleError(path, problem, 'make it with neural_ik train')


def _check_litert(bundle: Bundle) -> str:
    from ..network.model_files import evaluate_network, network_from_bytes

    config = LearningConfig.from_mapping(bundle.card.configuration)
    rng = np.random.default_rng([config.data.seed, Part.TEST])
    probes = draw_samples(bundle.arm, config.data, rng, N_PROBES).features
    network = network_from_bytes(bundle.files[NETWORK])
    inputs = probes.astype(np.float32)
    expected = evaluate_network(network, inputs).astype(np.float64)
    outputs = LiteRtEngine(bundle.files[MODEL]).run(inputs)
    if outputs.shape != expected.shape:
        raise _mismatch(bundle.folder, MODEL, NETWORK, np.inf)
    beside = evaluate_network(network, np.nextafter(inputs, np.float32(np.inf)))
    found = np.percentile(angular_distance(outputs, expected), PERCENTILES)
    rounding = np.percentile(angular_distance(beside.astype(np.float64), expected), PERCENTILES)
    if not (
        found <= np.maximum(LITERT_TOLERANCE, MAX_ROUNDING_STEPS * rounding)
    ).all():  # refuses NaN
        raise _mismatch(bundle.folder, MODEL, NETWORK, float(found[-1]))
    return (
        f'99 % within {found[1]:.1e} rad, 99.9 % within {found[2]:.1e} rad; one bit of the input '
        f'changes {rounding[1]:.1e} and {rounding[2]:.1e} rad'
    )


def _check_scaler(bundle: Bundle) -> str:
    from ..network.model_files import network_from_bytes, standardisation
    from ..training.scaler import scaler_from_bytes, scaler_values

    fitted = scaler_values(scaler_from_bytes(bundle.files[SCALER]))
    in_graph = standardisation(network_from_bytes(bundle.files[NETWORK]))
    difference = float(np.max(np.abs(in_graph - fitted) / fitted[1]))
    if not difference <= SCALER_TOLERANCE:
        raise _mismatch(bundle.folder, SCALER, NETWORK, difference)
    return f'largest difference {difference:.1e} standard deviations'


def _check_arm(bundle: Bundle) -> str:
    from ..network.model_files import arm_geometries, arm_limits, network_from_bytes

    network, arm = network_from_bytes(bundle.files[NETWORK]), bundle.arm
    found = arm_geometries(network)
    pairs = [(pair, (arm.rotations, arm.translations)) for pair in found]
    pairs += [(pair, (arm.lower, arm.upper)) for pair in arm_limits(network)]
    for in_graph, expected in pairs:
        if not all(map(np.array_equal, in_graph, expected)):
            raise _mismatch(bundle.folder, ARM, NETWORK, np.inf)
    return f'{len(found)} layers hold the arm' if found else 'no layer holds an arm'
