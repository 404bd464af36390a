# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion of the joints towards a goal that keeps moving."""

from __future__ import annotations

import numpy as np
from ruckig import InputParameter, Ruckig, RuckigError, Synchronization, Trajectory

from ..kinematics import N_JOINTS, FloatArray, Joints
from .goal_derivative_estimator import GoalDerivativeEstimator
from .goal_frame import (
    MAX_QD,
    MAX_QDD,
    MIN_QD,
    MIN_QDD,
    N_ROWS,
    QD,
    QDD,
    Q,
    bound_goal,
    relative_problem,
)
from .limits import MotionLimits, MotionState
from .plan import Plan, RuckigPlan
from .stop import Stop

JERK_SHARES = (1.0, 1.0 - 1e-6, 1.0 - 1e-3)


class MotionGenerator:
    """
    Follows goals exactly while they move within the limits, else catches up within them.

    Ruckig (Berscheid & Kroeger, RSS 2021) plans the fastest way to rest, here to rest in a frame
    that moves with the goal as ``GoalDerivativeEstimator`` says. So a moving goal is caught up
    with, and a smooth path is tracked exactly.
    """

    def __init__(self, limits: MotionLimits) -> None:
        """Start at rest at zero: ``reset`` must tell where the arm is."""
        self.limits = limits
        self._ruckig = Ruckig(N_JOINTS)
        self._request = InputParameter(N_JOINTS)  # reused: making one takes as long as planning
        self._request.target_position = [0.0] * N_JOINTS
        self.reset(np.zeros(N_JOINTS))

    def reset(self, q: Joints) -> None:
        """Be at rest at the measured joints (6,) [rad], brought inside the limits."""
        inside = np.clip(q, self.limits.lower, self.limits.upper)
        self.state = MotionState.at_rest(inside)
        self._goal, self._time_left = self.state, 0.0
        self._trend = GoalDerivativeEstimator(self.limits.jerk, inside)
        self.is_limited = False  # the last step: behind its goal, because of the limits
        self.q_wanted = inside  # where the last step would have ended without them

    def warm_up(self) -> None:
        """Compile what is otherwise compiled with the first step; be at rest afterwards."""
        q = self.state.q
        self.set_goal(q, interval_s=0.001)
        self.advance(0.001)
        self.plan_stop().state(0.0)
        self.reset(q)

    @property
    def is_at_rest(self) -> bool:
        """Return whether the goal is reached and nothing moves."""
        return bool((self.state.q == self._goal.q).all() and not self.state.qd.any())

    def set_goal(self, q_goal: Joints, interval_s: float, due_s: float = 0.0) -> None:
        """
        Take a new goal.

        :param q_goal: Shape (6,) [rad], inside the limits.
        :param interval_s: Time since the previous goal when goals come as a stream; 0 for a single
            goal to rest at.
        :param due_s: When the goal is to be passed, from now.
        """
        limits, self._time_left = self.limits, due_s
        q_goal = np.minimum(np.maximum(q_goal, limits.lower), limits.upper)
        if interval_s <= 0.0:
            self._goal, self._trend = (
                MotionState.at_rest(q_goal),
                GoalDerivativeEstimator(limits.jerk, q_goal),
            )
            return
        goal = np.empty((3, N_JOINTS))
        goal[0] = q_goal
        self._trend.move(goal[1:], q_goal, interval_s)
        bound_goal(goal, limits.rows)
        self._goal = MotionState(goal)

    def stop_at_goal(self) -> None:
        """Come to rest at the goal: no further one is expected."""
        self.set_goal(self._goal.q, interval_s=0.0)

    def advance(self, dt: float) -> Joints:
        """Return the joints (6,) [rad] to be commanded ``dt`` seconds after the last ones."""
        self._time_left -= dt
        self.state = self._kept_safe(self._caught_up(dt), dt)
        return self.state.q

    def sample_stop(self, dt: float) -> Joints:
        """
        Return the joints (n, 6) [rad], one row each ``dt`` seconds, of the shortest stop.

        The state is at rest at the last row afterwards.
        """
        rows = self.plan_stop().rows(dt)
        self.reset(rows[-1])
        return rows

    def plan_stop(self) -> Plan:
        """Return the shortest stop, each joint by itself."""
        return Stop(self.state, self.limits)

    def plan_to_goal(self) -> Plan:
        """Return the whole motion to rest at the goal, or the shortest stop if there is none."""
        limits, state = self.limits, self.state
        request = InputParameter(N_JOINTS)
        request.current_position, request.current_velocity = state.q, state.qd
        request.current_acceleration = state.qdd
        request.target_position = self._goal.q
        request.max_velocity, request.max_acceleration = limits.velocity, limits.acceleration
        for synchronization in (Synchronization.Time, Synchronization.No):
            request.synchronization = synchronization
            trajectory = self._planned(request)
            if trajectory is not None:
                plan = RuckigPlan(trajectory, limits)
                if plan.is_within_limits():
                    return plan
        return self.plan_stop()

    def skip(self, time_s: float, state: MotionState) -> None:
        """Take note that the controller went on by itself for a time, and got to a state."""
        self._time_left -= time_s
        self.state = state

    def _caught_up(self, dt: float) -> MotionState | None:
        """Return the state that is ``dt`` seconds nearer to the goal; None if there is no plan."""
        ruckig_input, ahead = np.empty((N_ROWS, N_JOINTS)), np.empty((3, N_JOINTS))
        state, goal, limits = self.state.rows, self._goal.rows, self.limits.rows
        is_near = relative_problem(
            ruckig_input, ahead, state, goal, limits, -self._time_left - dt, dt
        )
        self.q_wanted = ahead[0]
        if is_near:
            self.is_limited = False
            return MotionState(ahead)
        plan = self._planned(self._asked(ruckig_input))
        self.is_limited = plan is None or plan.duration > dt
        if plan is None:
            return None
        return MotionState(ahead + plan.at_time(dt) if plan.duration > dt else ahead)

    def _kept_safe(self, wanted: MotionState | None, dt: float) -> MotionState:
        """
        Return the wanted state, with joints braking that could not stop in time after it.

        Every state returned can stop within the limits, so braking is always possible.
        """
        if wanted is None:
            wanted, is_safe = self.state, np.zeros(N_JOINTS, dtype=np.bool_)
        else:
            is_safe = self.limits.can_stop(wanted)
        if is_safe.all():
            return wanted
        self.is_limited = True
        rows = np.where(is_safe, wanted.rows, self.plan_stop().state(dt).rows)
        rows[0] = np.clip(rows[0], self.limits.lower, self.limits.upper)
        return MotionState(rows)

    def _asked(self, ruckig_input: FloatArray) -> InputParameter:
        """Return the question to Ruckig: from the state to rest at the origin of a frame."""
        request, rows = (
            self._request,
            ruckig_input.tolist(),
        )  # Ruckig takes lists ten times as fast
        request.current_position, request.current_velocity = rows[Q], rows[QD]
        request.current_acceleration = rows[QDD]
        request.max_velocity, request.min_velocity = rows[MAX_QD], rows[MIN_QD]
        request.max_acceleration, request.min_acceleration = rows[MAX_QDD], rows[MIN_QDD]
        return request

    def _planned(self, request: InputParameter) -> Trajectory | None:
        """
        Return the plan; None when Ruckig finds none, which rounding can make happen.

        It happens where two shapes of the motion meet, for example at rest 2 a^3 / j^2 away from
        the goal, which is 0.1 rad with a = 5 and j = 50. A little less jerk avoids such places.
        """
        trajectory = Trajectory(N_JOINTS)
        for share in JERK_SHARES:
            request.max_jerk = share * self.limits.jerk
            try:
                self._ruckig.calculate(request, trajectory)
            except RuckigError:
                continue
            return trajectory
        return None
