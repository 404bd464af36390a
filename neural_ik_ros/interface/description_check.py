# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Check that ``robot_description`` describes the arm that is solved for; without ROS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from lxml import etree

from ..errors import ConfigError
from ..kinematics import (
    N_JOINTS,
    Arm,
    Transform,
    UrdfError,
    arm_from_urdf,
    forward,
    invert,
    link_names,
)
from ..kinematics.difference import ArmDifference, compare_arms
from ..kinematics.urdf.target_frames import (
    FrameSettings,
    TargetFrames,
    fixed_links,
    no_frames,
    target_frames,
)

CHECK, USE, IGNORE = 'check', 'use', 'ignore'
DESCRIPTION_MODES = (CHECK, USE, IGNORE)
NOT_RECEIVED = 'no robot_description has been received'

NAME_ATTRIBUTES = {
    'link': 'name',
    'joint': 'name',
    'parent': 'link',
    'child': 'link',
    'mimic': 'joint',
}


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
        :param bundle_urdf: Description of the bundle's arm, with the prefix; its links are
            known until another one is received. Empty: base and tip only.
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
                bundle_urdf,
                base_frame=bundle_arm.base_frame,
                tool_frame=bundle_arm.tool_frame,
                prefix=prefix,
            )
        self._expected = replace(nominal, joint_names=names)
        self._mode, self._tolerance, self._settings = mode, tolerance, settings
        self.base_link = prefix + bundle_arm.base_frame
        self.tip_link = prefix + bundle_arm.tool_frame
        self._bundle_urdf = bundle_urdf
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
            f'robot_description is another arm: {difference.summary}. '
            'Load the bundle made for it, or set urdf'
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
