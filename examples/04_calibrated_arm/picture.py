# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of this example: the distribution of the tool errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(errors: Mapping[str, np.ndarray], file: Path) -> None:
    """Draw the share of targets reached within a distance [m], over that distance."""
    figure, axes = plt.subplots(figsize=(8.0, 4.0))
    for (name, values), style in zip(errors.items(), ('C2--', 'C0-'), strict=True):
        share = 100.0 * np.arange(1, len(values) + 1) / len(values)
        axes.plot(np.sort(values), share, style, lw=2.5, label=f'joints of the {name} solver')
    axes.axvline(1e-4, color='C5', ls=':', label='0.1 mm')
    axes.set(xscale='log', xlabel='tool of the real arm off its target [m]')
    axes.set(ylabel='targets reached so well [%]', xlim=(1e-17, 1e-1))
    axes.legend(loc='center left', bbox_to_anchor=(0.3, 0.5))
    figure.savefig(file)
