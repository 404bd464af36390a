# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A serial arm with six revolute joints, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainedError
from .types import N_JOINTS, FloatArray, Joints, Transform


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
    velocity: Joints  # (6,) [rad/s]
    coupled_limit: CoupledLimit | None = None

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
            if array.shape != shape or not np.isfinite(array).all():
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
        return replace(self, rotations=rotations, translations=translations)

    def with_coupled_limit(self, limit: CoupledLimit) -> Arm:
        """Return the same arm with this limit on a sum of two joints in place of its own."""
        return replace(self, coupled_limit=limit)
