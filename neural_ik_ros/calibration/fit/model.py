# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The arm as measured: what is predicted for a row, and its derivatives by every parameter.

A parameter moves a frame of the chain by a small twist ``[v, w]`` in its own axes, or turns a
joint by a small angle. Both move the tool as ``dp = v + w x (p - p_frame)``, ``dR = w``: all
columns follow from the frames of the chain, without differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...kinematics import N_JOINTS, Arm, FloatArray, Transform, invert, se3_log, true_joints
from ..data.measurements import Measurements
from ..data.rotations import exponential, skew

N_FRAMES = N_JOINTS  # corrected frames: those of the joints; the tool's is part of the set-up
TWIST = ('x', 'y', 'z', 'roll', 'pitch', 'yaw')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setup:
    """Where the sensor and the measured point or body are; for sockets, where these are."""

    base: Transform  # (s, 4, 4) of the arm's base in the sensor, by session; identity for sockets
    tool: Transform  # (s, 4, 4) of what is measured in the arm's tool frame
    sockets: FloatArray | None = None  # (k, 3) [m] in the base


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linearised:
    """Residuals of each row, and their derivatives by the parameters of the geometry."""

    residuals: FloatArray  # (n, m) measured minus predicted, 3 positions [m], 3 rotations [rad]
    setup: FloatArray  # (n, m, k) by base and tool, or sockets and tool
    frames: FloatArray  # (n, m, 36) by twists of the joints' frames
    joints: FloatArray  # (n, m, 6) by true joint angles
    levers: FloatArray  # (n, 6, 7, 3) [m] moments of unit weights about the joints


def chain_frames(arm: Arm, q: FloatArray) -> Transform:
    """
    Return the frames (n, 7, 4, 4) of the joints before their rotation, and of the tool.

    :param q: Shape (n, 6) [rad] commanded.
    """
    q_true = true_joints(arm, q)
    transform = np.broadcast_to(np.eye(4), (len(q), 4, 4))
    frames = np.empty((len(q), N_JOINTS + 1, 4, 4))
    for i in range(N_JOINTS + 1):
        fixed = np.eye(4)
        fixed[:3, :3], fixed[:3, 3] = arm.rotations[i], arm.translations[i]
        frames[:, i] = transform @ fixed
        if i < N_JOINTS:
            turn = np.tile(np.eye(4), (len(q), 1, 1))
            turn[:, 0, 0] = turn[:, 1, 1] = np.cos(q_true[:, i])
            turn[:, 1, 0] = np.sin(q_true[:, i])
            turn[:, 0, 1] = -turn[:, 1, 0]
            transform = frames[:, i] @ turn
    return frames


def pose_residuals(arm: Arm, setup: Setup, measured: Measurements) -> FloatArray:
    """Return measured minus predicted (n, 6) [m], [rad] in the sensor's axes; (n, 3) of points."""
    session = measured.session_of_row
    tools = chain_frames(arm, measured.q)[:, N_JOINTS]
    return _residuals(setup.base[session] @ tools @ setup.tool[session], setup, measured)


def linearise(arm: Arm, setup: Setup, measured: Measurements) -> Linearised:
    """Return residuals and derivatives at an arm and a set-up."""
    session = measured.session_of_row
    frames = setup.base[session, None] @ chain_frames(arm, measured.q)
    body = frames[:, N_JOINTS] @ setup.tool[session]
    n_rows = 6 if measured.kind == 'poses' else 3
    points = body[:, :3, 3]
    columns = [twist_columns(frames[:, i], points)[:, :n_rows] for i in range(N_FRAMES)]
    base = twist_columns(setup.base[session], points)[:, :n_rows]
    if measured.sockets is not None:
        assert setup.sockets is not None  # noqa: S101 - made together
        base = -np.zeros((len(points), 3, setup.sockets.size))
        for axis in range(3):
            base[np.arange(len(points)), axis, 3 * measured.sockets + axis] = -1.0
    tool = twist_columns(body, points)[:, :n_rows, : 6 if measured.kind == 'poses' else 3]
    frame_columns = np.concatenate(columns, axis=2)
    return Linearised(
        residuals=_residuals(body, setup, measured),
        setup=_by_session(np.concatenate([base, tool], axis=2), session, len(setup.base)),
        frames=frame_columns,
        joints=frame_columns[:, :, 5::6],
        levers=_levers(frames, setup.base[session, :3, :3]),
    )


def twist_columns(frames: Transform, points: FloatArray) -> FloatArray:
    """
    Return derivatives (n, 6, 6) of points and rotations by twists of frames in their own axes.

    :param frames: Shape (n, 4, 4).
    :param points: Shape (n, 3) [m], carried by the frames.
    """
    rotations = frames[:, :3, :3]
    columns = np.zeros((len(frames), 6, 6))
    columns[:, :3, :3] = columns[:, 3:, 3:] = rotations
    columns[:, :3, 3:] = skew(frames[:, :3, 3] - points) @ rotations
    return columns


def moved_arm(arm: Arm, twists: FloatArray) -> Arm:
    """Return the arm with the frames of its joints moved by twists (36,) in their own axes."""
    steps = twist_transforms(twists.reshape(N_FRAMES, 6))
    rotations, translations = arm.rotations.copy(), arm.translations.copy()
    translations[:N_FRAMES] += np.einsum('nij,nj->ni', rotations[:N_FRAMES], steps[:, :3, 3])
    rotations[:N_FRAMES] = rotations[:N_FRAMES] @ steps[:, :3, :3]
    return replace(arm, rotations=rotations, translations=translations)


def moved_setup(setup: Setup, step: FloatArray) -> Setup:
    """Return the set-up moved by the parameters in the order of ``Linearised.setup``."""
    if setup.sockets is not None:
        n = setup.sockets.size
        tool = setup.tool.copy()
        tool[0, :3, 3] += tool[0, :3, :3] @ step[n : n + 3]
        return replace(setup, sockets=setup.sockets + step[:n].reshape(-1, 3), tool=tool)
    steps = np.zeros((len(setup.base), 12))
    by_session = step.reshape(len(steps), -1)
    steps[:, : by_session.shape[1]] = by_session  # points tell nothing of the tool's rotation
    base = setup.base @ twist_transforms(steps[:, :6])
    return replace(setup, base=base, tool=setup.tool @ twist_transforms(steps[:, 6:]))


def twist_transforms(twists: FloatArray) -> Transform:
    """Return transforms (n, 4, 4) of small twists (n, 6): translation, then rotation vector."""
    transforms = np.tile(np.eye(4), (len(twists), 1, 1))
    transforms[:, :3, :3], transforms[:, :3, 3] = exponential(twists[:, 3:]), twists[:, :3]
    return transforms


def frame_corrections(nominal: Arm, arm: Arm) -> Transform:
    """Return how the joint frames (6, 4, 4) of an arm are displaced, in their nominal axes."""
    frames = np.tile(np.eye(4), (2, N_FRAMES, 1, 1))
    for k, one in enumerate((nominal, arm)):
        frames[k, :, :3, :3] = one.rotations[:N_FRAMES]
        frames[k, :, :3, 3] = one.translations[:N_FRAMES]
    corrections: Transform = invert(frames[0]) @ frames[1]
    return corrections


def frame_twists(nominal: Arm, arm: Arm) -> FloatArray:
    """Return ``frame_corrections`` as twists (6, 6): translations [m], rotation vectors [rad]."""
    corrections = frame_corrections(nominal, arm)
    rotations = corrections.copy()
    rotations[:, :3, 3] = 0.0
    return np.hstack([corrections[:, :3, 3], se3_log(rotations)[:, 3:]])


def _residuals(body: Transform, setup: Setup, measured: Measurements) -> FloatArray:
    if measured.sockets is not None:
        assert setup.sockets is not None  # noqa: S101
        return setup.sockets[measured.sockets] - body[:, :3, 3]
    assert measured.positions is not None  # noqa: S101
    offsets = measured.positions - body[:, :3, 3]
    if measured.rotations is None:
        return offsets
    turns = np.tile(np.eye(4), (len(body), 1, 1))
    turns[:, :3, :3] = measured.rotations @ body[:, :3, :3].swapaxes(1, 2)
    return np.hstack([offsets, se3_log(turns)[:, 3:]])


def _by_session(columns: FloatArray, session: NDArray[np.int64], n_sessions: int) -> FloatArray:
    """Return columns (n, m, k) spread over those of all sessions (n, m, n_sessions k)."""
    n, m, k = columns.shape
    spread = np.zeros((n, m, n_sessions, k))
    spread[np.arange(n), :, session] = columns
    return spread.reshape(n, m, -1)


def _levers(frames: Transform, rotation: FloatArray) -> FloatArray:
    """
    Return the moments (n, 6, 7, 3) [m] about the joints, by the direction of gravity.

    The product with a unit vector along gravity is the moment of a unit weight at the origin of
    joints 1 to 6 and the tool; zero for points before the joint.

    :param frames: Shape (n, 7, 4, 4) in the sensor.
    :param rotation: Shape (n, 3, 3) of the arm's base there.
    """
    origins = frames[:, :, :3, 3] @ rotation  # in axes of the arm's base
    axes = (frames[:, :N_JOINTS, :3, 2]) @ rotation
    arms = origins[:, None] - origins[:, :N_JOINTS, None]
    moments: FloatArray = np.cross(axes[:, :, None], arms)
    moments *= np.triu(np.ones((N_JOINTS, N_JOINTS + 1)), 1)[:, :, None]
    return moments
