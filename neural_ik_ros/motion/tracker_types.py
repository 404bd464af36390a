# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration of the tracker and the types of its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..kinematics import Arm, FloatArray, Joints, forward, pose_error
from ..solver import IkSolution, IkStatus
from .status import StreamStatus

Status: TypeAlias = IkStatus | StreamStatus
STOP_POINTS = 8  # of the stop that ends a command, at most
MAX_STREAM_POINTS = STOP_POINTS + 16  # of a command of a stream: what is known, and two new ones
STREAM = 'stream'  # a command every period
TRAJECTORY = 'trajectory'  # the whole motion to each target
ACTION = 'action'  # the same, as a goal of an action, which cannot be lost
OUTPUT_MODES = (STREAM, TRAJECTORY, ACTION)
REMEDY = 'set it in the parameter file'
MUST_BE_POSITIVE = (
    'rate_hz', 'target_timeout_s', 'joint_state_timeout_s', 'following_delay_s',
    'max_command_delay_s', 'recovery_s',
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """How targets and commands are timed and monitored."""

    output_mode: str = STREAM
    rate_hz: float = 250.0  # commands between targets
    target_timeout_s: float = 0.1  # largest difference between a target's stamp and now
    joint_state_timeout_s: float = 0.5  # largest age of the last joint state
    max_following_error: float = 0.05  # [rad] allowed between arm and commands; 0 for any
    following_delay_s: float = 0.15  # by which the arm may lag behind
    max_command_delay_s: float = 0.5  # by which a command may be late
    automatic_recovery: bool = True  # from interruptions; a fault of the arm is acknowledged
    recovery_s: float = 0.5  # at rest before automatic recovery
    refuses_jumps: bool = True  # of the answers to a stream, see continuity.py
    max_clock_offset_s: float = 0.02  # by which the controller's clock may be ahead; 0 for any

    def __post_init__(self) -> None:
        """
        Check the values.

        :raises ConfigError: If one is not a time, a tolerance or a mode.
        """
        for name in MUST_BE_POSITIVE:
            if not 0.0 < getattr(self, name) < float('inf'):
                raise ConfigError(name, 'must be a positive finite number', REMEDY)
        for name in ('max_following_error', 'max_clock_offset_s'):
            if not 0.0 <= getattr(self, name) < float('inf'):
                raise ConfigError(name, 'must be zero or a positive finite number', REMEDY)
        if self.output_mode not in OUTPUT_MODES:
            raise ConfigError('output_mode', f'must be one of {", ".join(OUTPUT_MODES)}', REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Command:
    """
    The path of the joints from the present on, to its end at rest.

    The first points repeat what was commanded before, so that the controller samples one path
    whenever it takes the command.
    """

    stamp_ns: int  # of the start, by the controller's clock; 0 for "with your next update"
    time_ns: NDArray[np.int64]  # (n,) from the start, increasing
    states: FloatArray  # (n, 3, 6): positions [rad], velocities, accelerations; at rest at the end
    n_known: int  # of the points that were commanded before

    @property
    def q(self) -> Joints:
        """The joints (6,) [rad] of the first point that is new."""
        row: Joints = self.states[self.n_known, 0]
        return row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviation:
    """
    Distance of the commanded tool from the target, caused by the motion limits.

    Computed on demand, since it would delay the command.
    """

    arm: Arm
    q: Joints  # (6,) [rad] commanded
    q_goal: Joints  # (6,) [rad] without limits

    @property
    def position(self) -> float:
        """Distance of the tools [m]."""
        return float(self._pose_error()[0])

    @property
    def rotation(self) -> float:
        """Angle between the tools [rad]."""
        return float(self._pose_error()[1])

    def _pose_error(self) -> tuple[FloatArray, FloatArray]:
        tool, goal = forward(self.arm, np.array([self.q, self.q_goal]))
        return pose_error(tool, goal)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """The answer to one target or tick: a status, and a command if there is one."""

    status: Status
    detail: str = ''
    command: Command | None = None
    solution: IkSolution | None = None
    solve_ns: int = 0  # time that solving took
    deviation: Deviation | None = None  # None while the limits do not affect the motion

    @property
    def reason(self) -> str:
        """The sentence of the status, with the detail of this case."""
        return f'{self.status.value}: {self.detail}' if self.detail else self.status.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the watchdogs see."""

    fault: str  # name of the status, or 'none'
    joint_state_age_s: float | None  # None before the first one
    following_error: float  # [rad] of the joint that is farthest from its commands
    is_moving: bool
