# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Iterative solvers: from the current joints, with whatever restarts they have themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from neural_ik_ros.kinematics import Arm, Joints, Transform

from ..descriptions import BASE, TOOL, arm_mjcf, arm_urdf, fixed_parts, quaternion_xyzw
from .adapter import REQUESTED_TOL, Adapter, Solve, nearest

TRAC_IK_TIMEOUT = 0.005  # [s] the default in MoveIt
DAMPING = 1e-6  # of pinocchio's own example, and its largest number of steps
MAX_STEPS = 1000
QP_STEPS = 200


def _trac_ik(arm: Arm) -> Solve:
    import pytracik

    speed = pytracik.SolveType.Speed
    robot = pytracik.TRAC_IK(BASE, TOOL, arm_urdf(arm), TRAC_IK_TIMEOUT, REQUESTED_TOL, speed)

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        x, y, z = target[:3, 3]
        answer = pytracik.ik(robot, q_current, x, y, z, *quaternion_xyzw(target[:3, :3]))
        # A status comes before the joints; it is negative if there is no answer.
        return answer[1:] if answer[0] >= 0 else None

    return solve


def _pinocchio(arm: Arm) -> Solve:
    """Return the loop of pinocchio's inverse kinematics example, for a frame."""
    import pinocchio

    model = pinocchio.buildModelFromXML(arm_urdf(arm))
    data, tool = model.createData(), model.getFrameId(TOOL)
    damping = DAMPING * np.eye(6)

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        q, goal = q_current.copy(), pinocchio.SE3(target)
        for _ in range(MAX_STEPS):
            pinocchio.framesForwardKinematics(model, data, q)
            offset = data.oMf[tool].actInv(goal)
            error = pinocchio.log6(offset).vector
            if np.linalg.norm(error) < REQUESTED_TOL:
                return nearest(arm, q, q_current)
            local = pinocchio.computeFrameJacobian(model, data, q, tool)
            jacobian = -pinocchio.Jlog6(offset.inverse()) @ local
            q -= jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping, error)
        return None

    return solve


def _ikpy(arm: Arm) -> Solve:
    from ikpy.chain import Chain

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'arm.urdf'
        file.write_text(arm_urdf(arm), encoding='utf-8')
        chain = Chain.from_urdf_file(
            str(file), active_links_mask=[False, *[True] * 6, False], jax_precompile=False
        )

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        start = np.array([0.0, *np.clip(q_current, arm.lower, arm.upper), 0.0])
        found = chain.inverse_kinematics_frame(
            target, initial_position=start, orientation_mode='all', tol=REQUESTED_TOL**2
        )
        q: Joints = np.asarray(found)[1:7]
        return q

    return solve


def _toolbox(arm: Arm, method: str) -> Solve:
    import roboticstoolbox

    chain = roboticstoolbox.ETS()
    for k, part in enumerate(fixed_parts(arm)):
        chain = chain * roboticstoolbox.ET.SE3(part)
        if k < 6:
            chain = chain * roboticstoolbox.ET.Rz(qlim=[arm.lower[k], arm.upper[k]])
    search = getattr(chain, method)

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        found: Any = search(target, q0=q_current, tol=0.5 * REQUESTED_TOL**2)
        return found.q if found.success else None

    return solve


def _toolbox_lm(arm: Arm) -> Solve:
    return _toolbox(arm, 'ik_LM')


def _toolbox_nr(arm: Arm) -> Solve:
    return _toolbox(arm, 'ik_NR')


def _mink(arm: Arm) -> Solve:
    import mink
    import mujoco

    model = mujoco.MjModel.from_xml_string(arm_mjcf(arm))
    configuration = mink.Configuration(model)
    task = mink.FrameTask(TOOL, 'site', position_cost=1.0, orientation_cost=1.0)
    limits = [mink.ConfigurationLimit(model)]

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        task.set_target(mink.SE3.from_matrix(target))
        configuration.update(q_current)
        for _ in range(QP_STEPS):
            if np.linalg.norm(task.compute_error(configuration)) < REQUESTED_TOL:
                return configuration.q.copy()
            speed = mink.solve_ik(configuration, [task], 1.0, 'daqp', limits=limits)
            configuration.integrate_inplace(speed, 1.0)
        return None

    return solve


ADAPTERS = (
    Adapter(
        name='TRAC-IK',
        package='pytracik',
        kind='Newton and SQP',
        call=f'ik, Speed, {1e3 * TRAC_IK_TIMEOUT:.0f} ms',
        build=_trac_ik,
    ),
    Adapter(
        name='roboticstoolbox LM',
        package='roboticstoolbox-python',
        kind='Levenberg-Marquardt',
        call='ETS.ik_LM (C++), 100 searches of 30 steps',
        build=_toolbox_lm,
    ),
    Adapter(
        name='roboticstoolbox NR',
        package='roboticstoolbox-python',
        kind='Newton',
        call='ETS.ik_NR (C++), 100 searches of 30 steps',
        build=_toolbox_nr,
    ),
    Adapter(
        name='pinocchio DLS',
        package='pin',
        kind='damped least squares',
        call=f'the loop of its example in Python, damping {DAMPING:g}, up to {MAX_STEPS} steps',
        build=_pinocchio,
    ),
    Adapter(
        name='mink',
        package='mink',
        kind='QP',
        call=f'solve_ik with daqp and limits, up to {QP_STEPS} steps',
        build=_mink,
    ),
    Adapter(
        name='ikpy',
        package='ikpy',
        kind='least squares',
        call='inverse_kinematics_frame, orientation_mode all; never says no',
        build=_ikpy,
    ),
)
