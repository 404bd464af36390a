# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes over real DDS, on the loopback and in a domain of their own."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
from kernels import compile_kernels

REPOSITORY = Path(__file__).resolve().parents[2]
HAS_ROS = importlib.util.find_spec('rclpy') is not None
# A module-level skip would end the collection of everything beside launch_testing.
collect_ignore_glob = [] if HAS_ROS else ['test_*.py']


def pytest_report_header():
    return None if HAS_ROS else 'ros tests are left out: rclpy cannot be imported'


@pytest.fixture(scope='session', autouse=True)
def ros_environment(tmp_path_factory):
    """Isolate this run: domain, loopback, log folder; children inherit it."""
    from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain

    folder = tmp_path_factory.mktemp('ros')
    with reserved_domain() as domain_id, pytest.MonkeyPatch.context() as patch:
        for name, value in isolated_environment(folder, domain_id).items():
            patch.setenv(name, value)
        patch.setenv('PYTHONPATH', str(REPOSITORY), prepend=os.pathsep)
        yield


@pytest.fixture(scope='session', autouse=True)
def compiled_kernels(ros_environment):
    """Let no node be late because it compiles."""
    compile_kernels()


@pytest.fixture
def start_node(tmp_path):
    """Start nodes of this package as processes; whatever still runs at the end is ended."""
    from peers import NodeProcess, ScriptProcess

    started: list[NodeProcess] = []

    def start(executable: str, *ros_args: str, script: str = '', **options: Any) -> NodeProcess:
        options['log'] = tmp_path / f'{len(started)}_{executable}.log'
        if script:
            process = ScriptProcess(executable, *ros_args, script=script, **options)
        else:
            process = NodeProcess(executable, *ros_args, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture
def peer():
    """Return a node in this process that talks with the nodes under test."""
    from peers import Peer

    with Peer() as node:
        yield node


@pytest.fixture(scope='module')
def active_node(request, tmp_path_factory):
    """One node ``neural_ik`` for all tests of a file, started with its NODE_ARGUMENTS."""
    from peers import NodeProcess

    log = tmp_path_factory.mktemp('node') / 'neural_ik_node.log'
    with NodeProcess('neural_ik_node', *request.module.NODE_ARGUMENTS, log=log) as process:
        process.wait_for_output('ready for')
        yield process


@pytest.fixture(scope='module')
def cell(active_node):
    """Return the other side of the active node."""
    from driver import Driver
    from peers import Peer

    with Peer() as peer:
        yield Driver(peer).connect()


@pytest.fixture
def driver(active_node, cell):
    """Return the other side, with the arm at home, at rest, after a target that was served."""
    from driver import HOME

    assert active_node.is_running
    cell.solve_once(HOME)
    cell.clear()
    return cell
