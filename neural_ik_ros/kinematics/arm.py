# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
A serial arm with six revolute joints, as data; a measured one with the errors of its joints.

``q_true = q + map(q) + sag(q_true)``. The map of a joint depends on its own angle alone and
repeats every turn: a cubic spline through a table, with continuous second derivatives. The sag is
the turn of a joint by the torque of gravity: a sum over later points of the arm, each a compliance
times the moment that a unit force along gravity has there about the joint. It is taken at the true
joints, so that both directions are cheap: true to commanded joints needs no iteration but that of
the spline, commanded to true a fixed point that gains three digits an iteration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainedError
from .angles import TAU
from .compiled import compiled
from .types import N_JOINTS, FloatArray, Joints, Transform
from .uncertainty import Uncertainty

# [rad] either way, of joints that turn without end: 100,000 turns. A double then still resolves
# 1e-10 rad; a joint that has gone farther is no longer solved to the tolerances.
CONTINUOUS_LIMIT = 1e5 * TAU
N_NODES = 720  # of a map, one every half degree
MAX_SLOPE = 0.2  # of a map and of a sag: larger ones are no error of a joint
MAX_ANGLE_ERROR = 0.02  # [rad]


class ArmError(ExplainedError):
    """The data do not describe six revolute joints with usable limits."""

    def __init__(self, arm: str, problem: str) -> None:
        super().__init__(f'arm {arm!r}', problem, 'correct its URDF or its parameters')


@dataclass(frozen=True, slots=True, kw_only=True)
class CoupledLimit:
    """
    A range for the sum of two joint angles, as arms with a parallelogram linkage have it.

    On the real IRB2400 the controller's axis 3 is ``joint_2 + joint_3``; see docs/conventions.md.
    """

    first: int  # index of a joint, 0-based
    second: int
    lower: float  # [rad]
    upper: float  # [rad]

    def contains(self, q: Joints, *, margin: float = 0.0) -> NDArray[np.bool_]:
        """
        Return whether the sum lies in the range.

        :param q: Shape (..., 6) [rad].
        :param margin: Required distance from both ends [rad]; negative for a tolerance.
        :return: Shape (...); NaN is never inside.
        """
        total = q[..., self.first] + q[..., self.second]
        is_inside: NDArray[np.bool_] = total >= self.lower + margin
        return is_inside & (total <= self.upper - margin)


class JointErrorsError(ExplainedError):
    """Angle errors are not those of a joint."""

    def __init__(self, problem: str) -> None:
        super().__init__('joint errors', problem, 'measure the arm again, or correct the file')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointErrors:
    """Angle errors of the six joints; every array is read-only."""

    values: FloatArray  # (6, N_NODES) [rad] of the maps at 0, 0.5, 1 ... degrees
    sag: FloatArray  # (6, 7) [rad/m] of a joint, for a weight at the origins of joints 1-6, tool
    gravity: FloatArray  # (3,) its direction in the base, a unit vector
    table: FloatArray  # (6, N_NODES + 1, 2) values [rad] and slopes [rad a node], periodic

    @classmethod
    def create(
        cls,
        values: FloatArray | None = None,
        sag: FloatArray | None = None,
        gravity: FloatArray | None = None,
    ) -> JointErrors:
        """
        Return checked errors; what is not given is zero, and gravity points along -z.

        :param values: Shape (6, N_NODES) [rad].
        :param sag: Shape (6, 7) [rad/m]; only points after the joint may have one.
        :param gravity: Shape (3,), of any length but zero.
        :raises JointErrorsError: If they are not finite, not small or not smooth.
        """
        values = np.zeros((N_JOINTS, N_NODES)) if values is None else np.array(values, float)
        sag = np.zeros((N_JOINTS, N_JOINTS + 1)) if sag is None else np.array(sag, float)
        down = np.array([0.0, 0.0, -1.0]) if gravity is None else np.array(gravity, float)
        _check(values, sag, down)
        table = np.empty((N_JOINTS, N_NODES + 1, 2))
        table[:, :N_NODES, 0], table[:, :N_NODES, 1] = values, _slopes(values)
        table[:, N_NODES] = table[:, 0]
        slopes = table[..., 1]
        halfway = 1.5 * np.diff(table[..., 0]) - 0.25 * (slopes[:, 1:] + slopes[:, :-1])
        if max(np.abs(slopes).max(), np.abs(halfway).max()) > MAX_SLOPE * TAU / N_NODES:
            raise JointErrorsError(f'a map changes by more than {MAX_SLOPE} rad/rad')
        arrays = {
            'values': values, 'sag': sag, 'gravity': down / np.linalg.norm(down), 'table': table,
        }  # fmt: skip
        for array in arrays.values():
            array.flags.writeable = False
        return cls(**arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """
    Geometry and limits of a six-axis arm, from ``base_frame`` to ``tool_frame``.

    Joint i rotates about z of its own frame; ``rotations[i]`` and ``translations[i]`` place that
    frame in the rotated frame of its predecessor, and index 6 places the tool.
    """

    name: str
    base_frame: str
    tool_frame: str
    joint_names: tuple[str, ...]  # 6
    rotations: FloatArray  # (7, 3, 3)
    translations: FloatArray  # (7, 3) [m]
    lower: Joints  # (6,) [rad]
    upper: Joints  # (6,) [rad]
    velocity: Joints  # (6,) [rad/s]; infinite where it is not known
    coupled_limit: CoupledLimit | None = None
    joint_errors: JointErrors | None = None  # of a measured arm
    uncertainty: Uncertainty | None = None  # of a measured arm

    def __post_init__(self) -> None:
        """Check the data and make the arrays read-only."""
        shapes = {
            'rotations': (N_JOINTS + 1, 3, 3),
            'translations': (N_JOINTS + 1, 3),
            'lower': (N_JOINTS,),
            'upper': (N_JOINTS,),
            'velocity': (N_JOINTS,),
        }
        for field, shape in shapes.items():
            array = np.array(getattr(self, field), dtype=np.float64)
            is_usable = np.isfinite(array) | ((field == 'velocity') & np.isposinf(array))
            if array.shape != shape or not is_usable.all():
                raise ArmError(self.name, f'{field} must be finite with shape {shape}')
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        if not len(self.joint_names) == len(set(self.joint_names)) == N_JOINTS:
            raise ArmError(self.name, f'six different joint names needed, not {self.joint_names}')
        if not (self.lower < self.upper).all():
            raise ArmError(self.name, 'lower limits must lie below upper limits')
        if not (self.velocity > 0.0).all():
            raise ArmError(self.name, 'velocity limits must be positive')
        if self.coupled_limit is not None and not self._is_feasible(self.coupled_limit):
            problem = f'coupled limit {self.coupled_limit} cannot be satisfied'
            raise ArmError(self.name, f'{problem}; give two joints and lower < upper')

    def _is_feasible(self, limit: CoupledLimit) -> bool:
        """Return whether the limit names two joints and some of their angles satisfy it."""
        pair = [limit.first, limit.second]
        if limit.first == limit.second or not all(0 <= joint < N_JOINTS for joint in pair):
            return False
        lowest, highest = self.lower[pair].sum(), self.upper[pair].sum()
        return bool(max(limit.lower, lowest) < min(limit.upper, highest))

    @property
    def is_continuous(self) -> NDArray[np.bool_]:
        """Which joints (6,) turn without end."""
        is_continuous: NDArray[np.bool_] = self.upper - self.lower >= 2.0 * CONTINUOUS_LIMIT
        return is_continuous

    @property
    def first_turn(self) -> tuple[Joints, Joints]:
        """Lower and upper limits (6,) [rad], of continuous joints those of one turn about zero."""
        half = 0.5 * TAU
        lower: Joints = np.where(self.is_continuous, -half, self.lower)
        return lower, np.where(self.is_continuous, half, self.upper)

    @property
    def transform_base_joint1(self) -> Transform:
        """Pose (4, 4) of the frame of joint 1 at zero, whose z axis is axis 1."""
        transform = np.eye(4)
        transform[:3, :3], transform[:3, 3] = self.rotations[0], self.translations[0]
        return transform

    def with_tool(self, transform_tip_tool: Transform) -> Arm:
        """Return the same arm with its tip moved to that of a tool (4, 4) [m]."""
        rotations, translations = self.rotations.copy(), self.translations.copy()
        translations[N_JOINTS] += rotations[N_JOINTS] @ transform_tip_tool[:3, 3]
        rotations[N_JOINTS] = rotations[N_JOINTS] @ transform_tip_tool[:3, :3]
        uncertainty = self.uncertainty and self.uncertainty.with_tool(transform_tip_tool)
        return replace(
            self, rotations=rotations, translations=translations, uncertainty=uncertainty
        )

    def with_coupled_limit(self, limit: CoupledLimit) -> Arm:
        """Return the same arm with this limit on a sum of two joints in place of its own."""
        return replace(self, coupled_limit=limit)


def _check(values: FloatArray, sag: FloatArray, gravity: FloatArray) -> None:
    shapes = {(N_JOINTS, N_NODES): values, (N_JOINTS, N_JOINTS + 1): sag, (3,): gravity}
    for shape, array in shapes.items():
        if array.shape != shape or not np.isfinite(array).all():
            raise JointErrorsError(f'{shape} finite numbers needed')
    if np.abs(values).max() > MAX_ANGLE_ERROR:
        raise JointErrorsError(f'a map has more than {MAX_ANGLE_ERROR} rad')
    if np.tril(sag).any() or np.abs(sag).max() > MAX_ANGLE_ERROR:
        problem = f'a sag is not of a later point, or more than {MAX_ANGLE_ERROR} rad/m'
        raise JointErrorsError(problem)
    if not np.linalg.norm(gravity) > 0.0:
        raise JointErrorsError('gravity has no direction')


def _slopes(values: FloatArray) -> FloatArray:
    """
    Return the slopes (6, N_NODES) [rad a node] of the periodic cubic splines through values.

    The second derivative is continuous where ``s[i-1] + 4 s[i] + s[i+1] = 3 (y[i+1] - y[i-1])``:
    a circulant system, solved by Fourier transform.
    """
    right = 3.0 * (np.roll(values, -1, axis=1) - np.roll(values, 1, axis=1))
    circulant = 4.0 + 2.0 * np.cos(TAU * np.arange(N_NODES // 2 + 1) / N_NODES)
    slopes: FloatArray = np.fft.irfft(np.fft.rfft(right, axis=1) / circulant, N_NODES, axis=1)
    return slopes


@compiled
def map_error(table: FloatArray, angle: float) -> tuple[float, float]:
    """
    Return the error [rad] of a map at an angle [rad], and its derivative.

    :param table: Shape (N_NODES + 1, 2), of one joint.
    """
    x = angle * (N_NODES / TAU)
    x -= N_NODES * np.floor(x / N_NODES)
    i = min(int(x), N_NODES - 1)
    t = x - i
    y0, s0, y1, s1 = table[i, 0], table[i, 1], table[i + 1, 0], table[i + 1, 1]
    rise = y1 - y0
    b, a = 3.0 * rise - 2.0 * s0 - s1, s0 + s1 - 2.0 * rise
    value = y0 + t * (s0 + t * (b + t * a))
    return value, (s0 + t * (2.0 * b + 3.0 * t * a)) * (N_NODES / TAU)


@compiled
def sag_into(frames: FloatArray, tool: FloatArray, sag: FloatArray, gravity: FloatArray,
             turns: FloatArray) -> None:  # fmt: skip
    """
    Write the turns (6,) [rad] of the joints by gravity.

    :param frames: Joint frames (6, 6) at the true joints, as ``frames_into`` writes them.
    :param tool: Pose (4, 4) of the tool there.
    """
    for j in range(6):
        total = 0.0
        x = frames[4, j] * gravity[2] - frames[5, j] * gravity[1]
        y = frames[5, j] * gravity[0] - frames[3, j] * gravity[2]
        z = frames[3, j] * gravity[1] - frames[4, j] * gravity[0]
        for k in range(j + 1, 7):
            if sag[j, k] == 0.0:
                continue
            px = tool[0, 3] if k == 6 else frames[0, k]
            py = tool[1, 3] if k == 6 else frames[1, k]
            pz = tool[2, 3] if k == 6 else frames[2, k]
            # g . (z x r) = -(z x g) . r
            lever = x * (px - frames[0, j]) + y * (py - frames[1, j]) + z * (pz - frames[2, j])
            total -= sag[j, k] * lever
        turns[j] = total


def sag_derivative(frames: FloatArray, tool: FloatArray, errors: JointErrors) -> FloatArray:
    """
    Return the derivative (6, 6) [rad/rad] of the turns of ``sag_into`` by the true joints.

    :param frames: Joint frames (6, 6) at the true joints.
    :param tool: Pose (4, 4) of the tool there.
    """
    points, axes = np.vstack([frames[:3].T, tool[:3, 3]]), frames[3:].T
    derivative = np.zeros((N_JOINTS, N_JOINTS))
    for j in range(N_JOINTS):
        for m in range(N_JOINTS):
            if m <= j:  # turns the axis and the points after it alike
                moments = np.cross(axes[m], np.cross(axes[j], points - points[j]))
            else:
                is_moved = (np.arange(N_JOINTS + 1) > m)[:, None]
                moments = np.cross(axes[j], np.cross(axes[m], points - points[m]) * is_moved)
            derivative[j, m] = errors.sag[j] @ (moments @ errors.gravity)
    return derivative
