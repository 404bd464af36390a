# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion of the joints towards a goal that keeps moving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from ruckig import ControlInterface, InputParameter, Result, Ruckig, Trajectory

from ..errors import NeuralIkError
from ..kinematics import N_JOINTS, Arm, FloatArray, Joints

LONGEST_BRAKING_S = 10.0
LARGEST_GOAL_SHARE = 0.9  # of velocity and acceleration; the rest is for catching up


class MotionLimitError(NeuralIkError):
    """A motion limit is not usable."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'motion limit {name!r} must be {N_JOINTS} positive finite numbers. '
            'Set it in config/neural_ik.yaml.'
        )


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionState:
    """Where the joints are commanded to be and how they move; each (6,)."""

    q: Joints  # [rad]
    qd: FloatArray  # [rad/s]
    qdd: FloatArray  # [rad/s^2]


class MotionGenerator:
    """
    Follows goals exactly while they move within the limits, else catches up within them.

    Ruckig (Berscheid & Kroeger, RSS 2021) plans the fastest way to rest, here to rest in a frame
    that moves with the goal: goals that come as a stream define a parabola through the last three
    of them. So a moving goal is caught up with, and a smooth path is tracked without lag.
    """

    def __init__(self, limits: MotionLimits) -> None:
        """Start at rest at zero: ``reset`` must tell where the arm is."""
        self.limits = limits
        self._ruckig = Ruckig(N_JOINTS)
        self.reset(np.zeros(N_JOINTS))

    def reset(self, q: Joints) -> None:
        """Be at rest at the measured joints (6,) [rad], brought inside the limits."""
        inside = np.clip(q, self.limits.lower, self.limits.upper)
        self.state = _at_rest(inside)
        self._goal, self._time_left = self.state, 0.0
        self._mean_qd, self._interval_s = self.state.qd, 0.0  # between the last two goals

    @property
    def is_at_rest(self) -> bool:
        """Return whether the goal is reached and nothing moves."""
        return bool((self.state.q == self._goal.q).all() and not self.state.qd.any())

    def aim(self, q_goal: Joints, interval_s: float, due_s: float = 0.0) -> None:
        """
        Take a new goal.

        :param q_goal: Shape (6,) [rad], inside the limits.
        :param interval_s: Time since the previous goal when goals come as a stream; 0 for a single
            goal to rest at.
        :param due_s: When the goal is to be passed, from now.
        """
        self._time_left = due_s
        if interval_s <= 0.0:
            self._goal = _at_rest(q_goal)
            self._mean_qd, self._interval_s = self._goal.qd, 0.0
            return
        limits = self.limits
        qd = mean_qd = (q_goal - self._goal.q) / interval_s
        qdd = np.zeros(N_JOINTS)
        if interval_s < 1.5 * self._interval_s:  # else the last mean velocity is old
            hardest = LARGEST_GOAL_SHARE * limits.acceleration
            qdd = np.clip((mean_qd - self._mean_qd) / interval_s, -hardest, hardest)
            qd = mean_qd + 0.5 * interval_s * qdd
        fastest = np.minimum(
            LARGEST_GOAL_SHARE * limits.velocity, limits.stoppable_velocity(q_goal, qd)
        )
        self._goal = MotionState(q=q_goal, qd=np.clip(qd, -fastest, fastest), qdd=qdd)
        self._mean_qd, self._interval_s = mean_qd, interval_s

    def settle(self) -> None:
        """Come to rest at the goal: no further one is expected."""
        self.aim(self._goal.q, interval_s=0.0)

    def advance(self, dt: float) -> Joints:
        """Return the joints (6,) [rad] to be commanded ``dt`` seconds after the last ones."""
        self._time_left -= dt
        goal, start = self._goal_at(-self._time_left), self._goal_at(-self._time_left - dt)
        plan = self._planned(self._request(start))
        if plan is None:
            self.reset(self.state.q)
        elif plan.duration <= dt:
            self.state = goal
        else:
            q, qd, qdd = (np.array(row) for row in plan.at_time(dt))
            q = np.clip(q + goal.q, self.limits.lower, self.limits.upper)
            self.state = MotionState(q=q, qd=qd + goal.qd, qdd=qdd + goal.qdd)
        return self.state.q

    def braking(self, dt: float) -> Joints:
        """
        Return the joints (n, 6) [rad], one row each ``dt`` seconds, of the shortest stop.

        The state is at rest at the last row afterwards.
        """
        request = self._request(_at_rest(np.zeros(N_JOINTS)))
        request.control_interface = ControlInterface.Velocity
        plan = self._planned(request)
        if plan is None:
            rows = self.state.q[None]
        else:
            n = int(np.ceil(min(plan.duration, LONGEST_BRAKING_S) / dt)) + 1
            rows = np.array([plan.at_time((i + 1) * dt)[0] for i in range(n)])
        rows = np.clip(rows, self.limits.lower, self.limits.upper)
        self.reset(rows[-1])
        return rows

    def _goal_at(self, time_s: float) -> MotionState:
        """Return where the goal is, counted from the moment when it is due."""
        goal, limits = self._goal, self.limits
        fastest = LARGEST_GOAL_SHARE * limits.velocity
        q = goal.q + time_s * (goal.qd + 0.5 * time_s * goal.qdd)
        return MotionState(
            q=np.clip(q, limits.lower, limits.upper),
            qd=np.clip(goal.qd + time_s * goal.qdd, -fastest, fastest),
            qdd=goal.qdd,
        )

    def _request(self, frame: MotionState) -> InputParameter:
        """Return the question to Ruckig: from the state to rest at the origin of a frame."""
        limits, state = self.limits, self.state
        request = InputParameter(N_JOINTS)
        request.current_position = state.q - frame.q
        request.current_velocity = state.qd - frame.qd
        request.current_acceleration = state.qdd - frame.qdd
        request.target_position = np.zeros(N_JOINTS)
        request.max_velocity = limits.velocity - frame.qd
        request.min_velocity = -limits.velocity - frame.qd
        request.max_acceleration = limits.acceleration - frame.qdd
        request.min_acceleration = -limits.acceleration - frame.qdd
        request.max_jerk = limits.jerk
        return request

    def _planned(self, request: InputParameter) -> Trajectory | None:
        """Return the plan; None when Ruckig finds none, which is answered by standing still."""
        trajectory = Trajectory(N_JOINTS)
        if self._ruckig.calculate(request, trajectory) not in (Result.Working, Result.Finished):
            return None
        return trajectory


def _at_rest(q: Joints) -> MotionState:
    zeros = np.zeros(N_JOINTS)
    return MotionState(q=q, qd=zeros, qdd=zeros)
