# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each launch file with ``ros2 launch``, and a Ctrl-C at the terminal while everything runs."""

from __future__ import annotations

import pytest
import started

pytestmark = pytest.mark.skipif(bool(started.why_no_ros2()), reason=started.why_no_ros2())

SLOWLY = ('rate:=0.1',)  # so that it still plays


@pytest.mark.parametrize(
    ('file', 'n_processes', 'n_ready'),
    [
        ('neural_ik.launch.py', 1, 1),
        ('demo.launch.py', 3, 1),
        ('moveit.launch.py', 1, 1),
        ('replay.launch.py', 2, 1),
        ('two_robots.launch.py', 6, 2),
    ],
)
def test_ctrl_c_ends_launch_and_all_processes_cleanly(file, n_processes, n_ready, tmp_path):
    output = tmp_path / 'out'
    bag = [f'{name}:={value}' for name, value in started.REFERENCE.items()]
    replay = [*bag, *SLOWLY, f'output:={output}'] if file == 'replay.launch.py' else []
    with started.launched(file, *replay) as one:
        one.wait_until_running(n_processes, n_ready=n_ready)
        assert one.ctrl_c() == 0, one.said
        assert one.said.count('process has finished cleanly') == n_processes, one.said
        assert 'Traceback' not in one.said
    assert not list(tmp_path.iterdir()), 'half a replay'
