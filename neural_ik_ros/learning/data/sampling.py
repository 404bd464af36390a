# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How each set of samples draws the current joints and chooses the solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ...kinematics import Arm, Joints, posture_code, random_joints
from .all_solutions import nearest_solutions, nearest_turn_within_limits, preferred_solutions
from .set_definitions import STEP_SECONDS

USUAL_VELOCITY = 3.0  # [rad/s] of joints whose limit is not known
POOL_SIZE = 4096  # extra joints drawn, so that hardly any posture lacks some


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSet:
    """How one set draws ``q_current`` for each row of ``q``, and which solution it takes."""

    # arm, rng, q (n, 6), near_range [rad] -> q_current (n, 6)
    draw_current: Callable[[Arm, np.random.Generator, Joints, float], Joints]
    # arm, q (n, 6), q_current (n, 6) -> solutions (n, 6)
    choose_solution: Callable[[Arm, Joints, Joints], Joints] = nearest_turn_within_limits


def _current_near(arm: Arm, rng: np.random.Generator, q: Joints, near_range: float) -> Joints:
    noise = rng.uniform(-near_range, near_range, q.shape)
    return np.clip(q + noise, arm.lower, arm.upper)


def _current_step(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    seconds = rng.uniform(*STEP_SECONDS, (len(q), 1))
    fastest = np.where(np.isfinite(arm.velocity), arm.velocity, USUAL_VELOCITY)
    velocity = rng.uniform(-fastest, fastest, q.shape)
    return np.clip(q - velocity * seconds, arm.lower, arm.upper)


def _current_far(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    # From a separate pool: solutions of a hard case must not become current joints.
    pool = random_joints(arm, rng, len(q) + POOL_SIZE)
    codes, pool_codes = posture_code(arm, q), posture_code(arm, pool)
    q_current = np.empty_like(q)
    for code in np.unique(codes):
        is_member = codes == code
        members = pool[pool_codes == code]
        if len(members) == 0:
            members = q[is_member]
        q_current[is_member] = members[rng.integers(len(members), size=int(is_member.sum()))]
    return q_current


def _current_any(arm: Arm, rng: np.random.Generator, q: Joints, _near_range: float) -> Joints:
    return random_joints(arm, rng, len(q))


SAMPLE_SETS: Mapping[str, SampleSet] = MappingProxyType(
    {
        'near': SampleSet(draw_current=_current_near),
        'step': SampleSet(draw_current=_current_step),
        'far': SampleSet(draw_current=_current_far),
        'any': SampleSet(draw_current=_current_any, choose_solution=nearest_solutions),
        'preferred': SampleSet(draw_current=_current_any, choose_solution=preferred_solutions),
    }
)
