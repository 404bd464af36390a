# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm in the formats of the peers: URDF, MJCF, frames; nothing is rounded."""

from __future__ import annotations

import numpy as np

from neural_ik_ros.kinematics import Arm, FloatArray, Transform

BASE, TOOL = 'base_link', 'tool0'


def arm_urdf(arm: Arm) -> str:
    """Return a URDF with the kinematics of the arm and nothing else."""
    links = [BASE, *(f'link_{k}' for k in range(1, 7)), TOOL]
    lines = ['<?xml version="1.0"?>', f'<robot name="{arm.name}">']
    lines += [f'<link name="{link}"/>' for link in links]
    for k, (rotation, translation) in enumerate(zip(arm.rotations, arm.translations, strict=True)):
        name, kind = (arm.joint_names[k], 'revolute') if k < 6 else ('tool', 'fixed')
        lines += [
            f'<joint name="{name}" type="{kind}">',
            f'<parent link="{links[k]}"/><child link="{links[k + 1]}"/>',
            f'<origin xyz="{_decimals(translation)}" rpy="{_decimals(rpy(rotation))}"/>',
        ]
        if k < 6:
            limits = f'lower="{arm.lower[k]!s}" upper="{arm.upper[k]!s}"'
            rest = f'velocity="{arm.velocity[k]!s}" effort="1000"'
            lines.append(f'<axis xyz="0 0 1"/><limit {limits} {rest}/>')
        lines.append('</joint>')
    return '\n'.join([*lines, '</robot>'])


def arm_mjcf(arm: Arm) -> str:
    """Return the arm for MuJoCo, with the masses that its format requires."""
    body = (
        f'<site name="{TOOL}" pos="{_decimals(arm.translations[6])}" '
        f'quat="{_decimals(_quaternion_wxyz(arm.rotations[6]))}"/>'
    )
    for k in range(5, -1, -1):
        body = (
            f'<body pos="{_decimals(arm.translations[k])}" '
            f'quat="{_decimals(_quaternion_wxyz(arm.rotations[k]))}">'
            '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'
            f'<joint name="{arm.joint_names[k]}" axis="0 0 1" limited="true" '
            f'range="{_decimals(np.array([arm.lower[k], arm.upper[k]]))}"/>{body}</body>'
        )
    return (
        f'<mujoco model="{arm.name}"><compiler angle="radian"/>'
        f'<worldbody>{body}</worldbody></mujoco>'
    )


def fixed_parts(arm: Arm) -> Transform:
    """Return the fixed transform before each joint and before the tool, (7, 4, 4)."""
    transforms = np.tile(np.eye(4), (7, 1, 1))
    transforms[:, :3, :3], transforms[:, :3, 3] = arm.rotations, arm.translations
    return transforms


def rpy(rotation: FloatArray) -> FloatArray:
    """Return fixed-axis angles (3,) [rad] of a rotation (3, 3), exact where two axes coincide."""
    pitch = np.arctan2(-rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0]))
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    # Without the roll a rotation about y and z is left.
    sine, cosine = np.sin(roll), np.cos(roll)
    y_axis = rotation[:, 1] * cosine - rotation[:, 2] * sine
    return np.array([roll, pitch, np.arctan2(-y_axis[0], y_axis[1])])


def quaternion_xyzw(rotation: FloatArray) -> FloatArray:
    """Return the unit quaternion (4,) of a rotation (3, 3), from its largest component."""
    r = rotation
    squares = np.array(
        [
            1.0 + r[0, 0] - r[1, 1] - r[2, 2],
            1.0 - r[0, 0] + r[1, 1] - r[2, 2],
            1.0 - r[0, 0] - r[1, 1] + r[2, 2],
            1.0 + r[0, 0] + r[1, 1] + r[2, 2],
        ]
    )
    products = np.array(
        [
            [squares[0], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[0, 1] + r[1, 0], squares[1], r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], squares[2], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], squares[3]],
        ]
    )
    row: FloatArray = products[squares.argmax()]
    unit: FloatArray = row / np.linalg.norm(row)
    return unit


def _quaternion_wxyz(rotation: FloatArray) -> FloatArray:
    return np.roll(quaternion_xyzw(rotation), 1)


def _decimals(numbers: FloatArray) -> str:
    return ' '.join(repr(float(number)) for number in numbers)
