# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the bundle of a finished training run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..kinematics import Arm
from ..provenance import versions
from ..solver import SeedPredictor
from .bundle.card import ARM, MODEL, NETWORK, SCALER, BundleCard, FileRecord
from .bundle.consistency import verify_consistency
from .bundle.engines import LiteRtEngine
from .bundle.network_seed import NetworkSeed
from .bundle.storage import Bundle, write_bundle
from .data.set_definitions import SETS
from .evaluation.metrics import card_metrics
from .evaluation.predictors import HOLD_CURRENT, HoldCurrent
from .evaluation.results import HISTORY_KEY
from .evaluation.sample_sources import unseen_samples
from .evaluation.set_errors import measure_set
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
    Convert, evaluate and write the best network of a run to its bundle folder.

    :param urdf: The text ``arm`` was made from.
    :raises BundleError: If LiteRT and Keras disagree, or the bundle cannot be written.
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
        metrics=_evaluate_for_card(arm, config, files[MODEL], trained),
        files={name: FileRecord.of(content) for name, content in files.items()},
    )
    verify_consistency(Bundle(folder=run.bundle, card=card, arm=arm, files=files))
    return write_bundle(run.bundle, card, files)


def _evaluate_for_card(
    arm: Arm, config: LearningConfig, model: bytes, trained: TrainedNetwork
) -> dict[str, Any]:
    """Return the training history, and the errors of network and baseline on unseen targets."""
    compared: dict[str, SeedPredictor] = {
        'network': NetworkSeed(LiteRtEngine(model)),
        HOLD_CURRENT: HoldCurrent(),
    }
    metrics: dict[str, Any] = {
        'epochs': len(trained.history),
        'training_seconds': round(sum(record.seconds for record in trained.history)),
        'backends': list(dict.fromkeys(record.backend for record in trained.history)),
        HISTORY_KEY: _rounded_learning_curves(trained.history),
    }
    for name in dict.fromkeys((*SETS, *config.data.sets)):  # and hard cases it was trained on
        set_errors = measure_set(arm, compared, unseen_samples(arm, config.data, name))
        metrics[name] = {
            predictor: card_metrics(one) for predictor, one in set_errors.metrics.items()
        }
    return metrics


def _rounded_learning_curves(history: Sequence[EpochRecord]) -> dict[str, list[float]]:
    """Return the learning curves, rounded for the card."""
    records = [asdict(record) for record in history]
    names = [name for name in records[0] if name not in ('epoch', 'seconds', 'backend')]
    return {name: [float(f'{record[name]:.4g}') for record in records] for name in names}
