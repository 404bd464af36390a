# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Cartesian test paths of the tool: line, circle, lemniscate and the test plane of ISO 9283.

A path is a cycle that starts and ends at rest in its centre, so cycles can follow one another and
an arm that waits in the centre needs no approach. Shapes are curves over their arc length; a
smooth time law runs along each, with continuous jerk from rest to rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigError
from ..kinematics import FloatArray, Transform, rotation_from_rpy

SHAPES = ('line', 'circle', 'lemniscate', 'iso_9283')
LEMNISCATE_CONSTANT = 2.622057554292119810  # half the arc length of the lemniscate of width 2
LEMNISCATE_TERMS = 12  # of a series that gains 1.36 digits per term


@dataclass(frozen=True, slots=True, kw_only=True)
class PathConfig:
    """
    Place, size and speed of a path.

    Its long axis is y of the plane; with ``plane_rpy`` zero the plane is horizontal.
    """

    shape: str = 'lemniscate'  # one of SHAPES
    size: float = 0.4  # [m] length of the line, diameter, width of the lemniscate, cube edge
    speed: float = 0.25  # [m/s] reached on every curve that is long enough
    ramp: float = 0.5  # [s] from rest to speed
    dwell: float = 0.2  # [s] rest at each corner
    laps: int = 1  # per cycle
    centre: tuple[float, ...] = (1.0, 0.0, 0.9)  # [m] x, y, z
    plane_rpy: tuple[float, ...] = (0.0, 0.0, 0.0)  # [rad] about fixed x, y, z
    tool_rpy: tuple[float, ...] = (0.0, math.pi, 0.0)  # [rad] constant; this one points down

    def __post_init__(self) -> None:
        """
        Check the values.

        :raises ConfigError: If the shape is unknown, or a size, time or pose not a usable number.
        """
        if self.shape not in SHAPES:
            raise self._refused('shape', f'choose from {", ".join(SHAPES)}')
        for name in ('size', 'speed', 'ramp'):
            if not 0.0 < getattr(self, name) < math.inf:
                raise self._refused(name, 'set a positive finite number')
        if not 0.0 <= self.dwell < math.inf:
            raise self._refused('dwell', 'set zero or a positive finite number')
        if self.laps < 1:
            raise self._refused('laps', 'set at least 1')
        for name in ('centre', 'plane_rpy', 'tool_rpy'):
            values = getattr(self, name)
            if len(values) != 3 or not all(map(math.isfinite, values)):
                raise self._refused(name, 'set three finite numbers')

    def _refused(self, name: str, remedy: str) -> ConfigError:
        return ConfigError(f'path {name}', f'{getattr(self, name)!r} cannot be used', remedy)


class Curve(Protocol):
    """A smooth curve over its arc length, in the frame of the path."""

    @property
    def length(self) -> float:
        """Arc length [m]."""

    def points(self, s: FloatArray) -> FloatArray:
        """Return the points (..., 3) [m] at arc lengths (...) [m]."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line between two points."""

    start: tuple[float, float, float]  # [m]
    end: tuple[float, float, float]

    @property
    def length(self) -> float:
        """Arc length [m]."""
        return math.dist(self.start, self.end)

    def points(self, s: FloatArray) -> FloatArray:
        """Return the points (..., 3) [m] at arc lengths (...) [m]."""
        start = np.array(self.start)
        direction = (np.array(self.end) - start) / self.length
        points: FloatArray = start + np.asarray(s)[..., None] * direction
        return points


@dataclass(frozen=True, slots=True)
class Circle:
    """Laps on a circle about the origin, from +y towards -x."""

    diameter: float  # [m]
    laps: int

    @property
    def length(self) -> float:
        """Arc length [m]."""
        return math.pi * self.diameter * self.laps

    def points(self, s: FloatArray) -> FloatArray:
        """Return the points (..., 3) [m] at arc lengths (...) [m]."""
        radius = 0.5 * self.diameter
        angle = np.asarray(s) / radius
        x, y = -radius * np.sin(angle), radius * np.cos(angle)
        return np.stack([x, y, np.zeros_like(x)], axis=-1)


@dataclass(frozen=True, slots=True)
class Lemniscate:
    """
    Laps on Bernoulli's lemniscate, from its crossing; the lobes lie along y.

    Its arc length is the lemniscate sine's own argument, so no table or root finding is needed:
    with r = sl(s), y = r sqrt((1 + r^2) / 2) and x = y cl(s), for the width 2.
    """

    width: float  # [m]
    laps: int

    @property
    def length(self) -> float:
        """Arc length [m]."""
        return LEMNISCATE_CONSTANT * self.width * self.laps

    def points(self, s: FloatArray) -> FloatArray:
        """Return the points (..., 3) [m] at arc lengths (...) [m]."""
        half = 0.5 * self.width
        sine, cosine = lemniscate_sine_cosine(np.asarray(s) / half)
        y = half * sine * np.sqrt(0.5 * (1.0 + sine**2))
        return np.stack([y * cosine, y, np.zeros_like(y)], axis=-1)


def lemniscate_sine_cosine(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return sl(s) and cl(s), by their Fourier series (DLMF 22.11 at modulus i), to rounding."""
    n = np.arange(LEMNISCATE_TERMS)
    weights = 2.0 * math.pi / LEMNISCATE_CONSTANT / np.cosh((n + 0.5) * math.pi)
    angles = np.asarray(s)[..., None] * ((2 * n + 1) * math.pi / LEMNISCATE_CONSTANT)
    sine: FloatArray = np.sin(angles) @ (weights * (-1.0) ** n)
    cosine: FloatArray = np.cos(angles) @ weights
    return sine, cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCurve:
    """A curve with a smooth time law: from rest to speed and back to rest."""

    curve: Curve
    start_time: float  # [s]
    speed: float  # [m/s]
    ramp: float  # [s] each, at the start and at the end

    @property
    def end_time(self) -> float:
        """The time at the end of the curve [s]."""
        return self.start_time + self.curve.length / self.speed + self.ramp

    def points(self, time: FloatArray) -> FloatArray:
        """Return the points (..., 3) [m] at times (...) [s]; at rest before and after."""
        duration = self.end_time - self.start_time
        t = np.clip(time - self.start_time, 0.0, duration)
        from_start = self.ramp * _smoothstep_integral(t / self.ramp)
        to_end = self.ramp * _smoothstep_integral((duration - t) / self.ramp)
        s = np.where(2.0 * t < duration, from_start, duration - self.ramp - to_end)
        return self.curve.points(self.speed * s)


def _smoothstep_integral(x: FloatArray) -> FloatArray:
    """Return the integral of the quintic smoothstep from 0 to x: x - 1/2 beyond 1."""
    ramp = np.clip(x, 0.0, 1.0)
    integral: FloatArray = ramp**4 * (2.5 + ramp * (ramp - 3.0)) + np.maximum(x - 1.0, 0.0)
    return integral


class CartesianPath:
    """A closed tool path in time; depends on its configuration only."""

    def __init__(self, config: PathConfig) -> None:
        self.config = config
        self._rotation_plane = rotation_from_rpy(config.plane_rpy)
        self._rotation_tool = rotation_from_rpy(config.tool_rpy)
        self._curves: list[TimedCurve] = []
        time = 0.0
        for curve in _curves(config):
            # A ramp covers half the distance at full speed, so short curves stay below the speed.
            speed = min(config.speed, curve.length / config.ramp)
            timed = TimedCurve(curve=curve, start_time=time, speed=speed, ramp=config.ramp)
            self._curves.append(timed)
            time = timed.end_time + config.dwell
        self._starts = np.array([timed.start_time for timed in self._curves])
        self._duration = time

    @property
    def duration(self) -> float:
        """Time of one cycle [s], dwells included."""
        return self._duration

    def transform(self, time: ArrayLike) -> Transform:
        """
        Return the tool poses (..., 4, 4) in the frame of the path's centre at times (...) [s].

        The cycle repeats; before zero the tool rests in the centre.
        """
        times = np.asarray(time, dtype=np.float64)
        phase = np.fmod(np.maximum(times, 0.0), self._duration)
        index = np.searchsorted(self._starts, phase, side='right') - 1
        points = np.empty((*times.shape, 3))
        for i in np.unique(index):
            points[index == i] = self._curves[i].points(phase[index == i])
        transform = np.zeros((*times.shape, 4, 4))
        transform[..., :3, :3] = self._rotation_tool
        transform[..., :3, 3] = self.config.centre + points @ self._rotation_plane.T
        transform[..., 3, 3] = 1.0
        return transform


def _curves(config: PathConfig) -> list[Curve]:
    """Return the curves of one cycle; the tool rests between them."""
    half = 0.5 * config.size
    centre, rim = (0.0, 0.0, 0.0), (0.0, half, 0.0)
    if config.shape == 'circle':
        return [Line(centre, rim), Circle(config.size, config.laps), Line(rim, centre)]
    if config.shape == 'lemniscate':
        return [Lemniscate(config.size, config.laps)]
    if config.shape == 'line':
        corners = [centre, *[rim, (0.0, -half, 0.0)] * config.laps, centre]
    else:
        rectangle = _iso_corners(config.size)
        corners = [centre, *rectangle * config.laps, rectangle[0], centre]
    return [Line(a, b) for a, b in pairwise(corners)]


def _iso_corners(edge: float) -> list[tuple[float, float, float]]:
    """
    Return the poses P5, P4, P3, P2 of the test plane of ISO 9283:1998; P1 is the centre.

    The plane cuts a cube along the diagonals of two opposite faces (here those beside the arm,
    so that it falls away from the arm); the poses lie 10 % of the plane's diagonal inside its
    corners. The standard visits P1 P5 P4 P3 P2 P1; here the rectangle is closed before P1.
    """
    reach = 0.5 * edge * 0.8
    p2, p3 = (-reach, -reach, reach), (-reach, reach, reach)
    p4, p5 = (reach, reach, -reach), (reach, -reach, -reach)
    return [p5, p4, p3, p2]
