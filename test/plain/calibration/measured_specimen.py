# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements of a simulated arm with hidden errors, and the same as CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from specimens import specimen
from strategies import shipped_arm

from neural_ik_ros.calibration.data.measurements import Measurements
from neural_ik_ros.calibration.data.rotations import exponential
from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    forward,
    quat_from_rotation,
    random_joints,
    transform_from_xyz_rpy,
)

NOISE = 2e-5  # [m], [rad] of the sensor
SEED = 5
BASE = transform_from_xyz_rpy([2.0, 1.0, 0.5], [0.1, 0.2, 2.0])
TOOL = transform_from_xyz_rpy([0.05, 0.02, 0.11], [0.3, -0.2, 0.5])
COLUMNS = """\
joints: {columns: [q1, q2, q3, q4, q5, q6], unit: rad}
position: {columns: [x, y, z], unit: m}
orientation: {columns: [qx, qy, qz, qw], convention: quat_xyzw}
"""


def hidden_arm() -> Arm:
    """The arm behind the measurements."""
    return specimen(SEED)


def random_q(n: int, seed: int = 0) -> FloatArray:
    return random_joints(shipped_arm(), np.random.default_rng(seed), n)


def measured(
    q: FloatArray, *, arm: Arm | None = None, noise: float = NOISE, kind: str = 'poses'
) -> Measurements:
    """What a sensor sees of the hidden arm, or another, at joints (n, 6)."""
    rng = np.random.default_rng(len(q))
    poses = BASE @ forward(arm or hidden_arm(), q) @ TOOL
    positions = poses[:, :3, 3] + rng.normal(0.0, noise, (len(q), 3))
    turns = exponential(rng.normal(0.0, noise, (len(q), 3)))
    return Measurements(
        q=q,
        positions=positions,
        rotations=poses[:, :3, :3] @ turns if kind == 'poses' else None,
        lines=np.arange(2, len(q) + 2),
    )


def write_csv(path: Path, rows: Measurements) -> Path:
    """Write poses as ``COLUMNS`` describes."""
    assert rows.positions is not None
    assert rows.rotations is not None
    quats = [quat_from_rotation(one) for one in rows.rotations]
    table = np.hstack([rows.q, rows.positions, quats])
    np.savetxt(
        path, table, delimiter=',', comments='', header='q1,q2,q3,q4,q5,q6,x,y,z,qx,qy,qz,qw'
    )
    return path
