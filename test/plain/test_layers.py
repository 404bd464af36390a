# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arrows point one way: each file imports only from its own row and the rows above."""

from __future__ import annotations

from pathlib import Path

import layers
import pytest
from strategies import REPOSITORY

HEAVY = layers.ENGINES | layers.ROS | {'matplotlib', 'numba', 'ruckig'}


@pytest.fixture(scope='module')
def package() -> dict[str, str]:
    """Return the text of every file of the package, by its path below it."""
    root = REPOSITORY / layers.PACKAGE
    return {
        file.relative_to(root).as_posix(): file.read_text() for file in sorted(root.rglob('*.py'))
    }


def test_layers_are_read_from_every_file(package):
    rows = {path.split('/')[0] for path in package if '/' in path}
    assert rows == set(layers.ROWS)
    assert len(package) >= 40
    found = layers.imports_of(package)
    assert {one.path for one in found} >= {'solver/ik_solver.py', 'ros/node.py', 'cli/main.py'}
    assert len(found) > 3 * len(package)
    assert any(one.is_nested for one in found)
    assert any(one.is_typing for one in found)


def test_imports_obey_the_layer_table(package):
    assert layers.violations(package) == []


def test_gates_are_open_to_one_module_only(package):
    """The way from ROS to learning is one line; if nobody uses it, it should be closed."""
    gate = layers.GATES['ros']['learning']
    users = {one.path for one in layers.imports_of(package) if one.module == gate}
    assert len([path for path in users if path.startswith('ros/')]) == 1


def test_help_of_the_command_line_loads_nothing_heavy(package):
    loaded = layers.loaded_by(package, f'{layers.PACKAGE}.cli.main')
    assert 'argparse' in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize('module', ['kinematics', 'solver', 'motion', 'learning.serving'])
def test_serving_modules_load_neither_keras_nor_ros(package, module):
    loaded = layers.loaded_by(package, f'{layers.PACKAGE}.{module}')
    assert 'numpy' in loaded
    assert loaded & (layers.KERAS | layers.ROS | {'matplotlib', 'sklearn'}) == set()


@pytest.mark.parametrize('module', ['session', 'demo_bag', 'figures', 'gate'])
def test_replay_loads_no_ros(package, module):
    loaded = layers.loaded_by(package, f'{layers.PACKAGE}.ros.replay.{module}')
    assert 'numpy' in loaded or module == 'gate'
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_answers_to_moveit_need_no_ros(package):
    loaded = layers.loaded_by(package, f'{layers.PACKAGE}.ros.moveit.handler')
    assert 'numpy' in loaded
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_plain_tests_load_neither_ros_nor_keras(package):
    """They run where nothing but the solver's libraries is installed."""
    files = {f'{file.name}': file.read_text() for file in Path(__file__).parent.glob('*.py')}
    used = {
        one.module
        for one in layers.imports_of(files, beside=package)
        if not one.is_nested and one.top == layers.PACKAGE
    }
    assert len(used) > 20
    all_of_it = {'plain_tests.py': '\n'.join(f'import {module}' for module in used)}
    loaded = layers.loaded_by({**package, **all_of_it}, f'{layers.PACKAGE}.plain_tests')
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_tests_import_oracles_that_may_be_missing_in_one_place():
    """At the top of any other file they would end the whole run where they are not installed."""
    tests = REPOSITORY / 'test'
    texts = {str(file.relative_to(tests)): file.read_text() for file in tests.rglob('*.py')}
    oracles = {'pinocchio', 'py_opw_kinematics'}
    at_the_top = [one for one in layers.imports_of(texts) if not one.is_nested]
    assert {one.path for one in at_the_top if one.top in oracles} == {'plain/oracles.py'}


@pytest.mark.parametrize('optional', layers.OPTIONAL)
def test_optional_interfaces_are_imported_in_one_place(package, optional):
    assert len([one for one in layers.imports_of(package) if one.top == optional]) == 1


FORGED = {
    'kinematics knows the solver': ('kinematics/arm.py', 'from ..solver import IkSolver'),
    'solver knows learning': ('solver/judge.py', 'from ..learning.bundle import Bundle'),
    'solver knows learning as a module': ('solver/judge.py', 'from .. import learning'),
    'solver knows learning, absolutely': ('solver/judge.py', 'import neural_ik_ros.learning'),
    'solver knows the facade': ('solver/judge.py', 'from .. import IkSolver'),
    'inside a function': ('solver/judge.py', 'def f():\n    from ..learning import bundle'),
    'inside a method': ('solver/judge.py', 'class A:\n  def f(self):\n    import tensorflow'),
    'inside a try': ('solver/judge.py', 'try:\n    import rclpy\nexcept ImportError: pass'),
    'for types only': ('solver/judge.py', 'if TYPE_CHECKING:\n    from ..ros import messages'),
    'under another name': ('solver/judge.py', 'import keras as k'),
    'a part of a package': ('solver/judge.py', 'from tensorflow.lite import Interpreter'),
    'in a deeper folder': ('ros/demo/session.py', 'from ...learning.bundle import load_bundle'),
    'in an __init__': ('motion/__init__.py', 'from ..learning.features import N_FEATURES'),
    'dynamically': ('solver/judge.py', 'import importlib\nimportlib.import_module("rclpy")'),
    'dynamically, by hand': ('solver/judge.py', '__import__("rclpy")'),
    'kinematics uses scipy': ('kinematics/se3.py', 'from scipy.linalg import expm'),
    'kinematics uses yaml': ('kinematics/urdf.py', 'import yaml'),
    'kinematics knows files': ('kinematics/urdf.py', 'from ..share import share_folder'),
    'kinematics uses an oracle': ('kinematics/chain.py', 'import pinocchio'),
    'learning uses ROS': ('learning/bundle.py', 'from geometry_msgs.msg import Pose'),
    'learning uses rclpy': ('learning/bundle.py', 'import rclpy.logging'),
    'learning knows motion': ('learning/bundle.py', 'from ..motion import MotionGenerator'),
    'bundle loads Keras': ('learning/bundle.py', 'import keras'),
    'bundle loads Keras in a function': ('learning/bundle.py', 'def f():\n    import keras'),
    'bundle loads what loads Keras': ('learning/bundle.py', 'from .network import build'),
    'bundle loads what loads Keras, as a module': (
        'learning/bundle.py',
        'from . import training',
    ),
    'motion knows learning': ('motion/tracker.py', 'from ..learning.serving import IkSolver'),
    'motion uses messages': ('motion/tracker.py', 'import trajectory_msgs.msg'),
    'ros uses TensorFlow': ('ros/messages.py', 'import tensorflow as tf'),
    'ros passes by the gate': ('ros/node.py', 'from ..learning.engines import LiteRtEngine'),
    'the node uses numpy': ('ros/node.py', 'import numpy as np'),
    'the node uses a part of numpy': ('ros/node.py', 'from numpy.typing import NDArray'),
    'ros knows the command line': ('ros/node.py', 'from ..cli import main'),
    'cli draws at file level': ('cli/demo.py', 'import matplotlib.pyplot as plt'),
    'cli loads TensorFlow at file level': ('cli/train.py', 'import tensorflow'),
    'the root knows ROS': ('share.py', 'from .ros import messages'),
    'the facade is not lazy': ('__init__.py', 'from .learning.serving import IkSolver'),
    'a row that is not in the table': ('helpers/things.py', 'from ..kinematics import Arm'),
}

HONEST = {
    'own row': ('solver/judge.py', 'from .status import IkStatus\nfrom . import status'),
    'row above': ('solver/judge.py', 'from ..kinematics.chain import forward'),
    'errors': ('kinematics/arm.py', 'from ..errors import NeuralIkError'),
    'the version': ('learning/card.py', 'from .. import __version__'),
    'the gate': ('ros/assembly.py', 'from ..learning.serving import IkSolver'),
    'standard library': ('kinematics/arm.py', 'import math, dataclasses\nfrom os import path'),
    'numba': ('kinematics/compiled.py', 'import numba'),
    'Keras where it belongs': ('learning/network.py', 'import keras\nfrom keras import ops'),
    'what loads Keras, when called': (
        'learning/engines.py',
        'def f():\n    from .artifact import network_from_bytes',
    ),
    'cli in a function': ('cli/demo.py', 'def _run(args):\n    import matplotlib.pyplot'),
    'cli for types': ('cli/demo.py', 'if TYPE_CHECKING:\n    from ..ros.demo import analysis'),
    'the lazy facade': (
        '__init__.py',
        'def __getattr__(name):\n    from .learning.serving import IkSolver',
    ),
}


@pytest.mark.parametrize('forgery', FORGED)
def test_violations_catch_a_forged_import(package, forgery):
    path, text = FORGED[forgery]
    assert layers.violations({path: text}, beside=package) != []


@pytest.mark.parametrize('honest', HONEST)
def test_violations_let_an_honest_import_pass(package, honest):
    path, text = HONEST[honest]
    assert layers.violations({path: text}, beside=package) == []


def test_loaded_by_follows_imports_through_files_and_parents():
    forged = {
        '__init__.py': '',
        'a/__init__.py': 'import yaml',
        'a/b.py': 'from .c import x\ndef f():\n    import keras',
        'a/c.py': 'import json\nif TYPE_CHECKING:\n    import torch',
    }
    assert layers.loaded_by(forged, f'{layers.PACKAGE}.a.b') == {'yaml', 'json'}
