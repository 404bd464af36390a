# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration files: applied to the nominal arm, exact on it, and refused when malformed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_allclose, assert_array_equal

from neural_ik_ros import IkSolver
from neural_ik_ros.calibration.results.calibration_file import MAX_BYTES, load_calibration
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import (
    ClosedForm,
    arm_from_urdf,
    forward,
    invert,
    random_joints,
    rotation_angle,
    transform_from_xyz_rpy,
)
from neural_ik_ros.solver import SolverOptions
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

FRAMES = [*(f'joint_{i}' for i in range(1, 7)), 'joint_6-tool0']
EXACT = 1e-9  # [m], [rad] the default tolerances of the solver
ROUNDING = 1e-12
FREE = SolverOptions(allow_other_posture=True)


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def random_calibration(path: Path, seed: int) -> Path:
    """Every frame off by up to a millimetre and a milliradian."""
    rng = np.random.default_rng(seed)
    joints = {
        frame: {key: rng.uniform(-1e-3, 1e-3, 3).tolist() for key in ('xyz', 'rpy')}
        for frame in FRAMES
    }
    return written(path, {'joints': joints})


def test_load_calibration_returns_a_displacement_for_each_joint(tmp_path):
    text = 'joints:\n  joint_2: {xyz: [0.001, 0, -0.002], rpy: [0.01, 0.0, 0.0]}\n  joint_5: {}\n'
    corrections = load_calibration(written(tmp_path / 'c.yaml', text)).corrections
    assert list(corrections) == ['joint_2', 'joint_5']
    expected = transform_from_xyz_rpy([0.001, 0.0, -0.002], [0.01, 0.0, 0.0])
    assert_array_equal(corrections['joint_2'], expected)
    assert_array_equal(corrections['joint_5'], np.eye(4))


@pytest.mark.parametrize('frame', FRAMES)
def test_correction_moves_the_tool_as_the_joint_frame_is_moved(frame):
    """Compared with the chain of URDF origins, each turned about its own axis."""
    correction = transform_from_xyz_rpy([0.01, -0.02, 0.03], [0.04, 0.05, -0.06])
    text = read_urdf(shipped_urdf())
    nominal, q = arm_from_urdf(text), np.array([0.3, 0.5, 0.1, 0.2, 0.6, 0.4])
    corrected = arm_from_urdf(text, corrections={frame: correction})
    axes = 'zyyxyx'
    origins = [(0, 0, 0), (0.1, 0, 0.615), (0, 0, 0.705), (0, 0, 0.135), (0.755, 0, 0), (0, 0, 0)]
    transform = np.eye(4)
    for i, (axis, origin) in enumerate(zip(axes, origins, strict=True)):
        turn = [q[i] if axis == one else 0.0 for one in 'xyz']
        transform = transform @ transform_from_xyz_rpy(origin, [0.0, 0.0, 0.0])
        transform = transform @ (correction if frame == FRAMES[i] else np.eye(4))
        transform = transform @ transform_from_xyz_rpy([0.0] * 3, turn)
    transform = transform @ transform_from_xyz_rpy([0.085, 0, 0], [0.0, 0.5 * np.pi, 0.0])
    transform = transform @ (correction if frame == FRAMES[6] else np.eye(4))
    assert_allclose(forward(corrected, q), transform, rtol=0.0, atol=ROUNDING)
    assert np.abs(forward(nominal, q) - transform).max() > 1e-3


@pytest.mark.parametrize('seed', range(20))
def test_solve_is_exact_on_a_calibrated_arm(tmp_path, seed):
    path = random_calibration(tmp_path / 'arm.yaml', seed)
    solver = IkSolver.load(calibration=path, options=FREE)
    assert not ClosedForm.from_arm(solver.arm).is_exact, (
        'the axes of the wrist must miss one another'
    )
    rng = np.random.default_rng(100 + seed)
    q, q_current = random_joints(solver.arm, rng, 100), random_joints(solver.arm, rng, 100)
    targets = forward(solver.arm, q)
    solutions = solver.solve_batch(targets, q_current)
    assert solutions.is_solved.sum() == 100
    offsets = invert(forward(solver.arm, solutions.q)) @ targets
    assert np.linalg.norm(offsets[:, :3, 3], axis=1).max() <= EXACT
    assert rotation_angle(offsets[:, :3, :3]).max() <= EXACT


def test_calibration_corrects_the_given_urdf(tmp_path):
    text = read_urdf(shipped_urdf()).replace('xyz="0.1 0 0.615"', 'xyz="0.11 0 0.615"')
    urdf, path = tmp_path / 'arm.urdf', random_calibration(tmp_path / 'arm.yaml', 1)
    urdf.write_text(text)
    arm = IkSolver.load(urdf=urdf, calibration=path).arm
    expected = arm_from_urdf(text, corrections=load_calibration(path).corrections)
    assert_array_equal(arm.translations, expected.translations)
    assert_array_equal(arm.rotations, expected.rotations)


MALFORMED = {
    'unknown key': ('links: {}', "unknown key 'links'"),
    'no joints': ('joints: {}', 'no joints'),
    'joints as a list': ('joints: [1, 2]', 'no joints'),
    'not a mapping': ('- 1', 'not a mapping; start from docs/calibration.md'),
    'not yaml': ('joints: {', 'not YAML'),
    'unknown part': ('joints: {joint_1: {xzy: [0, 0, 0]}}', "joint_1: unknown key 'xzy'"),
    'a number': ('joints: {joint_1: 3}', 'joint_1: 3 is not a mapping'),
    'two numbers': ('joints: {joint_1: {xyz: [0, 0]}}', 'give three numbers'),
    'a word': ('joints: {joint_1: {xyz: [0, 0, 1e-3]}}', 'needs its point'),
    'yes': ('joints: {joint_1: {xyz: [0, 0, true]}}', 'give three numbers'),
    'not a number': ('joints: {joint_1: {rpy: [0, 0, .nan]}}', 'larger than 0.1 rad'),
    'millimetres': ('joints: {joint_1: {xyz: [0.3, 0, 0]}}', 'larger than 0.05 m'),
    'too long': ('#' * (MAX_BYTES + 1), 'larger than'),
}


@pytest.mark.parametrize(('text', 'words'), MALFORMED.values(), ids=MALFORMED)
def test_load_calibration_refuses_in_one_line(tmp_path, text, words):
    with pytest.raises(ConfigError) as refusal:
        load_calibration(written(tmp_path / 'c.yaml', text))
    assert words in str(refusal.value)
    assert '\n' not in str(refusal.value)


def test_load_refuses_a_joint_that_the_arm_has_not(tmp_path):
    path = written(tmp_path / 'c.yaml', {'joints': {'joint_9': {'xyz': [0.0, 0.0, 0.0]}}})
    with pytest.raises(ConfigError, match=r'joint_9.*joint_1, joint_2'):
        IkSolver.load(calibration=path)


def test_solve_command_uses_the_calibration(tmp_path, capsys):
    path = written(tmp_path / 'c.yaml', {'joints': {'joint_1': {'xyz': [0.0, 0.0, 0.01]}}})
    pose = ['--xyz', '0.9', '0.1', '1.2', '--rpy', '0', '1.5', '0']
    answers = []
    for arguments in ([], ['--calibration', str(path)]):
        assert main(['solve', *pose, *arguments]) == 0
        answers.append(yaml.safe_load(capsys.readouterr().out)['q'])
    nominal = arm_from_urdf(read_urdf(shipped_urdf()))
    poses = forward(nominal, np.array(answers))
    assert poses[0, 2, 3] - poses[1, 2, 3] == pytest.approx(0.01, abs=1e-8)
