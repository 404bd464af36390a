# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From targets and joint states to timed commands: the node's logic without ROS."""

from __future__ import annotations

import math
from enum import Enum
from time import perf_counter_ns

from ..kinematics import Joints, Transform
from ..solver import IkSolver, IkStatus
from ..units import NS_PER_S
from .generator import MotionGenerator
from .limits import MotionState
from .output_modes import make_output_mode
from .status import StreamStatus
from .target_timing import MISSED_TARGETS
from .tracker_types import Command, Deviation, Health, Output, Status, TrackerConfig
from .watchdogs import (
    FaultLatch,
    FollowingErrorMonitor,
    JointStateMonitor,
    Refusal,
    exceeded_limit,
    target_refusal,
)

NO_WAY = 'the motion to it leaves the workspace, or is too fast for the tool'
CLOCK_CORRECTION_S = 0.05  # by which a clock may be set back without a fault


class TrackerState(Enum):
    """What the tracker is doing; docs/design.md draws the transitions."""

    IDLE = 'no motion; the next target starts one from the measured joints'
    TRACKING = 'a motion towards the targets is under way'
    HOLDING = 'at rest at the goal; the next target continues from the last command'
    FAULT = 'the motion was ended; targets are refused'


# Members of an Enum are slow to look up by attribute before Python 3.12.
IDLE, TRACKING = TrackerState.IDLE, TrackerState.TRACKING
HOLDING, FAULT = TrackerState.HOLDING, TrackerState.FAULT


class PoseTracker:
    """
    Solves each target as it arrives and keeps commands flowing in between.

    Deterministic in its inputs: times are arguments, so a bag is replayed exactly. A target is
    followed from the last command while a motion is under way, else from the measured joints.
    """

    def __init__(
        self, solver: IkSolver, generator: MotionGenerator, config: TrackerConfig | None = None
    ) -> None:
        """Start without joints and without a target: nothing moves until both have arrived."""
        self._fault = FaultLatch()
        self._state: TrackerState = IDLE  # or TRACKING while it is HOLDING: see ``state``
        self.reconfigure(solver, generator, config or TrackerConfig())
        self.restart()

    def reconfigure(
        self, solver: IkSolver, generator: MotionGenerator, config: TrackerConfig
    ) -> None:
        """Change arm or settings, to be called at rest; a fault remains."""
        self.solver, self.generator, self.config = solver, generator, config
        period_s = 1.0 / config.rate_hz
        self._max_delay_s = max(config.max_command_delay_s, (MISSED_TARGETS + 1.0) * period_s)
        self._mode = make_output_mode(config.output_mode, generator, period_s)
        self._joints = JointStateMonitor(solver.arm, timeout_s=config.joint_state_timeout_s)
        self._following = FollowingErrorMonitor(
            tolerance=config.max_following_error, delay_s=config.following_delay_s
        )
        self._fault.configure(is_automatic=config.automatic_recovery, rest_s=config.recovery_s)
        self._finish()

    def restart(self) -> None:
        """Forget targets, joints and faults, as after activation."""
        self._joints.clear()
        self._state = IDLE
        self._newest_ns = 0
        self._pending_output: Output | None = None  # the end of a motion, for the next tick

    # Inputs

    def on_joints(self, q: Joints, now_ns: int) -> None:
        """
        Update the measured joints.

        :param q: Shape (6,) [rad], finite.
        :param now_ns: When they arrived, by the node's clock.
        """
        self._watch_clock(now_ns)
        self._joints.update(q, now_ns)
        if self._state is TRACKING:
            self._watch_following_error(q, now_ns)
        elif self._state is FAULT and self._fault.update(q, now_ns):
            self._recover()

    def on_bad_joints(self, problem: str) -> None:
        """Remember why the newest joint state could not be used."""
        self._joints.set_problem(problem)

    def on_target(
        self,
        transform: Transform,
        *,
        frame: str,
        stamp_ns: int,
        now_ns: int,
        max_joint_step: float = math.inf,
    ) -> Output:
        """
        Return the status of a target and, if it is solved, the next command.

        :param transform: Tool in ``frame``, (4, 4), translation in [m].
        :param stamp_ns: Time that the target is meant for; 0 means now.
        :param now_ns: The node's clock.
        :param max_joint_step: Largest step from the commanded joints to the solution [rad], for
            this target, in addition to the solver's own.
        """
        self._watch_clock(now_ns)
        self._watch_rate(now_ns)
        refusal = (
            target_refusal(self.config, frame, stamp_ns, now_ns)
            or self._refusal(now_ns)
            or self._workspace_refusal(transform)
        )
        if refusal is not None:
            return Output(status=refusal.status, detail=refusal.detail)
        self._prepare(now_ns)
        started_ns = perf_counter_ns()
        solution = self.solver.solve(transform, self.generator.state.q)
        solve_ns = perf_counter_ns() - started_ns
        status = solution.status
        if status.is_solved and solution.max_joint_step > max_joint_step:
            status = IkStatus.STEP_TOO_LARGE
        if not status.is_solved:
            return Output(status=status, solution=solution, solve_ns=solve_ns)
        if not self._mode.has_way_to(solution.q, now_ns):
            return Output(status=StreamStatus.OUTSIDE_WORKSPACE, detail=NO_WAY, solution=solution)
        command = self._track(solution.q, stamp_ns or now_ns, now_ns)
        return Output(
            status=solution.status,
            solution=solution,
            solve_ns=solve_ns,
            command=command,
            deviation=self._deviation(),
        )

    def on_tick(self, now_ns: int) -> Output | None:
        """Return the next command between targets, a fault, or None if nothing is due."""
        self._watch_clock(now_ns)
        self._watch_rate(now_ns)
        self._watch_joint_state(now_ns)
        pending, self._pending_output = self._pending_output, None
        if pending is not None or self._state is not TRACKING:
            return pending
        command = self._mode.next_command(now_ns)
        if command is not None:
            return Output(status=IkStatus.SOLVED, command=command, deviation=self._deviation())
        if self._mode.is_finished(now_ns):
            self._finish()
        return None

    def stop(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; forget everything."""
        command = self._brake(now_ns)
        self.restart()
        return command

    def inhibit(self, detail: str, now_ns: int) -> None:
        """End the motion and refuse targets until ``restart``: the arm is another one."""
        self._fail(StreamStatus.ROBOT_DESCRIPTION_MISMATCH, detail, now_ns, is_final=True)

    # State

    def state(self, now_ns: int) -> TrackerState:
        """Return the state at a time: motions come to rest between inputs, too."""
        if self._state is TRACKING and self._mode.is_at_rest(now_ns):
            return HOLDING
        return self._state

    def is_at_rest(self, now_ns: int) -> bool:
        """Whether no motion is under way or left to be commanded."""
        return self.state(now_ns) is not TRACKING

    def start_state(self) -> MotionState | None:
        """Return the state of the joints that the next target starts from, None without any."""
        if self._state is TRACKING:
            return self.generator.state
        return None if self._joints.q is None else MotionState.at_rest(self._joints.q)

    def idle_status(self, now_ns: int) -> Output:
        """Return what the tracker waits for: a target, or what has to come before one."""
        refusal = self._refusal(now_ns) or Refusal(StreamStatus.IDLE)
        return Output(status=refusal.status, detail=refusal.detail)

    def health(self, now_ns: int) -> Health:
        """Return what the watchdogs see."""
        state = self.state(now_ns)
        return Health(
            fault=self._fault.status.name if state is FAULT else 'none',
            joint_state_age_s=self._joints.age_s(now_ns) if self._joints.q is not None else None,
            following_error=self._following.error,
            is_moving=state is TRACKING,
        )

    # Transitions

    def _track(self, q_goal: Joints, stamp_ns: int, now_ns: int) -> Command:
        """To TRACKING from any state but FAULT: a target is solved."""
        self._state = TRACKING
        return self._mode.command_to(q_goal, stamp_ns=stamp_ns, now_ns=now_ns)

    def _finish(self) -> None:
        """To IDLE from TRACKING and HOLDING: the motion has been at rest for a while."""
        if self._state is TRACKING:
            self._state = IDLE

    def _fail(self, status: Status, detail: str, now_ns: int, *, is_final: bool = False) -> None:
        """To FAULT from any state: the next tick reports it, with a stop if something moves."""
        command = self._brake(now_ns)
        self._state = FAULT
        self._fault.set(status, detail, is_final=is_final)
        self._pending_output = Output(status=status, detail=self._fault.detail, command=command)

    def _recover(self) -> None:
        """To IDLE from FAULT: the arm has been at rest for long enough."""
        self._state = IDLE

    # Helpers

    def _prepare(self, now_ns: int) -> None:
        """Start from the measured joints, or from where the motion under way has got to."""
        if self._state is TRACKING:
            self._mode.motion.catch_up(now_ns)
        elif self._joints.q is not None:
            self._mode.start(self._joints.q, now_ns)
            self._following.clear()

    def _brake(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop of a motion under way, or None if nothing moves."""
        return self._mode.motion.brake(now_ns) if self._state is TRACKING else None

    def _refusal(self, now_ns: int) -> Refusal | None:
        """Return why no target can be accepted now, whatever it is."""
        if self._state is FAULT:
            return self._fault.refusal()
        return self._joints.refusal(now_ns)

    def _workspace_refusal(self, transform: Transform) -> Refusal | None:
        """Return why a pose (4, 4) of the tip, finite or not, is outside the workspace."""
        tool_limits = self.generator.tool_limits
        outside = '' if tool_limits is None else tool_limits.outside(transform)
        return Refusal(StreamStatus.OUTSIDE_WORKSPACE, outside) if outside else None

    def _deviation(self) -> Deviation | None:
        """Return how far the motion limits keep the tool from the target, None if not at all."""
        if not self._mode.is_limited:
            return None
        generator = self.generator
        return Deviation(arm=self.solver.arm, q=generator.state.q, q_goal=generator.q_unlimited)

    # Watchdogs

    def _watch_clock(self, now_ns: int) -> None:
        """Let nothing lie in the future: simulated and corrected clocks jump back."""
        back_s, self._newest_ns = (self._newest_ns - now_ns) / NS_PER_S, now_ns
        if back_s <= 0.0:
            return
        self._joints.clamp_to(now_ns)
        self._mode.clamp_to(now_ns)
        if back_s <= CLOCK_CORRECTION_S:
            return
        self._joints.clear()  # of another time
        if self._state is TRACKING:
            self._fail(StreamStatus.CLOCK_JUMP, f'{back_s:.3f} s', now_ns)

    def _watch_rate(self, now_ns: int) -> None:
        """End a motion whose next command has been missing for too long."""
        if self._state is not TRACKING:
            return
        late_s = self._mode.overdue_s(now_ns)
        if late_s > self._max_delay_s:
            detail = exceeded_limit('late', late_s, self._max_delay_s)
            self._fail(StreamStatus.COMMAND_OVERDUE, detail, now_ns)

    def _watch_joint_state(self, now_ns: int) -> None:
        """End a motion without recent joint states."""
        if self._state is TRACKING and (stale := self._joints.staleness_refusal(now_ns)):
            self._fail(stale.status, stale.detail, now_ns)

    def _watch_following_error(self, q: Joints, now_ns: int) -> None:
        """End a motion that the arm does not follow."""
        error = self._following.update(q, self._mode.motion.q_commanded(now_ns), now_ns)
        if error is not None:
            joint = self.solver.arm.joint_names[int(error.argmax())]
            detail = f'{joint} is {error.max():.3f} rad away'
            self._fail(StreamStatus.FOLLOWING_ERROR, detail, now_ns)
