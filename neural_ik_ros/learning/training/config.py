# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everything a training run is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import settings
from ...settings import require
from ...share import share_folder
from ..data.dataset import DataConfig
from ..network.config import NetworkConfig

SCHEDULES = ('exponential', 'cosine')


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How the network is fitted; Adam, with a learning rate for each step."""

    seed: int = 1
    batch_size: int = 32
    epochs: int = 100
    learning_rate: float = 1e-4  # at the start
    gradient_norm: float = 0.0  # largest of one weight's gradients; 0 does not clip
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
            require(getattr(self, name) > 0, f'training.{name}', 'must be positive')
        require(self.gradient_norm >= 0.0, 'training.gradient_norm', 'must not be negative')
        require(0 <= self.seed < 2**32, 'training.seed', 'must lie in 0 .. 4294967295')
        require(
            self.schedule in SCHEDULES,
            'training.schedule',
            f'{self.schedule!r}; choose from {SCHEDULES}',
        )
        require(0.0 < self.decay_rate <= 1.0, 'training.decay_rate', 'must lie in (0, 1]')
        weights = (self.mse_weight, self.periodic_weight)
        is_weighted = min(weights) >= 0.0 and max(weights) > 0.0
        problem = 'mse_weight and periodic_weight must not be negative, nor both be zero'
        require(is_weighted, 'training', problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningConfig:
    """Data, network and training together; what a configuration file holds."""

    name: str = 'reference'
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> LearningConfig:
        """
        Return the configuration with the values of a mapping over the defaults.

        :raises ConfigError: On an unknown key or an impossible value.
        """
        return settings.from_mapping(cls, mapping, '')

    @classmethod
    def from_file(cls, path: Path) -> LearningConfig:
        """
        Return the configuration in a YAML file.

        :raises ConfigError: If the file is not a complete and sensible one.
        """
        return cls.from_mapping(settings.load_yaml(path))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, such that ``from_mapping`` gives the same configuration."""
        return dataclasses.asdict(self) | {
            'network': dataclasses.asdict(self.network) | {'widths': list(self.network.widths)}
        }


def shipped_config() -> Path:
    """Return the configuration that made the shipped bundle."""
    return share_folder() / 'config' / 'learning' / 'irb2400.yaml'
