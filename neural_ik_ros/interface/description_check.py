# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the arm of ``robot_description`` is the one that is solved for; without ROS."""

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
CALIBRATED_M, CALIBRATED_RAD = 0.02, 0.05  # farther from the nominal arm it is another arm
LIMIT_TOLERANCE = 1e-3  # [rad], [rad/s], as URDFs round
NOTICEABLE = 1e-6  # [m], [rad] smaller differences of a joint are not told

NAME_ATTRIBUTES = {
    'link': 'name',
    'joint': 'name',
    'parent': 'link',
    'child': 'link',
    'mimic': 'joint',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How another description of an arm differs from the known one."""

    offset: float  # [m] the largest of an axis or the tool, with all joints at zero
    turn: float  # [rad]
    names: tuple[str, ...]  # a few words for each joint that is called otherwise
    limits: tuple[str, ...]
    places: tuple[str, ...]  # where axes and tool are elsewhere

    def is_none(self, tolerance: float) -> bool:
        """Return whether it is the same arm to a tolerance in [m] and [rad]."""
        is_same_place = self.offset <= tolerance and self.turn <= tolerance
        return is_same_place and not self.names and not self.limits

    @property
    def is_calibration(self) -> bool:
        """Return whether it is the same kind of arm, measured more closely."""
        return self.offset <= CALIBRATED_M and self.turn <= CALIBRATED_RAD and not self.names

    @property
    def words(self) -> str:
        """Return everything that differs."""
        return ', '.join((*self.names, *self.places, *self.limits))


def difference(known: Arm, other: Arm) -> Difference:
    """
    Return how two arms differ, joint by joint.

    Compared are the axes of the joints and the pose of the tool with all joints at zero: they
    make the whole map from joints to tool (Lynch & Park 2017, 4.1), whatever frames a URDF puts
    in between.
    """
    offsets, turns = _place_differences(known, other)
    places = [f'the axis of {name}' for name in known.joint_names] + ['the tool']
    is_noticed = (offsets > NOTICEABLE) | (turns > NOTICEABLE)
    return Difference(
        offset=float(offsets.max()),
        turn=float(turns.max()),
        names=tuple(
            f'joint {i + 1} is called {theirs!r} instead of {ours!r}'
            for i, (ours, theirs) in enumerate(
                zip(known.joint_names, other.joint_names, strict=True)
            )
            if ours != theirs
        ),
        limits=_limit_differences(known, other),
        places=tuple(
            f'{places[i]} is off by {1e3 * offsets[i]:.3f} mm and {turns[i]:.5f} rad'
            for i in np.flatnonzero(is_noticed)
        ),
    )


def _place_differences(known: Arm, other: Arm) -> tuple[FloatArray, FloatArray]:
    """Return how far [m] and by which angle [rad] the six axes and the tool are off, (7,) each."""
    zero = np.zeros(N_JOINTS)
    axes = [jacobian(arm, zero)[3:].T for arm in (known, other)]
    points = [joint_positions(arm, zero)[1:] for arm in (known, other)]
    tools = [forward(arm, zero)[:3, :3] for arm in (known, other)]
    way = points[0] - points[1]
    offsets = np.linalg.norm(np.cross(way[:N_JOINTS], axes[1]), axis=1)
    sines = np.linalg.norm(np.cross(axes[0], axes[1]), axis=1)
    turns = np.arctan2(sines, (axes[0] * axes[1]).sum(axis=1))
    tool_turn = rotation_angle(tools[0].T @ tools[1])
    return np.append(offsets, np.linalg.norm(way[N_JOINTS])), np.append(turns, tool_turn)


def _limit_differences(known: Arm, other: Arm) -> tuple[str, ...]:
    return tuple(
        f'the {limit} limit of {known.joint_names[i]} is {theirs:.4f} instead of {ours:.4f}'
        for limit in ('lower', 'upper', 'velocity')
        for i, (ours, theirs) in enumerate(
            zip(getattr(known, limit), getattr(other, limit), strict=True)
        )
        if abs(ours - theirs) > LIMIT_TOLERANCE
    )


class DescriptionCheck:
    """Compares what ``robot_description`` says with the arm of the bundle."""

    def __init__(self, known: Arm, *, mode: str, tolerance: float, prefix: str) -> None:
        """
        Expect nothing yet.

        :param mode: One of ``DESCRIPTION_MODES``.
        :param tolerance: In [m] and [rad], up to which two arms are the same.
        :param prefix: Before the joint and frame names of the description.
        """
        names = tuple(prefix + name for name in known.joint_names)
        self.known = known
        self._named = replace(known, joint_names=names)
        self._mode, self._tolerance, self._prefix = mode, tolerance, prefix
        self.description = ''  # as received
        self.problem = 'no robot_description has been received' if mode == USE else ''
        self.arm = known  # to solve for

    @property
    def is_waiting(self) -> bool:
        """Return whether a description is needed and none has come."""
        return self._mode == USE and not self.description

    def take(self, text: str) -> bool:
        """Take a description; return whether it is news. ``problem`` tells whether to go on."""
        if self._mode == IGNORE or text == self.description:
            return False
        self.description = text
        try:
            other = self._read(text)
        except UrdfError as error:
            self.problem = str(error)
            return True
        found = difference(self._named, other)
        self.problem = self._problem(found)
        if self._mode == USE and not self.problem:
            self.arm = replace(other, joint_names=self.arm.joint_names)
        return True

    def _read(self, text: str) -> Arm:
        base, tool = self.known.base_frame, self.known.tool_frame
        return arm_from_urdf(text, base_frame=base, tool_frame=tool, prefix=self._prefix)

    def _problem(self, found: Difference) -> str:
        if found.is_none(self._tolerance) or (self._mode == USE and found.is_calibration):
            return ''
        if found.is_calibration:
            return (
                f'robot_description is a calibrated arm or has other limits: {found.words}. '
                'Set robot_description_mode to use it, or to ignore it'
            )
        return f'robot_description is another arm: {found.words}. Load the bundle made for it'


def prefixed(text: str, prefix: str) -> str:
    """Return the URDF with the prefix before the names of joints and links, as xacro makes it."""
    root = etree.fromstring(text.encode())
    for element in root.iter(*NAME_ATTRIBUTES):
        attribute = NAME_ATTRIBUTES[element.tag]
        if attribute in element.attrib:
            element.set(attribute, prefix + element.get(attribute))
    result: str = etree.tostring(root, encoding='unicode')
    return result
