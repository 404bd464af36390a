# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion of the joints towards a moving goal."""

from __future__ import annotations

import numpy as np
from ruckig import InputParameter, Ruckig, RuckigError, Synchronization, Trajectory

from ...kinematics import N_JOINTS, FloatArray, Joints
from ..tool.limits import ToolLimits, between, sample_times
from .goal_derivative_estimator import GoalDerivativeEstimator
from .limits import MotionLimits, MotionState
from .moving_goal import (
    MAX_QD,
    MAX_QDD,
    MIN_QD,
    MIN_QDD,
    N_ROWS,
    QD,
    QDD,
    Q,
    limit_goal,
    relative_problem,
)
from .plan import Plan, RuckigPlan
from .stop import Stop

MAX_SCALINGS = 12  # of the velocity limits, until a motion is slow enough for the tool
N_STOPS = 30  # from states of a whole motion that are checked, at most
N_HALVINGS = 5  # of the range between braking and what is desired
SLOWEST = 1e-6  # [m/s] of a tool that moves
GLANCE_S = 0.04  # between the states of a plan that show whether it is much too fast
JERK_SHARES = (1.0, 1.0 - 1e-6, 1.0 - 1e-3)  # of the limit, tried until Ruckig finds a plan


class MotionGenerator:
    """
    Tracks goals exactly while they move within the limits, else catches up within the limits.

    Ruckig (Berscheid & Kroeger, RSS 2021) plans the fastest motion to rest, here to rest relative
    to the goal, which moves as ``GoalDerivativeEstimator`` estimates.
    """

    def __init__(self, limits: MotionLimits, tool_limits: ToolLimits | None = None) -> None:
        """
        Start at rest at zero: ``reset`` sets where the arm is.

        :param tool_limits: Of everything that is commanded, stops included; None for none.
        """
        self.limits, self.tool_limits = limits, tool_limits
        self._ruckig = Ruckig(N_JOINTS)
        self._input = InputParameter(N_JOINTS)  # reused: creating one takes as long as planning
        self._input.target_position = [0.0] * N_JOINTS
        self.reset(np.zeros(N_JOINTS))

    def reset(self, q: Joints) -> None:
        """Go to rest at the measured joints (6,) [rad], clipped to the limits."""
        inside = np.clip(q, self.limits.lower, self.limits.upper)
        self.state = MotionState.at_rest(inside)
        self._goal, self._goal_due_s = self.state, 0.0
        self._estimator = GoalDerivativeEstimator(self.limits.jerk, inside)
        self.is_limited = False  # the last step is behind the goal because of the limits
        self.q_unlimited = inside  # where the last step would have ended without limits

    def warm_up(self) -> None:
        """Compile the kernels before the first step; the state is at rest afterwards."""
        q = self.state.q
        self.set_goal(q, interval_s=0.001)
        self.advance(0.001)
        self.plan_stop(self.state).state_at(0.0)
        if self.tool_limits is not None:
            rows = self.state.rows
            self.tool_limits.allows(between(rows, rows, duration_s=0.1))
        self.reset(q)

    @property
    def is_at_rest(self) -> bool:
        """Whether the goal is reached and nothing moves."""
        return bool((self.state.q == self._goal.q).all() and not self.state.qd.any())

    def set_goal(self, q_goal: Joints, interval_s: float, due_s: float = 0.0) -> None:
        """
        Set a new goal.

        :param q_goal: Shape (6,) [rad]; clipped to the limits.
        :param interval_s: Time since the goal before it in a stream; 0 for a single goal, at
            which the motion ends at rest.
        :param due_s: Time from now at which the motion should pass the goal.
        """
        limits, self._goal_due_s = self.limits, due_s
        goal = np.zeros((3, N_JOINTS))
        goal[0] = np.minimum(np.maximum(q_goal, limits.lower), limits.upper)
        if interval_s <= 0.0:
            self._goal = MotionState(goal)
            self._estimator = GoalDerivativeEstimator(limits.jerk, q_goal)
            return
        self._estimator.update(goal[1:], q_goal, interval_s)
        limit_goal(goal, limits.rows)
        self._goal = MotionState(goal)

    def stop_at_goal(self) -> None:
        """Make the newest goal the last one: come to rest at it."""
        self.set_goal(self._goal.q, interval_s=0.0)

    def advance(self, dt: float) -> Joints:
        """Advance the motion by ``dt`` seconds; return the joints (6,) [rad] to command."""
        self._goal_due_s -= dt
        self.state = self._enforce_stoppable(self._track(dt), dt)
        return self.state.q

    def catch(self, dt: float) -> bool:
        """
        Advance by ``dt`` seconds if that ends exactly at a moving goal; else change nothing.

        The limits of the joints are then so far away that the way between does not matter. Those
        of the tool may not be, and are enforced for each step.
        """
        if self.tool_limits is not None or not self._goal.qd.any():
            return False
        _, goal_ahead, is_reachable = self._relative_to_goal(-self._goal_due_s, dt)
        if not is_reachable:
            return False
        caught = MotionState(goal_ahead)
        if not self.limits.can_stop(caught).all():
            return False
        self._goal_due_s -= dt
        self.state, self.q_unlimited, self.is_limited = caught, goal_ahead[0], False
        return True

    def preview(self, dt: float) -> MotionState:
        """Return the state ``dt`` seconds later if the goal goes on as it is; change nothing."""
        kept = self.is_limited, self.q_unlimited, self._goal_due_s
        self._goal_due_s -= dt
        state = self._enforce_stoppable(self._track(dt), dt)
        self.is_limited, self.q_unlimited, self._goal_due_s = kept
        return state

    def plan_stop(self, state: MotionState) -> Plan:
        """Return the shortest stop from a state, each joint by itself."""
        return Stop(state, self.limits)

    def plan_to_goal(self) -> Plan:
        """Return the whole motion to rest at the goal, or the shortest stop if none is found."""
        return self._plan_to(self._goal.q, self.state) or self.plan_stop(self.state)

    def has_way_to(self, q_goal: Joints, state: MotionState) -> bool:
        """Whether the tool keeps its limits in the whole motion from a state to a goal (6,)."""
        inside = np.clip(q_goal, self.limits.lower, self.limits.upper)
        return self.tool_limits is None or self._plan_to(inside, state) is not None

    def _plan_to(self, q_goal: Joints, state: MotionState) -> Plan | None:
        """
        Return the fastest motion to rest at a goal within all limits, None if none is found.

        The limits of the velocities are scaled until the tool is slow enough, and stays inside
        its box also where it stops on the way.
        """
        tool, scale = self.tool_limits, 1.0
        for _ in range(MAX_SCALINGS):
            plan = self._joint_plan_to(q_goal, state, scale)
            if plan is None or tool is None:
                return plan
            speed = tool.extremes(plan.states(sample_times(plan.duration, GLANCE_S))).speed
            if speed <= tool.usable_speed:  # else no closer look is needed
                states = plan.states(sample_times(plan.duration))
                if tool.allows(states) and self._allows_stops(states, tool):
                    return plan
                speed = tool.extremes(states).speed
            scale *= min(tool.usable_speed / max(speed, SLOWEST), 0.9)
        return None

    def _allows_stops(self, states: FloatArray, tool: ToolLimits) -> bool:
        """Whether the tool keeps its limits in stops from some states (n, 3, 6) of a motion."""
        for rows in states[:: max(len(states) // N_STOPS, 1)]:
            stop = self.plan_stop(MotionState(rows))
            if not tool.allows(stop.states(sample_times(stop.duration))):
                return False
        return True

    def _joint_plan_to(
        self, q_goal: Joints, state: MotionState, velocity_scale: float
    ) -> Plan | None:
        """Return the fastest motion of the joints to rest at a goal, None if none is found."""
        limits = self.limits
        ruckig_input = InputParameter(N_JOINTS)
        ruckig_input.current_position, ruckig_input.current_velocity = state.q, state.qd
        ruckig_input.current_acceleration = state.qdd
        ruckig_input.target_position = q_goal
        ruckig_input.max_velocity = velocity_scale * limits.velocity
        ruckig_input.max_acceleration = limits.acceleration
        for synchronization in (Synchronization.Time, Synchronization.No):
            ruckig_input.synchronization = synchronization
            trajectory = self._plan(ruckig_input)
            if trajectory is not None:
                plan = RuckigPlan(trajectory, limits)
                if plan.is_within_limits():
                    return plan
        return None

    def resume_from(self, state: MotionState, *, elapsed_s: float) -> None:
        """Continue from another state, which is due a time after the present one (or before)."""
        self._goal_due_s -= elapsed_s
        self.state = state

    def _track(self, dt: float) -> MotionState | None:
        """Return the state ``dt`` seconds later on the way to the goal; None if none is found."""
        relative, goal_ahead, is_reachable = self._relative_to_goal(-self._goal_due_s - dt, dt)
        self.q_unlimited = goal_ahead[0]
        if is_reachable:
            self.is_limited = False
            return MotionState(goal_ahead)
        plan = self._plan(self._ruckig_input(relative))
        self.is_limited = plan is None or plan.duration > dt
        if plan is None:
            return None
        if plan.duration <= dt:
            return MotionState(goal_ahead)
        return MotionState(goal_ahead + plan.at_time(dt))

    def _relative_to_goal(self, time_s: float, dt: float) -> tuple[FloatArray, FloatArray, bool]:
        """
        Return the relative problem (7, 6), the goal ``dt`` later (3, 6), and whether a step does.

        :param time_s: Now, from the time when the goal is due.
        """
        relative, goal_ahead = np.empty((N_ROWS, N_JOINTS)), np.empty((3, N_JOINTS))
        state, goal, limits = self.state.rows, self._goal.rows, self.limits.rows
        is_reachable = relative_problem(relative, goal_ahead, state, goal, limits, time_s, dt)
        return relative, goal_ahead, is_reachable

    def _enforce_stoppable(self, desired: MotionState | None, dt: float) -> MotionState:
        """
        Return the desired state, but brake the joints that could not stop in time after it.

        Every state returned can stop within the limits, so braking is always possible.
        """
        if desired is None:
            desired, can_stop = self.state, np.zeros(N_JOINTS, dtype=np.bool_)
        else:
            can_stop = self.limits.can_stop(desired)
        if can_stop.all():
            return self._enforce_tool_limits(desired, dt)
        self.is_limited = True
        rows = np.where(can_stop, desired.rows, self.plan_stop(self.state).state_at(dt).rows)
        rows[0] = np.clip(rows[0], self.limits.lower, self.limits.upper)
        return self._enforce_tool_limits(MotionState(rows), dt)

    def _enforce_tool_limits(self, desired: MotionState, dt: float) -> MotionState:
        """
        Return the desired state, or one between it and braking that the limits of the tool allow.

        Every state returned can stop within them, so braking is always possible. States that the
        joints can reach in one step, and motions to them, may be mixed: their limits are convex.
        """
        tool = self.tool_limits
        if tool is None or self._allows_state(desired, dt, tool):
            return desired
        self.is_limited = True
        allowed = braked = self.plan_stop(self.state).state_at(dt)
        share, step = 0.0, 0.5
        for _ in range(N_HALVINGS):
            mixed = braked.rows + (share + step) * (desired.rows - braked.rows)
            state = MotionState(mixed)
            if self.limits.can_stop(state).all() and self._allows_state(state, dt, tool):
                allowed, share = state, share + step
            step *= 0.5
        return allowed

    def _allows_state(self, desired: MotionState, dt: float, tool: ToolLimits) -> bool:
        """Whether the tool keeps its limits on the way to a state and in the stop after it."""
        stop = self.plan_stop(desired)
        on_the_way = between(self.state.rows, desired.rows, dt)
        return tool.allows(np.concatenate((on_the_way, stop.states(sample_times(stop.duration)))))

    def _ruckig_input(self, relative: FloatArray) -> InputParameter:
        """Return Ruckig's input for the relative problem (7, 6): to rest at the origin."""
        rows, ruckig_input = relative.tolist(), self._input  # lists are read ten times as fast
        ruckig_input.current_position, ruckig_input.current_velocity = rows[Q], rows[QD]
        ruckig_input.current_acceleration = rows[QDD]
        ruckig_input.max_velocity, ruckig_input.min_velocity = rows[MAX_QD], rows[MIN_QD]
        ruckig_input.max_acceleration = rows[MAX_QDD]
        ruckig_input.min_acceleration = rows[MIN_QDD]
        return ruckig_input

    def _plan(self, ruckig_input: InputParameter) -> Trajectory | None:
        """
        Return the fastest trajectory; None if rounding keeps Ruckig from finding one.

        It does where two motion profiles meet, for example at rest 2 a^3 / j^2 away from the
        goal, which is 0.1 rad with a = 5 and j = 50. A little less jerk avoids such points.
        """
        trajectory = Trajectory(N_JOINTS)
        for share in JERK_SHARES:
            ruckig_input.max_jerk = share * self.limits.jerk
            try:
                self._ruckig.calculate(ruckig_input, trajectory)
            except RuckigError:
                continue
            return trajectory
        return None
