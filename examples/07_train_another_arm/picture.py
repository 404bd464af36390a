# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plot of this example: learning curves, and the errors of the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(
    history: Sequence[Mapping[str, float]], distance: Mapping[str, np.ndarray], file: Path
) -> None:
    """Draw the joint errors of each epoch and the tool errors (n,) [m] of the predictions."""
    figure, (learning, axes) = plt.subplots(1, 2, figsize=(10.0, 4.0))
    epochs = [record['epoch'] for record in history]
    for name, label, style in (
        ('joint_rmse', 'training', 'C1o-'),
        ('validation_joint_rmse', 'validation', 'C2s--'),
    ):
        learning.plot(epochs, [record[name] for record in history], style, ms=4, label=label)
    learning.set(xlabel='epoch', ylabel='joint RMSE [rad]', ylim=(0.0, None))
    learning.xaxis.set_major_locator(MaxNLocator(integer=True))
    learning.legend()

    bins = np.geomspace(1e-9, 3.0, 60)
    for (name, values), color in zip(distance.items(), ('C4', 'C3'), strict=True):
        axes.hist(values.clip(bins[0], bins[-1]), bins, color=color, alpha=0.7, label=name)
    axes.set(xscale='log', xlabel='tool off its target [m]', ylabel='targets')
    axes.legend(loc='upper left')
    figure.savefig(file)
