# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration without a sensor: a ball at the tool in pairs of sockets a known distance apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from measured_specimen import hidden_arm
from strategies import shipped_arm

from neural_ik_ros.calibration.data.measurements import Measurements
from neural_ik_ros.calibration.data.rotations import exponential
from neural_ik_ros.calibration.fit.accuracy import accuracy_of, residuals_elsewhere
from neural_ik_ros.calibration.fit.identify import identify
from neural_ik_ros.kinematics import Arm, FloatArray, random_joints
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

DISTANCE = 0.05  # [m] between the sockets of a pair
BALL = np.array([0.03, 0.02, 0.15])  # [m] in the tool frame
PLACES = np.array([[1.0, 0.3, 0.6], [0.9, -0.5, 1.1], [0.7, 0.6, 1.3]])
UNSEEN = np.array([[0.8, 0.1, 0.9]])
N_IN_SOCKET = 40
TURNED = 2.0  # [rad] largest component of the tool's rotation vector


def in_sockets(arm: Arm, places: FloatArray, seed: int) -> Measurements:
    """Joints with which an arm puts its ball into the sockets at some places."""
    rng = np.random.default_rng(seed)
    solver = IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))
    q, sockets = [], []
    for index, centre in enumerate(
        place + np.array([0.0, DISTANCE * side, 0.0]) for place in places for side in (0, 1)
    ):
        targets = np.tile(np.eye(4), (8 * N_IN_SOCKET, 1, 1))
        targets[:, :3, :3] = exponential(rng.uniform(-TURNED, TURNED, (len(targets), 3)))
        targets[:, :3, 3] = centre - targets[:, :3, :3] @ BALL
        answers = solver.solve_batch(targets, random_joints(arm, rng, len(targets)))
        reached = answers.q[answers.is_solved][:N_IN_SOCKET]
        assert len(reached) == N_IN_SOCKET
        q.append(reached)
        sockets.append(np.full(len(reached), index))
    joints = np.concatenate(q) + rng.normal(0.0, 1e-5, (len(q) * N_IN_SOCKET, 6))
    return Measurements(q=joints, sockets=np.concatenate(sockets), socket_distance=DISTANCE)


def test_sockets_calibrate_frames_well_enough_for_unseen_sockets():
    hidden = replace(hidden_arm(), joint_errors=None)
    found = identify(shipped_arm(), in_sockets(hidden, PLACES, seed=0))
    unseen = in_sockets(hidden, UNSEEN, seed=1)
    before = accuracy_of(residuals_elsewhere(shipped_arm(), unseen)).mean
    after = accuracy_of(residuals_elsewhere(found.arm, unseen)).mean
    assert before > 5e-4
    assert after < 5e-5
    assert found.observability.rank == found.observability.possible_rank
