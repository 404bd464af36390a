# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint limits, and random joints within them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arm import Arm, ArmError
from .compiled import compiled
from .types import N_JOINTS, FloatArray, Joints, as_array

MAX_REDRAWS = 1000


def is_within_limits(arm: Arm, q: Joints, *, margin: float = 0.0) -> NDArray[np.bool_]:
    """
    Return whether every joint, and the coupled sum where the arm has one, is inside its limits.

    :param q: Shape (..., 6) [rad].
    :param margin: Required distance from each limit [rad]; negative for a tolerance.
    :return: Shape (...); NaN is never inside.
    """
    q = as_array('q', q, (N_JOINTS,))
    is_each_inside = (q >= arm.lower + margin) & (q <= arm.upper - margin)
    is_inside: NDArray[np.bool_] = np.all(is_each_inside, axis=-1)
    limit = arm.coupled_limit
    if limit is None:
        return is_inside
    return is_inside & limit.contains(q, margin=margin)


@compiled
def satisfies_coupled_limit(
    q: FloatArray, joints: NDArray[np.int64], lower: float, upper: float
) -> bool:
    """
    Return whether the sum of two joints lies in a range, as ``CoupledLimit.contains``.

    :param q: Shape (6,) [rad].
    :param joints: Indices of the two joints, 0-based.
    """
    return bool(lower <= q[joints[0]] + q[joints[1]] <= upper)


def random_joints(arm: Arm, rng: np.random.Generator, n: int) -> Joints:
    """
    Return joint angles uniform within the limits, the coupled one included.

    Continuous joints are drawn from one turn.

    :return: Shape (n, 6) [rad].
    :raises ArmError: If the coupled limit leaves less than about a hundredth of the joint space.
    """
    lower, upper = arm.first_turn
    q = rng.uniform(lower, upper, (n, N_JOINTS))
    if arm.coupled_limit is None:
        return q
    for _ in range(MAX_REDRAWS):
        outside = ~is_within_limits(arm, q)
        if not outside.any():
            return q
        q[outside] = rng.uniform(lower, upper, (int(outside.sum()), N_JOINTS))
    raise ArmError(
        arm.name, f'coupled limit {arm.coupled_limit} excludes nearly all joints; widen it'
    )
