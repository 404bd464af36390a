# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shortest stop, each joint by itself, in closed form: every command carries one."""

from __future__ import annotations

import math

import numpy as np

from ...kinematics import N_JOINTS, FloatArray
from ...kinematics.compiled import compiled
from .limits import ACCELERATION, JERK, LOWER, UPPER, MotionLimits, MotionState
from .plan import Plan

N_PARAMS = 5  # of the stop of one joint: sign, peak acceleration, ends of the three phases
SIGN, PEAK, RAMP_END, HOLD_END, END = range(N_PARAMS)


class Stop(Plan):
    """
    Braking with full jerk and acceleration from a state until nothing moves.

    The acceleration of a joint ramps to its peak against the motion, stays there if that is the
    limit, and ramps back to zero.
    """

    def __init__(self, start: MotionState, limits: MotionLimits) -> None:
        """Plan from a state whose accelerations are within the limits."""
        self._start, self._limits = start, limits
        self._stop = np.empty((N_JOINTS, N_PARAMS))
        self.duration: float = _plan_into(self._stop, start.rows, limits.rows)

    def _sample(self, times_s: FloatArray) -> FloatArray:
        states = np.empty((len(times_s), 3, N_JOINTS))
        _sample_into(states, times_s, self._stop, self._start.rows, self._limits.rows)
        return states


@compiled
def _plan_into(stop: FloatArray, start: FloatArray, limits: FloatArray) -> float:
    """Write the parameters of the stop (6, 5); return how long the slowest joint takes [s]."""
    qd, qdd, duration = start[1], start[2], 0.0
    for i in range(N_JOINTS):
        max_qdd, jerk = limits[ACCELERATION, i], limits[JERK, i]
        # Signs are such that the velocity is positive once the acceleration has ramped to zero.
        sign = -1.0 if qd[i] + qdd[i] * abs(qdd[i]) / (2.0 * jerk) < 0.0 else 1.0
        v, a = sign * qd[i], sign * qdd[i]
        stop[i] = 0.0
        if not math.isfinite(v + a):
            continue  # should not happen, but a controller would accept it
        peak = min(math.sqrt(max(jerk * v + 0.5 * a * a, 0.0)), max_qdd)
        ramp_s = max(a + peak, 0.0) / jerk
        hold_s = max(v + (0.5 * a * a - peak * peak) / jerk, 0.0) / max_qdd
        stop[i, SIGN], stop[i, PEAK] = sign, peak
        stop[i, RAMP_END], stop[i, HOLD_END] = ramp_s, ramp_s + hold_s
        stop[i, END] = ramp_s + hold_s + peak / jerk
        duration = max(duration, stop[i, END])
    return duration


@compiled
def _sample_into(
    states: FloatArray,
    times_s: FloatArray,
    stop: FloatArray,
    start: FloatArray,
    limits: FloatArray,
) -> None:
    """Write positions, velocities and accelerations (n, 3, 6) of a stop at increasing times."""
    lower, upper, jerk = limits[LOWER], limits[UPPER], limits[JERK]
    for i in range(N_JOINTS):
        sign = stop[i, SIGN]
        start_state = (0.0, sign * start[1, i], sign * start[2, i])
        ramped = _integrate(start_state, -jerk[i], stop[i, RAMP_END])
        ramped = (ramped[0], ramped[1], -stop[i, PEAK])
        held = _integrate(ramped, 0.0, stop[i, HOLD_END] - stop[i, RAMP_END])
        stopped = _integrate(held, jerk[i], stop[i, END] - stop[i, HOLD_END])
        for k in range(times_s.shape[0]):
            time_s = times_s[k]
            if stop[i, END] == 0.0:
                x, v, a = 0.0, 0.0, 0.0
            elif time_s <= stop[i, RAMP_END]:
                x, v, a = _integrate(start_state, -jerk[i], max(time_s, 0.0))
            elif time_s <= stop[i, HOLD_END]:
                x, v, a = _integrate(ramped, 0.0, time_s - stop[i, RAMP_END])
            elif time_s < stop[i, END]:
                x, v, a = _integrate(held, jerk[i], time_s - stop[i, HOLD_END])
            else:
                x, v, a = stopped[0], 0.0, 0.0
            states[k, 0, i] = min(max(start[0, i] + sign * x, lower[i]), upper[i])
            states[k, 1, i], states[k, 2, i] = sign * v, sign * a


@compiled
def _integrate(
    state: tuple[float, float, float], jerk: float, time_s: float
) -> tuple[float, float, float]:
    """Integrate position, velocity and acceleration over a time of constant jerk."""
    x, v, a = state
    return (
        x + time_s * (v + time_s * (0.5 * a + time_s * jerk / 6.0)),
        v + time_s * (a + 0.5 * time_s * jerk),
        a + time_s * jerk,
    )
