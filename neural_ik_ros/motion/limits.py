# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the joints may do, and from which motion they can still stop in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import NeuralIkError
from ..kinematics import N_JOINTS, Arm, FloatArray, Joints
from ..kinematics.compiled import compiled

ROUNDING = 1e-9  # relative


class MotionLimitError(NeuralIkError):
    """A motion limit is not usable."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'motion limit {name!r} must be {N_JOINTS} positive finite numbers. '
            'Set it in config/neural_ik.yaml.'
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionState:
    """Where the joints are commanded to be and how they move; each (6,)."""

    q: Joints  # [rad]
    qd: FloatArray  # [rad/s]
    qdd: FloatArray  # [rad/s^2]

    @classmethod
    def at_rest(cls, q: Joints) -> MotionState:
        """Return the state of joints that do not move."""
        zeros = np.zeros(N_JOINTS)
        return cls(q=q, qd=zeros, qdd=zeros)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionLimits:
    """What the joints may do; each (6,)."""

    lower: FloatArray  # [rad]
    upper: FloatArray  # [rad]
    velocity: FloatArray  # [rad/s]
    acceleration: FloatArray  # [rad/s^2]
    jerk: FloatArray  # [rad/s^3]

    def __post_init__(self) -> None:
        """Refuse limits that are not six positive numbers."""
        for name in ('velocity', 'acceleration', 'jerk'):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape != (N_JOINTS,) or not (np.isfinite(values) & (values > 0.0)).all():
                raise MotionLimitError(name)

    @classmethod
    def of_arm(
        cls, arm: Arm, *, acceleration: ArrayLike, jerk: ArrayLike, velocity_scale: float = 1.0
    ) -> MotionLimits:
        """Return positions and velocities of the arm's URDF with the given higher derivatives."""
        return cls(
            lower=arm.lower,
            upper=arm.upper,
            velocity=arm.velocity * velocity_scale,
            acceleration=np.asarray(acceleration, dtype=np.float64),
            jerk=np.asarray(jerk, dtype=np.float64),
        )

    def stoppable_velocity(self, q: Joints, direction: FloatArray) -> FloatArray:
        """
        Return the speed (6,) [rad/s] from which each joint can stop before its limit.

        Solves ``v^2 / (2 a) + v a / j = distance``, which bounds the jerk-limited stop from above.
        """
        distance = np.where(direction >= 0.0, self.upper - q, q - self.lower).clip(min=0.0)
        ramp = self.acceleration**2 / self.jerk
        speed: FloatArray = np.sqrt(ramp**2 + 2.0 * self.acceleration * distance) - ramp
        return speed

    def can_stop(self, state: MotionState) -> NDArray[np.bool_]:
        """Return which joints (6,) are within all limits and stay so if they brake from now on."""
        can_stop = np.empty(N_JOINTS, dtype=np.bool_)
        bounds = (self.lower, self.upper, self.velocity, self.acceleration, self.jerk)
        _can_stop_into((state.q, state.qd, state.qdd), bounds, can_stop)
        return can_stop

    def braking_range(self, state: MotionState) -> tuple[FloatArray, FloatArray]:
        """Return the smallest and largest angles (6,) [rad] that the shortest stop passes."""
        lowest, highest = np.empty(N_JOINTS), np.empty(N_JOINTS)
        for i in range(N_JOINTS):
            lowest[i], highest[i] = _braking_range(
                state.q[i], state.qd[i], state.qdd[i], self.acceleration[i], self.jerk[i]
            )
        return lowest, highest


@compiled
def _can_stop_into(
    state: tuple[FloatArray, FloatArray, FloatArray],
    bounds: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray],
    can_stop: NDArray[np.bool_],
) -> None:
    positions, velocities, accelerations = state
    lower, upper, velocity, acceleration, jerk = bounds
    for i in range(len(can_stop)):
        q, qd, qdd = positions[i], velocities[i], accelerations[i]
        ramped_qd = qd + qdd * abs(qdd) / (2.0 * jerk[i])
        fastest = velocity[i] * (1.0 + ROUNDING)
        lowest, highest = _braking_range(q, qd, qdd, acceleration[i], jerk[i])
        can_stop[i] = (
            lower[i] <= lowest
            and highest <= upper[i]
            and abs(qd) <= fastest
            and abs(ramped_qd) <= fastest
            and abs(qdd) <= acceleration[i] * (1.0 + ROUNDING)
        )


@compiled
def _braking_range(
    q: float, qd: float, qdd: float, most: float, jerk: float
) -> tuple[float, float]:
    """
    Return the smallest and largest angle [rad] of the shortest stop of one joint.

    The acceleration ramps down to -p, stays there if p is its limit, and ramps back to zero;
    signs are such that the speed left after ramping the acceleration to zero is positive.
    """
    sign = -1.0 if qd + qdd * abs(qdd) / (2.0 * jerk) < 0.0 else 1.0
    v, a = sign * qd, sign * qdd
    p = min(math.sqrt(max(jerk * v + 0.5 * a * a, 0.0)), most)
    ramp_s = max(a + p, 0.0) / jerk
    hold_s = max(v + (0.5 * a * a - p * p) / jerk, 0.0) / most
    v_hold = v + ramp_s * (a - 0.5 * jerk * ramp_s)
    end = (
        ramp_s * (v + ramp_s * (0.5 * a - jerk * ramp_s / 6.0))
        + hold_s * (v_hold - 0.5 * p * hold_s)
        + p * p * p / (6.0 * jerk * jerk)
    )
    turn = 0.0
    if v < 0.0:  # a joint that still moves the other way turns round first
        turn_s = (a - math.sqrt(max(a * a + 2.0 * jerk * v, 0.0))) / jerk
        turn = turn_s * (v + turn_s * (0.5 * a - jerk * turn_s / 6.0))
    way, back = sign * end, sign * turn
    return q + min(0.0, way, back), q + max(0.0, way, back)
