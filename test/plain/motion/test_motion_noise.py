# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Streams from the real world: noisy goals, jittering stamps; the motion must not amplify them."""

from __future__ import annotations

import numpy as np
import pytest

from neural_ik_ros.motion import MotionGenerator, MotionLimits

DT = 0.004  # [s]
N = 2000
CAUGHT_UP = 700  # steps after which the start is forgotten
HOME = np.array([0.1, 0.2, 0.3, 0.1, 0.9, 0.2])


@pytest.fixture
def generator(arm):
    limits = MotionLimits.from_arm(arm, acceleration=[5.0] * 6, jerk=[50.0] * 6)
    return MotionGenerator(limits)


def standing(_time: float) -> np.ndarray:
    return HOME


def swinging(time: float) -> np.ndarray:
    return HOME + 0.2 * np.sin(2.0 * time) * np.array([1.0, 0.5, 0.5, 1.0, 0.3, 1.0])


def errors(generator, path, *, noise: float = 0.0, jitter: float = 0.0) -> np.ndarray:
    """Return the largest joint error (n,) [rad] of the commands against the path without noise."""
    rng = np.random.default_rng(3)
    generator.reset(path(0.0))
    distances = []
    for k in range(1, N):
        interval = DT + rng.uniform(-jitter, jitter)
        generator.set_goal(path(k * DT) + rng.normal(0.0, noise, 6), interval, interval)
        distances.append(np.abs(generator.advance(interval) - path(k * DT)).max())
    assert len(distances) == N - 1
    return np.array(distances[CAUGHT_UP:])


@pytest.mark.parametrize('path', [standing, swinging])
@pytest.mark.parametrize('noise', [1e-7, 1e-6, 1e-5, 1e-4, 1e-3])
def test_generator_does_not_amplify_the_noise_of_goals(generator, path, noise):
    """A first-difference velocity at 250 Hz would turn 0.1 mrad into swings of 100 mrad."""
    floor = 1e-4 if path is swinging else 0.0  # what a fitted parabola misses of the path
    distances = errors(generator, path, noise=noise)
    assert np.median(distances) <= 10.0 * noise + floor
    assert distances.max() <= 50.0 * noise + 2.0 * floor


@pytest.mark.parametrize(('jitter', 'largest'), [(1e-5, 5e-4), (1e-4, 3e-3), (5e-4, 2e-2)])
def test_generator_follows_goals_whose_stamps_jitter(generator, jitter, largest):
    distances = errors(generator, swinging, jitter=jitter)
    assert distances.max() <= largest
    assert np.median(distances) <= 0.2 * largest


def test_generator_rests_between_goals_that_jump(generator):
    """A square wave is not a path with a velocity: nothing may shoot beyond its levels."""
    generator.reset(HOME)
    rows = []
    for k in range(1, N):
        generator.set_goal(HOME + (0.3 if (k // 100) % 2 else 0.0), DT, DT)
        rows.append(generator.advance(DT))
    offsets = np.array(rows) - HOME
    assert offsets.min() >= -0.01
    assert offsets.max() <= 0.31
