# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The example that calls the service: whole where moveit_msgs is, its parts everywhere."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_ik_ros.ros.moveit.moveit_interfaces import GetPositionIK

sys.path.append(str(Path(__file__).resolve().parents[2] / 'plain'))
from fake_moveit_msgs import Request, Response
from moveit_bench import made_handler

NAME = '06_call_the_moveit_service'
FOLDER = Path(__file__).resolve().parents[3] / 'examples' / NAME
EXACT = 1e-9  # [m], [rad]
PLACE = (1.0, 0.1, 0.9)


@pytest.fixture
def main(monkeypatch) -> Any:
    """Return the module of the example."""
    pytest.importorskip('matplotlib')
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, 'picture', raising=False)
    spec = importlib.util.spec_from_file_location('example_06', FOLDER / 'main.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop('picture', None)


@pytest.mark.skipif(GetPositionIK is None, reason='moveit_msgs is not installed')
def test_call_the_moveit_service_gets_right_answers(run_example):
    shown = run_example(NAME)
    assert 'a good request: 1, solved' in shown.text
    assert "{'group': 'gripper'}: -15, " in shown.text
    assert "{'link': 'camera'}: -18, " in shown.text
    n, n_solved, n_hopeless = shown.numbers(r'(\d+) poses: (\d+) solved, (\d+) have no solution')
    assert n == n_solved + n_hopeless
    n_right, largest = shown.numbers(r'kinematics: (\d+) right, off by at most (\S+)')
    assert n_right == n_solved > 500
    assert largest < EXACT


@pytest.mark.skipif(GetPositionIK is not None, reason='moveit_msgs is installed')
def test_example_says_what_is_missing(tmp_path):
    pytest.importorskip('matplotlib')
    command = [sys.executable, FOLDER / 'main.py', '--output', tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines() == [
        'moveit_msgs cannot be imported, so there is no service to call. '
        'Install it: sudo apt install ros-$ROS_DISTRO-moveit-msgs'
    ]


def test_request_of_the_example_is_one_that_is_answered(main):
    """Its own filling and judging, with stand-ins for the messages and the node's handler."""
    handler, arm = made_handler(), made_handler()._solver.arm
    request, response = Request(), Response()
    main.fill(request, arm, PLACE)
    handler.handle(request, response)
    assert response.error_code.val == main.SUCCESS
    assert main.tool_error(arm, response, PLACE) < EXACT


def test_judge_of_the_example_sees_what_is_wrong(main):
    handler, arm = made_handler(), made_handler()._solver.arm
    request, response = Request(), Response()
    main.fill(request, arm, PLACE)
    handler.handle(request, response)
    state = response.solution.joint_state
    assert main.tool_error(arm, response, (1.0, 0.1, 0.901)) == pytest.approx(1e-3)
    state.position[1] += 1e-3
    assert main.tool_error(arm, response, PLACE) > 1e-4
    state.position[1] = 99.0
    assert math.isnan(main.tool_error(arm, response, PLACE))


def test_picture_of_the_example_is_drawn(main, tmp_path):
    arm = made_handler()._solver.arm
    is_solved = np.eye(3, dtype=bool)
    file = tmp_path / 'picture.png'
    main.draw(arm, np.zeros(6), np.arange(3.0), np.arange(3.0), is_solved, [1.0, 2.0], file)
    assert file.read_bytes().startswith(b'\x89PNG')
