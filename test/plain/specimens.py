# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arms with joint errors, and forward kinematics for them that share no code with the package."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import fsolve
from strategies import shipped_arm

from neural_ik_ros.kinematics import N_NODES, Arm, FloatArray, JointErrors, Joints, Transform

MAP_AMPLITUDE = 3e-4  # [rad]
N_HARMONICS = 40


def random_joint_errors(seed: int, *, sag: float = 2e-4) -> JointErrors:
    """Maps of 40 harmonics and about 0.3 mrad; gravity turns joints by up to ``sag`` [rad/m]."""
    rng = np.random.default_rng(seed)
    angles = np.arange(N_NODES) * 2.0 * np.pi / N_NODES
    turns = np.outer(np.arange(1, N_HARMONICS + 1), angles)
    series = np.vstack([np.cos(turns), np.sin(turns)])
    scale = MAP_AMPLITUDE / np.sqrt(N_HARMONICS)
    values = scale * rng.normal(size=(6, len(series))) @ series
    return JointErrors.create(values, np.triu(rng.uniform(0.0, sag, (6, 7)), 1))


def specimen(seed: int, *, frame_error: float = 1e-3, sag: float = 2e-4) -> Arm:
    """The IRB2400 with every frame off, and joint errors."""
    arm, rng = shipped_arm(), np.random.default_rng(seed)
    small = rng.uniform(-frame_error, frame_error, (2, 7, 3))
    turns = np.eye(3) + _skew(small[1])
    u, _, vt = np.linalg.svd(turns)
    return replace(
        arm,
        rotations=arm.rotations @ (u @ vt),
        translations=arm.translations + small[0],
        joint_errors=random_joint_errors(seed, sag=sag),
    )


def oracle_forward(arm: Arm, q: Joints) -> Transform:
    """Pose (4, 4) of the tool with joints commanded to q (6,): splines and roots by SciPy."""
    errors = arm.joint_errors
    assert errors is not None
    nodes = np.arange(N_NODES + 1) * 2.0 * np.pi / N_NODES
    geared = [
        angle
        + float(CubicSpline(nodes, np.append(y, y[0]), bc_type='periodic')(angle % nodes[-1]))
        for angle, y in zip(q, errors.values, strict=True)
    ]

    def residual(q_true: FloatArray) -> FloatArray:
        return q_true - geared - _oracle_sag(arm, _chain(arm, q_true))

    q_true = np.array(geared)
    for _ in range(6):  # fsolve alone stops at 1e-8
        q_true = q_true - residual(q_true)
    assert np.abs(fsolve(residual, q_true, xtol=1e-14) - q_true).max() < 1e-12
    return _chain(arm, q_true)[-1]


def _oracle_sag(arm: Arm, frames: Transform) -> FloatArray:
    errors = arm.joint_errors
    assert errors is not None
    turns = np.zeros(6)
    for j in range(6):
        for k in range(j + 1, 7):
            lever = frames[k, :3, 3] - frames[j, :3, 3]
            turns[j] += errors.sag[j, k] * frames[j, :3, 2] @ np.cross(lever, errors.gravity)
    return turns


def _chain(arm: Arm, q_true: FloatArray) -> Transform:
    """Frames (7, 4, 4) of the joints at zero, and of the tool, for true joints (6,)."""
    frames, transform = [], np.eye(4)
    for i in range(7):
        fixed = np.eye(4)
        fixed[:3, :3], fixed[:3, 3] = arm.rotations[i], arm.translations[i]
        transform = transform @ fixed
        frames.append(transform)
        if i < 6:
            c, s = np.cos(q_true[i]), np.sin(q_true[i])
            turn = np.eye(4)
            turn[:2, :2] = [[c, -s], [s, c]]
            transform = transform @ turn
    return np.array(frames)


def _skew(w: FloatArray) -> FloatArray:
    """Matrices (n, 3, 3) of the cross products with vectors (n, 3)."""
    matrices = np.zeros((len(w), 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        matrices[:, j, i], matrices[:, i, j] = w[:, k], -w[:, k]
    return matrices
