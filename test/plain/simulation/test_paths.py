# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import (
    arm_from_urdf,
    forward,
    is_within_limits,
    refine,
    rotation_from_rpy,
    smallest_singular_value,
)
from neural_ik_ros.share import share_folder
from neural_ik_ros.simulation.paths import (
    LEMNISCATE_CONSTANT,
    SHAPES,
    CartesianPath,
    PathConfig,
    lemniscate_sine_cosine,
)

PERIOD = 0.004  # [s]
Q_CENTRE = np.array([0.0, 0.2833, 0.3052, 0.0, 0.9822, 0.0])  # the simulated arm's start
SOLVED = 1e-9  # [m], [rad]


def sampled(path: CartesianPath, n_cycles: int = 1) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(0.0, n_cycles * path.duration + PERIOD, PERIOD)
    return times, path.transform(times)


@pytest.fixture(scope='module')
def arm():
    return arm_from_urdf((share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8'))


@pytest.fixture(params=SHAPES)
def path(request):
    return CartesianPath(PathConfig(shape=request.param))


def test_path_starts_and_ends_at_rest_in_its_centre(path):
    for time in (-1.0, 0.0, path.duration, 3 * path.duration):
        assert_allclose(path.transform(time)[:3, 3], path.config.centre, atol=1e-12)
        shift = path.transform(time + 0.01) - path.transform(time)
        assert np.abs(shift).max() < 1e-6


def test_path_of_an_array_is_that_of_its_elements(path):
    times = np.linspace(-0.5, 2.2 * path.duration, 60).reshape(3, 20)
    together = path.transform(times)
    assert together.shape == (3, 20, 4, 4)
    alone = np.array([path.transform(float(t)) for t in times.ravel()]).reshape(together.shape)
    assert_allclose(together, alone, atol=0.0)


def test_path_keeps_the_tool_orientation_and_is_rigid(path):
    rotations = sampled(path)[1][:, :3, :3]
    assert_allclose(rotations, np.broadcast_to(rotations[0], rotations.shape), atol=0.0)
    assert_allclose(rotations[0] @ [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], atol=1e-15)


def test_path_never_exceeds_its_speed_and_reaches_it(path):
    positions = sampled(path, 2)[1][:, :3, 3]
    speeds = np.linalg.norm(np.diff(positions, axis=0), axis=1) / PERIOD
    assert speeds.max() <= path.config.speed * (1.0 + 1e-9)
    assert speeds.max() > 0.999 * path.config.speed


def test_path_has_continuous_acceleration(path):
    """A jump in acceleration would show as a jerk that grows as the sampling gets finer."""
    worst = []
    for period in (0.004, 0.001):
        times = np.arange(0.0, 2.0 * path.duration, period)
        positions = path.transform(times)[:, :3, 3]
        worst.append(np.linalg.norm(np.diff(positions, n=3, axis=0), axis=1).max() / period**3)
    assert worst[1] < 1.1 * worst[0]
    config = path.config
    # Ease in and out: 10 / sqrt(3) v / t^2; plus the curvature's part, below 20 v^3 / size^2.
    assert worst[1] < 5.8 * config.speed / config.ramp**2 + 20.0 * config.speed**3 / config.size**2


def test_path_stays_within_its_size(path):
    offsets = sampled(path)[1][:, :3, 3] - path.config.centre
    assert np.abs(offsets).max() <= 0.5 * path.config.size + 1e-12
    assert np.abs(offsets).max() > 0.39 * path.config.size


def test_path_is_solvable_within_limits_far_from_singularities_and_slow(path, arm):
    transforms = sampled(path)[1]
    q = Q_CENTRE
    rows = []
    for transform in transforms:
        result = refine(arm, q, transform)
        assert result.position_error < SOLVED
        assert result.rotation_error < SOLVED
        q = result.q
        rows.append(q)
    joints = np.array(rows)
    assert len(joints) > 1000
    assert is_within_limits(arm, joints, margin=0.1).all()
    assert (np.abs(joints[:, 4]) > 0.5).all(), 'the wrist singularity is at q5 = 0'
    assert smallest_singular_value(arm, joints).min() > 0.2
    speeds = np.abs(np.diff(joints, axis=0)) / PERIOD
    assert (speeds < 0.5 * arm.velocity).all()


def test_centre_is_where_the_simulated_arm_starts(arm):
    config = PathConfig()
    assert_allclose(forward(arm, Q_CENTRE)[:3, 3], config.centre, atol=2e-4)
    assert_allclose(forward(arm, Q_CENTRE)[:3, :3], rotation_from_rpy(config.tool_rpy), atol=2e-4)


def test_lemniscate_lies_on_bernoullis_curve():
    config = PathConfig(shape='lemniscate', size=0.5)
    x, y, z = (sampled(CartesianPath(config))[1][:, :3, 3] - config.centre).T
    half = 0.25
    assert_allclose((x**2 + y**2) ** 2, half**2 * (y**2 - x**2), atol=1e-15)
    assert_allclose(z, 0.0, atol=1e-15)
    assert y.max() == pytest.approx(half, abs=1e-5)


def test_lemniscate_sine_and_cosine_meet_their_known_values():
    quarter = LEMNISCATE_CONSTANT / 2.0
    sine, cosine = lemniscate_sine_cosine(np.array([0.0, quarter, 2 * quarter, 0.7]))
    assert_allclose(sine[:3], [0.0, 1.0, 0.0], atol=1e-14)
    assert_allclose(cosine[:3], [1.0, 0.0, -1.0], atol=1e-14)
    # sl^2 + cl^2 + sl^2 cl^2 = 1
    assert sine[3] ** 2 + cosine[3] ** 2 + (sine[3] * cosine[3]) ** 2 == pytest.approx(1.0)


def test_circle_has_its_radius_between_the_spokes():
    config = PathConfig(shape='circle', size=0.3, laps=2)
    distances = np.linalg.norm(sampled(CartesianPath(config))[1][:, :3, 3] - config.centre, axis=1)
    assert distances.max() == pytest.approx(0.15, abs=1e-12)
    share_on_the_rim = np.mean(distances > 0.15 - 1e-9)
    assert share_on_the_rim > 0.6


def test_iso_path_rests_in_the_poses_of_the_standard_in_their_order():
    config = PathConfig(shape='iso_9283', size=0.5, dwell=0.3)
    path = CartesianPath(config)
    times = np.arange(-0.5, path.duration, PERIOD)
    offsets = path.transform(times)[:, :3, 3] - config.centre
    is_resting = np.linalg.norm(np.diff(offsets, axis=0), axis=1) < 1e-9
    stops = []
    for offset in offsets[:-1][is_resting]:
        if not stops or np.linalg.norm(offset - stops[-1]) > 1e-3:
            stops.append(offset)
    p1, p5, p4, p3, p2, p5_again, p1_again = stops
    assert_allclose([p1, p1_again], 0.0, atol=1e-9)
    assert_allclose(p5_again, p5, atol=1e-9)
    diagonal = 0.5 * math.sqrt(3.0)
    for corner, opposite in ((p2, p4), (p3, p5)):
        assert_allclose(corner, -opposite, atol=1e-9)
        assert np.linalg.norm(corner) == pytest.approx(0.4 * diagonal)  # 10 % inside both ends
    normal = np.cross(p3 - p2, p4 - p3)
    assert abs(normal @ (p5 - p4)) < 1e-12, 'the four poses lie in one plane'
    assert_allclose(np.abs(normal) / np.linalg.norm(normal), [0.5**0.5, 0.0, 0.5**0.5], atol=1e-9)


def test_plane_and_tool_turn_independently():
    turned = CartesianPath(PathConfig(shape='line', plane_rpy=(0.0, 0.0, math.pi / 2)))
    offsets = sampled(turned)[1][:, :3, 3] - turned.config.centre
    assert np.abs(offsets[:, 0]).max() == pytest.approx(0.2, abs=1e-9)
    assert_allclose(offsets[:, 1:], 0.0, atol=1e-15)
    assert_allclose(turned.transform(0.0)[:3, :3], rotation_from_rpy((0.0, math.pi, 0.0)))


@pytest.mark.parametrize(
    'fields',
    [
        {'shape': 'spiral'},
        {'size': 0.0},
        {'speed': -1.0},
        {'ramp': math.nan},
        {'dwell': -0.1},
        {'laps': 0},
        {'centre': (1.0, 0.0)},
        {'tool_rpy': (0.0, math.inf, 0.0)},
    ],
    ids=str,
)
def test_config_refuses_what_is_no_path(fields):
    (name,) = fields
    with pytest.raises(ConfigError, match=rf'path {name}: .* cannot be used; (set|choose) '):
        PathConfig(**fields)
