# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion of the joints towards a goal that keeps moving."""

from __future__ import annotations

import numpy as np
from ruckig import (
    ControlInterface,
    InputParameter,
    Ruckig,
    RuckigError,
    Synchronization,
    Trajectory,
)

from ..kinematics import N_JOINTS, Joints
from .limits import MotionLimits, MotionState
from .plan import Plan
from .trend import GoalTrend

JERK_SHARES = (1.0, 1.0 - 1e-6, 1.0 - 1e-3)
LARGEST_GOAL_SHARE = 0.9  # of velocity and acceleration; the rest is for catching up


class MotionGenerator:
    """
    Follows goals exactly while they move within the limits, else catches up within them.

    Ruckig (Berscheid & Kroeger, RSS 2021) plans the fastest way to rest, here to rest in a frame
    that moves with the goal as ``GoalTrend`` says. So a moving goal is caught up with, and a
    smooth path is tracked exactly.
    """

    def __init__(self, limits: MotionLimits) -> None:
        """Start at rest at zero: ``reset`` must tell where the arm is."""
        self.limits = limits
        self._ruckig = Ruckig(N_JOINTS)
        self.reset(np.zeros(N_JOINTS))

    def reset(self, q: Joints) -> None:
        """Be at rest at the measured joints (6,) [rad], brought inside the limits."""
        inside = np.clip(q, self.limits.lower, self.limits.upper)
        self.state = MotionState.at_rest(inside)
        self._goal, self._time_left = self.state, 0.0
        self._trend = GoalTrend(self.limits.jerk, inside)
        self.is_limited = False  # the last step: behind its goal, because of the limits
        self.q_wanted = inside  # where the last step would have ended without them

    def warm_up(self) -> None:
        """Compile what is otherwise compiled with the first step; be at rest afterwards."""
        q = self.state.q
        self.advance(0.001)
        self.reset(q)

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
        limits = self.limits
        q_goal, self._time_left = np.clip(q_goal, limits.lower, limits.upper), due_s
        if interval_s <= 0.0:
            self._goal, self._trend = MotionState.at_rest(q_goal), GoalTrend(limits.jerk, q_goal)
            return
        qd, qdd = self._trend.move(q_goal, interval_s)
        hardest = LARGEST_GOAL_SHARE * limits.acceleration
        fastest = np.minimum(
            LARGEST_GOAL_SHARE * limits.velocity, limits.stoppable_velocity(q_goal, qd)
        )
        self._goal = MotionState(
            q=q_goal, qd=np.clip(qd, -fastest, fastest), qdd=np.clip(qdd, -hardest, hardest)
        )

    def settle(self) -> None:
        """Come to rest at the goal: no further one is expected."""
        self.aim(self._goal.q, interval_s=0.0)

    def advance(self, dt: float) -> Joints:
        """Return the joints (6,) [rad] to be commanded ``dt`` seconds after the last ones."""
        self._time_left -= dt
        self.state = self._kept_safe(self._caught_up(dt), dt)
        return self.state.q

    def braking(self, dt: float) -> Joints:
        """
        Return the joints (n, 6) [rad], one row each ``dt`` seconds, of the shortest stop.

        The state is at rest at the last row afterwards.
        """
        rows = self.stopping().rows(dt)
        self.reset(rows[-1])
        return rows

    def stopping(self) -> Plan:
        """Return the shortest stop, each joint by itself."""
        limits, state = self.limits, self.state
        request = InputParameter(N_JOINTS)
        request.control_interface = ControlInterface.Velocity
        request.synchronization = Synchronization.No
        request.current_position, request.current_velocity = state.q, state.qd
        request.current_acceleration = state.qdd
        request.target_velocity = np.zeros(N_JOINTS)
        request.max_velocity = limits.velocity
        request.max_acceleration = limits.acceleration
        return Plan(self._planned(request), state, limits)

    def resting(self) -> Plan:
        """Return the whole motion to rest at the goal, or the shortest stop if there is none."""
        frame = MotionState.at_rest(self._goal.q)
        for synchronization in (Synchronization.Time, Synchronization.No):
            request = self._request(frame)
            request.current_position = self.state.q
            request.target_position = frame.q
            request.synchronization = synchronization
            trajectory = self._planned(request)
            if trajectory is not None:
                plan = Plan(trajectory, self.state, self.limits)
                if plan.is_within_limits():
                    return plan
        return self.stopping()

    def skip(self, time_s: float, state: MotionState) -> None:
        """Take note that the controller went on by itself for a time, and got to a state."""
        self._time_left -= time_s
        self.state = state

    def _caught_up(self, dt: float) -> MotionState | None:
        """Return the state that is ``dt`` seconds nearer to the goal; None if there is no plan."""
        frame = self._goal_at(-self._time_left - dt)
        plan = self._planned(self._request(frame))
        self.is_limited = plan is None or plan.duration > dt
        if plan is None:
            return None
        goal = MotionState(
            q=frame.q + dt * (frame.qd + 0.5 * dt * frame.qdd),
            qd=frame.qd + dt * frame.qdd,
            qdd=frame.qdd,
        )
        self.q_wanted = goal.q
        if plan.duration <= dt:
            return goal
        q, qd, qdd = (np.array(row) for row in plan.at_time(dt))
        return MotionState(q=q + goal.q, qd=qd + goal.qd, qdd=qdd + goal.qdd)

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
        braked = self.stopping().state(dt)
        return MotionState(
            q=np.clip(np.where(is_safe, wanted.q, braked.q), self.limits.lower, self.limits.upper),
            qd=np.where(is_safe, wanted.qd, braked.qd),
            qdd=np.where(is_safe, wanted.qdd, braked.qdd),
        )

    def _goal_at(self, time_s: float) -> MotionState:
        """Return where the goal is, counted from the moment when it is due."""
        goal, limits = self._goal, self.limits
        fastest = LARGEST_GOAL_SHARE * limits.velocity
        q = goal.q + time_s * (goal.qd + 0.5 * time_s * goal.qdd)
        qd = goal.qd + time_s * goal.qdd
        # A goal that was left alone for long ends at the limits of speed and position.
        is_fast, is_out = np.abs(qd) > fastest, (q < limits.lower) | (q > limits.upper)
        return MotionState(
            q=np.clip(q, limits.lower, limits.upper),
            qd=np.where(is_out, 0.0, np.clip(qd, -fastest, fastest)),
            qdd=np.where(is_out | is_fast, 0.0, goal.qdd),
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
