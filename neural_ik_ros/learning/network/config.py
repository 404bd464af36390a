# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration of a network; the defaults are the baseline LSTM."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...settings import require, require_range

MAX_UNROLLED = 32  # copies of an unrolled part of the graph
MAX_UNITS = 4096  # of a layer
# Keys that each architecture uses; widths are those of the residual stream, or of the mlp.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Shape of the network: 12 numbers in, 6 joint angles [rad] out."""

    architecture: str = 'described'  # or mlp (architectures.py), or iterative (iterative.py)
    sequence_length: int = 4  # of what the LSTM sees: copies of the input, or estimates
    lstm_units: int = 256
    widths: tuple[int, ...] = (512, 256, 128)  # of the residual stream, or of the mlp
    output: str = 'absolute'  # or change: the head's output is added to q_current in the graph
    input_noise: float = 0.01  # standard deviation, in standardised units, while training
    leaky_slope: float = 0.1
    dropout: float = 0.1
    l2: float = 1e-6  # weight of the squared kernels in the loss
    newton_steps: int = 1  # Levenberg-Marquardt iterations at the end, nothing learned

    def __post_init__(self) -> None:
        """Refuse values no network can have and keys the architecture does not use."""
        require(
            self.architecture in ARCHITECTURES,
            'network.architecture',
            f'{self.architecture!r} is unknown',
            f'choose from {sorted(ARCHITECTURES)}',
        )
        for name, default in _defaults(self).items():
            is_used = name in ARCHITECTURES[self.architecture] or getattr(self, name) == default
            problem = f'is not used by {self.architecture}'
            require(is_used, f'network.{name}', problem, 'leave it out')
        problem, remedy = f'{self.output!r} is unknown', f'choose from {OUTPUTS}'
        require(self.output in OUTPUTS, 'network.output', problem, remedy)
        self._require_ranges()

    def _require_ranges(self) -> None:
        is_share = 0.0 <= self.dropout < 1.0
        require(is_share, 'network.dropout', f'{self.dropout} is outside [0, 1)', 'choose 0.1')
        require_range('network.input_noise', self.input_noise, 0.0, 1.0)
        for name in ('leaky_slope', 'l2'):
            value = getattr(self, name)
            require(value >= 0.0, f'network.{name}', f'{value} is negative', 'choose 0 or more')
        require(bool(self.widths), 'network.widths', 'is empty', 'give a width for each layer')
        for name, sizes in (('lstm_units', (self.lstm_units,)), ('widths', self.widths)):
            for size in sizes:
                require_range(f'network.{name}', size, 1, MAX_UNITS)
        for name, least in (('sequence_length', 1), ('newton_steps', 0)):
            require_range(f'network.{name}', getattr(self, name), least, MAX_UNROLLED)


def _defaults(config: NetworkConfig) -> dict[str, Any]:
    """Return the default of each key except the architecture."""
    keys = [key for key in dataclasses.fields(config) if key.name != 'architecture']
    return {key.name: key.default for key in keys}
