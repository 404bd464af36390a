# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Simulated arms with hidden errors, and forward kinematics for them that share no code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from neural_ik_ros.calibration.data.measurements import Measurements
from neural_ik_ros.kinematics import (
    N_NODES,
    Arm,
    FloatArray,
    JointErrors,
    Transform,
    forward,
    random_joints,
    rotation_from_rpy,
    transform_from_xyz_rpy,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

FRAME_ERROR = 1e-3  # [m], [rad]
MAP_RMS = 3e-4  # [rad]
SAG = 2e-4  # [rad/m]
N_HARMONICS = 40
BASE = transform_from_xyz_rpy([2.0, 1.0, 0.5], [0.1, 0.2, 2.0])
TOOL = transform_from_xyz_rpy([0.05, 0.02, 0.11], [0.3, -0.2, 0.5])
FIXED_POINT_ITERATIONS = 12
SOCKET_DISTANCE = 0.05  # [m] between the sockets of a pair
BALL = np.array([0.03, 0.02, 0.15])  # [m] in the tool frame
JOINT_NOISE = 1e-5  # [rad]
MAX_TURN = 2.0  # [rad] largest component of the tool's rotation vector in a socket


def specimen(nominal: Arm, seed: int) -> Arm:
    """Return the arm with every frame off, joint maps of 40 harmonics, and sag."""
    rng = np.random.default_rng(seed)
    angles = np.arange(N_NODES) * 2.0 * np.pi / N_NODES
    turns = np.outer(np.arange(1, N_HARMONICS + 1), angles)
    series = np.vstack([np.cos(turns), np.sin(turns)])
    values = MAP_RMS / np.sqrt(N_HARMONICS) * rng.normal(size=(6, len(series))) @ series
    return replace(
        nominal,
        rotations=nominal.rotations
        @ rotation_from_rpy(rng.uniform(-FRAME_ERROR, FRAME_ERROR, (7, 3))),
        translations=nominal.translations + rng.uniform(-FRAME_ERROR, FRAME_ERROR, (7, 3)),
        joint_errors=JointErrors.create(values, np.triu(rng.uniform(0.0, SAG, (6, 7)), 1)),
    )


def measure(arm: Arm, q: FloatArray, noise: float, rng: np.random.Generator) -> Measurements:
    """Return what a sensor with this noise [m], [rad] sees of the tool at joints (n, 6)."""
    poses = BASE @ forward(arm, q) @ TOOL
    turns = Rotation.from_rotvec(rng.normal(0.0, noise, (len(q), 3))).as_matrix()
    positions = poses[:, :3, 3] + rng.normal(0.0, noise, (len(q), 3))
    return Measurements(q=q, positions=positions, rotations=poses[:, :3, :3] @ turns)


def in_sockets(
    arm: Arm, places: FloatArray, n_in_socket: int, rng: np.random.Generator
) -> Measurements:
    """Return joints with which an arm puts a ball at its tool into pairs of sockets (k, 3) [m]."""
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    shift = np.array([0.0, SOCKET_DISTANCE, 0.0])
    joints, n = [], 8 * n_in_socket
    for place in places:
        for centre in (place, place + shift):
            targets = np.tile(np.eye(4), (n, 1, 1))
            vectors = rng.uniform(-MAX_TURN, MAX_TURN, (n, 3))
            targets[:, :3, :3] = Rotation.from_rotvec(vectors).as_matrix()
            targets[:, :3, 3] = centre - targets[:, :3, :3] @ BALL
            answers = solver.solve_batch(targets, random_joints(arm, rng, n))
            joints.append(answers.q[answers.is_solved][:n_in_socket])
    q = np.concatenate(joints)
    return Measurements(
        q=q + rng.normal(0.0, JOINT_NOISE, q.shape),
        sockets=np.repeat(np.arange(len(joints)), [len(part) for part in joints]),
        socket_distance=SOCKET_DISTANCE,
    )


def judged_forward(arm: Arm, q: FloatArray) -> Transform:
    """Return the poses (n, 4, 4) of the tool, by SciPy's splines and rotations."""
    errors = arm.joint_errors or JointErrors.create()
    nodes = np.arange(N_NODES + 1) * 2.0 * np.pi / N_NODES
    geared = np.empty_like(q)
    for j, values in enumerate(errors.values):
        spline = CubicSpline(nodes, np.append(values, values[0]), bc_type='periodic')
        geared[:, j] = q[:, j] + spline(np.mod(q[:, j], nodes[-1]))
    q_true = geared.copy()
    for _ in range(FIXED_POINT_ITERATIONS):
        frames = _chain(arm, q_true)
        turns = np.zeros_like(q)
        for j in range(6):
            for k in range(j + 1, 7):
                lever = frames[:, k, :3, 3] - frames[:, j, :3, 3]
                moment = np.cross(lever, errors.gravity)
                turns[:, j] += errors.sag[j, k] * (frames[:, j, :3, 2] * moment).sum(axis=1)
        q_true = geared + turns
    return _chain(arm, q_true)[:, 6]


def _chain(arm: Arm, q_true: FloatArray) -> Transform:
    transform = np.tile(np.eye(4), (len(q_true), 1, 1))
    frames = np.empty((len(q_true), 7, 4, 4))
    for i in range(7):
        fixed = np.eye(4)
        fixed[:3, :3], fixed[:3, 3] = arm.rotations[i], arm.translations[i]
        frames[:, i] = transform @ fixed
        if i < 6:
            turn = np.tile(np.eye(4), (len(q_true), 1, 1))
            turn[:, :3, :3] = Rotation.from_rotvec(
                q_true[:, i, None] * np.array([0.0, 0.0, 1.0])
            ).as_matrix()
            transform = frames[:, i] @ turn
    return frames
