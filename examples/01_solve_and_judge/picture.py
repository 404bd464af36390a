# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of this example: the arm, and the errors of 2000 solutions."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

from neural_ik_ros.kinematics import Arm, joint_positions

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(
    arm: Arm,
    q_current: np.ndarray,
    q: np.ndarray,
    proposed: np.ndarray,
    exact: np.ndarray,
    file: Path,
) -> None:
    """Draw the arm before and after, and histograms of the tool errors."""
    figure = plt.figure(figsize=(10.0, 4.2))
    space = figure.add_subplot(1, 2, 1, projection='3d')
    space.plot(*joint_positions(arm, q_current).T, 'o-', color='C4', lw=4, label='current joints')
    space.plot(*joint_positions(arm, q).T, 'o-', color='C0', lw=4, label='solution')
    space.set(xlabel='x [m]', ylabel='y [m]', zlabel='z [m]')
    space.set(xlim=(-0.3, 1.2), ylim=(-0.5, 0.7), zlim=(0.0, 1.6))
    space.set(xticks=[0.0, 0.4, 0.8, 1.2], yticks=[-0.4, 0.0, 0.4])
    space.set_aspect('equal')
    space.view_init(elev=18.0, azim=-65.0)
    space.legend(loc='upper left', bbox_to_anchor=(-0.1, 1.05))

    bins = np.geomspace(1e-17, 1.0, 69)
    axes = figure.add_subplot(1, 2, 2)
    for values, name, color in ((exact, 'as solved', 'C0'), (proposed, 'network alone', 'C3')):
        axes.hist(values.clip(bins[0], bins[-1]), bins, color=color, alpha=0.7, label=name)
    axes.axvline(1e-9, color='C5', ls='--', label='tolerance')
    axes.set(xscale='log', xlabel='tool off its target [m]', ylabel='targets')
    axes.legend(loc='upper right')
    figure.savefig(file)
