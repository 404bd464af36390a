# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motion limits of the joints, and from which states they can still stop within them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigError
from ...kinematics import N_JOINTS, Arm, FloatArray, Joints
from ...kinematics.compiled import compiled

ROUNDING = 1e-9  # relative
LOWER, UPPER, VELOCITY, ACCELERATION, JERK = range(5)  # rows of ``MotionLimits.rows``


@dataclass(frozen=True, slots=True, eq=False)
class MotionState:
    """Commanded position, velocity and acceleration of the joints, in one array for kernels."""

    rows: FloatArray  # (3, 6): position [rad], velocity [rad/s], acceleration [rad/s^2]

    @classmethod
    def at_rest(cls, q: Joints) -> MotionState:
        """Return the state of joints (6,) [rad] at rest."""
        rows = np.zeros((3, N_JOINTS))
        rows[0] = q
        return cls(rows)

    @property
    def q(self) -> Joints:
        """Angles (6,) [rad]."""
        row: FloatArray = self.rows[0]
        return row

    @property
    def qd(self) -> FloatArray:
        """Velocities (6,) [rad/s]."""
        row: FloatArray = self.rows[1]
        return row

    @property
    def qdd(self) -> FloatArray:
        """Accelerations (6,) [rad/s^2]."""
        row: FloatArray = self.rows[2]
        return row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionLimits:
    """Limits of position, velocity, acceleration and jerk; each (6,)."""

    lower: FloatArray  # [rad]
    upper: FloatArray  # [rad]
    velocity: FloatArray  # [rad/s]
    acceleration: FloatArray  # [rad/s^2]
    jerk: FloatArray  # [rad/s^3]
    rows: FloatArray = field(init=False, repr=False)  # (5, 6): all of them, for kernels

    def __post_init__(self) -> None:
        """
        Stack the limits into one array.

        :raises ConfigError: If derivatives are not limited by six positive numbers each.
        """
        for name in ('velocity', 'acceleration', 'jerk'):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape != (N_JOINTS,) or not (np.isfinite(values) & (values > 0.0)).all():
                problem = f'must be {N_JOINTS} positive finite numbers'
                remedy = 'set it in config/neural_ik.yaml'
                raise ConfigError(f'motion limit {name!r}', problem, remedy)
        rows = np.array([self.lower, self.upper, self.velocity, self.acceleration, self.jerk])
        object.__setattr__(self, 'rows', rows)

    @classmethod
    def from_arm(
        cls,
        arm: Arm,
        *,
        acceleration: ArrayLike,
        jerk: ArrayLike,
        velocity_scaling_factor: float = 1.0,
    ) -> MotionLimits:
        """Combine position and velocity limits of the URDF with limits of higher derivatives."""
        return cls(
            lower=arm.lower,
            upper=arm.upper,
            velocity=arm.velocity * velocity_scaling_factor,
            acceleration=np.asarray(acceleration, dtype=np.float64),
            jerk=np.asarray(jerk, dtype=np.float64),
        )

    def within(self, lower: Joints, upper: Joints) -> MotionLimits:
        """Return these limits with a smaller range of positions, each (6,) [rad]."""
        return replace(
            self, lower=np.maximum(self.lower, lower), upper=np.minimum(self.upper, upper)
        )

    def can_stop(self, state: MotionState) -> NDArray[np.bool_]:
        """Return which joints (6,) are within all limits and stay so if they brake now."""
        can_stop = np.empty(N_JOINTS, dtype=np.bool_)
        _can_stop_into(can_stop, state.rows, self.rows)
        return can_stop


@compiled
def stoppable_speed(distance: float, acceleration: float, jerk: float) -> float:
    """
    Return a speed [rad/s] from which a joint can stop within a distance [rad].

    Solves ``v^2 / (2 a) + v a / j = distance``, an upper bound of the jerk-limited stop.
    """
    ramp = acceleration * acceleration / jerk
    return math.sqrt(ramp * ramp + 2.0 * acceleration * max(distance, 0.0)) - ramp


@compiled
def _can_stop_into(can_stop: NDArray[np.bool_], state: FloatArray, limits: FloatArray) -> None:
    lower, upper, velocity = limits[LOWER], limits[UPPER], limits[VELOCITY]
    acceleration, jerk = limits[ACCELERATION], limits[JERK]
    for i in range(N_JOINTS):
        q, qd, qdd = state[0, i], state[1, i], state[2, i]
        ramped_qd = qd + qdd * abs(qdd) / (2.0 * jerk[i])
        max_qd = velocity[i] * (1.0 + ROUNDING)
        lowest, highest = braking_range(q, qd, qdd, acceleration[i], jerk[i])
        can_stop[i] = (
            lower[i] <= lowest
            and highest <= upper[i]
            and abs(qd) <= max_qd
            and abs(ramped_qd) <= max_qd
            and abs(qdd) <= acceleration[i] * (1.0 + ROUNDING)
        )


@compiled
def braking_range(
    q: float, qd: float, qdd: float, max_qdd: float, jerk: float
) -> tuple[float, float]:
    """
    Return the smallest and largest angle [rad] that one joint passes in its shortest stop.

    The acceleration ramps down to -p, stays there if p is its limit, and ramps back to zero.
    Signs are chosen so that the velocity is positive once the acceleration has ramped to zero.
    """
    sign = -1.0 if qd + qdd * abs(qdd) / (2.0 * jerk) < 0.0 else 1.0
    v, a = sign * qd, sign * qdd
    p = min(math.sqrt(max(jerk * v + 0.5 * a * a, 0.0)), max_qdd)
    ramp_s = max(a + p, 0.0) / jerk
    hold_s = max(v + (0.5 * a * a - p * p) / jerk, 0.0) / max_qdd
    v_hold = v + ramp_s * (a - 0.5 * jerk * ramp_s)
    end = (
        ramp_s * (v + ramp_s * (0.5 * a - jerk * ramp_s / 6.0))
        + hold_s * (v_hold - 0.5 * p * hold_s)
        + p * p * p / (6.0 * jerk * jerk)
    )
    reversal = 0.0
    if v < 0.0:  # a joint that still moves the other way reverses first
        reversal_s = (a - math.sqrt(max(a * a + 2.0 * jerk * v, 0.0))) / jerk
        reversal = reversal_s * (v + reversal_s * (0.5 * a - jerk * reversal_s / 6.0))
    at_end, at_reversal = sign * end, sign * reversal
    return q + min(0.0, at_end, at_reversal), q + max(0.0, at_end, at_reversal)
