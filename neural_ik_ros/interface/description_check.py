# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Check that ``robot_description`` describes the arm that is solved for; without ROS."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from lxml import etree

from ..kinematics import (
    N_JOINTS,
    Arm,
    FloatArray,
    UrdfError,
    arm_from_urdf,
    forward,
    jacobian,
    joint_positions,
    rotation_angle,
)

CHECK, USE, IGNORE = 'check', 'use', 'ignore'
DESCRIPTION_MODES = (CHECK, USE, IGNORE)
MAX_CALIBRATION_M, MAX_CALIBRATION_RAD = 0.02, 0.05  # beyond, it is another arm
LIMIT_TOLERANCE = 1e-3  # [rad], [rad/s], as URDFs round
MIN_REPORTED = 1e-6  # [m], [rad]; smaller differences of a joint are left out

NAME_ATTRIBUTES = {
    'link': 'name',
    'joint': 'name',
    'parent': 'link',
    'child': 'link',
    'mimic': 'joint',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDifference:
    """How an arm differs from the expected one; each text is about one joint or the tool."""

    max_offset: float  # [m] of an axis or the tool, with all joints at zero
    max_rotation: float  # [rad]
    names: tuple[str, ...]
    limits: tuple[str, ...]
    poses: tuple[str, ...]

    def is_within(self, tolerance: float) -> bool:
        """Whether it is the same arm to a tolerance in [m] and [rad]."""
        has_same_poses = self.max_offset <= tolerance and self.max_rotation <= tolerance
        return has_same_poses and not self.names and not self.limits

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
        max_offset=float(offsets.max()),
        max_rotation=float(rotations.max()),
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
        if abs(ours - theirs) > LIMIT_TOLERANCE
    )


class DescriptionCheck:
    """Compares what ``robot_description`` says with the arm of the bundle."""

    def __init__(self, bundle_arm: Arm, *, mode: str, tolerance: float, prefix: str) -> None:
        """
        Start without a description.

        :param mode: One of ``DESCRIPTION_MODES``.
        :param tolerance: In [m] and [rad], up to which two arms are the same.
        :param prefix: Before the joint and frame names of the description.
        """
        names = tuple(prefix + name for name in bundle_arm.joint_names)
        self.bundle_arm = bundle_arm
        self._expected = replace(bundle_arm, joint_names=names)
        self._mode, self._tolerance, self._prefix = mode, tolerance, prefix
        self.description = ''  # as received
        self.problem = 'no robot_description has been received' if mode == USE else ''
        self.arm = bundle_arm  # to solve for

    @property
    def is_waiting(self) -> bool:
        """Whether a description is needed and none has been received."""
        return self._mode == USE and not self.description

    def update(self, text: str) -> bool:
        """Check a new description; return whether it differs from the last. Sets ``problem``."""
        if self._mode == IGNORE or text == self.description:
            return False
        self.description = text
        try:
            other = self._read(text)
        except UrdfError as error:
            self.problem = str(error)
            return True
        self.problem = self._problem(compare_arms(self._expected, other))
        if self._mode == USE and not self.problem:
            self.arm = replace(other, joint_names=self.arm.joint_names)
        return True

    def _read(self, text: str) -> Arm:
        base, tool = self.bundle_arm.base_frame, self.bundle_arm.tool_frame
        return arm_from_urdf(text, base_frame=base, tool_frame=tool, prefix=self._prefix)

    def _problem(self, difference: ArmDifference) -> str:
        if difference.is_within(self._tolerance) or (
            self._mode == USE and difference.is_calibration
        ):
            return ''
        if difference.is_calibration:
            return (
                'robot_description is a calibrated arm or has other limits: '
                f'{difference.summary}. '
                'Set robot_description_mode to use it, or to ignore it'
            )
        return (
            f'robot_description is another arm: {difference.summary}. Load the bundle made for it'
        )


def add_prefix(urdf: str, prefix: str) -> str:
    """Return a URDF with a prefix before the names of joints and links, as xacro makes it."""
    root = etree.fromstring(urdf.encode())
    for element in root.iter(*NAME_ATTRIBUTES):
        attribute = NAME_ATTRIBUTES[element.tag]
        if attribute in element.attrib:
            element.set(attribute, prefix + element.get(attribute))
    result: str = etree.tostring(root, encoding='unicode')
    return result
