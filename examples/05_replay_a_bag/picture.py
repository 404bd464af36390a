# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of this example: joint_2 with both limits, and the difference."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')
JOINT_2 = 1  # its column


def draw(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], file: Path
) -> None:
    """Draw times (n,) [s] and commanded joints (n, 6) [rad] of two replays."""
    figure, (joint, difference) = plt.subplots(2, 1, figsize=(8.0, 5.0), sharex=True)
    joint.plot(before[0], before[1][:, JOINT_2], 'C0-', lw=2.5, label='as recorded')
    joint.plot(after[0], after[1][:, JOINT_2], 'C2--', lw=2, label='lower limit on joint_2')
    joint.set(ylabel='joint_2 [rad]')
    figure.legend(loc='outside upper center', ncols=2)
    same_times = np.interp(before[0], after[0], after[1][:, JOINT_2])
    difference.plot(before[0], same_times - before[1][:, JOINT_2], 'C1-')
    difference.set(xlabel='time in the bag [s]', ylabel='difference [rad]')
    figure.savefig(file)
