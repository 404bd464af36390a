# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mesh files that a URDF names: found on this machine, read with trimesh."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
import trimesh
from collada.common import DaeError

from ..errors import ExplainedError

MAX_MESH_BYTES = 64 * 1024 * 1024
# trimesh does not wrap what its readers raise for a broken file, nor for a missing reader.
UNREADABLE = (
    *(
        DaeError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        ImportError,
        LookupError,
        OSError,
    ),
    *(NotImplementedError, SyntaxError, TypeError, ValueError, struct.error),
)
FORMATS = ('.stl', '.dae', '.obj', '.ply', '.glb', '.gltf', '.off')


class MeshFileError(ExplainedError):
    """A mesh file that a URDF names is not drawn."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f'mesh {name}', problem, 'a plain shape is drawn instead')


def load_meshes(
    name: str, scale: Sequence[float], folder: Path
) -> list[tuple[Any, tuple[int, int, int] | None]]:
    """
    Return the meshes (trimesh) in a file that a URDF names, each with its colour if it has one.

    :param name: Path, or URI with the scheme ``package`` or ``file``.
    :param folder: Where relative paths start; packages are searched in the folders above it too.
    :raises MeshFileError: If it cannot be found or read.
    """
    path = find_mesh(name, folder)
    if path is None:
        raise MeshFileError(name, 'not found')
    if path.suffix.lower() not in FORMATS:
        raise MeshFileError(name, f'not one of {", ".join(FORMATS)}')
    if path.stat().st_size > MAX_MESH_BYTES:
        raise MeshFileError(name, f'larger than {MAX_MESH_BYTES} bytes')
    try:
        scene = trimesh.load_scene(path)
        if scene.units is not None:  # only Collada says which
            scene.convert_units('meters')
        meshes = [mesh for mesh in scene.dump() if isinstance(mesh, trimesh.Trimesh)]
    except UNREADABLE as error:
        raise MeshFileError(name, f'not readable ({type(error).__name__}: {error})') from error
    meshes = [mesh for mesh in meshes if len(mesh.faces) and np.isfinite(mesh.vertices).all()]
    if not meshes:
        raise MeshFileError(name, 'without triangles')
    for mesh in meshes:
        mesh.apply_scale(scale)
    return [(mesh, _colour(mesh)) for mesh in meshes]


def find_mesh(name: str, folder: Path) -> Path | None:
    """Return the path of the file that a URDF names, None if there is none on this machine."""
    uri = urlparse(name)
    if uri.scheme == 'package':
        inside = unquote(uri.path).lstrip('/')
        candidates = [place / inside for place in _package_folders(uri.netloc, folder)]
    elif uri.scheme == 'file':
        candidates = [Path(unquote(uri.path))]
    elif not uri.scheme:
        candidates = [folder / name]
    else:
        return None
    return next((path for path in candidates if path.is_file()), None)


def _package_folders(package: str, folder: Path) -> list[Path]:
    """Return where a ROS package may lie: sourced workspaces, then folders above the URDF."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    sources = os.environ.get('ROS_PACKAGE_PATH', '').split(os.pathsep)
    above = [folder.resolve(), *folder.resolve().parents]
    return [
        *(Path(prefix) / 'share' / package for prefix in prefixes if prefix),
        *(Path(source) / package for source in sources if source),
        *(place if place.name == package else place / package for place in above),
    ]


def _colour(mesh: Any) -> tuple[int, int, int] | None:
    if not mesh.visual.defined:
        return None
    material = getattr(mesh.visual, 'material', mesh.visual)
    red, green, blue = (int(value) for value in material.main_color[:3])
    return red, green, blue
