# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration of a training run: data, network and training."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import settings
from ...settings import require, require_range
from ...share import share_folder
from ..data.dataset import DataConfig
from ..network.config import NetworkConfig

SCHEDULES = ('exponential', 'cosine')


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How the network is fitted: Adam, a learning-rate schedule, early stopping and the loss."""

    seed: int = 1
    batch_size: int = 32
    epochs: int = 100
    learning_rate: float = 1e-4  # at the start
    gradient_norm: float = 0.0  # clip norm of each weight's gradient; 0 does not clip
    schedule: str = 'exponential'  # or cosine: to zero at the last epoch
    decay_rate: float = 0.9  # exponential: factor for each decay_epochs
    decay_epochs: float = 1.0
    patience: int = 20  # epochs without a better validation loss before stopping
    # [1/rad^2] of the mean squared error; 0 for iterative, whose estimates may be a turn off
    mse_weight: float = 0.7
    periodic_weight: float = 0.3  # of the mean of 1 - cos(error)

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        for name in ('batch_size', 'epochs', 'learning_rate', 'decay_epochs', 'patience'):
            value = getattr(self, name)
            remedy = 'choose a positive number'
            require(value > 0, f'training.{name}', f'{value} is not positive', remedy)
        norm = self.gradient_norm
        require(norm >= 0.0, 'training.gradient_norm', f'{norm} is negative', 'choose 0 or more')
        require_range('training.seed', self.seed, 0, 2**32 - 1)
        problem, remedy = f'{self.schedule!r} is unknown', f'choose from {SCHEDULES}'
        require(self.schedule in SCHEDULES, 'training.schedule', problem, remedy)
        rate = self.decay_rate
        problem = f'{rate} is outside (0, 1]'
        require(0.0 < rate <= 1.0, 'training.decay_rate', problem, 'choose 0.9')
        weights = (self.mse_weight, self.periodic_weight)
        is_weighted = min(weights) >= 0.0 and max(weights) > 0.0
        problem = f'mse_weight and periodic_weight are {weights}'
        require(is_weighted, 'training', problem, 'neither may be negative, nor both be zero')


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningConfig:
    """The content of a configuration file: data, network and training."""

    name: str = 'reference'
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> LearningConfig:
        """
        Return the configuration with its defaults overridden by a mapping.

        :raises ConfigError: On an unknown key or an impossible value.
        """
        return settings.from_mapping(cls, mapping, '')

    @classmethod
    def from_file(cls, path: Path) -> LearningConfig:
        """
        Return the configuration in a YAML file.

        :raises ConfigError: If it cannot be read, or has an unknown key or an impossible value.
        """
        return cls.from_mapping(settings.load_yaml(path))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which ``from_mapping`` makes the same configuration."""
        return dataclasses.asdict(self) | {
            'network': dataclasses.asdict(self.network) | {'widths': list(self.network.widths)}
        }


def shipped_config() -> Path:
    """Return the path of the configuration that made the shipped bundle."""
    return share_folder() / 'config' / 'learning' / 'irb2400.yaml'
