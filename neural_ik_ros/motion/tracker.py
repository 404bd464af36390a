# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From targets and joint states to timed commands: the node's logic without ROS."""

from __future__ import annotations

import math
from enum import Enum
from time import perf_counter_ns

import numpy as np

from ..kinematics import Joints, Transform
from ..solver import IkSolution, IkSolver, IkStatus
from ..units import NS_PER_MS, NS_PER_S
from .continuity import StreamContinuity
from .generation.generator import MotionGenerator
from .generation.limits import MotionState
from .output_modes import make_output_mode
from .status import StreamStatus
from .supervisor import Supervisor
from .target_timing import MISSED_TARGETS
from .tracker_types import STREAM, Command, Deviation, Health, Output, Status, TrackerConfig
from .watchdogs import FaultLatch, Refusal, exceeded_limit, stamp_refusal

NO_WAY = 'the motion to it leaves the workspace, or is too fast for the tool'
CLOCK_CORRECTION_NS = 50 * NS_PER_MS  # by which a clock may be set back without a fault
# Faults of an arm that is not where the commanded path is.
OFF_PATH = frozenset((StreamStatus.NOT_FOLLOWING, StreamStatus.FOLLOWING_ERROR))


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
        config = config or TrackerConfig()
        self._fault, self._continuity = FaultLatch(), StreamContinuity()
        self.supervisor = Supervisor(solver.arm, config)
        self._state: TrackerState = IDLE  # or TRACKING while it is HOLDING: see ``state``
        self.reconfigure(solver, generator, config)
        self.restart()

    def reconfigure(
        self, solver: IkSolver, generator: MotionGenerator, config: TrackerConfig
    ) -> None:
        """Change arm or settings, to be called at rest; a fault remains."""
        self.solver, self.generator, self.config = solver, generator, config
        period_s = 1.0 / config.rate_hz
        self._max_delay_s = max(config.max_command_delay_s, (MISSED_TARGETS + 1.0) * period_s)
        self.supervisor.configure(solver.arm, config)
        start_monitor = self.supervisor.start_monitor
        self._mode = make_output_mode(config.output_mode, generator, start_monitor, period_s)
        self._fault.configure(is_automatic=config.automatic_recovery, rest_s=config.recovery_s)
        self._continuity.clear()
        self._finish()

    def warm_up(self) -> None:
        """Compile and load everything now, so that nothing is left to the control loop."""
        self.solver.warm_up()
        self.generator.warm_up()
        self._mode.warm_up()

    def restart(self) -> None:
        """Forget targets, joints and faults, as after activation."""
        self.supervisor.clear()
        self._continuity.clear()
        self._state = IDLE
        self._newest_ns = 0

    # Inputs: each may end the motion, and then returns a fault with a stop if something moves

    def on_joints(self, q: Joints, now_ns: int, stamp_ns: int = 0) -> Output | None:
        """
        Update the measured joints.

        :param q: Shape (6,) [rad], finite.
        :param now_ns: When they arrived, by the node's clock.
        :param stamp_ns: When they were measured, by the controller's clock; 0 if unknown.
        :return: A fault, if the arm does not do as commanded.
        """
        fault = self._watch_clock(now_ns)
        q = self.supervisor.on_joints(q, stamp_ns, now_ns)
        if self._state is TRACKING:
            off_path = self.supervisor.off_path(q, stamp_ns, self._mode.path, now_ns)
            return self._ended_by(off_path, now_ns)
        if self._state is FAULT and self._fault.update(q, now_ns):
            self._recover()
        return fault

    def on_target(
        self,
        transform: Transform,
        *,
        stamp_ns: int,
        now_ns: int,
        max_joint_step: float = math.inf,
    ) -> Output:
        """
        Return the status of a target and, if it is solved, the next command.

        :param transform: Tip of the arm in its base, (4, 4), translation in [m].
        :param stamp_ns: Time that the target is meant for; 0 means now.
        :param now_ns: The node's clock.
        :param max_joint_step: Largest step from the commanded joints to the solution [rad], for
            this target, beside that of the solver's options.
        """
        fault = self._watch_clock(now_ns) or self._watch_rate(now_ns)
        if fault is not None:
            return fault
        refusal = (
            stamp_refusal(stamp_ns, now_ns, timeout_s=self.config.target_timeout_s)
            or self._refusal(now_ns)
            or self._workspace_refusal(transform)
        )
        if refusal is not None:
            return Output(status=refusal.status, detail=refusal.detail)
        if self._state is not TRACKING:
            self._start_motion(now_ns)
        started_ns = perf_counter_ns()
        solution = self.solver.solve(transform, self._q_before(now_ns))
        solve_ns = perf_counter_ns() - started_ns
        refusal = self._answer_refusal(transform, solution, max_joint_step, now_ns)
        if refusal is not None:
            return Output(
                status=refusal.status, detail=refusal.detail, solution=solution, solve_ns=solve_ns
            )
        self._continuity.follow(transform, solution.q)
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
        fault = self._watch_clock(now_ns) or self._watch_rate(now_ns) or self._watch_inputs(now_ns)
        if fault is not None or self._state is not TRACKING:
            return fault
        self._correct_clock(now_ns)
        command = self._mode.next_command(now_ns)
        if command is not None:
            return Output(status=IkStatus.SOLVED, command=command, deviation=self._deviation())
        is_waiting = self.supervisor.start_monitor.is_waiting
        if self._mode.is_finished(now_ns) and not is_waiting:
            self._finish()
        return None

    def stop(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; forget everything."""
        command = self._brake(now_ns)
        self.restart()
        return command

    def hold(self, now_ns: int) -> Output:
        """Stop on request; targets are refused until ``resume``."""
        if self._is_latched:  # at rest, or about to be
            return self.idle_status(now_ns)
        return self._fail(StreamStatus.STOPPED, '', now_ns)

    def resume(self) -> str:
        """Acknowledge a fault or a stop; return why that is impossible, or nothing."""
        if self._state is not FAULT:
            return ''
        if not self._fault.can_be_acknowledged:
            return self._fault.detail
        self._recover()
        return ''

    def inhibit(self, detail: str, now_ns: int) -> Output:
        """End the motion and refuse targets until ``restart``: the arm is another one."""
        return self._fail(StreamStatus.ROBOT_DESCRIPTION_MISMATCH, detail, now_ns)

    def abort(self, detail: str, now_ns: int) -> Output | None:
        """End the motion, unless it has ended: an unexpected error has left an input unused."""
        if self._is_latched:
            return None
        return self._fail(StreamStatus.INTERNAL_ERROR, detail, now_ns)

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
        q = self.supervisor.q
        return None if q is None else MotionState.at_rest(q)

    def idle_status(self, now_ns: int) -> Output:
        """Return what the tracker waits for: a target, or what has to come before one."""
        refusal = self._refusal(now_ns) or Refusal(StreamStatus.IDLE)
        return Output(status=refusal.status, detail=refusal.detail)

    def health(self, now_ns: int) -> Health:
        """Return what the watchdogs see."""
        state = self.state(now_ns)
        return Health(
            fault=self._fault.status.name if state is FAULT else 'none',
            joint_state_age_s=self.supervisor.joint_state_age_s(now_ns),
            following_error=self.supervisor.following_error,
            is_moving=state is TRACKING,
        )

    # Transitions

    def _track(self, q_goal: Joints, stamp_ns: int, now_ns: int) -> Command | None:
        """To TRACKING from any state but FAULT: a target is solved."""
        self._state = TRACKING
        self._correct_clock(now_ns)
        return self._mode.command_to(q_goal, stamp_ns=stamp_ns, now_ns=now_ns)

    def _start_motion(self, now_ns: int) -> None:
        """At rest at the measured joints, for the first target of a motion."""
        q = self.supervisor.q
        if q is not None:
            self.supervisor.on_start(q, now_ns)
            self._mode.start(q, now_ns)

    def _finish(self) -> None:
        """To IDLE from TRACKING and HOLDING: the motion has been at rest for a while."""
        if self._state is TRACKING:
            self._state = IDLE

    def _fail(self, status: Status, detail: str, now_ns: int) -> Output:
        """To FAULT from any state; return the report, with a stop if something moves."""
        command = self._brake(now_ns) if status not in OFF_PATH else self._stop_arm(now_ns)
        self._continuity.clear()
        self._state = FAULT
        self._fault.set(status, detail)
        return Output(status=status, detail=self._fault.detail, command=command)

    def _recover(self) -> None:
        """To IDLE from FAULT: the arm has been at rest for long enough, or someone says so."""
        self._state = IDLE

    # Helpers

    def _brake(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop of a motion under way, or None if nothing moves."""
        return self._mode.brake(now_ns) if self._state is TRACKING else None

    def _stop_arm(self, now_ns: int) -> Command | None:
        """Return a stop of an arm that is elsewhere than the path, as its joints were measured."""
        q = self.supervisor.q
        if self._state is not TRACKING or q is None:
            return None
        return self._mode.stop_from(q, self.supervisor.qd, now_ns)

    @property
    def _is_latched(self) -> bool:
        """Whether a fault lasts until somebody acknowledges it."""
        return self._state is FAULT and not self._fault.ends_by_itself

    def _correct_clock(self, now_ns: int) -> None:
        supervisor, mode = self.supervisor, self._mode
        mode.controller_ahead_ns = supervisor.controller_ahead_ns(now_ns)
        mode.controller_behind_ns = supervisor.controller_behind_ns

    def _refusal(self, now_ns: int) -> Refusal | None:
        """Return why no target can be accepted now, whatever it is."""
        return self._fault.refusal() if self._state is FAULT else self.supervisor.refusal(now_ns)

    @property
    def _is_stream(self) -> bool:
        """Whether targets are those of one motion: whole motions may go anywhere."""
        return self.config.output_mode == STREAM

    def _q_before(self, now_ns: int) -> Joints:
        """
        Return the joints (6,) [rad] that the answer to a target should be near to.

        In a stream those of the answer before: the commanded joints lag, and next to a singularity
        the nearest answer to them may be another one.
        """
        q_commanded = self.generator.state.q
        if not self._is_stream:
            return q_commanded
        q_before = self._continuity.q_before(now_ns)
        return q_commanded if q_before is None or self._state is not TRACKING else q_before

    def _answer_refusal(
        self, transform: Transform, solution: IkSolution, max_joint_step: float, now_ns: int
    ) -> Refusal | None:
        """Return why an answer is not followed from the commanded joints, or None if it is."""
        if not solution.status.is_solved:
            return Refusal(solution.status)
        max_joint_step = min(max_joint_step, self.solver.options.max_joint_step)
        step = (
            np.abs(solution.q - self.generator.state.q).max() if max_joint_step < math.inf else 0
        )
        if step > max_joint_step:
            return Refusal(IkStatus.STEP_TOO_LARGE)
        is_watched = self._is_stream and self.config.refuses_jumps
        if is_watched and self._continuity.is_jump(transform, solution.q):
            return Refusal(StreamStatus.SOLUTION_JUMP)
        if not self._mode.has_way_to(solution.q, now_ns):
            return Refusal(StreamStatus.OUTSIDE_WORKSPACE, NO_WAY)
        return None

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
        q_goal = self._mode.q_unlimited
        return Deviation(arm=self.solver.arm, q=generator.state.q, q_goal=q_goal)

    # Watchdogs: each returns a fault if it ends the motion

    def _watch_clock(self, now_ns: int) -> Output | None:
        """Let nothing lie in the future: simulated and corrected clocks jump back."""
        back_ns, self._newest_ns = self._newest_ns - now_ns, now_ns
        if back_ns <= 0:
            return None
        self.supervisor.clamp_to(now_ns)
        self._mode.shift(-back_ns, now_ns)
        if back_ns <= CLOCK_CORRECTION_NS:
            return None
        self.supervisor.forget_times()
        if self._state is not TRACKING:
            return None
        return self._fail(StreamStatus.CLOCK_JUMP, f'{back_ns / NS_PER_S:.3f} s', now_ns)

    def _watch_rate(self, now_ns: int) -> Output | None:
        """End a motion whose next command has been missing for too long."""
        if self._state is not TRACKING:
            return None
        late_s = self._mode.overdue_s(now_ns)
        if late_s <= self._max_delay_s:
            return None
        detail = exceeded_limit('late', late_s, self._max_delay_s)
        return self._fail(StreamStatus.COMMAND_OVERDUE, detail, now_ns)

    def _watch_inputs(self, now_ns: int) -> Output | None:
        """End a motion without recent joint states, or without a controller."""
        if self._state is not TRACKING:
            return None
        return self._ended_by(self.supervisor.lost_input(now_ns), now_ns)

    def _ended_by(self, problem: Refusal | None, now_ns: int) -> Output | None:
        return None if problem is None else self._fail(problem.status, problem.detail, now_ns)
