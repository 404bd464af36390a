# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Check that ``robot_description`` describes the arm that is solved for; without ROS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from lxml import etree

from ..errors import ConfigError
from ..kinematics import (
    N_JOINTS,
    Arm,
    FloatArray,
    Transform,
    UrdfError,
    arm_from_urdf,
    forward,
    invert,
    jacobian,
    joint_positions,
    link_names,
    rotation_angle,
)
from ..kinematics.target_frames import (
    FrameSettings,
    TargetFrames,
    fixed_links,
    no_frames,
    target_frames,
)

CHECK, USE, IGNORE = 'check', 'use', 'ignore'
DESCRIPTION_MODES = (CHECK, USE, IGNORE)
MAX_CALIBRATION_M, MAX_CALIBRATION_RAD = 0.02, 0.05  # beyond, it is another arm
LIMIT_TOLERANCE = 1e-3  # [rad], [rad/s], as URDFs round
NOT_RECEIVED = 'no robot_description has been received'
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
        if abs(ours - theirs) > LIMIT_TOLERANCE
    )


class DescriptionCheck:
    """
    Compares what ``robot_description`` says with the arm of the bundle, and finds frames in it.

    What is fixed to the tip of an arm is a tool, not another arm: targets are poses of what the
    description calls the tip.
    """

    def __init__(
        self,
        bundle_arm: Arm,
        *,
        mode: str,
        tolerance: float,
        settings: FrameSettings,
        bundle_urdf: str = '',
        calibrate: Callable[..., Arm] | None = None,
    ) -> None:
        """
        Start without a description.

        :param bundle_arm: The arm of the bundle, already calibrated where there is a calibration.
        :param mode: One of ``DESCRIPTION_MODES``.
        :param tolerance: In [m] and [rad], up to which two arms are the same.
        :param settings: With the prefix before the joint and frame names of the description.
        :param bundle_urdf: Description of the bundle's arm, without the prefix; its links are
            known until another one is received. Empty: base and tip only, without calibration.
        :param calibrate: Corrects the arm of a description, see ``api.calibrator``. Descriptions
            are compared with the nominal arm, and corrected where they are used.
        :raises ConfigError: If the frames of the settings are not among these links, and no other
            description is to be used.
        """
        prefix = settings.prefix
        names = tuple(prefix + name for name in bundle_arm.joint_names)
        self.bundle_arm, self.arm = bundle_arm, bundle_arm  # the second one to solve for
        self._calibrate, nominal = calibrate, bundle_arm
        if calibrate is not None:
            nominal = arm_from_urdf(
                bundle_urdf, base_frame=bundle_arm.base_frame, tool_frame=bundle_arm.tool_frame
            )
        self._expected = replace(nominal, joint_names=names)
        self._mode, self._tolerance, self._settings = mode, tolerance, settings
        self.base_link = prefix + bundle_arm.base_frame
        self.tip_link = prefix + bundle_arm.tool_frame
        self._bundle_urdf = add_prefix(bundle_urdf, prefix) if bundle_urdf else ''
        self.description = ''  # as received
        self.problem = ''
        self.frames = self._frames_of_bundle()

    @property
    def is_waiting(self) -> bool:
        """Whether a description is needed and none has been received."""
        return bool(self.problem) and not self.description

    def update(self, text: str) -> bool:
        """Check a new description; return whether it differs from the last. Sets ``problem``."""
        if self._mode == IGNORE or text == self.description:
            return False
        self.description, self.problem = text, 'robot_description has not been read'
        try:
            tip_link = self._tip_link_in(text)
            other = arm_from_urdf(text, base_frame=self.base_link, tool_frame=tip_link)
            difference = compare_arms(self._expected, other)
            self.problem = self._problem(difference)
            if self.problem:
                return True
            frames = self._frames_of(text, tip_link, self._tip_of(other, difference))
            used = self._calibrated(text, other) if self._mode == USE else self.arm
        except (UrdfError, ConfigError) as error:
            self.problem = str(error)
            return True
        self.frames = frames
        if self._mode == USE:
            self.arm = replace(used, joint_names=self.arm.joint_names)
        return True

    def set_tool(self, tool: tuple[float, ...]) -> None:
        """Change the tip of the tool: xyz [m], rpy [rad] in the tool frame."""
        self._settings = replace(self._settings, tool=tool)
        self.frames = self.frames.with_tool(tool)

    def _calibrated(self, text: str, described: Arm) -> Arm:
        """Return the arm of a description, calibrated where there is a calibration."""
        if self._calibrate is None:
            return described
        return self._calibrate(
            text, base_frame=described.base_frame, tool_frame=described.tool_frame
        )

    def _frames_of_bundle(self) -> TargetFrames:
        """Return the frames until a description is received; without one, set ``problem``."""
        if self._mode == USE:
            self.problem = NOT_RECEIVED
            return self._no_frames()
        try:
            return self._frames_of(self._bundle_urdf, self.tip_link, None)
        except ConfigError as error:
            if self._mode == IGNORE:
                raise
            self.problem = f'{NOT_RECEIVED}, and in that of the bundle: {error}'
            return self._no_frames()

    def _no_frames(self) -> TargetFrames:
        return no_frames(self._settings, base_link=self.base_link, tip_link=self.tip_link)

    def _frames_of(
        self, urdf: str, tip_link: str, transform_tip_found: Transform | None
    ) -> TargetFrames:
        base_link = self.base_link
        links = fixed_links(
            urdf,
            base_link=base_link,
            tip_link=tip_link,
            transform_tip_found=transform_tip_found,
        )
        return target_frames(
            self._settings, links, base_link=base_link, tip_link=tip_link, urdf=urdf
        )

    def _tip_link_in(self, text: str) -> str:
        """Return the tip of the arm in a description; the tool frame where that has no such."""
        names, wanted = link_names(text), self._settings.tool_frame
        candidates = (self.tip_link, self._settings.prefix + wanted, wanted)
        return next((name for name in candidates if name in names), self.tip_link)

    def _tip_of(self, found: Arm, difference: ArmDifference) -> Transform | None:
        """Return the pose of the found tip in that of the arm to solve for, if they differ."""
        if self._mode == USE or difference.has_same_tool(self._tolerance):
            return None
        zero = np.zeros(N_JOINTS)
        return invert(forward(self._expected, zero)) @ forward(found, zero)

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
