# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a trained network to the bundle that is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..kinematics import Arm
from ..provenance import versions
from ..solver import SeedPredictor
from .bundle.card import ARM, MODEL, NETWORK, SCALER, BundleCard, FileRecord
from .bundle.engines import LiteRtEngine
from .bundle.predictor import NetworkSeed
from .bundle.storage import Bundle, write_bundle
from .bundle.verification import verify_networks
from .data.set_definitions import SETS
from .evaluation.metrics import card_figures
from .evaluation.predictors import ECHO, Echo
from .evaluation.results import HISTORY
from .evaluation.sample_sources import unseen_blocks
from .evaluation.set_errors import judge
from .network.model_files import to_litert
from .training.config import LearningConfig
from .training.run_folder import EpochRecord, RunFolder
from .training.scaler import scaler_to_bytes
from .training.training_loop import TrainedNetwork

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
        versions=versions(LIBRARIES),
        metrics=_metrics(arm, config, files[MODEL], trained),
        files={name: FileRecord.of(content) for name, content in files.items()},
    )
    verify_networks(Bundle(folder=run.bundle, card=card, arm=arm, files=files))
    return write_bundle(run.bundle, card, files)


def _metrics(
    arm: Arm, config: LearningConfig, model: bytes, trained: TrainedNetwork
) -> dict[str, Any]:
    """Return the errors of the served network, and of no network, on unseen targets."""
    compared: dict[str, SeedPredictor] = {
        'network': NetworkSeed(LiteRtEngine(model)),
        ECHO: Echo(),
    }
    metrics: dict[str, Any] = {
        'epochs': len(trained.history),
        'training_seconds': round(sum(record.seconds for record in trained.history)),
        'backends': list(dict.fromkeys(record.backend for record in trained.history)),
        HISTORY: _curves(trained.history),
    }
    for name in dict.fromkeys((*SETS, *config.data.sets)):  # slices, where they were trained on
        judged = judge(arm, compared, unseen_blocks(arm, config.data, name))
        metrics[name] = {who: card_figures(errors) for who, errors in judged.errors.items()}
    return metrics


def _curves(history: Sequence[EpochRecord]) -> dict[str, list[float]]:
    """Return what was recorded in each epoch, short enough for a card."""
    records = [asdict(record) for record in history]
    names = [name for name in records[0] if name not in ('epoch', 'seconds', 'backend')]
    return {name: [float(f'{record[name]:.4g}') for record in records] for name in names}
