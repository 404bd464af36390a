# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An ``Arm`` from the text of a URDF."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from urdf_parser_py.urdf import URDF
from urdf_parser_py.xml_reflection import core
from urdf_parser_py.xml_reflection.core import ParseError

from ..errors import ConfigError, ExplainedError
from .arm import Arm, ArmError
from .se3 import invert, rotation_from_rpy
from .types import N_JOINTS, FloatArray, Transform

MAX_URDF_BYTES = 4 * 1024 * 1024
MAX_CHAIN_JOINTS = 64
CONTINUOUS_LIMIT = 2.0 * math.pi  # [rad] of joints without limits, in both directions


class UrdfError(ExplainedError):
    """A robot description does not contain a usable six-axis arm."""

    def __init__(self, problem: str) -> None:
        remedy = (
            'give a plain URDF (run xacro first) with six revolute joints between the base and '
            'tool frames'
        )
        super().__init__('robot description', problem, remedy)


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

    :param text: The URDF itself, not a path; at most 4 MiB, without a document type declaration.
    :param prefix: Put before both frame names, as the xacro argument of the same name does.
    :param corrections: Displacement (4, 4) [m] of joint frames, each in its own frame, by joint.
    :raises UrdfError: If it is not a URDF, or the chain does not have exactly six revolute joints.
    :raises ConfigError: If a correction names a joint that is not in the chain.
    """
    robot = _parse(text)
    chain = _chain(robot, prefix + base_frame, prefix + tool_frame)
    moving = [joint for joint in chain if joint.type != 'fixed']
    for joint in moving:
        if joint.type not in ('revolute', 'continuous') or joint.mimic is not None:
            raise UrdfError(f'joint {joint.name!r} is neither fixed nor an independent revolute')
    if len(moving) != N_JOINTS:
        raise UrdfError(
            f'{len(moving)} moving joints between {prefix + base_frame!r} and '
            f'{prefix + tool_frame!r}, {N_JOINTS} needed'
        )
    corrections = corrections or {}
    joints = [str(joint.name) for joint in chain]
    for joint in corrections:
        if joint not in joints:
            problem = f'no joint {joint!r} between base and tool'
            raise ConfigError('calibration', problem, f'correct only {", ".join(joints)}')
    rotations, translations = _merged_frames(chain, corrections)
    limits = np.array([_limits(joint) for joint in moving])
    try:
        return Arm(
            name=str(robot.name),
            base_frame=prefix + base_frame,
            tool_frame=prefix + tool_frame,
            joint_names=tuple(str(joint.name) for joint in moving),
            rotations=rotations,
            translations=translations,
            lower=limits[:, 0],
            upper=limits[:, 1],
            velocity=limits[:, 2],
        )
    except ArmError as error:
        raise UrdfError(error.problem) from error


def links_fixed_to(text: str, *links: str) -> tuple[dict[str, Transform], ...]:
    """
    Return, for each of the links, the poses of all links that fixed joints connect it to.

    Poses are (4, 4) [m] in the given link, which is among them. Non-finite joint frames are
    skipped.

    :param text: The URDF itself, as for ``arm_from_urdf``.
    :raises UrdfError: If it is not a URDF, or has no such link.
    """
    robot = _parse(text)
    neighbours: dict[str, list[tuple[str, Transform]]] = {}
    for joint in robot.joints:
        if joint.type == 'fixed':
            transform = np.eye(4)
            transform[:3, :3], transform[:3, 3] = _origin(joint)
            if not np.isfinite(transform).all():
                continue
            neighbours.setdefault(joint.parent, []).append((joint.child, transform))
            neighbours.setdefault(joint.child, []).append((joint.parent, invert(transform)))
    for link in links:
        if link not in robot.link_map:
            raise UrdfError(f'link {link!r} is missing')
    return tuple(_connected(link, neighbours) for link in links)


def link_names(text: str) -> tuple[str, ...]:
    """
    Return the names of all links of a URDF.

    :param text: The URDF itself, as for ``arm_from_urdf``.
    :raises UrdfError: If it is not a URDF.
    """
    return tuple(_parse(text).link_map)


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


def _parse(text: str) -> Any:
    data = text.encode(errors='replace')
    if len(data) > MAX_URDF_BYTES:
        raise UrdfError(f'{len(data)} bytes are more than the {MAX_URDF_BYTES} allowed')
    if b'<!DOCTYPE' in data or b'<!ENTITY' in data:  # entities can expand without bound
        raise UrdfError('a document type declaration is not allowed')
    # Unknown tags, such as those of ros2_control, are harmless, but it would print each of them.
    before, core.on_error = core.on_error, logging.getLogger(__name__).debug
    try:
        return URDF.from_xml_string(data)
    except (
        ParseError,
        SyntaxError,  # the parent of lxml's and the standard library's XML errors
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        # urdf_parser_py does not wrap the errors of its own lookups.
        raise UrdfError(f'not readable as URDF ({" ".join(str(error).split())})') from error
    finally:
        core.on_error = before


def _chain(robot: Any, base_frame: str, tool_frame: str) -> list[Any]:
    for frame in (base_frame, tool_frame):
        if frame not in robot.link_map:
            raise UrdfError(f'link {frame!r} is missing')
    chain: list[Any] = []
    link = tool_frame
    while link != base_frame:
        if link not in robot.parent_map or len(chain) >= MAX_CHAIN_JOINTS:
            raise UrdfError(f'{tool_frame!r} is not a descendant of {base_frame!r}')
        joint_name, link = robot.parent_map[link]
        chain.append(robot.joint_map[joint_name])
    return chain[::-1]


def _limits(joint: Any) -> tuple[float, float, float]:
    if joint.limit is None or not joint.limit.velocity:
        raise UrdfError(f'joint {joint.name!r} has no velocity limit')
    velocity = float(joint.limit.velocity)
    if joint.type == 'continuous':
        return -CONTINUOUS_LIMIT, CONTINUOUS_LIMIT, velocity
    return float(joint.limit.lower), float(joint.limit.upper), velocity


def _merged_frames(
    chain: list[Any], corrections: Mapping[str, Transform]
) -> tuple[FloatArray, FloatArray]:
    """Merge fixed joints and rotate each moving joint's frame so that z is its axis."""
    rotations, translations = np.empty((N_JOINTS + 1, 3, 3)), np.empty((N_JOINTS + 1, 3))
    rotation, translation = np.eye(3), np.zeros(3)
    index = 0
    for joint in chain:
        origin_rotation, xyz = _origin(joint)
        translation = translation + rotation @ xyz
        rotation = rotation @ origin_rotation
        correction = corrections.get(joint.name, np.eye(4))
        translation = translation + rotation @ correction[:3, 3]
        rotation = rotation @ correction[:3, :3]
        if joint.type == 'fixed':
            continue
        aligned = _rotation_aligning_z(np.array(joint.axis or [1.0, 0.0, 0.0], dtype=float))
        rotations[index], translations[index] = rotation @ aligned, translation
        rotation, translation = aligned.T, np.zeros(3)
        index += 1
    rotations[index], translations[index] = rotation, translation
    return rotations, translations


def _origin(joint: Any) -> tuple[FloatArray, FloatArray]:
    """Return rotation (3, 3) and translation (3,) [m] of a joint's frame in its parent link."""
    origin = joint.origin
    xyz = np.array(origin.xyz if origin is not None and origin.xyz else [0.0] * 3, dtype=float)
    rpy = origin.rpy if origin is not None and origin.rpy else [0.0] * 3
    return rotation_from_rpy(rpy), xyz


def _rotation_aligning_z(axis: FloatArray) -> FloatArray:
    """Return a rotation that maps z to ``axis``, exact for axes along x, y or z."""
    norm = np.linalg.norm(axis)
    if not 0.0 < norm < math.inf:
        raise UrdfError('a joint axis is zero or not finite')
    z = axis / norm
    helper = np.eye(3)[np.argmin(np.abs(z))]
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)
