# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What goes into the tracker as configuration and comes out of it as answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..errors import NeuralIkError
from ..kinematics import Arm, Joints, forward, pose_error
from ..solver import IkSolution, IkStatus
from .plan import Waypoints
from .status import StreamStatus

Status: TypeAlias = IkStatus | StreamStatus
STOP_POINTS = 8  # at most, after a command, for a controller that hears no more
STREAM, TRAJECTORY = 'stream', 'trajectory'
OUTPUT_MODES = (STREAM, TRAJECTORY)
POSITIVE = (
    'rate_hz', 'target_timeout_s', 'joint_state_timeout_s', 'following_delay_s',
    'max_command_delay_s', 'recovery_s',
)  # fmt: skip


class TrackerConfigError(NeuralIkError):
    """A setting of the tracker is out of range."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f'{name} must be {problem}; set it in the parameter file.')


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """How the stream of targets and commands is timed and watched."""

    base_frame: str = 'base_link'
    output_mode: str = STREAM  # commands as they are due, or the whole motion to each target
    rate_hz: float = 250.0  # commands between targets
    target_timeout_s: float = 0.1  # how far a target's stamp may be from the present
    joint_state_timeout_s: float = 0.5  # since the last joint state arrived
    following_error: float = 0.05  # [rad] between arm and commands; 0 for any
    following_delay_s: float = 0.15  # by which the arm may follow late
    max_command_delay_s: float = 0.5  # for which a command may be late
    automatic_recovery: bool = True  # from faults, else by activation only
    recovery_s: float = 0.5  # at rest before that

    def __post_init__(self) -> None:
        """Refuse what cannot be a time, a tolerance or a mode."""
        for name in POSITIVE:
            if not 0.0 < getattr(self, name) < float('inf'):
                raise TrackerConfigError(name, 'a positive finite number')
        if not 0.0 <= self.following_error < float('inf'):
            raise TrackerConfigError('following_error', 'zero or a positive finite number')
        if self.output_mode not in OUTPUT_MODES:
            raise TrackerConfigError('output_mode', f'one of {", ".join(OUTPUT_MODES)}')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Command:
    """Joints to be reached, and what follows if the controller hears no more: a motion to rest."""

    q: Joints  # (n, 6) [rad], evenly spaced in time
    interval_ns: int  # from now to the first row, and from row to row
    tail: Waypoints | None = None  # after the last row; None if that is at rest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviation:
    """
    How far the commanded tool is from the target, because of the motion limits.

    Computed when asked for: there is no time for it before a command is sent.
    """

    arm: Arm
    q: Joints  # (6,) [rad] commanded
    q_goal: Joints  # (6,) [rad] without limits

    @property
    def position(self) -> float:
        """Distance of the tools [m]."""
        return float(pose_error(*forward(self.arm, np.array([self.q, self.q_goal])))[0])

    @property
    def rotation(self) -> float:
        """Angle between the tools [rad]."""
        return float(pose_error(*forward(self.arm, np.array([self.q, self.q_goal])))[1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """The answer to one target or tick."""

    status: Status
    detail: str = ''
    command: Command | None = None
    solution: IkSolution | None = None
    solve_ns: int = 0  # that the solution took
    deviation: Deviation | None = None  # None while the limits leave the motion as it is asked for

    @classmethod
    def refused(cls, status: Status, detail: str) -> Output:
        """Return that there is no command, and why."""
        return cls(status=status, detail=detail)

    @property
    def reason(self) -> str:
        """Return the sentence of the status, with what is special about this case."""
        return f'{self.status.value}: {self.detail}' if self.detail else self.status.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the watchdogs know."""

    fault: str  # name of the status, or 'none'
    joint_state_age_s: float | None  # None before the first one
    following_error: float  # [rad] of the joint farthest from its commands
    is_moving: bool
