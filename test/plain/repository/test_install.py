# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""setup.py, package.xml, constraints.txt and requirements-robot-pc.txt agree with the imports."""

from __future__ import annotations

import re
import runpy
import sys
import xml.etree.ElementTree as ET

import pytest
import setuptools
from imports import DYNAMIC, PACKAGE, imports_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from strategies import REPOSITORY

ROBOT_PC = {'python_version': '3.12', 'sys_platform': 'linux', 'platform_machine': 'x86_64'}
# Import name -> what it is called: pip, and the rosdep key of package.xml if there is one.
PIP = {
    'ai_edge_litert': 'ai-edge-litert',
    'apsw': 'apsw',
    'backports': 'backports.zstd',
    'rosbags': 'rosbags',
    'ruckig': 'ruckig',
}
ROSDEP = {
    'lxml': ('lxml', 'python3-lxml'),
    'matplotlib': ('matplotlib', 'python3-matplotlib'),
    'mpl_toolkits': ('matplotlib', 'python3-matplotlib'),
    'numba': ('numba', 'python3-numba'),
    'numpy': ('numpy', 'python3-numpy'),
    'scipy': ('scipy', 'python3-scipy'),
    'PIL': ('matplotlib', 'python3-matplotlib'),  # which needs it
    'tqdm': ('tqdm', 'python3-tqdm'),
    'yaml': ('pyyaml', 'python3-yaml'),
}
FROM_APT = {canonicalize_name(pip) for pip, _ in ROSDEP.values()}
TRAINING = {'jax', 'keras', 'sklearn', 'skops', 'tensorboard', 'tensorflow'}  # an extra of its own
VIEW = {'collada', 'trimesh', 'viser'}  # as well
ROS_KEYS = {'tf2_ros': 'tf2_ros_py'}  # others are called as they are imported
NOT_IMPORTED = {'ros2launch'}  # a command
NEWER_PYTHON = {'compression'}  # of the standard library from 3.14 on


def requirements(file: str) -> list[Requirement]:
    lines = (REPOSITORY / file).read_text().splitlines()
    texts = [re.sub(r'(^|\s)#.*', '', line).strip() for line in lines]
    parsed = [Requirement(text) for text in texts if text]
    return [one for one in parsed if one.marker is None or one.marker.evaluate(ROBOT_PC)]


def by_name(found: list[Requirement]) -> dict[str, Requirement]:
    names = {canonicalize_name(one.name): one for one in found}
    assert len(names) == len(found), 'a name is there twice'
    return names


@pytest.fixture(scope='module')
def declared() -> dict[str, object]:
    """Return what setup.py tells setuptools."""
    told: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, 'setup', lambda **options: told.update(options))
        patch.chdir(REPOSITORY)
        runpy.run_path('setup.py')
    return told


@pytest.fixture(scope='module')
def exec_depends() -> set[str]:
    root = ET.parse(REPOSITORY / 'package.xml').getroot()
    keys = [element.text for element in root.iter('exec_depend')]
    assert len(keys) == len(set(keys)) > 20
    return set(keys)


@pytest.fixture(scope='module')
def imported() -> set[str]:
    """Return every package outside the standard library that ours or a launch file imports."""
    root = REPOSITORY / PACKAGE
    files = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob('*.py')}
    launch = {path.name: path.read_text() for path in (REPOSITORY / 'launch').glob('*.py')}
    assert len(files) > 100
    assert len(launch) >= 2
    found = {one.top for texts in (files, launch) for one in imports_of(texts)}
    return found - set(sys.stdlib_module_names) - NEWER_PYTHON - {PACKAGE, DYNAMIC}


def test_robot_pc_gets_from_pip_what_apt_has_not(declared):
    needed = by_name([Requirement(text) for text in declared['install_requires']])
    needed |= by_name([Requirement(text) for text in declared['extras_require']['replay']])
    pinned = {
        name
        for name, one in by_name(requirements('requirements-robot-pc.txt')).items()
        if '==' in str(one.specifier)
    }
    assert pinned == set(needed) - FROM_APT - {'setuptools'}


def test_robot_pc_has_the_versions_of_the_constraints():
    versions = by_name(requirements('constraints.txt'))
    ours = by_name(requirements('requirements-robot-pc.txt'))
    assert len(ours) >= 6
    for name, one in ours.items():
        if '==' in str(one.specifier):
            assert one.specifier == versions[name].specifier, name


def test_robot_pc_keeps_the_numpy_of_apt():
    ours = by_name(requirements('requirements-robot-pc.txt'))
    assert ours['numpy'].specifier.contains('1.26.4')  # of Ubuntu 24.04
    assert not ours['numpy'].specifier.contains('2.0.0')


def test_package_xml_lists_what_is_imported_and_nothing_else(imported, exec_depends):
    from_apt = {ROSDEP[name][1] for name in imported if name in ROSDEP}
    from_ros = {
        ROS_KEYS.get(name, name) for name in imported - set(ROSDEP) - set(PIP) - TRAINING - VIEW
    }
    assert 'rclpy' in from_ros
    assert from_apt | from_ros | NOT_IMPORTED == exec_depends


def test_view_is_an_extra_that_the_node_does_not_need(imported, declared):
    extra = set(by_name([Requirement(text) for text in declared['extras_require']['view']]))
    needed = set(by_name([Requirement(text) for text in declared['install_requires']]))
    assert imported >= VIEW
    assert extra == {'pycollada', 'trimesh', 'viser'}
    assert not extra & needed


def test_pip_brings_what_is_imported_and_has_no_rosdep_key(imported, declared):
    needed = by_name([Requirement(text) for text in declared['install_requires']])
    needed |= by_name([Requirement(text) for text in declared['extras_require']['replay']])
    assert set(PIP) <= imported
    assert {canonicalize_name(name) for name in PIP.values()} <= set(needed)
    assert set(needed) >= FROM_APT
