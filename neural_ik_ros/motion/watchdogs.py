# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Watchdogs over targets, joint states and the arm that follows; the fault that they cause."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..kinematics import N_JOINTS, Arm, FloatArray, Joints
from ..solver import IkStatus
from ..units import NS_PER_S
from .status import StreamStatus
from .tracker_types import Status, TrackerConfig

OUTSIDE_TOLERANCE = 2e-3  # [rad] by which a measured joint may be beyond its limit
N_SLICES = 10  # of the time by which the arm may lag behind
N_READINGS = 3  # that must agree, since one may be an old one that arrived late
REST_RANGE = 1e-3  # [rad] that a joint at rest may move, as encoders and brakes allow it to


class Refusal(NamedTuple):
    """Why a target is not accepted."""

    status: Status
    detail: str = ''  # what is special about this case


class JointStateMonitor:
    """The newest measured joints, and whether a motion may start from them."""

    def __init__(self, arm: Arm, *, timeout_s: float) -> None:
        """Start without joints; each joint state is valid for a time."""
        self._arm, self._timeout_s = arm, timeout_s
        self.clear()

    def clear(self) -> None:
        """Forget the joints."""
        self.q: Joints | None = None  # (6,) [rad]
        self._arrival_ns = 0
        self._problem = ''

    def update(self, q: Joints, now_ns: int) -> None:
        """Replace the measured joints (6,) [rad]."""
        self.q, self._arrival_ns = q, now_ns
        excess = np.maximum(self._arm.lower - q, q - self._arm.upper)
        self._problem = ''
        if (excess > OUTSIDE_TOLERANCE).any():
            joint = int(excess.argmax())
            name = self._arm.joint_names[joint]
            self._problem = f'{name} is {excess[joint]:.3f} rad outside its limits'

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


def target_refusal(
    config: TrackerConfig, frame: str, stamp_ns: int, now_ns: int
) -> Refusal | None:
    """Return why a target does not suit the base frame or the present, or None if it does."""
    if frame.removeprefix('/') != config.base_frame:
        detail = f'{frame!r} instead of {config.base_frame!r}'
        return Refusal(StreamStatus.UNKNOWN_FRAME, detail)
    age_s = (now_ns - stamp_ns) / NS_PER_S
    if stamp_ns != 0 and abs(age_s) > config.target_timeout_s:
        detail = exceeded_limit('age', age_s, config.target_timeout_s)
        return Refusal(StreamStatus.STALE_TARGET, detail)
    return None


def exceeded_limit(quantity: str, time_s: float, allowed_s: float) -> str:
    """Return the text of a time [s] that exceeds its limit."""
    return f'{quantity} {time_s:.3f} s, allowed {allowed_s:.3f} s'


class FollowingErrorMonitor:
    """
    Compares the measured joints with the commanded ones.

    A real arm lags behind, by 40 to 80 ms under ABB's EGM. So each joint may be anywhere within
    the range of its recent commands, and outside it by the tolerance. Memory is constant.
    """

    def __init__(self, *, tolerance: float, delay_s: float) -> None:
        """
        Start without commands.

        :param tolerance: Error [rad] that is allowed beyond the lag; 0 for any.
        :param delay_s: Lag that is allowed.
        """
        self._tolerance = tolerance or np.inf
        self._slice_ns = max(round(delay_s * NS_PER_S / N_SLICES), 1)
        self.clear()

    def clear(self) -> None:
        """Forget the commands, as a motion starts."""
        self._lower = np.full((N_SLICES + 1, N_JOINTS), np.inf)
        self._upper = np.full((N_SLICES + 1, N_JOINTS), -np.inf)
        self._slice = 0
        self._n_bad = 0
        self.error = 0.0  # [rad] the newest one, of the joint that is farthest off

    def update(self, q: Joints, q_commanded: Joints, now_ns: int) -> FloatArray | None:
        """
        Return the error of each joint (6,) [rad] once it is too large, else None.

        :param q: Measured joints (6,) [rad].
        :param q_commanded: Joints commanded for now, (6,) [rad].
        """
        self._advance(now_ns // self._slice_ns)
        row = self._slice % (N_SLICES + 1)
        np.minimum(self._lower[row], q_commanded, out=self._lower[row])
        np.maximum(self._upper[row], q_commanded, out=self._upper[row])
        error = np.maximum(self._lower.min(axis=0) - q, q - self._upper.max(axis=0))
        self.error = max(float(error.max()), 0.0)
        self._n_bad = self._n_bad + 1 if self.error > self._tolerance else 0
        return error if self._n_bad >= N_READINGS else None

    def _advance(self, newest: int) -> None:
        """Advance to the newest slice of time and clear those that it replaces."""
        n_new = min(max(newest - self._slice, 0), N_SLICES + 1)
        for k in range(n_new):
            row = (newest - k) % (N_SLICES + 1)
            self._lower[row], self._upper[row] = np.inf, -np.inf
        self._slice = newest


class FaultLatch:
    """The fault that ended a motion, and whether the arm has recovered from it."""

    def __init__(self) -> None:
        """Start without a fault."""
        self.configure(is_automatic=True, rest_s=0.0)
        self.set(StreamStatus.IDLE, '')

    def configure(self, *, is_automatic: bool, rest_s: float) -> None:
        """Set whether faults end by themselves, once the joints have been at rest for a time."""
        self._is_automatic, self._rest_s = is_automatic, rest_s

    def set(self, status: Status, detail: str, *, is_final: bool = False) -> None:
        """Latch a fault; a final one ends with the next activation only."""
        self.status, self._detail, self._is_final = status, detail, is_final
        self._q_rest: Joints | None = None
        self._rest_ns = 0

    @property
    def detail(self) -> str:
        """What happened, and what ends the fault."""
        remedy = (
            f'the arm has been at rest for {self._rest_s:g} s'
            if self._is_automatic and not self._is_final
            else 'the node is activated again'
        )
        return f'{self._detail}; no targets until {remedy}'

    def refusal(self) -> Refusal:
        """Return the fault as the reason why targets are refused."""
        return Refusal(self.status, self.detail)

    def update(self, q: Joints, now_ns: int) -> bool:
        """Update the measured joints (6,) [rad]; return whether they have rested long enough."""
        if self._is_final or not self._is_automatic:
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
