# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shared by the learning tests; nothing here imports Keras."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_ik_ros.kinematics import Arm, arm_from_urdf
from neural_ik_ros.learning.training.config import LearningConfig
from neural_ik_ros.learning.training.run_folder import RunFolder, open_run

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
            'network': {
                'architecture': 'iterative',
                'sequence_length': 2,
                'lstm_units': 8,
                'widths': [16, 8],
            },
            'training': {'epochs': 3, 'batch_size': 100, 'learning_rate': 0.001},
        }
    )


@pytest.fixture(scope='session')
def run(arm: Arm, urdf: str, tiny: LearningConfig, tmp_path_factory) -> RunFolder:
    """The folder of a finished run; not to be changed."""
    from neural_ik_ros.learning.training.training_loop import train

    folder = open_run(tmp_path_factory.mktemp('run'), tiny, urdf, resume=False)
    train(arm, tiny, folder, verbose=0)
    return folder


@pytest.fixture(scope='session')
def trained(arm: Arm, tiny: LearningConfig, run: RunFolder):
    """What that run gave."""
    from neural_ik_ros.learning.training.training_loop import train

    return train(arm, tiny, run, verbose=0)
