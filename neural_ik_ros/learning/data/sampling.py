# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sets as functions: where the arm stands, and which answer is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ...kinematics import Arm, Joints, posture_code, random_joints
from .set_definitions import STEP_SECONDS
from .solutions import (
    nearest_solutions,
    nearest_turn_within_limits,
    preferred_solutions,
)

POOL = 4096  # joints beside those asked for, so that hardly any posture lacks some


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSet:
    """How one set draws ``q_current`` for each row of ``q``, and which solution is the answer."""

    # arm, rng, q (n, 6), near_range [rad] -> q_current (n, 6)
    current: Callable[[Arm, np.random.Generator, Joints, float], Joints]
    # arm, q (n, 6), q_current (n, 6) -> answers (n, 6)
    answer: Callable[[Arm, Joints, Joints], Joints] = nearest_turn_within_limits


def _near(arm: Arm, rng: np.random.Generator, q: Joints, near_range: float) -> Joints:
    noise = rng.uniform(-near_range, near_range, q.shape)
    return np.clip(q + noise, arm.lower, arm.upper)


def _step(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    seconds = rng.uniform(*STEP_SECONDS, (len(q), 1))
    velocity = rng.uniform(-arm.velocity, arm.velocity, q.shape)
    return np.clip(q - velocity * seconds, arm.lower, arm.upper)


def _far(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    # From a pool of its own: answers of a hard slice must not become places to start from.
    pool = random_joints(arm, rng, len(q) + POOL)
    codes, pool_codes = posture_code(arm, q), posture_code(arm, pool)
    q_current = np.empty_like(q)
    for code in np.unique(codes):
        is_asked = codes == code
        members = pool[pool_codes == code]
        if len(members) == 0:
            members = q[is_asked]
        q_current[is_asked] = members[rng.integers(len(members), size=int(is_asked.sum()))]
    return q_current


def _any(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    return random_joints(arm, rng, len(q))


SAMPLE_SETS: Mapping[str, SampleSet] = MappingProxyType(
    {
        'near': SampleSet(current=_near),
        'step': SampleSet(current=_step),
        'far': SampleSet(current=_far),
        'any': SampleSet(current=_any, answer=nearest_solutions),
        'preferred': SampleSet(current=_any, answer=preferred_solutions),
    }
)
