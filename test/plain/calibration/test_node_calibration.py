# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node without ROS for a calibrated arm: what it solves for, and beside which description."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cells import URDF
from numpy.testing import assert_allclose
from streaming_cell import NEAR, Cell

from neural_ik_ros.calibration.results.calibration_file import arm_hash, load_calibration
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.description_check import CHECK, IGNORE, USE, add_prefix
from neural_ik_ros.kinematics import N_NODES, TAU, Arm, arm_from_urdf, forward
from neural_ik_ros.motion import Output, StreamStatus

EXACT = 1e-8  # [m] of the tool
MEASURED_FRAMES = URDF.replace('xyz="0 0 0.705"', 'xyz="0.0003 0 0.7051"')
OTHER = URDF.replace('xyz="0 0 0.705"', 'xyz="0 0 0.8"')


@pytest.fixture(scope='module')
def calibration(tmp_path_factory) -> Path:
    """A file with a moved frame, a joint map and a sag, made for the shipped arm."""
    values = 400.0 * np.sin(3.0 * np.arange(N_NODES) * TAU / N_NODES)
    path = tmp_path_factory.mktemp('calibration') / 'arm.yaml'
    path.write_text(
        'joints:\n  joint_3: {xyz: [0.0004, 0.0, 0.0002], rpy: [0.0, 0.0003, 0.0]}\n'
        f'joint_maps:\n  joint_2: [{", ".join(f"{value:.2f}" for value in values)}]\n'
        'gravity_sag:\n  gravity: [0.0, 0.0, -1.0]\n  joint_2: {joint_3: 1.0e-4, tool: 2.0e-4}\n'
        f'provenance:\n  arm_sha256: {arm_hash(arm_from_urdf(URDF))}\n'
    )
    return path


def calibrated(path: Path) -> Arm:
    return load_calibration(path).apply(URDF, base_frame='base_link', tool_frame='tool0')


def assert_reached(output: Output, arm: Arm) -> None:
    """Assert that an answer puts the tool of ``arm``, not of the nominal one, on the target."""
    assert output.solution is not None, output.reason
    target = forward(arm_from_urdf(URDF), NEAR)
    assert_allclose(forward(arm, output.solution.q), target, rtol=0.0, atol=EXACT)
    assert np.abs(output.solution.q - NEAR).max() > 1e-4


@pytest.mark.parametrize('mode', [CHECK, USE, IGNORE])
@pytest.mark.parametrize('prefix', ['', 'left_'])
def test_answers_are_exact_for_the_calibrated_arm_in_every_mode(calibration, mode, prefix):
    cell = Cell(
        starts=False, calibration=str(calibration), robot_description_mode=mode, prefix=prefix
    )
    cell.node.on_description(add_prefix(URDF, prefix) if prefix else URDF)
    assert cell.node.description.problem == ''
    cell.node.start()
    target = forward(arm_from_urdf(URDF), NEAR)
    assert_reached(cell.ask(target, f'{prefix}base_link'), calibrated(calibration))


def test_calibrated_arm_is_solved_for_without_a_description(calibration):
    cell = Cell(calibration=str(calibration))
    assert_reached(
        cell.ask(forward(arm_from_urdf(URDF), NEAR), 'base_link'), calibrated(calibration)
    )


def test_arm_of_a_urdf_without_a_network_is_calibrated_as_well(calibration, tmp_path):
    urdf = tmp_path / 'arm.urdf'
    urdf.write_text(URDF)
    cell = Cell(calibration=str(calibration), urdf=str(urdf))
    output = cell.ask(forward(arm_from_urdf(URDF), NEAR), 'base_link')
    assert_reached(output, calibrated(calibration))


def test_nominal_description_agrees_with_a_calibrated_arm_but_another_one_does_not(calibration):
    cell = Cell(calibration=str(calibration))
    cell.node.on_description(URDF)
    assert cell.node.description.problem == ''
    cell.node.on_description(OTHER)
    assert 'another arm' in cell.node.description.problem
    output = cell.ask(forward(arm_from_urdf(URDF), NEAR), 'base_link')
    assert output.status is StreamStatus.ROBOT_DESCRIPTION_MISMATCH


def test_corrections_are_not_put_on_a_description_that_already_has_some(calibration):
    cell = Cell(starts=False, calibration=str(calibration), robot_description_mode=USE)
    cell.node.on_description(MEASURED_FRAMES)
    assert 'made for another nominal geometry' in cell.node.description.problem
    assert str(calibration) in cell.node.description.problem
    assert cell.node.description.arm is cell.node.tracker.solver.arm


def test_parameters_that_change_while_the_arm_rests_keep_the_calibration(calibration):
    cell = Cell(calibration=str(calibration))
    arm = cell.node.tracker.solver.arm
    assert arm.joint_errors is not None
    cell.node.reconfigure(cell.config)
    assert cell.node.tracker.solver.arm is arm


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        (None, 'No such file'),
        ('joints: {joint_9: {xyz: [0.0, 0.0, 0.0]}}\n', 'joint_9'),
        ('maps: {}\n', "unknown key 'maps'"),
    ],
)
def test_unusable_calibration_is_refused_before_the_node_is_configured(tmp_path, text, problem):
    path = tmp_path / 'bad.yaml'
    if text is not None:
        path.write_text(text)
    with pytest.raises(Exception, match=problem) as raised:
        Cell(starts=False, calibration=str(path))
    assert isinstance(raised.value, ConfigError) or text is None
    assert 'bad.yaml' in str(raised.value)
