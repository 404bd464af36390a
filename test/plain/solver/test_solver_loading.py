# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The public names, and solvers made from a URDF alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from geometries import GEOMETRIES
from numpy.testing import assert_array_equal
from strategies import URDF_FILE

import neural_ik_ros
from neural_ik_ros import IkSolver, IkStatus, SolverOptions, solver
from neural_ik_ros.errors import BundleError, NeuralIkError
from neural_ik_ros.kinematics import UrdfError, forward

Q = np.array([0.3, 0.5, 0.0, 0.2, 0.6, 0.1])
IMPORT_ALL = (
    'import sys; from neural_ik_ros import *; '
    'print(*sorted({name.split(".")[0] for name in sys.modules}))'
)


@pytest.mark.parametrize('name', neural_ik_ros.__all__)
def test_public_names_can_be_imported_and_are_listed(name):
    assert getattr(neural_ik_ros, name) is not None
    assert name in dir(neural_ik_ros)


def test_public_names_are_those_of_the_layers():
    assert neural_ik_ros.IkSolver is solver.IkSolver
    assert neural_ik_ros.NeuralIkError is NeuralIkError
    with pytest.raises(AttributeError, match='no_such_name'):
        _ = neural_ik_ros.no_such_name


def test_public_names_load_no_engine():
    """LiteRT is needed only to load a bundle."""
    command = [sys.executable, '-c', IMPORT_ALL]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert 'numba' in loaded
    assert not {'ai_edge_litert', 'keras', 'tensorflow', 'sklearn', 'rclpy'} & set(loaded)


def test_from_urdf_solves_without_a_network(arm):
    options = SolverOptions(max_joint_step=0.5)
    plain = IkSolver.from_urdf(URDF_FILE, options=options)
    assert plain.predictor.name == 'current'
    assert plain.options is options
    assert_array_equal(plain.arm.rotations, arm.rotations)
    solution = plain.solve(forward(arm, Q), Q + 0.1)
    assert solution.status is IkStatus.SOLVED
    assert solution.q == pytest.approx(Q, abs=1e-8)


def test_from_urdf_takes_frames_and_prefix(urdf_text, tmp_path):
    path = tmp_path / 'left.urdf'
    path.write_text(urdf_text.replace('tool0', 'left_flange').replace('base_link', 'left_base'))
    named = IkSolver.from_urdf(str(path), base='base', tip='flange', prefix='left_')
    assert (named.arm.base_frame, named.arm.tool_frame) == ('left_base', 'left_flange')
    with pytest.raises(UrdfError, match=r"'base_link' is missing.*'left_base' and 'link_6'"):
        IkSolver.from_urdf(path)


def test_from_urdf_takes_the_text_itself(urdf_text, arm):
    plain = IkSolver.from_urdf('\n ' + urdf_text)
    assert_array_equal(plain.arm.translations, arm.translations)


def test_from_urdf_reads_a_file_with_comments_in_another_encoding(urdf_text, tmp_path):
    path = tmp_path / 'latin.urdf'
    path.write_bytes(urdf_text.replace('</robot>', '<!-- Maß --></robot>').encode('latin-1'))
    assert IkSolver.from_urdf(path).arm.name == 'irb2400'


def test_load_refuses_a_bundle_of_another_arm():
    text = GEOMETRIES['spherical wrist'].text
    with pytest.raises(BundleError, match=r'made for another arm.*without a network'):
        IkSolver.load(urdf=text.replace('"base"', '"base_link"').replace('"flange"', '"tool0"'))


def test_from_urdf_names_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(NeuralIkError, match=r'none\.urdf'):
        IkSolver.from_urdf(tmp_path / 'none.urdf')
