# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the motion limits cost, and settings that make no sense."""

from __future__ import annotations

import numpy as np
import pytest
from tracker_bench import FAR, HOME, PERIOD, path_from_home

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import forward
from neural_ik_ros.motion import TrackerConfig
from neural_ik_ros.solver import IkStatus

PATH = path_from_home(400)


def test_deviation_is_reported_while_the_motion_is_limited(make_bench, arm):
    bench = make_bench()
    bench.joints()
    output = bench.target(FAR)
    way = forward(arm, FAR)[:3, 3] - forward(arm, HOME)[:3, 3]
    assert output.deviation.position == pytest.approx(np.linalg.norm(way), rel=1e-3)
    assert output.deviation.rotation > 0.1
    smallest = np.inf
    for _ in range(600):
        bench.now += PERIOD
        bench.joints()
        output = bench.tick()
        if output is not None:
            smallest = 0.0 if output.deviation is None else output.deviation.position
    assert smallest == 0.0, 'it arrived'


def test_deviation_is_none_while_a_stream_is_followed_exactly(make_bench):
    bench = make_bench()
    outputs = bench.stream(PATH)
    assert {output.deviation for output in outputs[200:]} == {None}
    assert {output.status for output in outputs} == {IkStatus.SOLVED}


@pytest.mark.parametrize(
    ('name', 'value'),
    [('output_mode', 'both'), ('max_following_error', -0.1), ('recovery_s', 0.0)],
)
def test_config_refuses_by_name_what_makes_no_sense(name, value):
    with pytest.raises(ConfigError, match=name):
        TrackerConfig(**{name: value})
