# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everything from data to answers for an arm of another build, by its URDF alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from keras_only import needs_keras

from neural_ik_ros import IkSolver
from neural_ik_ros.cli.main import main
from neural_ik_ros.kinematics import arm_from_urdf, forward, random_joints, se3_log
from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.solver import IkStatus

URDF = Path(__file__).parents[1] / 'offset_wrist.urdf'
SOLVED_TOLERANCE = 1e-6  # [m], [rad]: what the solver promises by default
DIFFERENCE = 1e-6  # [rad] step of the finite difference
pytestmark = needs_keras


@pytest.fixture(scope='module')
def arguments(tiny, tmp_path_factory):
    """The same configuration that trains for the IRB2400."""
    config = tmp_path_factory.mktemp('config') / 'tiny.yaml'
    config.write_text(yaml.safe_dump(tiny.to_mapping(), sort_keys=False))
    return ['--config', str(config), '--arm', str(URDF)]


@pytest.fixture(scope='module')
def bundle(arguments, tmp_path_factory):
    run = tmp_path_factory.mktemp('run') / 'run'
    assert main(['train', *arguments, '--output', str(run), '--quiet']) == 0
    return run / 'bundle'


def wrist_spread(arm):
    """How far the last three axes stay from the point nearest to all of them [m]."""
    q = random_joints(arm, np.random.default_rng(0), 1)[0]
    lines = []
    for joint in (3, 4, 5):  # direction of each axis and a point on it, by a finite difference
        changed = q.copy()
        changed[joint] += DIFFERENCE
        motion = (forward(arm, changed) @ np.linalg.inv(forward(arm, q)) - np.eye(4)) / DIFFERENCE
        axis = np.array([motion[2, 1], motion[0, 2], motion[1, 0]])
        lines.append((np.eye(3) - np.outer(axis, axis), np.cross(axis, motion[:3, 3])))
    across = np.concatenate([projection for projection, _ in lines])
    offsets = np.concatenate([projection @ point for projection, point in lines])
    nearest = np.linalg.lstsq(across, offsets, rcond=None)[0]
    return np.linalg.norm((across @ nearest - offsets).reshape(3, 3), axis=1).max()


def test_offset_wrist_has_axes_that_do_not_meet(arm):
    assert wrist_spread(arm) < 1e-4  # the IRB2400, spherical; finite differences
    assert wrist_spread(arm_from_urdf(URDF.read_text())) > 0.02


def test_generate_draws_from_another_arm(arguments, tmp_path):
    assert main(['generate', *arguments, '--output', str(tmp_path / 'data')]) == 0
    rows = np.load(tmp_path / 'data' / 'test.npy')
    arm = arm_from_urdf(URDF.read_text())

    assert json.loads((tmp_path / 'data' / 'data.json').read_text())['arm'] == 'offset_wrist'
    assert len(rows) == 200
    np.testing.assert_allclose(forward(arm, rows[:, 12:])[:, :3, 3], rows[:, :3], atol=1e-12)


def test_train_makes_a_bundle_of_another_arm(bundle, capsys):
    assert main(['bundle', 'verify', str(bundle)]) == 0
    assert capsys.readouterr().out.startswith('ok')
    assert load_bundle(bundle).arm.joint_names[0] == 'turn'


def test_solver_with_the_bundle_of_another_arm_is_exact(bundle):
    solver = IkSolver.load(bundle)
    arm = solver.arm
    rng = np.random.default_rng(5)
    q_true = random_joints(arm, rng, 50)
    q_current = np.clip(q_true + rng.uniform(-0.1, 0.1, q_true.shape), arm.lower, arm.upper)
    targets = forward(arm, q_true)

    solutions = [solver.solve(*question) for question in zip(targets, q_current, strict=True)]

    assert [solution.status for solution in solutions] == [IkStatus.SOLVED] * 50
    reached = forward(arm, np.array([solution.q for solution in solutions]))
    errors = se3_log(np.linalg.inv(targets) @ reached)
    assert np.abs(errors).max() < SOLVED_TOLERANCE
