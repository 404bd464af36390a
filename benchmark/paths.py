# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Paths at 250 Hz: each solution is the start of the next problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neural_ik_ros.kinematics import Arm, FloatArray, Joints, Transform, forward
from neural_ik_ros.simulation.paths import CartesianPath, PathConfig
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

RATE = 250.0  # [Hz]
HOME = (0.0, 0.0, 0.0, 0.0, 0.5, 0.0)  # [rad] current joints of the first target of a path
MEANINGS: Mapping[str, str] = {
    'lemniscate': 'the path of the demo, tool down, 0.25 m/s',
    'wrist': 'joint 5 to zero, a fifth of the time in the wrist singularity with the others '
    'moving on, out on the other side',
    'turns': 'joint 6 from -200 to 200 degrees',
    'sweep': 'every joint on its own sine within the middle half of its limits',
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmPath:
    """A sequence of targets, with joints that reach them."""

    arm: Arm
    q: Joints  # (n, 6) [rad]

    @property
    def targets(self) -> Transform:
        """The targets (n, 4, 4)."""
        return forward(self.arm, self.q)


def arm_paths(arm: Arm, seconds: float) -> dict[str, ArmPath]:
    """Return the paths by name, each of that duration."""
    time = np.arange(0.0, seconds, 1.0 / RATE)
    made = {
        'lemniscate': _lemniscate(arm, time),
        'wrist': _through_wrist(time),
        'turns': _between(
            [0.2, 0.1, 0.0, 0.4, 0.7, np.radians(-200.0)],
            [0.4, 0.3, 0.2, 0.6, 0.9, np.radians(200.0)],
            time,
        ),
        'sweep': _sweep(arm, time),
    }
    return {name: ArmPath(arm=arm, q=q) for name, q in made.items()}


def _between(start: list[float], end: list[float], time: FloatArray) -> Joints:
    """Return joints that move smoothly from rest to rest."""
    progress = 0.5 - 0.5 * np.cos(np.pi * time / time[-1])
    q: Joints = np.array(start) + progress[:, None] * (np.array(end) - np.array(start))
    return q


def _through_wrist(time: FloatArray) -> Joints:
    """Return joints that pass the wrist singularity, where joint 5 stays zero for a while."""
    q = _between([0.3, 0.2, -0.1, 0.2, 0.0, -0.3], [0.4, 0.3, 0.1, 0.1, 0.0, 0.2], time)
    phase = time / time[-1]
    leaving = np.clip((np.abs(phase - 0.5) - 0.1) / 0.4, 0.0, 1.0)
    q[:, 4] = np.sign(0.5 - phase) * 0.4 * leaving**2
    return q


def _sweep(arm: Arm, time: FloatArray) -> Joints:
    """Return sines of different frequencies, at most half as fast as the joint allows."""
    middle, half = 0.5 * (arm.upper + arm.lower), 0.25 * (arm.upper - arm.lower)
    angular = np.minimum(np.array([1.1, 1.3, 0.9, 1.7, 1.5, 0.7]), 0.5 * arm.velocity / half)
    q: Joints = middle + half * np.sin(time[:, None] * angular + np.arange(6))
    return q


def _lemniscate(arm: Arm, time: FloatArray) -> Joints:
    """Return the joints that follow the path of the demo, each nearest to the previous ones."""
    solver = IkSolver(arm, CurrentJoints(), SolverOptions())
    q, joints = np.array(HOME), []
    for target in CartesianPath(PathConfig()).transform(time):
        solution = solver.solve(target, q)
        if not solution.status.is_solved:
            raise RuntimeError(f'the path of the demo cannot be followed: {solution.reason}')
        q = solution.q
        joints.append(q)
    return np.array(joints)
