# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A URDF with the frames of a measured arm; joint maps and sag have no place in one."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from ...kinematics import FloatArray, Transform, transform_from_xyz_rpy
from ..data.rotations import rpy_from_rotation

DIGITS = '.12g'


def corrected_urdf(urdf: str, joint_names: Sequence[str], corrections: Transform) -> str:
    """
    Return a URDF whose joints have corrected origins; all else stays as it is written.

    :param corrections: Displacements (6, 4, 4) [m] of the joints' frames, in the axes of the URDF.
    """
    root = etree.fromstring(urdf.encode(), etree.XMLParser(resolve_entities=False))
    joints = {
        joint.get('name'): joint
        for joint in root.iter('joint')
        if joint.find('parent') is not None
    }
    for name, correction in zip(joint_names, corrections, strict=True):
        origin = joints[name].find('origin')
        if origin is None:
            origin = etree.SubElement(joints[name], 'origin')
        nominal = transform_from_xyz_rpy(_numbers(origin, 'xyz'), _numbers(origin, 'rpy'))
        found = nominal @ correction
        origin.set('xyz', _text(found[:3, 3]))
        origin.set('rpy', _text(rpy_from_rotation(found[:3, :3])))
    result: str = etree.tostring(root, encoding='unicode')
    return result + '\n'


def _numbers(origin: etree._Element, key: str) -> list[float]:
    return [float(text) for text in origin.get(key, '0 0 0').split()]


def _text(values: FloatArray) -> str:
    return ' '.join(f'{value:{DIGITS}}' for value in values)
