# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everything a training run is made from; the defaults are the network as first described."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..share import share_folder
from . import settings
from .dataset import DataConfig
from .settings import require

MAX_UNROLLED = 32  # repetitions of a part of the graph
MAX_UNITS = 4096  # of a layer
# What each architecture is made from; widths are those of the residual stream, or of the mlp.
ARCHITECTURES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        'described': frozenset(
            {'widths', 'output', 'sequence_length', 'lstm_units'}
            | {'input_noise', 'leaky_slope', 'dropout', 'l2'}
        ),
        'mlp': frozenset({'widths', 'output'}),
        'iterative': frozenset({'widths', 'sequence_length', 'lstm_units', 'newton_steps'}),
    }
)
OUTPUTS = ('absolute', 'change')
SCHEDULES = ('exponential', 'cosine')


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Shape of the network: 12 numbers in, 6 joint angles [rad] out."""

    architecture: str = 'described'  # or mlp (network.py), or iterative (iterative.py)
    sequence_length: int = 4  # of what the LSTM sees: copies of the input, or estimates
    lstm_units: int = 256
    widths: tuple[int, ...] = (512, 256, 128)  # of the residual stream, or of the mlp
    output: str = 'absolute'  # or change: the head's output is added to q_current in the graph
    input_noise: float = 0.01  # standard deviation, in standardised units, while training
    leaky_slope: float = 0.1
    dropout: float = 0.1
    l2: float = 1e-6  # weight of the squared kernels in the loss
    newton_steps: int = 1  # at the end, with nothing learned

    def __post_init__(self) -> None:
        """Refuse values no network can have."""
        require(
            self.architecture in ARCHITECTURES,
            'network.architecture',
            f'{self.architecture!r}; choose from {sorted(ARCHITECTURES)}',
        )
        for name, default in _defaults(self).items():
            is_used = name in ARCHITECTURES[self.architecture] or getattr(self, name) == default
            require(
                is_used, f'network.{name}', f'is not used by {self.architecture}; leave it out'
            )
        require(
            self.output in OUTPUTS, 'network.output', f'{self.output!r}; choose from {OUTPUTS}'
        )
        require(0.0 <= self.dropout < 1.0, 'network.dropout', 'must lie in [0, 1)')
        require(self.input_noise <= 1.0, 'network.input_noise', 'must not exceed 1')
        for name in ('input_noise', 'leaky_slope', 'l2'):
            require(getattr(self, name) >= 0.0, f'network.{name}', 'must not be negative')
        require(bool(self.widths), 'network.widths', 'is empty; give a width for each layer')
        for name, sizes in (('lstm_units', (self.lstm_units,)), ('widths', self.widths)):
            is_size = all(0 < size <= MAX_UNITS for size in sizes)
            require(is_size, f'network.{name}', f'must lie in 1 .. {MAX_UNITS}')
        for name, least in (('sequence_length', 1), ('newton_steps', 0)):
            is_short = least <= getattr(self, name) <= MAX_UNROLLED
            require(is_short, f'network.{name}', f'must lie in {least} .. {MAX_UNROLLED}')


def _defaults(config: NetworkConfig) -> dict[str, Any]:
    """Return what each key but the architecture is where it is left out."""
    keys = [key for key in dataclasses.fields(config) if key.name != 'architecture']
    return {key.name: key.default for key in keys}


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
