# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shared by the learning tests; nothing here imports Keras."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_ik_ros.kinematics import Arm, arm_from_urdf
from neural_ik_ros.learning.config import LearningConfig

URDF = Path(__file__).resolve().parents[2] / 'urdf' / 'irb2400.urdf'


@pytest.fixture(scope='session')
def urdf() -> str:
    return URDF.read_text(encoding='utf-8')


@pytest.fixture(scope='session')
def arm(urdf: str) -> Arm:
    return arm_from_urdf(urdf)


@pytest.fixture(scope='session')
def tiny() -> LearningConfig:
    """A run that takes a second once TensorFlow is imported."""
    return LearningConfig.from_mapping(
        {
            'name': 'tiny',
            'data': {'n_train': 1000, 'n_validation': 200, 'n_test': 200},
            'network': {'output': 'change', 'lstm_units': 8, 'widths': [16, 16, 8]},
            'training': {'epochs': 3, 'batch_size': 100, 'learning_rate': 0.001},
        }
    )
