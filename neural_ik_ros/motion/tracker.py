# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From targets and joint states to timed commands: the node's logic without ROS."""

from __future__ import annotations

from time import perf_counter_ns

from ..kinematics import Joints, Transform
from ..solver import IkSolver, IkStatus
from ..units import NS_PER_S
from .command import (
    STOP_POINTS,
    TRAJECTORY,
    Command,
    Deviation,
    Health,
    Output,
    Status,
    TrackerConfig,
)
from .command_timer import CommandTimer
from .generator import MotionGenerator
from .plan import Waypoints
from .status import StreamStatus
from .target_timing import PATIENCE, TargetTiming
from .watchdogs import (
    FaultLatch,
    FollowingErrorMonitor,
    JointStateMonitor,
    target_refusal,
    too_long,
)

LATE_PERIODS = 2.0  # later, the controller is on its way to rest
IDLE_S = 0.1  # at rest without a target for so long: the next one starts from the measured joints
BACK_TOLERANCE_S = 0.05  # by which a clock may be corrected back without being called broken
MOTION_POINTS = 200  # of a whole motion


class PoseTracker:
    """
    Solves each target as it arrives and keeps the commands flowing in between.

    Deterministic in its inputs: times are arguments, so a bag is replayed exactly. Angles are
    followed from the last command while it is fresh, and from the measured joints otherwise.
    """

    def __init__(
        self, solver: IkSolver, generator: MotionGenerator, config: TrackerConfig | None = None
    ) -> None:
        """Start without joints and without a target: nothing moves until both have come."""
        self._latch = FaultLatch()
        self.reconfigure(solver, generator, config or TrackerConfig())
        self.restart()

    def reconfigure(
        self, solver: IkSolver, generator: MotionGenerator, config: TrackerConfig
    ) -> None:
        """Take another arm or other settings, to be called at rest; a fault lasts."""
        self.solver, self.generator, self.config = solver, generator, config
        self._period_s = 1.0 / config.rate_hz
        self._is_whole = config.output_mode == TRAJECTORY
        self._tolerated_s = 0.0 if self._is_whole else LATE_PERIODS * self._period_s
        self._following = FollowingErrorMonitor(
            tolerance=config.following_error, delay_s=config.following_delay_s
        )
        self._joints = JointStateMonitor(solver.arm, timeout_s=config.joint_state_timeout_s)
        self._latch.configure(is_automatic=config.automatic_recovery, rest_s=config.recovery_s)
        self._pacer = CommandTimer(self._period_s)
        self._is_moving = False
        self._plan, self._plan_ns = generator.plan_stop(), 0  # what follows, if no more is heard

    def restart(self) -> None:
        """Forget targets, joints and faults, as after activation."""
        self._joints.clear()
        self._latch.clear()
        self._is_moving = False
        self._stream = TargetTiming()
        self._newest_ns = 0
        self._plan, self._plan_ns = self.generator.plan_stop(), 0
        self._untold: Output | None = None

    def on_joints(self, q: Joints, now_ns: int) -> None:
        """Take the measured joints (6,) [rad], finite, at the time they arrived."""
        self._watch_clock(now_ns)
        self._joints.take(q, now_ns)
        self._latch.on_joints(q, now_ns)
        if not self._is_moving:
            return
        error = self._following.see(q, self._commanded(now_ns), now_ns)
        if error is not None:
            joint = self.solver.arm.joint_names[int(error.argmax())]
            detail = f'{joint} is {error.max():.3f} rad away'
            self._end(StreamStatus.FOLLOWING_ERROR, detail, now_ns)

    def on_bad_joints(self, problem: str) -> None:
        """Remember why the newest joint state could not be used."""
        self._joints.take_problem(problem)

    def on_target(self, transform: Transform, *, frame: str, stamp_ns: int, now_ns: int) -> Output:
        """
        Return the status of a target and, if it is solved, the next command.

        :param transform: Tool in ``frame``, (4, 4), translation in [m].
        :param stamp_ns: When the target is meant for; 0 means now.
        :param now_ns: The node's clock.
        """
        self._watch_clock(now_ns)
        self._watch_rate(now_ns)
        refusal = self._refusal(frame, stamp_ns, now_ns)
        if refusal is not None:
            return refusal
        self._begin(now_ns)
        started_ns = perf_counter_ns()
        solution = self.solver.solve(transform, self.generator.state.q)
        solve_ns = perf_counter_ns() - started_ns
        if not solution.status.is_solved:
            return Output(status=solution.status, solution=solution, solve_ns=solve_ns)
        stamp_ns, is_alone = stamp_ns or now_ns, self._is_whole or not self._is_moving
        interval_s = 0.0 if is_alone else self._stream.interval_to(stamp_ns)
        # A gap in a dense stream is no reason to come later than usual.
        due_s = min(interval_s, max(self._stream.interval_s, self._period_s))
        self.generator.set_goal(solution.q, interval_s, due_s)
        self._stream.take(interval_s, stamp_ns, now_ns)
        command = self._next_command(now_ns, is_target=True)
        return Output(
            status=solution.status,
            solution=solution,
            solve_ns=solve_ns,
            command=command,
            deviation=self._deviation(),
        )

    def on_tick(self, now_ns: int) -> Output | None:
        """Return the next command between targets, a fault, or None if there is nothing to do."""
        self._watch_clock(now_ns)
        self._watch_rate(now_ns)
        if self._is_moving and (stale := self._joints.staleness(now_ns)):
            self._end(*stale, now_ns)
        untold, self._untold = self._untold, None
        if untold is not None or not self._is_moving:
            return untold
        if self._is_whole:
            self._is_moving = self._late_s(now_ns) < self._plan.duration + IDLE_S
            return None
        stream, is_late = self._stream, self._stream.is_late(now_ns, self._period_s)
        if self._pacer.since_command_s(now_ns) < 0.5 * self._period_s or (
            stream.is_dense(self._period_s) and not is_late
        ):
            return None  # the targets themselves pace the commands
        if is_late and stream.end():
            self.generator.stop_at_goal()
        if self.generator.is_at_rest:
            self._is_moving = stream.since_s(now_ns) < IDLE_S
            return None
        self._catch_up(now_ns, tolerated_s=self._tolerated_s)
        command = self._next_command(now_ns, is_target=False)
        return Output(status=IkStatus.SOLVED, command=command, deviation=self._deviation())

    def stop(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; forget everything."""
        command = self._brake(now_ns)
        self.restart()
        return command

    def inhibit(self, detail: str, now_ns: int) -> None:
        """End the motion and refuse targets until ``restart``: the arm is another one."""
        self._end(StreamStatus.ROBOT_DESCRIPTION_MISMATCH, detail, now_ns, is_final=True)

    def is_at_rest(self, now_ns: int) -> bool:
        """Return whether no motion is under way or left to be commanded."""
        is_done = self._is_whole and self._late_s(now_ns) >= self._plan.duration
        return not self._is_moving or is_done or self.generator.is_at_rest

    def idle_status(self, now_ns: int) -> Output:
        """Return what there is to wait for: a target, or what has to come before."""
        refusal = self._latch.refusal() or self._joints.refusal(now_ns)
        return Output.refused(*refusal) if refusal else Output(status=StreamStatus.IDLE)

    def health(self, now_ns: int) -> Health:
        """Return how the watchdogs see the arm."""
        return Health(
            fault='none' if self._latch.status is None else self._latch.status.name,
            joint_state_age_s=self._joints.age_s(now_ns) if self._joints.q is not None else None,
            following_error=self._following.error,
            is_moving=not self.is_at_rest(now_ns),
        )

    def _brake(self, now_ns: int) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; targets start anew."""
        is_moving, self._is_moving = self._is_moving, False
        if not is_moving:
            return None
        self._catch_up(now_ns, tolerated_s=0.0)
        if not self.generator.state.qd.any():
            return None
        rows = self.generator.sample_stop(self._period_s)
        return Command(q=rows, interval_ns=round(self._period_s * NS_PER_S))

    def _begin(self, now_ns: int) -> None:
        """Start from the measured joints, or from where the motion under way has got to."""
        if self._is_moving:
            self._catch_up(now_ns, tolerated_s=self._tolerated_s)
        elif self._joints.q is not None:
            self.generator.reset(self._joints.q)
            self._following.clear()
            self._pacer.begin(now_ns)

    def _end(self, status: Status, detail: str, now_ns: int, *, is_final: bool = False) -> None:
        """End the motion for a reason that the next tick tells; refuse targets from now on."""
        self._latch.set(status, detail, is_final=is_final)
        command = self._brake(now_ns)
        self._untold = Output(status=status, detail=self._latch.detail, command=command)

    def _watch_clock(self, now_ns: int) -> None:
        """Let nothing have happened later than now: simulated and corrected clocks jump back."""
        back_s, self._newest_ns = (self._newest_ns - now_ns) / NS_PER_S, now_ns
        if back_s <= 0.0:
            return
        self._joints.forget_the_future(now_ns)
        self._stream.forget_the_future(now_ns)
        self._pacer.forget_the_future(now_ns)
        self._plan_ns = min(self._plan_ns, now_ns)
        if back_s <= BACK_TOLERANCE_S:
            return
        self._joints.clear()  # of another time
        self._stream.forget_the_stamp()
        if self._is_moving:
            self._end(StreamStatus.CLOCK_JUMP, f'{back_s:.3f} s', now_ns)

    def _watch_rate(self, now_ns: int) -> None:
        """End the motion if the controller had to go on by itself for long."""
        late_s = self._late_s(now_ns)
        allowed_s = max(self.config.overrun_timeout_s, (PATIENCE + 1.0) * self._period_s)
        is_pacing = self._is_moving and not self._is_whole and self._plan.duration > 0.0
        if is_pacing and late_s > allowed_s:
            detail = too_long('late', late_s, allowed_s)
            self._end(StreamStatus.COMMAND_OVERDUE, detail, now_ns)

    def _refusal(self, frame: str, stamp_ns: int, now_ns: int) -> Output | None:
        refusal = (
            target_refusal(self.config, frame, stamp_ns, now_ns)
            or self._latch.refusal()
            or self._joints.refusal(now_ns)
        )
        return Output.refused(*refusal) if refusal else None

    def _late_s(self, now_ns: int) -> float:
        """Return for how long the controller has gone on by itself [s]; negative if it has not."""
        return (now_ns - self._plan_ns) / NS_PER_S

    def _commanded(self, now_ns: int) -> Joints:
        """Return where the controller takes the joints (6,) [rad] to now."""
        late_s = self._late_s(now_ns)
        return self._plan.state_at(late_s).q if late_s > 0.0 else self.generator.state.q

    def _catch_up(self, now_ns: int, *, tolerated_s: float) -> None:
        """Go on from where the controller has got to by itself, if it had to."""
        late_s = self._late_s(now_ns)
        if late_s <= tolerated_s:
            return
        self.generator.resume_from(self._plan.state_at(late_s), elapsed_s=late_s)
        self._pacer.skip(now_ns)

    def _next_command(self, now_ns: int, *, is_target: bool) -> Command:
        """Advance the motion to where it is to be one step after the last command."""
        interval_s = self._stream.interval_s
        step_s = self._pacer.step_s(now_ns, interval_s=interval_s, is_target=is_target)
        self._is_moving = True
        q = self.generator.advance(step_s)
        interval_ns = round(max(step_s, self._pacer.gap_s(interval_s)) * NS_PER_S)
        self._plan_ns = now_ns + interval_ns
        return Command(q=q[None], interval_ns=interval_ns, tail=self._tail())

    def _tail(self) -> Waypoints | None:
        """Return what the controller is to do if it hears no more."""
        self._plan = (
            self.generator.plan_to_goal() if self._is_whole else self.generator.plan_stop()
        )
        at_most = MOTION_POINTS if self._is_whole else STOP_POINTS
        return self._plan.waypoints(first_s=self._period_s, max_points=at_most)

    def _deviation(self) -> Deviation | None:
        """Return what the motion limits cost, None if nothing."""
        if self._is_whole or not self.generator.is_limited:
            return None
        generator = self.generator
        return Deviation(arm=self.solver.arm, q=generator.state.q, q_goal=generator.q_unlimited)
