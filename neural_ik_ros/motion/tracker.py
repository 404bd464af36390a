# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From targets and joint states to timed commands: the node's logic without ROS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from ..errors import NeuralIkError
from ..kinematics import Joints, Transform
from ..solver import IkSolution, IkSolver, IkStatus
from .generator import MotionGenerator
from .status import StreamStatus

Status: TypeAlias = IkStatus | StreamStatus
NS_PER_S = 1_000_000_000
LONGEST_INTERVAL_S = 0.2  # targets farther apart are single goals, not a stream
LONGEST_LEAD = 2.0  # periods that the motion may be ahead of the clock, as bunched targets ask
IDLE_S = 0.1  # at rest without a target for so long: the next one starts from the measured joints
OUTSIDE_TOLERANCE = 2e-3  # [rad] by which a measured joint may be beyond its limit
FIRST_STEP_S = 0.004
SHORTEST_STEP_S = 1e-5  # Ruckig needs some time to plan for
PATIENCE = 2.5  # intervals without a new target after which no further one is expected


class TrackerConfigError(NeuralIkError):
    """A setting of the tracker is out of range."""

    def __init__(self, name: str) -> None:
        super().__init__(f'{name} must be a positive finite number; set it in the parameter file.')


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """How the stream of targets and commands is timed."""

    base_frame: str = 'base_link'
    rate_hz: float = 250.0  # commands between targets
    target_timeout_s: float = 0.1  # how far a target's stamp may be from the present
    joint_state_timeout_s: float = 0.5  # since the last joint state arrived

    def __post_init__(self) -> None:
        """Refuse what cannot be a time."""
        for name in ('rate_hz', 'target_timeout_s', 'joint_state_timeout_s'):
            if not 0.0 < getattr(self, name) < float('inf'):
                raise TrackerConfigError(name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Command:
    """Joints to be reached, evenly spaced in time."""

    q: Joints  # (n, 6) [rad]
    interval_ns: int  # from now to the first row, and from row to row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """The answer to one target or tick."""

    status: Status
    detail: str = ''
    command: Command | None = None
    solution: IkSolution | None = None

    @property
    def reason(self) -> str:
        """Return the sentence of the status, with what is special about this case."""
        return f'{self.status.value}: {self.detail}' if self.detail else self.status.value


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
        self.solver, self.generator = solver, generator
        self.config = config or TrackerConfig()
        self._period_s = 1.0 / self.config.rate_hz
        self.restart()

    def restart(self) -> None:
        """Forget targets and joints, as after activation."""
        self._q_measured: Joints | None = None
        self._joints_ns = 0
        self._joint_problem = ''
        self._is_moving = False
        self._target_stamp_ns = 0
        self._interval_s = 0.0
        self._last_target_ns = 0
        self._last_command_ns = 0
        self._was_target = False
        self._lead_s = 0.0

    def on_joints(self, q: Joints, now_ns: int) -> None:
        """Take the measured joints (6,) [rad], finite, at the time they arrived."""
        self._q_measured, self._joints_ns = q, now_ns
        self._joint_problem = self._outside_limits(q)

    def on_bad_joints(self, problem: str) -> None:
        """Remember why the newest joint state could not be used."""
        self._joint_problem = problem

    def on_target(self, transform: Transform, *, frame: str, stamp_ns: int, now_ns: int) -> Output:
        """
        Return the status of a target and, if it is solved, the next command.

        :param transform: Tool in ``frame``, (4, 4), translation in [m].
        :param stamp_ns: When the target is meant for; 0 means now.
        :param now_ns: The node's clock.
        """
        self._forget_the_future(now_ns)
        refusal = self._refusal(frame, stamp_ns, now_ns)
        if refusal is not None:
            return refusal
        if self._q_measured is None:
            return Output(status=StreamStatus.NO_JOINT_STATE)
        if not self._is_moving:
            self.generator.reset(self._q_measured)
        solution = self.solver.solve(transform, self.generator.state.q)
        if not solution.status.is_solved:
            return Output(status=solution.status, solution=solution)
        interval_s = self._interval(stamp_ns or now_ns)
        # A gap in a dense stream is no reason to come later than usual.
        due_s = min(interval_s, max(self._interval_s, self._period_s))
        self.generator.aim(solution.q, interval_s, due_s)
        self._interval_s = interval_s
        self._target_stamp_ns, self._last_target_ns = stamp_ns or now_ns, now_ns
        command = self._next_command(now_ns, is_target=True)
        return Output(status=solution.status, solution=solution, command=command)

    def on_tick(self, now_ns: int) -> Output | None:
        """Return the next command between targets, or None while there is nothing to do."""
        if not self._is_moving:
            return None
        self._forget_the_future(now_ns)
        stale = self._stale_joints(now_ns)
        if stale is not None:
            return replace(stale, command=self._brake())
        since_command_s = (now_ns - self._last_command_ns) / NS_PER_S
        since_target_s = (now_ns - self._last_target_ns) / NS_PER_S
        is_late = since_target_s > PATIENCE * max(self._interval_s, self._period_s)
        is_dense = 0.0 < self._interval_s < 1.5 * self._period_s
        if since_command_s < 0.5 * self._period_s or (is_dense and not is_late):
            return None  # the targets themselves pace the commands
        if is_late and self._interval_s > 0.0:
            self._interval_s = 0.0
            self.generator.settle()
        if self.generator.is_at_rest:
            self._is_moving = since_target_s < IDLE_S
            return None
        return Output(status=IkStatus.SOLVED, command=self._next_command(now_ns, is_target=False))

    def stop(self) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; forget everything."""
        command = self._brake()
        self.restart()
        return command

    def _brake(self) -> Command | None:
        """Return the shortest smooth stop, or None if nothing moves; targets start anew."""
        is_moving, self._is_moving = self._is_moving, False
        if not is_moving or not self.generator.state.qd.any():
            return None
        rows = self.generator.braking(self._period_s)
        return Command(q=rows, interval_ns=round(self._period_s * NS_PER_S))

    def _outside_limits(self, q: Joints) -> str:
        """Return which measured joints are where no command may be, or an empty text."""
        arm = self.solver.arm
        excess = np.maximum(arm.lower - q, q - arm.upper)
        if (excess <= OUTSIDE_TOLERANCE).all():
            return ''
        joint = int(excess.argmax())
        return f'{arm.joint_names[joint]} is {excess[joint]:.3f} rad outside its limits'

    def _forget_the_future(self, now_ns: int) -> None:
        """Let nothing have happened later than now: simulated and corrected clocks jump back."""
        self._joints_ns = min(self._joints_ns, now_ns)
        self._last_target_ns = min(self._last_target_ns, now_ns)
        self._last_command_ns = min(self._last_command_ns, now_ns)

    def _refusal(self, frame: str, stamp_ns: int, now_ns: int) -> Output | None:
        config = self.config
        if frame.removeprefix('/') != config.base_frame:
            detail = f'{frame!r} instead of {config.base_frame!r}'
            return Output(status=StreamStatus.UNKNOWN_FRAME, detail=detail)
        age_s = (now_ns - stamp_ns) / NS_PER_S
        if stamp_ns != 0 and abs(age_s) > config.target_timeout_s:
            detail = f'age {age_s:.3f} s, allowed {config.target_timeout_s:.3f} s'
            return Output(status=StreamStatus.STALE_TARGET, detail=detail)
        if self._joint_problem:
            return Output(status=IkStatus.BAD_JOINT_STATE, detail=self._joint_problem)
        return self._stale_joints(now_ns)

    def _stale_joints(self, now_ns: int) -> Output | None:
        age_s = (now_ns - self._joints_ns) / NS_PER_S
        allowed_s = self.config.joint_state_timeout_s
        if self._q_measured is None or age_s <= allowed_s:
            return None
        detail = f'age {age_s:.3f} s, allowed {allowed_s:.3f} s'
        return Output(status=StreamStatus.STALE_JOINT_STATE, detail=detail)

    def _interval(self, stamp_ns: int) -> float:
        """Return the time since the previous target of the same stream [s], 0 if there is none."""
        interval_s = (stamp_ns - self._target_stamp_ns) / NS_PER_S
        is_stream = self._is_moving and 0.0 < interval_s <= LONGEST_INTERVAL_S
        return interval_s if is_stream else 0.0

    def _next_command(self, now_ns: int, *, is_target: bool) -> Command:
        """Advance the motion by the time since the last command, or between two targets."""
        elapsed_s = (now_ns - self._last_command_ns) / NS_PER_S
        if not self._is_moving:
            elapsed_s, self._lead_s = min(self._period_s, FIRST_STEP_S), 0.0
        step_s = elapsed_s
        if is_target and self._was_target and self._interval_s > 0.0:
            step_s = self._interval_s  # by the stamps: free of the jitter of arrival
        stream_s = min(self._interval_s or self._period_s, self._period_s)  # between commands
        step_s = min(step_s, LONGEST_LEAD * stream_s + elapsed_s - self._lead_s)
        step_s = max(min(step_s, 2.0 * self._period_s), SHORTEST_STEP_S)
        self._lead_s = max(self._lead_s + step_s - elapsed_s, 0.0)
        self._is_moving, self._was_target = True, is_target
        self._last_command_ns = now_ns
        q = self.generator.advance(step_s)
        return Command(q=q[None], interval_ns=round(max(step_s, stream_s) * NS_PER_S))
