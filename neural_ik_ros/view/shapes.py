# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What the links of an arm look like: meshes and primitives of its URDF, else plain tubes.

Shapes are in the joint frames of an ``Arm``, so a calibrated arm is drawn as it was measured.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh
from lxml import etree
from numpy.typing import NDArray

from ..kinematics import (
    Arm,
    FloatArray,
    Transform,
    axis_alignments,
    links_fixed_to,
    transform_from_xyz_rpy,
)
from .appearance import GREY, Colour
from .mesh_files import MeshFileError, load_meshes

if TYPE_CHECKING:
    from collections.abc import Mapping

TUBE_SHARE = 0.03  # radius of a plain tube, of the length of the arm
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """A solid of one colour."""

    vertices: FloatArray  # (n, 3) [m]
    faces: NDArray[np.int64]  # (m, 3) indices of vertices
    colour: Colour


def arm_shapes(urdf: str, arm: Arm, folder: Path) -> tuple[tuple[Shape, ...], ...]:
    """
    Return the solids of the base, in its frame, and of what each joint moves, in the joint's.

    :param urdf: The text that the arm was made from.
    :param folder: Where relative paths of mesh files start.
    :return: 7 groups; one without a usable solid in the URDF gets plain tubes.
    :raises UrdfError: If the URDF is not one of this arm.
    """
    robot = etree.fromstring(urdf.encode(), etree.XMLParser(resolve_entities=False))
    joints = {joint.get('name'): joint for joint in robot.iterfind('joint')}
    moved = [joints[name].find('child').get('link') for name in arm.joint_names]
    poses = links_fixed_to(urdf, arm.base_frame, *moved)
    turns = np.tile(np.eye(4), (7, 1, 1))
    turns[1:, :3, :3] = axis_alignments(
        urdf, base_frame=arm.base_frame, tool_frame=arm.tool_frame
    ).swapaxes(1, 2)
    links = {link.get('name'): link for link in robot.iterfind('link')}
    colours = {material.get('name'): _rgb(material) for material in robot.iterfind('material')}
    groups = []
    for index in range(7):
        shapes = tuple(
            shape
            for name, pose in poses[index].items()
            for shape in _link_shapes(links[name], turns[index] @ pose, colours, folder)
        )
        groups.append(shapes or _tubes(arm, index))
    return tuple(groups)


def merged(shapes: tuple[Shape, ...], max_faces: int) -> Shape:
    """Return solids as one, or its convex hull if it has more than ``max_faces`` faces."""
    one = trimesh.util.concatenate([trimesh.Trimesh(s.vertices, s.faces) for s in shapes])
    if len(one.faces) > max_faces:
        one = trimesh.util.concatenate(
            [trimesh.Trimesh(s.vertices, s.faces).convex_hull for s in shapes]
        )
    return _shape(one, shapes[0].colour)


def _link_shapes(
    link: Any, pose: Transform, colours: Mapping[str, Colour | None], folder: Path
) -> list[Shape]:
    """Return what a link shows; what it collides with if nothing of that can be used."""
    for kind in ('visual', 'collision'):
        shapes = [
            shape
            for element in link.iterfind(kind)
            for shape in _element_shapes(element, pose, colours, folder)
        ]
        if shapes:
            return shapes
    return []


def _element_shapes(
    element: Any, pose: Transform, colours: Mapping[str, Colour | None], folder: Path
) -> Iterator[Shape]:
    geometry = next(iter(element.find('geometry').iterchildren('*')))
    try:
        solids = _solids(geometry, folder)
    except MeshFileError as error:
        LOG.warning('%s', error)
        return
    origin, material = element.find('origin'), element.find('material')
    colour = None
    if material is not None:
        colour = _rgb(material) or colours.get(material.get('name'))
    for solid, own_colour in solids:
        solid.apply_transform(pose @ _origin(origin))
        yield _shape(solid, colour or own_colour or GREY)


def _solids(geometry: Any, folder: Path) -> list[tuple[Any, Colour | None]]:
    """
    Return a geometry of the URDF as trimesh objects, each with a colour if it has one.

    :raises MeshFileError: If a mesh file cannot be used.
    """
    if geometry.tag == 'box':
        return [(trimesh.creation.box(_numbers(geometry.get('size'))), None)]
    if geometry.tag == 'cylinder':
        radius, length = float(geometry.get('radius')), float(geometry.get('length'))
        return [(trimesh.creation.cylinder(radius, length), None)]
    if geometry.tag == 'sphere':
        return [(trimesh.creation.icosphere(radius=float(geometry.get('radius'))), None)]
    if geometry.tag == 'mesh':
        scale = _numbers(geometry.get('scale', '1 1 1'))
        return load_meshes(geometry.get('filename', ''), scale, folder)
    return []


def _tubes(arm: Arm, index: int) -> tuple[Shape, ...]:
    """Return a hub around a joint's axis and a tube from it to the next joint."""
    length = float(np.linalg.norm(arm.translations, axis=1).sum())
    radius = TUBE_SHARE * length
    hub = trimesh.creation.cylinder(1.3 * radius, 2.6 * radius if index else 0.5 * radius)
    end = arm.translations[index]
    solids = [hub]
    if np.linalg.norm(end) > radius:
        solids.append(trimesh.creation.cylinder(radius, segment=[np.zeros(3), end]))
    return tuple(_shape(solid, GREY) for solid in solids)


def _shape(solid: Any, colour: Colour) -> Shape:
    return Shape(
        vertices=np.asarray(solid.vertices, dtype=np.float64),
        faces=np.asarray(solid.faces, dtype=np.int64),
        colour=colour,
    )


def _origin(element: Any) -> Transform:
    if element is None:
        return np.eye(4)
    xyz, rpy = element.get('xyz', '0 0 0'), element.get('rpy', '0 0 0')
    return transform_from_xyz_rpy(_numbers(xyz), _numbers(rpy))


def _rgb(material: Any) -> Colour | None:
    colour = material.find('color')
    if colour is None:
        return None
    red, green, blue = (
        round(255 * min(max(value, 0.0), 1.0)) for value in _numbers(colour.get('rgba'))[:3]
    )
    return red, green, blue


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]
