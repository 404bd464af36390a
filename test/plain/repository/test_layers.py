# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each file imports only from its own row and the rows above it in docs/design.md."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import layers
import pytest
from imports import PACKAGE, circles, folder_arrows, imports_of, loaded_by
from strategies import REPOSITORY

HEAVY = layers.ENGINES | layers.ROS | {'matplotlib', 'numba', 'ruckig'}


@pytest.fixture(scope='module')
def package() -> dict[str, str]:
    """Return the text of every file of the package, by its path below it."""
    root = REPOSITORY / PACKAGE
    return {
        file.relative_to(root).as_posix(): file.read_text() for file in sorted(root.rglob('*.py'))
    }


def test_table_of_the_design_lists_all_rows_and_rooms(package):
    folders = {tuple(path.split('/')[:-1]) for path in package}
    assert {folder[0] for folder in folders if folder} | {'api'} == set(layers.ROWS)
    assert (layers.ROWS[0], layers.ROWS[-1]) == ('kinematics', 'cli')
    with_rooms = {row: set(rooms) for row, rooms in layers.ROOMS.items() if rooms}
    assert set(with_rooms) >= {'learning', 'ros'}
    for row, rooms in with_rooms.items():
        assert {folder[1] for folder in folders if folder[0:1] == (row,) and folder[1:]} == rooms


def test_imports_are_read_from_every_file(package):
    assert len(package) >= 40
    found = imports_of(package)
    assert {one.path for one in found} >= {
        'solver/ik_solver.py',
        'ros/node/node.py',
        'cli/main.py',
    }
    assert len(found) > 3 * len(package)
    assert any(one.is_nested for one in found)
    assert any(one.is_typing for one in found)


def test_design_page_names_files_that_exist(package):
    """Each ``row/.../file.py``, and each bare ``file.py`` in the folder named before it."""
    text = (REPOSITORY / 'docs' / 'design.md').read_text(encoding='utf-8')
    named = 0
    for line in text.splitlines():
        folder = ''
        for path in re.findall(r'`([\w/]+\.py)`', line):
            folder = path.rpartition('/')[0] or folder
            in_package = path if '/' in path else f'{folder}/{path}'.lstrip('/')
            named += 1
            assert in_package in package or (REPOSITORY / path).exists(), path
    assert named > 40


def test_imports_satisfy_the_layer_table(package):
    assert layers.violations(package) == []


def test_help_of_the_command_line_loads_nothing_heavy(package):
    loaded = loaded_by(package, f'{PACKAGE}.cli.main')
    assert 'argparse' in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize('module', ['kinematics', 'solver', 'motion', 'api'])
def test_serving_modules_load_neither_keras_nor_ros(package, module):
    loaded = loaded_by(package, f'{PACKAGE}.{module}')
    assert 'numpy' in loaded
    assert loaded & (layers.KERAS | layers.ROS | {'matplotlib', 'sklearn'}) == set()


@pytest.mark.parametrize('module', ['offline_replay', 'demo_bag', 'plots', 'regression'])
def test_replay_loads_no_ros(package, module):
    loaded = loaded_by(package, f'{PACKAGE}.replay.{module}')
    assert 'numpy' in loaded or module == 'regression'
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_answers_to_moveit_need_no_ros(package):
    loaded = loaded_by(package, f'{PACKAGE}.interface.position_ik')
    assert 'numpy' in loaded
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_plain_tests_load_neither_ros_nor_keras(package):
    """They run where only the libraries of the solver are installed."""
    files = {file.name: file.read_text() for file in Path(__file__).parents[1].rglob('*.py')}
    used = {
        one.module
        for one in imports_of(files, beside=package)
        if not one.is_nested and one.top == PACKAGE
    }
    assert len(used) > 20
    all_of_it = {'plain_tests.py': '\n'.join(f'import {module}' for module in used)}
    loaded = loaded_by({**package, **all_of_it}, f'{PACKAGE}.plain_tests')
    assert loaded & (layers.ROS | layers.KERAS) == set()
    assert {name for name in loaded if name.endswith('_msgs')} == set()


def test_tests_import_oracles_that_may_be_missing_in_one_place():
    """At the top of another file they would end the whole run where they are not installed."""
    tests = REPOSITORY / 'test'
    texts = {str(file.relative_to(tests)): file.read_text() for file in tests.rglob('*.py')}
    oracles = {'pinocchio', 'py_opw_kinematics'}
    at_the_top = [one for one in imports_of(texts) if not one.is_nested]
    assert {one.path for one in at_the_top if one.top in oracles} == {'plain/oracles.py'}


@pytest.mark.parametrize('optional', layers.OPTIONAL)
def test_optional_interfaces_are_imported_in_one_place(package, optional):
    assert len({one.path for one in imports_of(package) if one.top == optional}) == 1


FORGED = {
    'kinematics knows the solver': ('kinematics/arm.py', 'from ..solver import IkSolver'),
    'solver knows learning': ('solver/acceptance.py', 'from ..learning.bundle import Bundle'),
    'solver knows learning as a module': ('solver/acceptance.py', 'from .. import learning'),
    'solver knows learning, absolutely': ('solver/acceptance.py', 'import neural_ik_ros.learning'),
    'solver knows the facade': ('solver/acceptance.py', 'from .. import IkSolver'),
    'inside a function': ('solver/acceptance.py', 'def f():\n    from ..learning import bundle'),
    'inside a method': ('solver/acceptance.py', 'class A:\n  def f(self):\n    import tensorflow'),
    'inside a try': ('solver/acceptance.py', 'try:\n    import rclpy\nexcept ImportError: pass'),
    'for types only': (
        'solver/acceptance.py',
        'if TYPE_CHECKING:\n    from ..interface import messages',
    ),
    'under another name': ('solver/acceptance.py', 'import keras as k'),
    'a part of a package': ('solver/acceptance.py', 'from tensorflow.lite import Interpreter'),
    'in a deeper folder': ('ros/processes/demo.py', 'from ...learning.bundle import load_bundle'),
    'in an __init__': ('motion/__init__.py', 'from ..learning.data.features import N_FEATURES'),
    'dynamically': ('solver/acceptance.py', 'import importlib\nimportlib.import_module("rclpy")'),
    'dynamically, by hand': ('solver/acceptance.py', '__import__("rclpy")'),
    'kinematics uses scipy': ('kinematics/se3.py', 'from scipy.linalg import expm'),
    'kinematics uses yaml': ('kinematics/arm.py', 'import yaml'),
    'kinematics knows files': ('kinematics/arm.py', 'from ..share import share_folder'),
    'kinematics uses an oracle': ('kinematics/chain.py', 'import pinocchio'),
    'learning uses ROS': ('learning/bundle/storage.py', 'from geometry_msgs.msg import Pose'),
    'learning uses rclpy': ('learning/bundle/storage.py', 'import rclpy.logging'),
    'learning knows motion': (
        'learning/bundle/storage.py',
        'from ...motion import MotionGenerator',
    ),
    'bundle loads Keras': ('learning/bundle/storage.py', 'import keras'),
    'bundle loads Keras in a function': (
        'learning/bundle/storage.py',
        'def f():\n    import keras',
    ),
    'bundle loads what loads Keras': (
        'learning/bundle/storage.py',
        'from ..network.architectures import build',
    ),
    'bundle loads what loads Keras, as a module': (
        'learning/bundle/storage.py',
        'from ..training import training_loop',
    ),
    'motion knows learning': (
        'motion/tracker.py',
        'from ..learning.bundle.predictor import NetworkSeed',
    ),
    'motion uses messages': ('motion/tracker.py', 'import trajectory_msgs.msg'),
    'learning knows calibration': (
        'learning/make_bundle.py',
        'from ..calibration import corrections',
    ),
    'data knows the network': ('learning/data/dataset.py', 'from ..network import config'),
    'the network knows its bundle': (
        'learning/network/losses.py',
        'from ..bundle.card import MODEL',
    ),
    'a room knows what stands above': ('learning/bundle/storage.py', 'from .. import make_bundle'),
    'solver knows api': ('solver/problem.py', 'def f():\n    from ..api import load_solver'),
    'solver knows api at file level': ('solver/ik_solver.py', 'from ..api import load_solver'),
    'interface uses rclpy': ('interface/messages.py', 'def f():\n    import rclpy'),
    'interface uses messages at file level': (
        'interface/messages.py',
        'from geometry_msgs.msg import Pose',
    ),
    'interface passes by api': ('interface/factory.py', 'from ..learning.bundle import engines'),
    'interface knows the simulation': ('interface/factory.py', 'from ..simulation import paths'),
    'simulation uses ROS': ('simulation/paths.py', 'import rclpy'),
    'replay uses messages': ('replay/timeline.py', 'def f():\n    import sensor_msgs.msg'),
    'replay knows ROS nodes': ('replay/timeline.py', 'from ..ros.nodes import bag_player'),
    'what nodes share knows a node': ('ros/runtime/qos.py', 'from ..node.goals import Goals'),
    'the service knows the node': ('ros/moveit/service.py', 'from ..node import node'),
    'a node knows what starts it': ('ros/node/node.py', 'from .. import executables'),
    'api knows the interface': ('api.py', 'from .interface.messages import JointReader'),
    'ros uses TensorFlow': ('interface/messages.py', 'import tensorflow as tf'),
    'ros passes by api': (
        'ros/node/node.py',
        'from ...learning.bundle.engines import LiteRtEngine',
    ),
    'the node uses numpy': ('ros/node/node.py', 'import numpy as np'),
    'the node uses a part of numpy': ('ros/node/node.py', 'from numpy.typing import NDArray'),
    'ros knows the command line': ('ros/node/node.py', 'from ...cli import main'),
    'cli draws at file level': ('cli/demo.py', 'import matplotlib.pyplot as plt'),
    'cli loads TensorFlow at file level': ('cli/train.py', 'import tensorflow'),
    'the root knows ROS': ('share.py', 'from .ros import executables'),
    'the facade is not lazy': ('__init__.py', 'from .solver import IkSolver'),
    'the facade knows learning': ('__init__.py', 'def f():\n    from .learning import bundle'),
    'a row that is not in the table': ('helpers/things.py', 'from ..kinematics import Arm'),
}

HONEST = {
    'own row': ('solver/acceptance.py', 'from .status import IkStatus\nfrom . import status'),
    'row above': ('solver/acceptance.py', 'from ..kinematics.chain import forward'),
    'errors': ('kinematics/arm.py', 'from ..errors import NeuralIkError'),
    'the version': ('learning/bundle/card.py', 'from ... import __version__'),
    'api above the rows': ('interface/factory.py', 'from ..api import load_solver'),
    'the one arrow upward': ('solver/ik_solver.py', 'def f():\n    from ..api import load_solver'),
    'standard library': ('kinematics/arm.py', 'import math, dataclasses\nfrom os import path'),
    'numba': ('kinematics/compiled.py', 'import numba'),
    'Keras where it belongs': (
        'learning/network/architectures.py',
        'import keras\nfrom keras import ops',
    ),
    'what loads Keras, when called': (
        'learning/bundle/engines.py',
        'def f():\n    from ..network.model_files import network_from_bytes',
    ),
    'messages made by a function': (
        'interface/messages.py',
        'def f():\n    from geometry_msgs.msg import Pose',
    ),
    'a room above': ('ros/nodes/baseline_relay.py', 'from ..runtime import qos'),
    'cli in a function': ('cli/demo.py', 'def _run(args):\n    import matplotlib.pyplot'),
    'cli for types': (
        'cli/demo.py',
        'if TYPE_CHECKING:\n    from ..simulation import demo_report',
    ),
    'the lazy facade': (
        '__init__.py',
        'def __getattr__(name):\n    from . import errors, kinematics, solver',
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


def test_package_loads_solvers_without_the_arrow_upward(package):
    """``IkSolver.load`` is for users; the package calls ``api.load_solver``."""
    assert sum('load_solver(' in text for text in package.values()) >= 3
    calls = {path for path, text in package.items() if 'IkSolver.load(' in text}
    assert calls == set()


def test_every_file_of_ros_uses_ros(package):
    """Directly or through another file of ``ros/``; any other file belongs in a row above."""
    uses = {
        one.path
        for one in imports_of(package)
        if one.top in layers.ROS or one.top.endswith('_msgs') or layers.target_row_of(one) == 'ros'
    }
    files = {path for path in package if path.startswith('ros/') and 'init' not in path}
    assert len(files) >= 25
    # Starts processes with --ros-args.
    assert files - uses == {'ros/processes/node_process.py'}


def test_folders_import_in_no_circle(package):
    arrows = folder_arrows(package) - {layers.UPWARD_ARROW}
    assert len(arrows) > 50
    assert circles(arrows) == []


def test_circles_are_found():
    assert circles({('a', 'b'), ('b', 'c'), ('c', 'a'), ('d', 'a')}) == ['a', 'b', 'c']


@pytest.mark.parametrize('top', [PACKAGE, 'test', 'benchmark'])
def test_no_folder_has_more_than_15_files(top):
    counts = Counter(
        file.parent
        for file in (REPOSITORY / top).rglob('*.py')
        if file.name not in ('__init__.py', 'conftest.py')
    )
    assert counts.total() > 15
    assert {folder.name: n for folder, n in counts.items() if n > 15} == {}


def test_loaded_by_follows_imports_through_files_and_parents():
    forged = {
        '__init__.py': '',
        'a/__init__.py': 'import yaml',
        'a/b.py': 'from .c import x\ndef f():\n    import keras',
        'a/c.py': 'import json\nif TYPE_CHECKING:\n    import torch',
    }
    assert loaded_by(forged, f'{PACKAGE}.a.b') == {'yaml', 'json'}
