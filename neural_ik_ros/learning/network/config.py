# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shape of a network; the defaults are the network as first described."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...settings import require

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
