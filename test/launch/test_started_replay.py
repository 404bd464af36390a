# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Live replays with ``ros2 launch``: output, exit code and files."""

from __future__ import annotations

import json
import subprocess

import pytest
import started

WHY_NOT = started.why_no_ros2()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

N_TARGETS = 280
TIMEOUT_S = 180.0


@pytest.fixture(autouse=True)
def isolated():
    with started.isolated():
        yield


def launched(**arguments: str) -> tuple[int, str]:
    """Return exit code and output of a replay."""
    given = [f'{name}:={value}' for name, value in arguments.items()]
    done = subprocess.run(
        [started.ROS2, 'launch', started.PACKAGE, 'replay.launch.py', *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.returncode, done.stdout


def test_replay_by_launch_gives_the_solutions_of_the_offline_one(tmp_path):
    code, said = launched(**started.REFERENCE, output=f'{tmp_path}/out', controller='true')
    assert code == 0, said
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert report['recorded_solutions']['compared'] == N_TARGETS
    assert (tmp_path / 'out_live/metadata.yaml').is_file()
    assert said.count('process has finished cleanly') == 4, said


def test_replay_by_launch_fails_when_nothing_is_answered(tmp_path):
    """The joints in the bag have no prefix, so the node never knows where the arm is."""
    code, said = launched(**started.REFERENCE, prefix='left_', output=f'{tmp_path}/out')
    assert code == 1, said
    assert 'has no topic /neural_ik/solution' in said
    assert 'replay: failed with exit code 1; see above' in said
    assert not (tmp_path / 'out').exists()


def test_replay_by_launch_refuses_a_bad_bag(tmp_path):
    code, said = launched(bag=f'{tmp_path}/none', output=f'{tmp_path}/out')
    assert code == 1
    assert 'does not exist; give the folder or the file of a bag.' in said
    assert 'Traceback' not in said
    assert not list(tmp_path.iterdir())
