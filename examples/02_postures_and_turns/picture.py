# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The picture of this example: the postures, and joint_6 while the tool turns.

The two wrist postures look alike: joint_4 and joint_6 turn by half a turn, joint_5 bends the
other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

from neural_ik_ros.kinematics import Arm, joint_positions, posture

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(
    arm: Arm,
    postures: Sequence[np.ndarray],
    angles: np.ndarray,
    joint_6: np.ndarray,
    file: Path,
) -> None:
    """Draw the arm with both shoulders, and joint_6 [rad] over the angle [rad] of the tool."""
    figure, (side, axes) = plt.subplots(1, 2, figsize=(10.0, 4.4), width_ratios=(1, 1.5))
    for q, style in zip(postures[::2], ('o-', 's--'), strict=True):
        shoulder = posture(arm, q)[0]
        x, _, z = joint_positions(arm, q).T
        side.plot(x, z, style, lw=4, ms=8, label=f'shoulder {shoulder:+}')
    side.set(xlabel='x [m]', ylabel='z [m]', title='one pose of the tool')
    side.set_aspect('equal')
    side.set(xlim=(-0.7, 1.1), ylim=(-0.05, 2.15))
    side.legend(loc='lower right')

    turned = np.degrees(angles)
    axes.plot(turned, joint_6, color='C0', lw=2.5, label='solved')
    wrapped = (joint_6 + np.pi) % (2.0 * np.pi) - np.pi
    wrapped[1:][np.abs(np.diff(wrapped)) > 1.0] = np.nan  # do not draw the jumps as lines
    axes.plot(turned, wrapped, color='C4', ls='--', label='wrapped to half a turn')
    for limit in (arm.lower[5], arm.upper[5]):
        axes.axhline(limit, color='C2', ls=':')
    axes.axhline(np.nan, color='C2', ls=':', label='joint limit')
    refused = turned[np.isnan(joint_6)]
    axes.axvspan(refused[0], refused[-1] + 1, color='C2', alpha=0.15, label='refused')
    axes.set(
        xlabel='angle the tool has turned [deg]', ylabel='joint_6 [rad]', title='a turning tool'
    )
    axes.set_xticks(np.arange(0, 1001, 180))
    axes.legend(loc='lower right')
    figure.savefig(file)
