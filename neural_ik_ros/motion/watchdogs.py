# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Watchdogs over targets, joint states and the controller; the fault that they cause."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..kinematics import Arm, Joints
from ..kinematics.angles import nearest_turn
from ..solver import IkStatus
from ..units import NS_PER_S
from .status import StreamStatus
from .tracker_types import Status

OUTSIDE_TOLERANCE = 2e-3  # [rad] by which a measured joint may be beyond its limit
REST_RANGE = 1e-3  # [rad] that a joint at rest may move, as encoders and brakes allow it to
STATE_TIMEOUT_S = 0.5  # an active controller publishes its state at 50 Hz by default
SCALING_TOLERANCE = 1e-3  # of the speed of the controller
ACKNOWLEDGED = frozenset(
    (
        StreamStatus.NOT_FOLLOWING,
        StreamStatus.FOLLOWING_ERROR,
        StreamStatus.STOPPED,
        StreamStatus.INTERNAL_ERROR,
    )
)


class Refusal(NamedTuple):
    """Why a target is not accepted."""

    status: Status
    detail: str = ''  # what is special about this case


class JointStateMonitor:
    """The newest measured joints, and whether a motion may start from them."""

    def __init__(self, arm: Arm, *, timeout_s: float) -> None:
        """Start without joints; each joint state is valid for a time."""
        self._arm, self._timeout_s = arm, timeout_s
        self._is_any_continuous = bool(arm.is_continuous.any())
        self.clear()

    def clear(self) -> None:
        """Forget the joints."""
        self.q: Joints | None = None  # (6,) [rad]
        self._arrival_ns = 0
        self._problem = ''

    def update(self, q: Joints, now_ns: int) -> Joints:
        """
        Replace the measured joints (6,) [rad].

        :return: The same, a continuous joint at the turn nearest to where it was: drivers may
            wrap it at half a turn, at a whole one, or never.
        """
        before = self.q if self.age_s(now_ns) <= self._timeout_s else None
        if self._is_any_continuous and before is not None:
            q = np.where(self._arm.is_continuous, nearest_turn(q, before), q)
        self.q, self._arrival_ns = q, now_ns
        excess = np.maximum(self._arm.lower - q, q - self._arm.upper)
        self._problem = ''
        if (excess > OUTSIDE_TOLERANCE).any():
            joint = int(excess.argmax())
            name = self._arm.joint_names[joint]
            self._problem = f'{name} is {excess[joint]:.3f} rad outside its limits'
        return q

    def set_problem(self, problem: str) -> None:
        """Remember why the newest joint state could not be used."""
        self._problem = problem

    def clamp_to(self, now_ns: int) -> None:
        """Move the arrival of the joints to now if it lies in the future."""
        self._arrival_ns = min(self._arrival_ns, now_ns)

    def refusal(self, now_ns: int) -> Refusal | None:
        """Return why no motion can start from the measured joints, or None if one can."""
        if self._problem:
            return Refusal(IkStatus.BAD_JOINT_STATE, self._problem)
        if self.q is None:
            return Refusal(StreamStatus.NO_JOINT_STATE)
        return self.staleness_refusal(now_ns)

    def age_s(self, now_ns: int) -> float:
        """Time since the last joint state arrived [s]."""
        return (now_ns - self._arrival_ns) / NS_PER_S

    def staleness_refusal(self, now_ns: int) -> Refusal | None:
        """Return a refusal if the joint state is too old, else None."""
        age_s = self.age_s(now_ns)
        if age_s <= self._timeout_s:
            return None
        return Refusal(
            StreamStatus.STALE_JOINT_STATE, exceeded_limit('age', age_s, self._timeout_s)
        )


def stamp_refusal(stamp_ns: int, now_ns: int, *, timeout_s: float) -> Refusal | None:
    """Return why a stamp, 0 for now, does not suit the present, or None if it does."""
    age_s = (now_ns - stamp_ns) / NS_PER_S
    if stamp_ns != 0 and abs(age_s) > timeout_s:
        detail = exceeded_limit('age', age_s, timeout_s)
        return Refusal(StreamStatus.STALE_TARGET, detail)
    return None


def exceeded_limit(quantity: str, time_s: float, allowed_s: float) -> str:
    """Return the text of a time [s] that exceeds its limit."""
    return f'{quantity} {time_s:.3f} s, allowed {allowed_s:.3f} s'


class ControllerMonitor:
    """Whether the controller is active and runs at full speed, where it publishes its state."""

    def __init__(self) -> None:
        """Start without a controller that publishes its state."""
        self.is_expected = False  # some controller publishes its state
        self.clear()

    def clear(self) -> None:
        """Forget the last state."""
        self._arrival_ns: int | None = None
        self._speed_scaling = 1.0

    def update(self, speed_scaling: float, now_ns: int) -> None:
        """Note a state, which only an active controller publishes, and its speed scaling."""
        self.is_expected = True
        self._arrival_ns, self._speed_scaling = now_ns, speed_scaling

    def refusal(self, now_ns: int) -> Refusal | None:
        """Return why the controller would not do what it is sent, or None if it would."""
        if not self.is_expected:
            return None
        if self._arrival_ns is None:
            return Refusal(StreamStatus.CONTROLLER_INACTIVE, 'it has not published its state yet')
        age_s = (now_ns - self._arrival_ns) / NS_PER_S
        if age_s > STATE_TIMEOUT_S:
            detail = exceeded_limit('age of its state', age_s, STATE_TIMEOUT_S)
            return Refusal(StreamStatus.CONTROLLER_INACTIVE, detail)
        if abs(self._speed_scaling - 1.0) > SCALING_TOLERANCE:
            detail = f'speed scaling is {self._speed_scaling:.3g} instead of 1'
            return Refusal(StreamStatus.SPEED_SCALED, detail)
        return None

    def clamp_to(self, now_ns: int) -> None:
        """Move the arrival of the state to now if it lies in the future."""
        if self._arrival_ns is not None:
            self._arrival_ns = min(self._arrival_ns, now_ns)


class FaultLatch:
    """
    The fault that ended a motion, and whether the arm has recovered from it.

    Interruptions, such as joint states that came late, end by themselves. Where the arm did not
    do as commanded, or a person stopped it, a person has to acknowledge that it may move again.
    """

    def __init__(self) -> None:
        """Start without a fault."""
        self.configure(is_automatic=True, rest_s=0.0)
        self.set(StreamStatus.IDLE, '')

    def configure(self, *, is_automatic: bool, rest_s: float) -> None:
        """Set whether interruptions end once the joints have been at rest for a time."""
        self._is_automatic, self._rest_s = is_automatic, rest_s

    def set(self, status: Status, detail: str) -> None:
        """Latch a fault."""
        self.status, self._detail = status, detail
        self._q_rest: Joints | None = None
        self._rest_ns = 0

    @property
    def ends_by_itself(self) -> bool:
        """Whether the fault ends once the arm has been at rest."""
        needs_someone = self.status in ACKNOWLEDGED or not self.can_be_acknowledged
        return self._is_automatic and not needs_someone

    @property
    def can_be_acknowledged(self) -> bool:
        """Whether ``resume`` ends the fault, which only activation may do for another arm."""
        return self.status is not StreamStatus.ROBOT_DESCRIPTION_MISMATCH

    @property
    def detail(self) -> str:
        """What happened, and what ends the fault."""
        if self.ends_by_itself:
            remedy = f'the arm has been at rest for {self._rest_s:g} s'
        elif self.can_be_acknowledged:
            remedy = '~/resume is called'
        else:
            remedy = 'the node is activated again'
        happened = f'{self._detail}; ' if self._detail else ''
        return f'{happened}no targets until {remedy}'

    def refusal(self) -> Refusal:
        """Return the fault as the reason why targets are refused."""
        return Refusal(self.status, self.detail)

    def update(self, q: Joints, now_ns: int) -> bool:
        """Update the measured joints (6,) [rad]; return whether they have rested long enough."""
        if not self.ends_by_itself:
            return False
        is_at_rest = (
            self._q_rest is not None
            and self._rest_ns <= now_ns
            and bool(np.abs(q - self._q_rest).max() <= REST_RANGE)
        )
        if not is_at_rest:
            self._q_rest, self._rest_ns = q, now_ns
            return False
        return now_ns - self._rest_ns >= self._rest_s * NS_PER_S
