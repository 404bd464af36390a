# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of this example: where the tool can point down, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

from neural_ik_ros.kinematics import Arm, joint_positions

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(
    arm: Arm,
    q: np.ndarray,
    x: np.ndarray,
    z: np.ndarray,
    is_solved: np.ndarray,
    times_ms: Sequence[float],
    file: Path,
) -> None:
    """Draw a map of poses (z, x) [m] with the arm in it, and a histogram of times [ms]."""
    figure, (plane, axes) = plt.subplots(1, 2, figsize=(10.0, 4.4), width_ratios=(1.2, 1))
    grid = np.stack(np.meshgrid(x, z), axis=-1)
    for mask, color, name in ((is_solved, 'C0', 'solved'), (~is_solved, 'C4', 'no solution')):
        plane.scatter(*grid[mask].T, s=16, marker='s', color=color, alpha=0.6, lw=0, label=name)
    points = joint_positions(arm, q)
    plane.plot(points[:, 0], points[:, 2], 'o-', color='C5', lw=4, label='the seed')
    plane.set(xlabel='x [m]', ylabel='z [m]', title='tool0 points down at y = 0')
    plane.set_aspect('equal')
    plane.legend(loc='upper left')

    axes.hist(times_ms, bins=np.geomspace(0.3, 30.0, 60), color='C1')
    axes.set(xscale='log', xlabel='from question to answer [ms]', ylabel='requests')
    figure.savefig(file)
