# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Watchdogs over targets and arm: what it tells, whether it follows, when it is at rest again."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ..kinematics import N_JOINTS, Arm, FloatArray, Joints
from ..solver import IkStatus
from ..units import NS_PER_S
from .command import TrackerConfig
from .status import StreamStatus

Refusal: TypeAlias = tuple[IkStatus | StreamStatus, str]  # and what is special about this case
OUTSIDE_TOLERANCE = 2e-3  # [rad] by which a measured joint may be beyond its limit
N_SLICES = 10  # of the time that the arm may follow late
N_READINGS = 3  # that must agree: one may be an old one that came late
REST_RANGE = 1e-3  # [rad] that a joint at rest may move, as encoders and brakes let it


class JointStateMonitor:
    """Where the arm is, as far as anybody has told lately."""

    def __init__(self, arm: Arm, *, timeout_s: float) -> None:
        """Believe a joint state for a time."""
        self._arm, self._timeout_s = arm, timeout_s
        self.clear()

    def clear(self) -> None:
        """Forget the joints."""
        self.q: Joints | None = None  # (6,) [rad]
        self._time_ns = 0
        self._problem = ''

    def take(self, q: Joints, now_ns: int) -> None:
        """Take measured joints (6,) [rad]."""
        self.q, self._time_ns = q, now_ns
        excess = np.maximum(self._arm.lower - q, q - self._arm.upper)
        self._problem = ''
        if (excess > OUTSIDE_TOLERANCE).any():
            joint = int(excess.argmax())
            name = self._arm.joint_names[joint]
            self._problem = f'{name} is {excess[joint]:.3f} rad outside its limits'

    def take_problem(self, problem: str) -> None:
        """Remember why the newest joint state could not be used."""
        self._problem = problem

    def forget_the_future(self, now_ns: int) -> None:
        """Let the joints not be newer than now."""
        self._time_ns = min(self._time_ns, now_ns)

    def refusal(self, now_ns: int) -> Refusal | None:
        """Return why no motion can start from the measured joints, or None if one can."""
        if self._problem:
            return IkStatus.BAD_JOINT_STATE, self._problem
        if self.q is None:
            return StreamStatus.NO_JOINT_STATE, ''
        return self.staleness(now_ns)

    def age_s(self, now_ns: int) -> float:
        """Return the time since the last joint state came [s]."""
        return (now_ns - self._time_ns) / NS_PER_S

    def staleness(self, now_ns: int) -> Refusal | None:
        """Return that the joint state is too old, or None if it is not."""
        age_s = self.age_s(now_ns)
        if age_s <= self._timeout_s:
            return None
        return StreamStatus.STALE_JOINT_STATE, too_long('age', age_s, self._timeout_s)


def target_refusal(
    config: TrackerConfig, frame: str, stamp_ns: int, now_ns: int
) -> Refusal | None:
    """Return why a target is not one for here and now, or None if it is."""
    if frame.removeprefix('/') != config.base_frame:
        return StreamStatus.UNKNOWN_FRAME, f'{frame!r} instead of {config.base_frame!r}'
    age_s = (now_ns - stamp_ns) / NS_PER_S
    if stamp_ns != 0 and abs(age_s) > config.target_timeout_s:
        return StreamStatus.STALE_TARGET, too_long('age', age_s, config.target_timeout_s)
    return None


def too_long(what: str, time_s: float, allowed_s: float) -> str:
    """Return by how much a time is out of bounds."""
    return f'{what} {time_s:.3f} s, allowed {allowed_s:.3f} s'


class FollowingErrorMonitor:
    """
    Compares the measured joints with where they were commanded to be.

    A real arm follows late, by 40 to 80 ms under ABB's EGM: so each joint may be anywhere between
    its commands of the last moments, and farther by the tolerance. Memory does not grow.
    """

    def __init__(self, *, tolerance: float, delay_s: float) -> None:
        """Allow an error [rad], 0 for any, beyond being late by up to a time."""
        self._tolerance = tolerance or np.inf
        self._slice_ns = max(round(delay_s * NS_PER_S / N_SLICES), 1)
        self.clear()

    def clear(self) -> None:
        """Forget what was commanded: a motion begins."""
        self._lower = np.full((N_SLICES + 1, N_JOINTS), np.inf)
        self._upper = np.full((N_SLICES + 1, N_JOINTS), -np.inf)
        self._slice = 0
        self._n_bad = 0
        self.error = 0.0  # [rad] the newest one of the joint that is farthest off

    def see(self, q: Joints, q_commanded: Joints, now_ns: int) -> FloatArray | None:
        """
        Return how far each joint (6,) [rad] is from its commands, or None while all is well.

        :param q: Measured joints (6,) [rad].
        :param q_commanded: Where they are commanded to be now, (6,) [rad].
        """
        self._turn_to(now_ns // self._slice_ns)
        row = self._slice % (N_SLICES + 1)
        np.minimum(self._lower[row], q_commanded, out=self._lower[row])
        np.maximum(self._upper[row], q_commanded, out=self._upper[row])
        error = np.maximum(self._lower.min(axis=0) - q, q - self._upper.max(axis=0))
        self.error = max(float(error.max()), 0.0)
        self._n_bad = self._n_bad + 1 if self.error > self._tolerance else 0
        return error if self._n_bad >= N_READINGS else None

    def _turn_to(self, newest: int) -> None:
        """Forget the slices of time that are too long ago."""
        n_new = min(max(newest - self._slice, 0), N_SLICES + 1)
        for k in range(n_new):
            row = (newest - k) % (N_SLICES + 1)
            self._lower[row], self._upper[row] = np.inf, -np.inf
        self._slice = newest


class FaultLatch:
    """The fault that ended a motion, until the arm has stood still or somebody says go."""

    def __init__(self) -> None:
        """Start without a fault."""
        self.configure(is_automatic=True, rest_s=0.0)
        self.clear()

    def configure(self, *, is_automatic: bool, rest_s: float) -> None:
        """Clear faults by themselves, or not, when the joints have been at rest for a time."""
        self._is_automatic, self._rest_s = is_automatic, rest_s

    def clear(self) -> None:
        """Forget the fault."""
        self.status: IkStatus | StreamStatus | None = None
        self._detail, self._is_final = '', False
        self._q_rest: Joints | None = None
        self._rest_ns = 0

    @property
    def detail(self) -> str:
        """Return what happened and what it takes to go on."""
        remedy = (
            f'the arm has been at rest for {self._rest_s:g} s'
            if self._is_automatic and not self._is_final
            else 'the node is activated again'
        )
        return f'{self._detail}; no targets until {remedy}'

    def refusal(self) -> Refusal | None:
        """Return the fault, or None if there is none."""
        return None if self.status is None else (self.status, self.detail)

    def set(self, status: IkStatus | StreamStatus, detail: str, *, is_final: bool = False) -> None:
        """Take a fault; rest counts from now on, unless it is final."""
        self.status, self._detail, self._is_final = status, detail, is_final
        self._q_rest = None

    def on_joints(self, q: Joints, now_ns: int) -> None:
        """Take measured joints (6,) [rad]; they may show that the fault is over."""
        if self.status is None or self._is_final or not self._is_automatic:
            return
        is_at_rest = (
            self._q_rest is not None
            and self._rest_ns <= now_ns
            and bool(np.abs(q - self._q_rest).max() <= REST_RANGE)
        )
        if not is_at_rest:
            self._q_rest, self._rest_ns = q, now_ns
        elif now_ns - self._rest_ns >= self._rest_s * NS_PER_S:
            self.clear()
