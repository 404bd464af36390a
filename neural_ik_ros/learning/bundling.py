# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a trained network to the bundle that is served."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .. import __version__
from ..kinematics import Arm
from .artifact import to_litert
from .bundle import Bundle, write_bundle
from .card import ARM, MODEL, NETWORK, SCALER, BundleCard, FileRecord
from .config import LearningConfig
from .dataset import SETS, unseen_set
from .engines import LiteRtEngine
from .evaluation import seed_errors
from .predictor import NetworkSeed
from .run_folder import RunFolder
from .scaling import scaler_to_bytes
from .training import TrainedNetwork
from .verification import verify_networks

LIBRARIES = ('numpy', 'keras', 'tensorflow', 'tensorflow-cpu', 'scikit-learn', 'skops')


def make_bundle(
    arm: Arm, urdf: str, config: LearningConfig, trained: TrainedNetwork, run: RunFolder
) -> Bundle:
    """
    Convert, judge and write the network of a finished run to its bundle folder.

    :param urdf: The text ``arm`` was made from.
    :raises BundleMismatchError: If LiteRT and Keras disagree.
    :raises BundleWriteError: If the bundle cannot be written.
    """
    files = {
        MODEL: to_litert(trained.model),
        NETWORK: run.best.read_bytes(),
        SCALER: scaler_to_bytes(trained.scaler),
        ARM: urdf.encode(),
    }
    card = BundleCard(
        name=config.name,
        base_frame=arm.base_frame,
        tool_frame=arm.tool_frame,
        configuration=config.to_mapping(),
        versions=_versions(),
        metrics=_metrics(arm, config, files[MODEL], trained),
        files={name: FileRecord.of(content) for name, content in files.items()},
    )
    verify_networks(Bundle(folder=run.bundle, card=card, arm=arm, files=files))
    return write_bundle(run.bundle, card, files)


def _metrics(
    arm: Arm, config: LearningConfig, model: bytes, trained: TrainedNetwork
) -> dict[str, Any]:
    """Return the errors of the served network, and of no network, on unseen targets."""
    network = NetworkSeed(LiteRtEngine(model))
    metrics: dict[str, Any] = {
        'epochs': len(trained.history),
        'training_seconds': round(sum(record.seconds for record in trained.history)),
    }
    for name in SETS:
        samples = unseen_set(arm, config.data, name)
        q_seed = network.predict(samples.transform_base_tool, samples.q_current)
        metrics[name] = {
            'network': asdict(seed_errors(arm, samples, q_seed)),
            'echo': asdict(seed_errors(arm, samples, samples.q_current)),
        }
    return metrics


def _versions() -> dict[str, str]:
    versions = {'neural_ik_ros': __version__, 'python': platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue  # tensorflow comes under either of two names
    return versions
