# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Limits of the tool: its speed, and the box that its tip stays in."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ...errors import ConfigError
from ...kinematics import N_JOINTS, Arm, FloatArray, Joints, Transform
from ...kinematics.chain import frames_into, jacobian_from_frames
from ...kinematics.compiled import compiled
from ..interpolation.quintic import quintic_into

SAMPLE_S = 0.004  # between the states of a path that are checked
# Of the largest speed that is not used, since a path may be faster between two samples.
MARGIN_SHARE, MARGIN_M_S = 1e-3, 1e-4
BOX_TOLERANCE = 1e-9  # [m]
AXES = ('x', 'y', 'z')


class PathExtremes(NamedTuple):
    """What a path of the joints does to the tool."""

    speed: float  # [m/s] the largest
    excess: float  # [m] by which the path leaves the box; negative inside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolLimits:
    """
    Largest speed and workspace of the tool's tip; judged for paths of the joints.

    The box is given in a frame of its own, and the tip may be another than the arm's.
    """

    arm: Arm
    max_speed: float = math.inf  # [m/s]
    lower: FloatArray = field(default_factory=lambda: np.full(3, -math.inf))  # (3,) [m]
    upper: FloatArray = field(default_factory=lambda: np.full(3, math.inf))  # (3,) [m]
    transform_box_base: Transform = field(default_factory=lambda: np.eye(4))
    transform_tip_tool: Transform = field(default_factory=lambda: np.eye(4))
    _chain: Arm = field(init=False, repr=False)  # from the frame of the box to the tool's tip

    def __post_init__(self) -> None:
        """
        Prepare the chain from the frame of the box to the tip of the tool.

        :raises ConfigError: If the speed is not positive or the box is empty.
        """
        if not self.max_speed > 0.0:
            raise ConfigError('largest tool speed', 'must be positive', 'give a number, or none')
        if not (self.lower < self.upper).all():
            problem = f'{self.lower.tolist()} is not below {self.upper.tolist()} on every axis'
            raise ConfigError('workspace', problem, 'give its lower and its upper corner')
        object.__setattr__(self, '_chain', self._extended_chain())

    @property
    def usable_speed(self) -> float:
        """Largest speed of a sample [m/s]."""
        if math.isinf(self.max_speed):
            return math.inf
        margin = MARGIN_SHARE * self.max_speed + MARGIN_M_S
        return self.max_speed - min(margin, 0.5 * self.max_speed)

    def outside(self, transform_base_tip: Transform) -> str:
        """Return where a pose (4, 4) of the arm's tip puts the tool outside the box, or ''."""
        tool = self.transform_box_base @ transform_base_tip @ self.transform_tip_tool
        for axis, at, low, high in zip(AXES, tool[:3, 3], self.lower, self.upper, strict=True):
            if at < low or at > high:  # NaN is another mistake
                return f'{axis} is {at:.3f} m, allowed {low:g} to {high:g} m'
        return ''

    def contains(self, q: Joints) -> bool:
        """Whether joints (6,) [rad] put the tool into the box."""
        return self.extremes(np.array([q, np.zeros(N_JOINTS)])[None]).excess <= BOX_TOLERANCE

    def extremes(self, states: FloatArray) -> PathExtremes:
        """
        Return the largest speed of the tool on a path, and by how much it leaves the box.

        :param states: Shape (n, 2 or more, 6): angles [rad], velocities [rad/s] ...
        """
        chain = self._chain
        speed, excess = _extremes(
            chain.rotations, chain.translations, states, self.lower, self.upper
        )
        return PathExtremes(speed=speed, excess=excess)

    def allows(self, states: FloatArray) -> bool:
        """Whether a path (n, 2 or more, 6) is slow enough, and no farther out than its start."""
        extremes = self.extremes(states)
        if extremes.speed > self.usable_speed:
            return False
        excess = extremes.excess
        return excess <= BOX_TOLERANCE or excess <= self.extremes(states[:1]).excess

    def _extended_chain(self) -> Arm:
        arm = self.arm
        rotations, translations = arm.rotations.copy(), arm.translations.copy()
        before, after = self.transform_box_base, self.transform_tip_tool
        rotations[0] = before[:3, :3] @ arm.rotations[0]
        translations[0] = before[:3, :3] @ arm.translations[0] + before[:3, 3]
        rotations[-1] = arm.rotations[-1] @ after[:3, :3]
        translations[-1] = arm.rotations[-1] @ after[:3, 3] + arm.translations[-1]
        return replace(arm, rotations=rotations, translations=translations)


@compiled
def _extremes(
    rotations: FloatArray,
    translations: FloatArray,
    states: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> tuple[float, float]:
    """Return the largest speed [m/s] of a path, and by how much it leaves the box [m]."""
    transform, frames = np.empty((4, 4)), np.empty((6, N_JOINTS))
    largest, excess = 0.0, -math.inf
    for k in range(states.shape[0]):
        frames_into(rotations, translations, states[k, 0], transform, frames)
        jacobian_from_frames(transform, frames)
        squared = 0.0
        for axis in range(3):
            speed = 0.0
            for i in range(N_JOINTS):
                speed += frames[axis, i] * states[k, 1, i]
            squared += speed * speed
            at = transform[axis, 3]
            excess = max(excess, lower[axis] - at, at - upper[axis])
        largest = max(largest, squared)
    return math.sqrt(largest), excess


def sample_times(duration_s: float, spacing_s: float = SAMPLE_S) -> FloatArray:
    """Return the times (n,) [s] at which a plan of a duration is checked, its end included."""
    n = math.ceil(duration_s / spacing_s) + 1
    return np.linspace(0.0, duration_s, n)


def between(start: FloatArray, end: FloatArray, duration_s: float) -> FloatArray:
    """
    Return the states (n, 3, 6) from one to another as the controller interpolates them.

    Both ends are included; a step that is short has no state in between.

    :param start: Shape (3, 6): angles [rad], velocities [rad/s], accelerations [rad/s^2].
    """
    times = sample_times(duration_s)
    if len(times) <= 2:
        return np.array([start, end])
    return quintic(start, end, duration_s, times)


@compiled
def quintic(
    start: FloatArray, end: FloatArray, duration_s: float, times: FloatArray
) -> FloatArray:
    """Return the states (n, 3, 6) of the quintic between two states (3, 6)."""
    states = np.empty((len(times), 3, N_JOINTS))
    for k in range(len(times)):
        quintic_into(states[k], start, end, duration_s, times[k])
    return states
