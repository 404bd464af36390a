# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How one arm differs from another: the same one measured more closely, or not the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arm import Arm
from .chain import forward, jacobian, joint_positions
from .se3 import rotation_angle
from .types import N_JOINTS, FloatArray

MAX_CALIBRATION_M, MAX_CALIBRATION_RAD = 0.02, 0.05  # beyond, it is another arm
LIMIT_TOLERANCE = 1e-3  # [rad], [rad/s], as URDFs round
MIN_REPORTED = 1e-6  # [m], [rad]; smaller differences of a joint are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDifference:
    """How an arm differs from the expected one; each text is about one joint or the tool."""

    max_offset: float  # [m] of an axis, with all joints at zero
    max_rotation: float  # [rad]
    tool_offset: float  # [m]
    tool_rotation: float  # [rad]
    names: tuple[str, ...]
    limits: tuple[str, ...]
    poses: tuple[str, ...]

    def has_same_tool(self, tolerance: float) -> bool:
        """Whether the tool is where it is expected, to a tolerance in [m] and [rad]."""
        return self.tool_offset <= tolerance and self.tool_rotation <= tolerance

    def is_within(self, tolerance: float) -> bool:
        """Whether it is the same arm to a tolerance in [m] and [rad], whatever its tool."""
        has_same_poses = self.max_offset <= tolerance and self.max_rotation <= tolerance
        return has_same_poses and not self.names and not self.limits

    @property
    def is_same_kind(self) -> bool:
        """Whether axes and tool are where they are expected, but for a calibration."""
        return (
            max(self.max_offset, self.tool_offset) <= MAX_CALIBRATION_M
            and max(self.max_rotation, self.tool_rotation) <= MAX_CALIBRATION_RAD
        )

    @property
    def is_calibration(self) -> bool:
        """Whether it is the same kind of arm, measured more closely."""
        is_near = self.max_offset <= MAX_CALIBRATION_M and self.max_rotation <= MAX_CALIBRATION_RAD
        return is_near and not self.names

    @property
    def summary(self) -> str:
        """Everything that differs, as one text."""
        return ', '.join((*self.names, *self.poses, *self.limits))


def compare_arms(expected: Arm, found: Arm) -> ArmDifference:
    """
    Return how two arms differ, joint by joint.

    Compares the axes of the joints and the pose of the tool with all joints at zero: they make up
    the whole map from joints to tool (Lynch & Park 2017, 4.1), whatever frames a URDF puts in
    between.
    """
    offsets, rotations = _pose_differences(expected, found)
    bodies = [f'the axis of {name}' for name in expected.joint_names] + ['the tool']
    is_reported = (offsets > MIN_REPORTED) | (rotations > MIN_REPORTED)
    return ArmDifference(
        max_offset=float(offsets[:N_JOINTS].max()),
        max_rotation=float(rotations[:N_JOINTS].max()),
        tool_offset=float(offsets[N_JOINTS]),
        tool_rotation=float(rotations[N_JOINTS]),
        names=tuple(
            f'joint {i + 1} is called {theirs!r} instead of {ours!r}'
            for i, (ours, theirs) in enumerate(
                zip(expected.joint_names, found.joint_names, strict=True)
            )
            if ours != theirs
        ),
        limits=_limit_differences(expected, found),
        poses=tuple(
            f'{bodies[i]} is off by {1e3 * offsets[i]:.3f} mm and {rotations[i]:.5f} rad'
            for i in np.flatnonzero(is_reported)
        ),
    )


def _pose_differences(expected: Arm, found: Arm) -> tuple[FloatArray, FloatArray]:
    """Return distances [m] and angles [rad] between the six axes and the tools, (7,) each."""
    zero = np.zeros(N_JOINTS)
    axes = [jacobian(arm, zero)[3:].T for arm in (expected, found)]
    points = [joint_positions(arm, zero)[1:] for arm in (expected, found)]
    tools = [forward(arm, zero)[:3, :3] for arm in (expected, found)]
    offset = points[0] - points[1]
    distances = np.linalg.norm(np.cross(offset[:N_JOINTS], axes[1]), axis=1)
    sines = np.linalg.norm(np.cross(axes[0], axes[1]), axis=1)
    angles = np.arctan2(sines, (axes[0] * axes[1]).sum(axis=1))
    tool_distance, tool_angle = (
        np.linalg.norm(offset[N_JOINTS]),
        rotation_angle(tools[0].T @ tools[1]),
    )
    return np.append(distances, tool_distance), np.append(angles, tool_angle)


def _limit_differences(expected: Arm, found: Arm) -> tuple[str, ...]:
    return tuple(
        f'the {limit} limit of {expected.joint_names[i]} is {theirs:.4f} instead of {ours:.4f}'
        for limit in ('lower', 'upper', 'velocity')
        for i, (ours, theirs) in enumerate(
            zip(getattr(expected, limit), getattr(found, limit), strict=True)
        )
        if ours != theirs and abs(ours - theirs) > LIMIT_TOLERANCE
    )
