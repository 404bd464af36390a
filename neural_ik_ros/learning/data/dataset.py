# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples of the inverse problem, drawn from the geometry of an arm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from ...kinematics import Arm, FloatArray, Joints, Transform, forward
from ...settings import require, require_range
from .features import features
from .hard_cases import draw_solutions
from .sampling import SAMPLE_SETS
from .set_definitions import HARD_CASES, NEAR_RANGE, SETS, all_set_names, split_set_name

MAX_SAMPLES = 1_000_000_000  # of a part
BLOCK = 65_536  # samples drawn at once, which bounds the memory of a stream


class Part(IntEnum):
    """Training, validation or test part; also a component of the random seed."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Configuration of the samples: sets and their shares, sizes and the seed."""

    seed: int = 2400
    n_train: int = 300_000  # samples; of each epoch if is_fresh_each_epoch
    n_validation: int = 20_000
    n_test: int = 20_000
    sets: dict[str, float] = field(default_factory=lambda: {'near': 0.5, 'far': 0.5})  # shares
    inputs_per_target: int = 1  # number of q_current drawn for each target
    near_range: float = NEAR_RANGE  # [rad] largest |q - q_current| of a joint in the set near
    is_fresh_each_epoch: bool = True  # new samples for each epoch, else the same in another order

    def __post_init__(self) -> None:
        """Refuse values that no samples can be drawn from."""
        require(self.seed >= 0, 'data.seed', f'{self.seed} is negative', 'choose 0 or more')
        for name in ('n_train', 'n_validation', 'n_test', 'inputs_per_target'):
            require_range(f'data.{name}', getattr(self, name), 1, MAX_SAMPLES)
        unknown = sorted(set(self.sets) - set(all_set_names()))
        known = f'known are {sorted(SETS)}, alone or with {sorted(HARD_CASES)} as in far/wrist'
        require(not unknown, 'data.sets', f'unknown {unknown}', known)
        shares = self.sets.values()
        is_share = all(0.0 <= share <= 1e6 for share in shares) and sum(shares) > 0.0
        remedy = 'choose shares from 0 to 1e6, not all of them 0'
        require(is_share, 'data.sets', f'has the shares {list(shares)}', remedy)
        is_range, problem = 0.0 < self.near_range < np.pi, f'{self.near_range} is outside (0, pi)'
        require(is_range, 'data.near_range', problem, f'choose {NEAR_RANGE}')

    def n_samples(self, part: Part) -> int:
        """Return the number of samples in a part."""
        return (self.n_train, self.n_validation, self.n_test)[part]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """IK problems with their solutions; ``forward(arm, q)`` is the target."""

    transform_base_tool: Transform  # (n, 4, 4) targets
    q_current: Joints  # (n, 6) [rad]
    q: Joints  # (n, 6) [rad] within limits, in the turn nearest to q_current

    @property
    def features(self) -> FloatArray:
        """Return the network's input, shape (n, 12)."""
        return features(self.transform_base_tool, self.q_current)


def sample_blocks(
    arm: Arm, config: DataConfig, part: Part, *, epoch: int = 0
) -> Iterator[Samples]:
    """
    Yield the samples of one part, all sets mixed, in blocks of at most 65,536.

    The same arguments give the same samples. Each part, epoch and block draws targets from its
    own random stream over a continuous range, so no two of them share a target.
    """
    n_samples = config.n_samples(part)
    for index, start in enumerate(range(0, n_samples, BLOCK)):
        rng = np.random.default_rng([config.seed, part, epoch, index])
        yield draw_samples(arm, config, rng, min(BLOCK, n_samples - start))


def draw_samples(arm: Arm, config: DataConfig, rng: np.random.Generator, n: int) -> Samples:
    """Return n samples of the configured sets in their shares, in random order."""
    bounds = np.round(np.cumsum([0.0, *config.sets.values()]) / sum(config.sets.values()) * n)
    drawn = [
        draw_set(arm, name, rng, int(count), config)
        for name, count in zip(config.sets, np.diff(bounds), strict=True)
    ]
    order = rng.permutation(n)
    q = np.concatenate([samples.q for samples in drawn])[order]
    q_current = np.concatenate([samples.q_current for samples in drawn])[order]
    targets = np.concatenate([samples.transform_base_tool for samples in drawn])[order]
    return Samples(transform_base_tool=targets, q_current=q_current, q=q)


def draw_set(arm: Arm, name: str, rng: np.random.Generator, n: int, config: DataConfig) -> Samples:
    """
    Return n samples of one set, or of a hard case of it.

    :param name: For example ``far`` or ``far/wrist``.
    :raises DataError: If the arm has no joints for that hard case.
    """
    set_name, hard_case = split_set_name(name)
    n_targets = -(-n // config.inputs_per_target)
    q_target = draw_solutions(arm, hard_case, rng, n_targets)
    q_target = np.repeat(q_target, config.inputs_per_target, axis=0)[:n]
    q_current = SAMPLE_SETS[set_name].draw_current(arm, rng, q_target, config.near_range)
    return Samples(
        transform_base_tool=forward(arm, q_target),
        q_current=q_current,
        q=SAMPLE_SETS[set_name].choose_solution(arm, q_target, q_current),
    )
