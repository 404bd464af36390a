# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An ``Arm`` from the text of a URDF."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import ConfigError
from ..arm import CONTINUOUS_LIMIT, Arm, ArmError
from ..se3 import invert
from ..types import N_JOINTS, FloatArray, Transform
from .tree import SIX_NEEDED, TURNING, UrdfError, UrdfJoint, UrdfTree, listed

NEARLY_RIGHT = 1e-3  # [rad] from a multiple of a right angle: typed in with too few digits
EXACTLY_RIGHT = 1e-9  # [rad]
FINITE = 'correct its numbers'


class UrdfWarning(UserWarning):
    """A robot description is read, but probably not what its maker meant."""


def arm_from_urdf(
    text: str,
    *,
    base_frame: str = 'base_link',
    tool_frame: str = 'tool0',
    prefix: str = '',
    corrections: Mapping[str, Transform] | None = None,
) -> Arm:
    """
    Return the arm between two links of a URDF; fixed joints between them are merged.

    Gives a ``UrdfWarning`` on angles that are nearly, but not quite, a multiple of pi/2.

    :param text: The URDF itself, not a path; at most 4 MiB, without a document type declaration.
    :param prefix: Put before both frame names, as the xacro argument of the same name does.
    :param corrections: Displacement (4, 4) [m] of joint frames, each in its own frame, by joint.
    :raises UrdfError: If it is not a URDF, or the chain does not have exactly six revolute joints.
    :raises ConfigError: If a correction names a joint that is not in the chain.
    """
    tree, base, tool = UrdfTree(text), prefix + base_frame, prefix + tool_frame
    chain = tree.chain(base, tool)
    moving = [joint for joint in chain if joint.type != 'fixed']
    _require_six_turning(moving, base, tool, tree)
    _warn_of_right_angles(chain)
    corrections = corrections or {}
    joints = [joint.name for joint in chain]
    for joint in corrections:
        if joint not in joints:
            problem = f'no joint {joint!r} between base and tool'
            raise ConfigError('calibration', problem, f'correct only {", ".join(joints)}')
    rotations, translations = _merged_frames(chain, corrections)
    limits = np.array([_limits(joint) for joint in moving])
    try:
        return Arm(
            name=tree.name,
            base_frame=base,
            tool_frame=tool,
            joint_names=tuple(joint.name for joint in moving),
            rotations=rotations,
            translations=translations,
            lower=limits[:, 0],
            upper=limits[:, 1],
            velocity=limits[:, 2],
        )
    except ArmError as error:
        raise UrdfError(error.problem, 'correct it in the URDF') from error


def axis_alignments(
    text: str, *, base_frame: str = 'base_link', tool_frame: str = 'tool0', prefix: str = ''
) -> FloatArray:
    """
    Return the rotations (6, 3, 3) that turn axes of an ``Arm``'s joint frames into the URDF's.

    An arm's joint turns about z of its frame, a URDF's about any axis.

    :raises UrdfError: As ``arm_from_urdf``.
    """
    chain = UrdfTree(text).chain(prefix + base_frame, prefix + tool_frame)
    return np.stack([_rotation_aligning_z(joint) for joint in chain if joint.type != 'fixed'])


def links_fixed_to(text: str, *links: str) -> tuple[dict[str, Transform], ...]:
    """
    Return, for each of the links, the poses of all links that fixed joints connect it to.

    Poses are (4, 4) [m] in the given link, which is among them. Non-finite joint frames are
    skipped.

    :param text: The URDF itself, as for ``arm_from_urdf``.
    :raises UrdfError: If it is not a URDF, or has no such link.
    """
    tree = UrdfTree(text)
    neighbours: dict[str, list[tuple[str, Transform]]] = {}
    for joint in tree.joints:
        if joint.type == 'fixed':
            transform = np.eye(4)
            transform[:3, :3], transform[:3, 3] = joint.rotation, joint.translation
            if not np.isfinite(transform).all():
                continue
            neighbours.setdefault(joint.parent, []).append((joint.child, transform))
            neighbours.setdefault(joint.child, []).append((joint.parent, invert(transform)))
    for link in links:
        tree.require_link(link)
    return tuple(_connected(link, neighbours) for link in links)


def link_names(text: str) -> tuple[str, ...]:
    """
    Return the names of all links of a URDF.

    :param text: The URDF itself, as for ``arm_from_urdf``.
    :raises UrdfError: If it is not a URDF.
    """
    return UrdfTree(text).links


def _connected(
    link: str, neighbours: Mapping[str, list[tuple[str, Transform]]]
) -> dict[str, Transform]:
    poses, todo = {link: np.eye(4)}, [link]
    while todo:
        known = todo.pop()
        for other, transform in neighbours.get(known, []):
            if other not in poses:
                poses[other] = poses[known] @ transform
                todo.append(other)
    return poses


def _warn_of_right_angles(chain: Sequence[UrdfJoint]) -> None:
    """
    Warn of angles with too few digits.

    An arm whose maker wrote 1.571 is off by 0.2 mm a metre, and may have lost its closed form.
    """
    angles = [
        f'{angle!r} rad at joint {joint.name!r}'
        for joint in chain
        for angle in joint.rpy
        if EXACTLY_RIGHT < abs(math.remainder(angle, 0.5 * math.pi)) < NEARLY_RIGHT
    ]
    if angles:
        text = (
            f'the robot description has angles that are nearly multiples of pi/2: '
            f'{listed(angles)}. Write all digits, unless they are measured'
        )
        warnings.warn(text, UrdfWarning, stacklevel=3)


def _require_six_turning(
    moving: Sequence[UrdfJoint], base: str, tool: str, tree: UrdfTree
) -> None:
    """Refuse a chain that is no arm, naming the joint that is in the way."""
    for joint in moving:
        if joint.is_mimic:
            raise UrdfError(f'joint {joint.name!r} follows another one (mimic)', SIX_NEEDED)
        if joint.type not in TURNING:
            raise UrdfError(f'joint {joint.name!r} is {joint.type}', SIX_NEEDED)
    if len(moving) != N_JOINTS:
        raise UrdfError(
            f'{len(moving)} moving joints between {base!r} and {tool!r}, {N_JOINTS} needed',
            tree.arms_listed(),
        )


def _limits(joint: UrdfJoint) -> tuple[float, float, float]:
    """Return lower and upper limit [rad] and the largest speed [rad/s] of a turning joint."""
    name = joint.name
    if joint.limit is None and joint.type == 'revolute':
        remedy = 'give it a <limit lower=".." upper=".." velocity=".."/>, or the type continuous'
        raise UrdfError(f'joint {name!r} has no limit', remedy)
    velocity = joint.limit_value('velocity')
    if not velocity >= 0.0:
        raise UrdfError(f'joint {name!r} has the velocity limit {velocity}', 'give rad/s, or 0')
    velocity = velocity or math.inf
    if joint.type == 'continuous':
        return -CONTINUOUS_LIMIT, CONTINUOUS_LIMIT, velocity
    lower, upper = joint.limit_value('lower'), joint.limit_value('upper')
    if not -math.inf < lower < upper < math.inf:
        problem = f'joint {name!r} turns from {lower} to {upper} rad'
        raise UrdfError(problem, 'give it a lower limit below the upper one')
    return max(lower, -CONTINUOUS_LIMIT), min(upper, CONTINUOUS_LIMIT), velocity


def _merged_frames(
    chain: Sequence[UrdfJoint], corrections: Mapping[str, Transform]
) -> tuple[FloatArray, FloatArray]:
    """Merge fixed joints and rotate each moving joint's frame so that z is its axis."""
    rotations, translations = np.empty((N_JOINTS + 1, 3, 3)), np.empty((N_JOINTS + 1, 3))
    rotation, translation = np.eye(3), np.zeros(3)
    index = 0
    for joint in chain:
        translation = translation + rotation @ joint.translation
        rotation = rotation @ joint.rotation
        if not (np.isfinite(translation).all() and np.isfinite(rotation).all()):
            raise UrdfError(f'the origin of joint {joint.name!r} is not finite', FINITE)
        correction = corrections.get(joint.name, np.eye(4))
        translation = translation + rotation @ correction[:3, 3]
        rotation = rotation @ correction[:3, :3]
        if joint.type == 'fixed':
            continue
        aligned = _rotation_aligning_z(joint)
        rotations[index], translations[index] = rotation @ aligned, translation
        rotation, translation = aligned.T, np.zeros(3)
        index += 1
    rotations[index], translations[index] = rotation, translation
    return rotations, translations


def _rotation_aligning_z(joint: UrdfJoint) -> FloatArray:
    """Return a rotation that maps z to the axis of a joint, exact for axes along x, y or z."""
    norm = np.linalg.norm(joint.axis)
    if not 0.0 < norm < math.inf:
        raise UrdfError(f'the axis of joint {joint.name!r} is zero or not finite', FINITE)
    z = joint.axis / norm
    helper = np.eye(3)[np.argmin(np.abs(z))]
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)
