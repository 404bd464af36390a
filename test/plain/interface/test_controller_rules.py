# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import pytest

from neural_ik_ros.interface.controller_rules import Trajectory, TrajectoryPoint, first_violation

NAMES = tuple(f'joint_{i}' for i in range(1, 7))
ZEROS = (0.0,) * 6
SECOND = 1_000_000_000
NOW = 100 * SECOND


def point(time_s: float = 0.1, **fields: object) -> TrajectoryPoint:
    values = {'positions': ZEROS, 'time_from_start_ns': round(time_s * SECOND)} | fields
    return TrajectoryPoint(**values)


GOOD = Trajectory(joint_names=NAMES, points=[point(0.1), point(0.2)])
ACCEPTED = {
    'one point': replace(GOOD, points=[point()]),
    'one point at once': replace(GOOD, points=[point(0.0)]),
    'another order': replace(GOOD, joint_names=NAMES[::-1]),
    'velocity that ends at zero': replace(
        GOOD, points=[point(0.1, velocities=(1.0,) * 6), point(0.2, velocities=ZEROS)]
    ),
    'velocity that ends within single precision of zero': replace(
        GOOD, points=[point(velocities=(1.1e-7,) * 6)]
    ),
    'accelerations': replace(GOOD, points=[point(velocities=ZEROS, accelerations=ZEROS)]),
    'a stamp in the future': replace(GOOD, stamp_ns=NOW + SECOND),
    'a stamp in the past, an end that is not': replace(GOOD, stamp_ns=NOW - SECOND // 10),
    # What the controller does not check:
    'NaN': replace(GOOD, points=[point(positions=(math.nan,) * 6)]),
    'positions beyond every limit': replace(GOOD, points=[point(positions=(1e9,) * 6)]),
    'a joint named twice': replace(GOOD, joint_names=('joint_1', *NAMES[:5])),
}
REJECTED = {
    'five joints': (replace(GOOD, joint_names=NAMES[:5]), '5 joint names'),
    'seven joints': (replace(GOOD, joint_names=(*NAMES, 'rail')), '7 joint names'),
    'no joints': (replace(GOOD, joint_names=()), '0 joint names'),
    'an unknown joint': (replace(GOOD, joint_names=(*NAMES[:5], 'elbow')), "'elbow'"),
    'no points': (replace(GOOD, points=()), 'no points'),
    'no positions': (replace(GOOD, points=[point(positions=())]), '0 positions'),
    'five positions': (replace(GOOD, points=[point(positions=ZEROS[:5])]), '5 positions'),
    'five velocities': (replace(GOOD, points=[point(velocities=ZEROS[:5])]), '5 velocities'),
    'seven accelerations': (
        replace(GOOD, points=[point(accelerations=(*ZEROS, 0.0))]),
        '7 accelerations',
    ),
    'effort': (replace(GOOD, points=[point(effort=ZEROS)]), 'effort'),
    'a last point that moves': (
        replace(GOOD, points=[point(velocities=(*ZEROS[:5], 1.3e-7))]),
        'instead of zero',
    ),
    'an end in the past': (replace(GOOD, stamp_ns=NOW - SECOND), '0.800 s ago'),
    'two points at one time': (replace(GOOD, points=[point(0.1), point(0.1)]), 'not later'),
    'points that go back in time': (replace(GOOD, points=[point(0.2), point(0.1)]), 'not later'),
    'a second point at zero': (replace(GOOD, points=[point(0.0), point(0.0)]), 'not later'),
}


@pytest.mark.parametrize('trajectory', ACCEPTED.values(), ids=ACCEPTED.keys())
def test_violation_is_none_when_the_controller_would_accept(trajectory):
    assert first_violation(trajectory, NAMES, NOW) is None


@pytest.mark.parametrize(('trajectory', 'reason'), REJECTED.values(), ids=REJECTED.keys())
def test_violation_reports_the_broken_rule(trajectory, reason):
    problem = first_violation(trajectory, NAMES, NOW)
    assert problem is not None
    assert reason in problem


def test_violation_allows_end_velocity_when_the_controller_does():
    moving = replace(GOOD, points=[point(velocities=(0.5,) * 6)])
    assert first_violation(moving, NAMES, NOW) is not None
    assert first_violation(moving, NAMES, NOW, allows_end_velocity=True) is None
