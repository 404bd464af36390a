# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm, its ghosts, the handle and trails as nodes of a viser scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from viser import ViserServer
from viser.transforms import SO3

from ..kinematics import N_JOINTS, Arm, FloatArray, Joints, Transform, true_joints
from .appearance import Colour, Ghost
from .shapes import Shape, merged
from .trail import PointTrail

MAX_GHOSTS = 18  # sixteen solutions of a general arm, and two more
MAX_GHOST_FACES = 2000  # of a link
HANDLE_SHARE = 0.12  # of the length of the arm
GHOST_SIZE = 0.96  # of a link
ROOT = '/arm'


class Scene:
    """
    Draws what it is told, and sends only what has changed.

    An arm is a chain of frames, so that a new posture is six rotations; the ghosts of a link are
    instances of one mesh, so that all of them are two arrays a link.
    """

    def __init__(
        self, server: ViserServer, arm: Arm, groups: Sequence[Sequence[Shape]], tool: Transform
    ) -> None:
        """
        Add the nodes.

        :param groups: Solids of the base and of the six joints, as ``arm_shapes`` returns them.
        :param tool: Pose (4, 4) [m] of the tool in the tip of the arm.
        """
        self._server, self._arm = server, arm
        length = float(np.linalg.norm(arm.translations, axis=1).sum())
        server.initial_camera.position = (0.75 * length, -0.62 * length, 0.5 * length)
        server.initial_camera.look_at = (0.2 * length, 0.0, 0.22 * length)
        server.scene.add_grid('/grid', width=2.0 * length, height=2.0 * length, cell_size=0.1)
        self._q = np.full(N_JOINTS, np.nan)
        self._joints = self._add_arm(groups, tool, 0.06 * length)
        self._ghosts = [
            self._add_ghosts(index, group) for index, group in enumerate(groups) if index
        ]
        self._shown: list[Ghost] = []
        self._trails: dict[str, Any] = {}
        self.handle = server.scene.add_transform_controls(
            '/target', scale=HANDLE_SHARE * length, line_width=4.0, depth_test=False
        )

    def _add_arm(
        self, groups: Sequence[Sequence[Shape]], tool: Transform, axes_length: float
    ) -> list[Any]:
        scene, path, joints = self._server.scene, ROOT, []
        scene.add_frame(path, show_axes=False)
        for index, group in enumerate(groups):
            if index:
                path = f'{path}/joint_{index}'
                position = self._arm.translations[index - 1]
                joints.append(scene.add_frame(path, show_axes=False, position=position))
            for number, shape in enumerate(group):
                scene.add_mesh_simple(
                    f'{path}/solid_{number}', shape.vertices, shape.faces,
                    color=shape.colour, flat_shading=True, side='double',
                )  # fmt: skip
        transform_joint_tip = np.eye(4)
        transform_joint_tip[:3, :3] = self._arm.rotations[N_JOINTS]
        transform_joint_tip[:3, 3] = self._arm.translations[N_JOINTS]
        transform = transform_joint_tip @ tool
        scene.add_frame(
            f'{path}/tool', axes_length=axes_length, axes_radius=0.06 * axes_length,
            wxyz=wxyz(transform[:3, :3]), position=transform[:3, 3],
        )  # fmt: skip
        return joints

    def _add_ghosts(self, index: int, group: Sequence[Shape]) -> Any:
        shape = merged(tuple(shrunk(shape) for shape in group), MAX_GHOST_FACES)
        return self._server.scene.add_batched_meshes_simple(
            f'/ghosts/link_{index}', shape.vertices, shape.faces,
            batched_wxyzs=np.tile([1.0, 0.0, 0.0, 0.0], (MAX_GHOSTS, 1)),
            batched_positions=np.zeros((MAX_GHOSTS, 3)),
            batched_scales=np.zeros(MAX_GHOSTS),
            batched_colors=np.zeros((MAX_GHOSTS, 3), np.uint8),
            batched_opacities=np.ones(MAX_GHOSTS),
            opacity=1.0, flat_shading=True, cast_shadow=False, receive_shadow=False, lod='off',
            visible=False,
        )  # fmt: skip

    @property
    def target(self) -> Transform:
        """Pose (4, 4) [m] of the handle."""
        transform = np.eye(4)
        transform[:3, :3] = SO3(np.array(self.handle.wxyz)).as_matrix()
        transform[:3, 3] = self.handle.position
        return transform

    def place_handle(self, transform: Transform) -> None:
        """Move the handle to a pose (4, 4) [m], for every client."""
        self.handle.position, self.handle.wxyz = transform[:3, 3], wxyz(transform[:3, :3])

    def draw_arm(self, q: Joints) -> None:
        """Show the arm with joints (6,) [rad] as they are commanded."""
        q_true = true_joints(self._arm, q)
        for index in np.flatnonzero(q_true != self._q):
            self._joints[index].wxyz = wxyz(
                self._arm.rotations[index] @ rotations_about_z(q_true[index])
            )
        self._q = q_true

    def draw_ghosts(self, ghosts: Sequence[Ghost]) -> None:
        """Show faded arms, in place of those shown before; at most ``MAX_GHOSTS``."""
        ghosts = list(ghosts[:MAX_GHOSTS])
        if not ghosts and not self._shown:
            return
        self._shown = ghosts
        n = len(ghosts)
        positions, quaternions = np.zeros((MAX_GHOSTS, 6, 3)), np.zeros((MAX_GHOSTS, 6, 4))
        quaternions[..., 0] = 1.0
        scales, opacities = np.zeros(MAX_GHOSTS), np.ones(MAX_GHOSTS)
        colours = np.zeros((MAX_GHOSTS, 3), np.uint8)
        if ghosts:
            rotations, points = joint_frames(self._arm, np.array([ghost.q for ghost in ghosts]))
            positions[:n], quaternions[:n] = points, SO3.from_matrix(rotations).wxyz
            scales[:n], colours[:n] = 1.0, [ghost.colour for ghost in ghosts]
            opacities[:n] = [ghost.opacity for ghost in ghosts]
        for index, handle in enumerate(self._ghosts):
            handle.batched_positions = positions[:, index].astype(np.float32)
            handle.batched_wxyzs = quaternions[:, index].astype(np.float32)
            handle.batched_scales = scales.astype(np.float32)
            handle.batched_colors = colours
            handle.batched_opacities = opacities.astype(np.float32)
            handle.visible = bool(ghosts)

    def draw_trail(self, name: str, trail: PointTrail, colour: Colour) -> None:
        """Show a line through the points of a trail."""
        points = trail.padded
        segments = np.stack([points[:-1], points[1:]], axis=1).astype(np.float32)
        if name in self._trails:
            self._trails[name].points = segments
        else:
            self._trails[name] = self._server.scene.add_line_segments(
                f'/trails/{name}', segments, colors=colour, thickness=3.0, thickness_units='screen'
            )


def joint_frames(arm: Arm, q: Joints) -> tuple[FloatArray, FloatArray]:
    """
    Return the frames of all joints in the base, turned with their joints.

    :param q: Shape (n, 6) [rad], as commanded.
    :return: Rotations (n, 6, 3, 3) and positions (n, 6, 3) [m].
    """
    turns = rotations_about_z(true_joints(arm, q))
    rotations, positions = np.empty((len(q), 6, 3, 3)), np.empty((len(q), 6, 3))
    rotation, position = np.tile(np.eye(3), (len(q), 1, 1)), np.zeros((len(q), 3))
    for index in range(N_JOINTS):
        position = position + rotation @ arm.translations[index]
        rotation = rotation @ arm.rotations[index] @ turns[:, index]
        rotations[:, index], positions[:, index] = rotation, position
    return rotations, positions


def shrunk(shape: Shape) -> Shape:
    """Return a solid a little smaller: a ghost where the arm is hides in it, without flicker."""
    low, high = shape.vertices.min(axis=0), shape.vertices.max(axis=0)
    middle = 0.5 * (low + high)
    return replace(shape, vertices=middle + GHOST_SIZE * (shape.vertices - middle))


def rotations_about_z(angles: FloatArray) -> FloatArray:
    """Return the rotations (..., 3, 3) about z by angles (...) [rad]."""
    cosine, sine, zero = np.cos(angles), np.sin(angles), np.zeros_like(angles)
    rows = [[cosine, -sine, zero], [sine, cosine, zero], [zero, zero, zero + 1.0]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def wxyz(rotation: FloatArray) -> FloatArray:
    """Return the quaternion (4,), scalar first as viser has it, of a rotation (3, 3)."""
    quaternion: FloatArray = SO3.from_matrix(rotation).wxyz
    return quaternion
