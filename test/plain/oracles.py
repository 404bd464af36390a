# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Judges that others wrote: pinocchio and py-opw-kinematics; and a matrix exponential by its series.

They check the package, which never imports them. Tests that need one are skipped where it is not
installed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from strategies import URDF_FILE

from neural_ik_ros.kinematics import FloatArray, Joints, Transform

try:
    import pinocchio
except ImportError:
    pinocchio = None
try:
    import py_opw_kinematics
    from scipy.spatial.transform import RigidTransform
except ImportError:
    py_opw_kinematics = None

needs_pinocchio = pytest.mark.skipif(pinocchio is None, reason='pinocchio (pin) is not installed')
needs_closed_form = pytest.mark.skipif(
    py_opw_kinematics is None, reason='py_opw_kinematics with scipy >= 1.16 is not installed'
)

# Published OPW parameters [m] of the IRB2400/10 (Jmeyer1292/opw_kinematics, Apache-2.0).
OPW_LENGTHS = {
    'a1': 0.100,
    'a2': -0.135,
    'b': 0.0,
    'c1': 0.615,
    'c2': 0.705,
    'c3': 0.755,
    'c4': 0.085,
}
OPW_OFFSETS = (0.0, 0.0, -0.5 * math.pi, 0.0, 0.0, 0.0)


@lru_cache(maxsize=1)
def _pinocchio_model() -> tuple[Any, Any, int]:
    model = pinocchio.buildModelFromXML(URDF_FILE.read_text())
    return model, model.createData(), model.getFrameId('tool0')


def pinocchio_forward(q: Joints) -> Transform:
    """Return ``transform_base_tool`` (4, 4) of the shipped URDF as pinocchio computes it."""
    model, data, frame = _pinocchio_model()
    pinocchio.framesForwardKinematics(model, data, q)
    return np.array(data.oMf[frame].homogeneous)


@lru_cache(maxsize=16)
def _model_of(urdf: str) -> tuple[Any, Any]:
    model = pinocchio.buildModelFromXML(urdf)
    return model, model.createData()


def pinocchio_pose(urdf: str, base: str, tip: str, angles: Mapping[str, float]) -> Transform:
    """Return the pose (4, 4) [m] of one link of a URDF in another at named joint angles [rad]."""
    model, data = _model_of(urdf)
    q = pinocchio.neutral(model)
    for name, angle in angles.items():
        joint = model.joints[model.getJointId(name)]
        if joint.nq == 2:  # continuous
            q[joint.idx_q : joint.idx_q + 2] = math.cos(angle), math.sin(angle)
        else:
            q[joint.idx_q] = angle
    pinocchio.framesForwardKinematics(model, data, q)
    frames = [data.oMf[model.getFrameId(name)] for name in (base, tip)]
    return np.array((frames[0].inverse() * frames[1]).homogeneous)


def pinocchio_jacobian(q: Joints) -> FloatArray:
    """Return the Jacobian (6, 6), rows [v; w], at the tool origin in axes of the base."""
    model, data, frame = _pinocchio_model()
    world_axes = pinocchio.LOCAL_WORLD_ALIGNED
    return np.array(pinocchio.computeFrameJacobian(model, data, q, frame, world_axes))


@lru_cache(maxsize=1)
def _closed_form_arm() -> Any:
    model = py_opw_kinematics.KinematicModel(**OPW_LENGTHS, offsets=OPW_OFFSETS)
    return py_opw_kinematics.Robot(model, degrees=False)


def closed_form_forward(q: Joints) -> Transform:
    """Return ``transform_base_tool`` (n, 4, 4) of joints (n, 6) from the OPW parameters."""
    return np.array(_closed_form_arm().batch_forward(q).as_matrix())


def closed_form_branches(transform_base_tool: Transform) -> Joints:
    """Return the branches (k, 6) [rad] that exist for one pose (4, 4), limits not applied."""
    poses = RigidTransform.from_matrix(transform_base_tool[None])
    branches = np.array(_closed_form_arm().reach(poses).joints[0])
    return branches[np.isfinite(branches).all(axis=1)]


def exponential(twist: FloatArray) -> Transform:
    """Return the SE(3) exponential (4, 4) of ``[v, w]`` (6,): scaling, a series, squaring."""
    (wx, wy, wz), squarings = twist[3:], 8
    generator = np.zeros((4, 4))
    generator[:3, :3] = [[0.0, -wz, wy], [wz, 0.0, -wx], [-wy, wx, 0.0]]
    generator[:3, 3] = twist[:3]
    generator /= 2.0**squarings
    power, total = np.eye(4), np.zeros((4, 4))
    for k in range(1, 12):
        power = power @ generator / k
        total += power
    for _ in range(squarings):  # (I + X)^2 = I + (2 X + X X): tiny rotations keep their digits
        total = 2.0 * total + total @ total
    return np.eye(4) + total
